"""A bounded memory of what was found out a moment ago: for seconds, and for so many things."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

import anyio

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Memory(Generic[Key, Value]):
    """Remembers at most *most* values, the least recently used is forgotten first. For one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[Key, tuple[float, Value]] = {}  # until when, and what; in order of use

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: Key) -> Value | None:
        """Return what is remembered of *key*, if it is still good."""
        entry = self._kept.pop(key, None)
        if entry is None or entry[0] <= anyio.current_time():
            return None
        self._kept[key] = entry  # used last: moves to the end
        return entry[1]

    def keep(self, key: Key, value: Value, seconds: float) -> None:
        """Remember *value* for *seconds*; for none: not at all."""
        if seconds <= 0:
            return
        self._kept.pop(key, None)
        self._kept[key] = anyio.current_time() + seconds, value
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
