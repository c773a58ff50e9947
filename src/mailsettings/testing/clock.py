"""A virtual clock: it jumps over every wait, so that an hour of timeouts takes no real time and is measured exactly."""

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
    """Run *function* on trio's autojump clock; return its result and the virtual seconds it took.

    TimeoutError after *limit* virtual seconds, so that a test that waits for ever fails. Needs trio.
    """
    from trio.testing import MockClock  # for tests only, no dependency of the library

    async def timed() -> tuple[Result, float]:
        with anyio.fail_after(limit):
            result = await function(*arguments)
        return result, anyio.current_time()

    clock = MockClock(autojump_threshold=0)  # starts at 0 and moves only when every task waits
    return anyio.run(timed, backend="trio", backend_options={"clock": clock})
