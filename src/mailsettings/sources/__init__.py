"""Where settings are learned. A source is a function `EmailAddress -> Iterable[Lead]` that contacts nobody.

`SOURCES` has all that ship with the package. A source's name is what `--source` takes and what evidence shows.
`configured_sources(ispdb=URL, folder=DIR)` returns them with another collection of documents, or your own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailsettings.sources.all import SOURCES, configured_sources

__all__ = ["SOURCES", "configured_sources"]


def __getattr__(name: str) -> object:
    """Load all sources when they are asked for: the table alone must not pay for the others."""
    if name in __all__:
        from mailsettings.sources import all as every

        return getattr(every, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
