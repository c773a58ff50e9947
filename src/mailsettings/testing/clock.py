"""Time that jumps: an hour of waiting in no time, measured exactly."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar, TypeVarTuple

import anyio

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")
DAY = 86400.0  # seconds


def run_virtual(
    function: Callable[[*Arguments], Awaitable[Result]], *arguments: *Arguments, limit: float = DAY
) -> tuple[Result, float]:
    """Run *function* on trio's jumping clock; return its result and the virtual seconds it took.

    TimeoutError after *limit* virtual seconds: what waits for ever would otherwise really do so. Needs trio.
    """
    from trio.testing import MockClock  # for tests only, no dependency of the library

    async def timed() -> tuple[Result, float]:
        with anyio.fail_after(limit):
            result = await function(*arguments)
        return result, anyio.current_time()

    clock = MockClock(autojump_threshold=0)  # starts at 0 and moves only when every task waits
    return anyio.run(timed, backend="trio", backend_options={"clock": clock})
