"""Many addresses: one search per domain, every server contacted once, memory that does not grow with the input.

    async with detect_many(addresses) as stream:
        async for each in stream:
            print(each.text, each.detection.incoming[0].endpoint)

The command is `mailsettings bulk`; docs/bulk.md has both, and how to use more than one machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailsettings.bulk.dask import detect_batch
    from mailsettings.bulk.input import Answered, Entry
    from mailsettings.bulk.limits import BulkLimits
    from mailsettings.bulk.run import detect_many

__all__ = ["Answered", "BulkLimits", "Entry", "detect_batch", "detect_many"]

_HOME = {
    "Answered": "input",
    "Entry": "input",
    "BulkLimits": "limits",
    "detect_batch": "dask",
    "detect_many": "run",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is first used: the command line imports this package before it needs the network."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
