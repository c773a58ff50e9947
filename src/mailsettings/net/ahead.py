"""Large libraries, loaded in a thread while questions and connections are on their way."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

import anyio


async def load(module: str) -> ModuleType:
    """Return *module*, loaded or at least begun with by somebody else: importing it then waits for the rest.

    A jumping clock takes a task that waits for a thread for idle: mailsettings.testing has such modules loaded before.
    """
    if (loaded := sys.modules.get(module)) is not None:
        return loaded
    return await anyio.to_thread.run_sync(import_module, module, abandon_on_cancel=True)
