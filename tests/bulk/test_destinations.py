"""Concurrency per destination."""

from __future__ import annotations

import anyio

from mailsettings.bulk.destinations import KeyedSemaphore
from mailsettings.testing import run_virtual


def test_slots_are_counted_for_each_key() -> None:
    """
    Two at a time for one destination, others at once; unused semaphores are discarded.
    """
    semaphore, held, most = KeyedSemaphore(2), {"a": 0, "b": 0}, {"a": 0, "b": 0}

    async def hold(key: str) -> None:
        async with semaphore.acquire(key):
            held[key] += 1
            most[key] = max(most[key], held[key])
            await anyio.sleep(1)
            held[key] -= 1

    async def all_of_them() -> None:
        async with anyio.create_task_group() as group:
            for key in "aaaaab":
                group.start_soon(hold, key)

    _, seconds = run_virtual(all_of_them)
    assert (most, seconds, len(semaphore)) == ({"a": 2, "b": 1}, 3.0, 0)
