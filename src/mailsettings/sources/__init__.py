"""Where settings are learned. A source is a function `EmailAddress -> Iterable[Lead]` that contacts nobody.

`SOURCES` has all that ship with the package. A source's name is what `--source` takes and what evidence shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailsettings.sources.all import SOURCES

__all__ = ["SOURCES"]


def __getattr__(name: str) -> object:
    """Load all sources when `SOURCES` is asked for: the table alone must not pay for the others."""
    if name == "SOURCES":
        from mailsettings.sources.all import SOURCES  # noqa: PLC0415 - see above

        return SOURCES
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
