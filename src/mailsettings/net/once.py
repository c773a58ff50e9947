"""Questions that are asked once per detection, whoever asks and however many at the same time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

import anyio

from mailsettings.errors import NetworkError

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Once(Generic[Key, Value]):
    """A cache in which the second to ask waits for the first; if that one is cancelled, the next one asks."""

    def __init__(self) -> None:
        self._asking: dict[Key, anyio.Lock] = {}
        self._said: dict[Key, Value] = {}
        self._failed: dict[Key, NetworkError] = {}

    async def get(self, key: Key, ask: Callable[[], Awaitable[Value]]) -> Value:
        """Return what *ask* brought for *key*, now or before. NetworkError, the same to all who ask."""
        async with self._asking.setdefault(key, anyio.Lock(fast_acquire=True)):
            if key not in self._said and key not in self._failed:
                await self._settle(key, ask)
        if key in self._failed:
            raise self._failed[key].again()
        return self._said[key]

    def known(self, key: Key) -> Value | None:
        """Return what was brought for *key* before, if anything was."""
        return self._said.get(key)

    async def _settle(self, key: Key, ask: Callable[[], Awaitable[Value]]) -> None:
        try:
            self._said[key] = await ask()
        except NetworkError as error:
            self._failed[key] = error.again()
