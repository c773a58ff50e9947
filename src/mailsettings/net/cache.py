"""A memory shared by many detections: bounded, short-lived, and asked once however many want to know at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio

from mailsettings.errors import Kind, NetworkError
from mailsettings.net.memory import Memory

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
OnStep = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A NetworkError as a value: an exception that is raised twice collects the tracebacks of strangers."""

    kind: Kind
    seen: str


@dataclass(slots=True, eq=False)
class _Flight:
    """A question under way, and those who want to hear of its steps."""

    lock: anyio.Lock = field(default_factory=lambda: anyio.Lock(fast_acquire=True))
    listeners: list[OnStep] = field(default_factory=list)
    last: str = ""

    def tell(self, step: str) -> None:
        self.last = step
        for listen in self.listeners:
            listen(step)


class Kept(Generic[Key, Value]):
    """Remembers at most *most* values, the least recently used is forgotten first."""

    def __init__(self, most: int, life: Callable[[Value | Fault], float]) -> None:
        """*life* says for how many seconds a value, or a failure, is remembered; 0: it is nobody else's business."""
        self._life = life
        self._flights: dict[Key, _Flight] = {}
        self._memory: Memory[Key, Value | Fault] = Memory(most)

    def __len__(self) -> int:
        return len(self._memory)

    @property
    def under_way(self) -> int:
        """The number of questions that somebody waits for."""
        return len(self._flights)

    async def get(self, key: Key, ask: Callable[[OnStep], Awaitable[Value]], on_step: OnStep = lambda _: None) -> Value:
        """Return what *ask* brings, or has brought to somebody not long ago. NetworkError likewise.

        *ask* is given what it shall report its steps to; everybody who waits hears them. If the one who asks is
        cancelled, the next one asks.
        """
        if (found := self._memory.find(key)) is not None:
            return _value(found)
        flight = self._flights.setdefault(key, _Flight())
        flight.listeners.append(on_step)
        if flight.last:
            on_step(flight.last)
        try:
            async with flight.lock:
                found = self._memory.find(key)
                return _value(found if found is not None else await self._ask(key, flight, ask))
        finally:
            flight.listeners.remove(on_step)
            if not flight.listeners:
                del self._flights[key]

    async def _ask(self, key: Key, flight: _Flight, ask: Callable[[OnStep], Awaitable[Value]]) -> Value | Fault:
        found: Value | Fault
        try:
            found = await ask(flight.tell)
        except NetworkError as error:
            found = Fault(error.kind, error.seen)
        self._memory.keep(key, found, self._life(found))
        return found


def _value(found: Value | Fault) -> Value:
    """Return what was found. NetworkError if it is a failure."""
    if isinstance(found, Fault):
        raise NetworkError(found.kind, found.seen)
    return found
