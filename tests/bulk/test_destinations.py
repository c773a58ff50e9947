"""Concurrency per destination."""

from __future__ import annotations

import anyio

from mailsettings.bulk.destinations import KeyedSemaphore
from mailsettings.testing import run_virtual


def test_turns_are_counted_for_each_key() -> None:
    """
    Two at a time for one destination, others at once; nothing is kept of who has left.
    """
    turns, inside, most = KeyedSemaphore(2), {"a": 0, "b": 0}, {"a": 0, "b": 0}

    async def visit(key: str) -> None:
        async with turns.acquire(key):
            inside[key] += 1
            most[key] = max(most[key], inside[key])
            await anyio.sleep(1)
            inside[key] -= 1

    async def all_of_them() -> None:
        async with anyio.create_task_group() as group:
            for key in "aaaaab":
                group.start_soon(visit, key)

    _, seconds = run_virtual(all_of_them)
    assert (most, seconds, len(turns)) == ({"a": 2, "b": 1}, 3.0, 0)
