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

SAMPLE_INTERVAL = 0.05  # seconds between two looks at the clock
START_INTERVAL = (
    SAMPLE_INTERVAL / 8
)  # seconds between two beginnings, so that what one costs shows before many have begun
MIN_RUNNING = 4  # searches that run however late everything is: others may be the cause, and may go on being it
ITERATIONS_PER_SEARCH = (
    200  # of the event loop that a search takes; 30 to 150 in a world of memory, real packets and TLS take more
)
MAX_SLOWNESS = 16.0  # times as slow as usual; what is slower still is a process that stands still
LAG_TOLERANCE = (
    0.25  # of the time after which a search gives up: so much of it may be our own and no verdict depends on it
)


@dataclass(frozen=True, slots=True)
class LagMark:
    """A moment to measure from."""

    at: float
    samples: int
    lag: float


class LoopLag:
    """Measures by how much the event loop is late, and lets work begin while that is little."""

    def __init__(self, most_late: float, room: float) -> None:
        """*most_late*: seconds; beyond them nothing new begins. *room*: seconds until a search gives up."""
        self._max_lag = most_late
        self._room = room
        self._lag = 0.0
        self._samples = 0
        self._sum = 0.0  # of what all beats were late
        self._due = float("inf")
        self._running = 0
        self._admission_lock = anyio.Lock()
        self._changed = anyio.Event()

    async def measure(self) -> None:
        """Measure for ever; the caller cancels it."""
        while True:
            self._due = anyio.current_time() + SAMPLE_INTERVAL
            await anyio.sleep_until(self._due)
            woken = anyio.current_time()
            await anyio.lowlevel.checkpoint()
            # A loop that is never idle wakes us almost in time, and yet each turn of it is long.
            self.record(max(woken - self._due, anyio.current_time() - woken))

    def record(self, seconds: float) -> None:
        """Take in one measurement; an old one counts half as much each time."""
        self._samples += 1
        self._sum += seconds
        self._lag = max(seconds, self._lag / 2)
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    @property
    def slowness(self) -> float:
        """How many times as long as usual a search takes now for what is ours in it; 1.0 in a process that is idle."""
        return min(1.0 + ITERATIONS_PER_SEARCH * self._lag / self._room, MAX_SLOWNESS)

    @property
    def is_responsive(self) -> bool:
        """True if nothing seems silent now because of us."""
        return self.slowness < 1.0 + LAG_TOLERANCE

    def mark(self) -> LagMark:
        """Return this moment."""
        return LagMark(anyio.current_time(), self._samples, self._sum)

    def may_have_delayed(self, since: LagMark, slowness: float) -> bool:
        """Say whether a search that allowed for *slowness* may have taken our own delay *since* then for silence."""
        now = anyio.current_time()
        beats = [self._sum - since.lag, max(now - self._due, 0.0)]  # the one that is due now may be the worst
        mean = sum(beats) / (self._samples - since.samples + 1)
        own = min(max(ITERATIONS_PER_SEARCH * mean, *beats), now - since.at)
        return own > (slowness - 1.0 + LAG_TOLERANCE) * self._room

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[None]:
        """Wait for a calm moment, one after the other, and count as running until the block is left."""
        async with self._admission_lock:
            while self._lag > self._max_lag and self._running >= MIN_RUNNING:
                await self._changed.wait()
            if self._running >= MIN_RUNNING:
                await anyio.sleep(START_INTERVAL)
            self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            self._notify()
