"""Caches for one event loop: bounded and short-lived (TTLCache), or asked only once at a time (SingleFlight).

TTLCache       find, keep; get asks where nothing is found
SingleFlight   the same, but of several who ask for one key at once only the first does; failures are kept as well
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeAlias, TypeVar
from typing import Protocol as Interface

import anyio

from mailsettings.errors import NetworkError
from mailsettings.events import ignore
from mailsettings.interfaces import Prober
from mailsettings.model import Endpoint, Probe, Step

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
OnStep: TypeAlias = Callable[[Step], None]


def _for_ever(_found: object) -> float:
    return math.inf


class TTLCache(Generic[Key, Value]):
    """Keeps at most *max_size* values; the least recently used is forgotten first."""

    def __init__(self, max_size: float, lifetime: Callable[[Value], float] = _for_ever) -> None:
        """*lifetime* says for how many seconds a value is kept; 0: not at all."""
        self._max_size = max_size
        self._lifetime = lifetime
        self._entries: dict[Key, tuple[float, Value]] = {}  # until when, and what; in order of use

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: Key) -> Value | None:
        """Return what is kept for *key*, if it is still good."""
        entry = self._entries.pop(key, None)
        # The clock is asked only where it matters: what one detection keeps, it keeps for ever.
        if entry is None or (entry[0] != math.inf and entry[0] <= anyio.current_time()):
            return None
        self._entries[key] = entry  # used last: moves to the end
        return entry[1]

    def keep(self, key: Key, value: Value) -> None:
        """Keep *value* for its lifetime."""
        seconds = self._lifetime(value)
        if seconds <= 0:
            return
        self._entries.pop(key, None)
        self._entries[key] = math.inf if seconds == math.inf else anyio.current_time() + seconds, value
        if len(self._entries) > self._max_size:
            del self._entries[next(iter(self._entries))]

    async def get(self, key: Key, ask: Callable[[OnStep], Awaitable[Value]], on_step: OnStep = ignore) -> Value:
        """Return what is kept for *key*, or what *ask* returns. What *ask* raises is not kept."""
        if (found := self.find(key)) is not None:
            return found
        value = await ask(on_step)
        self.keep(key, value)
        return value


@dataclass(slots=True, eq=False)
class _Flight:
    """A question under way, and those who follow its steps."""

    lock: anyio.Lock = field(default_factory=lambda: anyio.Lock(fast_acquire=True))
    listeners: list[OnStep] = field(default_factory=list)
    last: Step | None = None

    def notify(self, step: Step) -> None:
        self.last = step
        for listen in self.listeners:
            listen(step)


class SingleFlight(Generic[Key, Value]):
    """A cache in which the second to ask waits for the first; if that one is cancelled, the next one asks."""

    def __init__(
        self, max_size: float = math.inf, lifetime: Callable[[Value | NetworkError], float] = _for_ever
    ) -> None:
        """*max_size* and *lifetime* as in TTLCache, also of failures; by default everything is kept."""
        self._flights: dict[Key, _Flight] = {}
        self._cache: TTLCache[Key, Value | NetworkError] = TTLCache(max_size, lifetime)

    def __len__(self) -> int:
        return len(self._cache)

    @property
    def under_way(self) -> int:
        """The number of questions that are waited for."""
        return len(self._flights)

    def find(self, key: Key) -> Value | None:
        """Return the value kept for *key*; None if there is none, or a failure."""
        found = self._cache.find(key)
        return None if isinstance(found, NetworkError) else found

    async def get(self, key: Key, ask: Callable[[OnStep], Awaitable[Value]], on_step: OnStep = ignore) -> Value:
        """Return what *ask* returns, or has returned for *key* not long ago. NetworkError likewise.

        *ask* is given the function to report its steps to; all who wait are told them.
        """
        if (found := self._cache.find(key)) is not None:
            return _value(found)
        flight = self._flights.setdefault(key, _Flight())
        flight.listeners.append(on_step)
        if flight.last is not None:
            on_step(flight.last)
        try:
            async with flight.lock:
                found = self._cache.find(key)
                return _value(found if found is not None else await self._ask(key, flight, ask))
        finally:
            flight.listeners.remove(on_step)
            if not flight.listeners:
                del self._flights[key]

    async def _ask(self, key: Key, flight: _Flight, ask: Callable[[OnStep], Awaitable[Value]]) -> Value | NetworkError:
        found: Value | NetworkError
        try:
            found = await ask(flight.notify)
        except NetworkError as error:
            found = error.again()
        self._cache.keep(key, found)
        return found


def _value(found: Value | NetworkError) -> Value:
    """Return what was found. NetworkError if it is a failure."""
    if isinstance(found, NetworkError):
        raise found.again()
    return found


class ProbeCache(Interface):
    """TTLCache, or SingleFlight where several searches must not contact one server at the same time."""

    async def get(self, key: Endpoint, ask: Callable[[OnStep], Awaitable[Probe]], on_step: OnStep) -> Probe:
        """Return the probe of *key*, from the cache or by *ask*."""
        ...


class CachedProber:
    """A Prober that contacts no server of which *probes* has a probe."""

    def __init__(self, prober: Prober, probes: ProbeCache) -> None:
        self._prober = prober
        self._probes = probes

    async def greet(self, endpoint: Endpoint, on_step: OnStep) -> Probe:
        """Return the probe that is kept, or contact *endpoint*."""
        return await self._probes.get(endpoint, lambda tell: self._prober.greet(endpoint, tell), on_step)
