"""Large libraries, loaded in a thread while questions and connections are on their way."""

from __future__ import annotations

import sys
from importlib import import_module

import anyio


async def load(module: str) -> None:
    """Have *module* loaded, or at least begun with by somebody else: importing it then waits for the rest.

    A jumping clock takes a task that waits for a thread for idle: mailsettings.testing has such modules loaded before.
    """
    if module not in sys.modules:
        await anyio.to_thread.run_sync(import_module, module, abandon_on_cancel=True)
