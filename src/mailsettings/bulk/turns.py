"""At most so many at once for each destination, first come, first served."""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio


@dataclass(slots=True)
class _Queue:
    room: anyio.Semaphore
    users: int = 0  # inside or waiting


class Turns:
    """A semaphore for each key, kept for as long as somebody is inside or waits."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._queues: dict[Hashable, _Queue] = {}

    def __len__(self) -> int:
        return len(self._queues)

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[None]:
        """Wait until fewer than *most* others are inside with the same *key*."""
        queue = self._queues.setdefault(key, _Queue(anyio.Semaphore(self._most)))
        queue.users += 1
        try:
            async with queue.room:
                yield
        finally:
            queue.users -= 1
            if not queue.users:
                del self._queues[key]
