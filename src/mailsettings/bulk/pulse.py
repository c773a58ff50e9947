"""Lets searches begin only as fast as this process can follow them.

A search judges servers by the clock. When more of them run than the processor can serve, answers that have arrived
lie unread, and servers that are fine seem silent: of 10,000 domains searched on a crowded machine, 100 were not found.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

BEAT = 0.05  # seconds between two looks at the clock
STEP = BEAT / 8  # seconds between two beginnings, so that what one costs shows before many have begun
ALWAYS = 4  # searches that run however late everything is: others may be the cause, and may go on being it


class Pulse:
    """Measures by how much the event loop is late, and lets work begin while that is little."""

    def __init__(self, most_late: float) -> None:
        """*most_late*: seconds; beyond them nothing new begins."""
        self._most_late = most_late
        self._late = 0.0
        self._running = 0
        self._door = anyio.Lock()
        self._changed = anyio.Event()

    async def beat(self) -> None:
        """Measure for ever; the caller cancels it."""
        while True:
            due = anyio.current_time() + BEAT
            await anyio.sleep_until(due)
            self.was_late(anyio.current_time() - due)

    def was_late(self, seconds: float) -> None:
        """Take in one measurement; an old one counts half as much each time."""
        self._late = max(seconds, self._late / 2)
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    @asynccontextmanager
    async def calm(self) -> AsyncIterator[None]:
        """Wait for a calm moment, one after the other, and count as running until the block is left."""
        async with self._door:
            while self._late > self._most_late and self._running >= ALWAYS:
                await self._changed.wait()
            if self._running >= ALWAYS:
                await anyio.sleep(STEP)
            self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            self._notify()
