"""Where settings are learned: one module per mechanism, whose first line names the mechanism and its specification.

A source is a function `EmailAddress -> Iterable[Lead]` that makes no network request: its lookups do, when the engine
runs them. `SOURCES` has all that ship with the package. A source's name is what `--source` takes and what evidence
records. `configured_sources(ispdb=URL, folder=DIR)` returns them with another collection of documents, or your own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailsettings.sources.all import SOURCES, configured_sources

__all__ = ["SOURCES", "configured_sources"]


def __getattr__(name: str) -> object:
    """Load all sources on first access: a caller that needs only the table must not pay for the others."""
    if name in __all__:
        from mailsettings.sources import all as every

        return getattr(every, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
