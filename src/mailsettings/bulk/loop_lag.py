"""Says how late this process is: searches begin only as fast as it can follow, silence that may be ours is doubted.

A search judges servers by the clock. When more of them run than the processor can serve, answers that have arrived
lie unread, and servers that are fine seem silent: of 10,000 domains searched on a crowded machine, 104 were not found.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import anyio.lowlevel

BEAT = 0.05  # seconds between two looks at the clock
STEP = BEAT / 8  # seconds between two beginnings, so that what one costs shows before many have begun
ALWAYS = 4  # searches that run however late everything is: others may be the cause, and may go on being it
TURNS = 200  # of the event loop that a search takes; 30 to 150 in a world of memory, real packets and TLS take more
SLOWEST = 16.0  # times as slow as usual; what is slower still is a process that stands still
SLACK = 0.25  # of the time after which a search gives up: so much of it may be our own and no verdict depends on it


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment to measure from."""

    at: float
    beats: int
    late: float


class Pulse:
    """Measures by how much the event loop is late, and lets work begin while that is little."""

    def __init__(self, most_late: float, room: float) -> None:
        """*most_late*: seconds; beyond them nothing new begins. *room*: seconds until a search gives up."""
        self._most_late = most_late
        self._room = room
        self._late = 0.0
        self._beats = 0
        self._sum = 0.0  # of what all beats were late
        self._due = float("inf")
        self._running = 0
        self._door = anyio.Lock()
        self._changed = anyio.Event()

    async def beat(self) -> None:
        """Measure for ever; the caller cancels it."""
        while True:
            self._due = anyio.current_time() + BEAT
            await anyio.sleep_until(self._due)
            woken = anyio.current_time()
            await anyio.lowlevel.checkpoint()
            # A loop that is never idle wakes us almost in time, and yet each turn of it is long.
            self.was_late(max(woken - self._due, anyio.current_time() - woken))

    def was_late(self, seconds: float) -> None:
        """Take in one measurement; an old one counts half as much each time."""
        self._beats += 1
        self._sum += seconds
        self._late = max(seconds, self._late / 2)
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    @property
    def slowness(self) -> float:
        """How many times as long as usual a search takes now for what is ours in it; 1.0 in a process that is idle."""
        return min(1.0 + TURNS * self._late / self._room, SLOWEST)

    @property
    def in_time(self) -> bool:
        """True if nothing seems silent now because of us."""
        return self.slowness < 1.0 + SLACK

    def mark(self) -> Mark:
        """Return this moment."""
        return Mark(anyio.current_time(), self._beats, self._sum)

    def doubtful(self, since: Mark, slowness: float) -> bool:
        """Say whether a search that allowed for *slowness* may have taken our own delay *since* then for silence."""
        now = anyio.current_time()
        beats = [self._sum - since.late, max(now - self._due, 0.0)]  # the one that is due now may be the worst
        mean = sum(beats) / (self._beats - since.beats + 1)
        own = min(max(TURNS * mean, *beats), now - since.at)
        return own > (slowness - 1.0 + SLACK) * self._room

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
