"""Event loop lag: how late this process is, whether new searches may start, and which timeouts it may have caused.

A search judges servers by the clock. When more searches run than the processor can serve, answers that have arrived
are read too late, and good servers seem to time out: of 10,000 domains searched on a crowded machine, 104 were not
found.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
import anyio.lowlevel

SAMPLE_INTERVAL = 0.05  # seconds between two samples
START_INTERVAL = SAMPLE_INTERVAL / 8  # seconds between two starts, so that the cost of one shows before many follow
MIN_RUNNING = 4  # searches that run however large the lag: other processes may be its cause, and may remain so
# Iterations of the event loop that a search takes: 30 to 150 in a fake network; real packets and TLS take more.
ITERATIONS_PER_SEARCH = 200
MAX_SLOWNESS = 16.0  # times as slow as usual; a process that is slower still makes no progress at all
LAG_TOLERANCE = 0.25  # share of a search's timeout that lag may use up without any verdict depending on it


@dataclass(frozen=True, slots=True)
class LagMark:
    """A moment to measure from: when it was, how many samples there were, and their total lag in seconds."""

    at: float
    samples: int
    total_lag: float


class LoopLag:
    """Measures how late the event loop is, and admits new searches while that is little."""

    def __init__(self, max_lag: float, search_timeout: float) -> None:
        """*max_lag*: seconds beyond which no search starts. *search_timeout*: seconds until a search gives up."""
        self._max_lag = max_lag
        self._search_timeout = search_timeout
        self._lag = 0.0
        self._samples = 0
        self._total_lag = 0.0
        self._next_sample_at = float("inf")
        self._running = 0
        self._admission_lock = anyio.Lock()
        self._changed = anyio.Event()

    async def measure(self) -> None:
        """Take samples until cancelled."""
        while True:
            self._next_sample_at = anyio.current_time() + SAMPLE_INTERVAL
            await anyio.sleep_until(self._next_sample_at)
            woken = anyio.current_time()
            await anyio.lowlevel.checkpoint()
            # A loop that is never idle wakes this task almost in time, and yet each of its iterations is long.
            self.record(max(woken - self._next_sample_at, anyio.current_time() - woken))

    def record(self, seconds: float) -> None:
        """Record one sample of the lag; older ones decay by half each time."""
        self._samples += 1
        self._total_lag += seconds
        self._lag = max(seconds, self._lag / 2)
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    @property
    def slowness(self) -> float:
        """How many times as long as usual a search takes now because of this process; 1.0 if it is idle."""
        return min(1.0 + ITERATIONS_PER_SEARCH * self._lag / self._search_timeout, MAX_SLOWNESS)

    @property
    def is_responsive(self) -> bool:
        """True if the lag is too small to cause timeouts."""
        return self.slowness < 1.0 + LAG_TOLERANCE

    def mark(self) -> LagMark:
        """Return this moment."""
        return LagMark(anyio.current_time(), self._samples, self._total_lag)

    def may_have_delayed(self, since: LagMark, slowness: float) -> bool:
        """Say whether lag *since* then may have caused timeouts in a search that allowed for *slowness*."""
        now = anyio.current_time()
        # The sample that is due now may be the worst.
        lags = [self._total_lag - since.total_lag, max(now - self._next_sample_at, 0.0)]
        mean = sum(lags) / (self._samples - since.samples + 1)
        delay = min(max(ITERATIONS_PER_SEARCH * mean, *lags), now - since.at)
        return delay > (slowness - 1.0 + LAG_TOLERANCE) * self._search_timeout

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[None]:
        """Wait, one search at a time, until the lag is small; count as running until the block is left."""
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
