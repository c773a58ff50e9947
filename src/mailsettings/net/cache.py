"""Caches for one event loop: a bounded TTL cache (TTLCache), and one with request coalescing (SingleFlight).

TTLCache       find, keep; get computes a missing value
SingleFlight   the same, but concurrent calls for one key share one computation; failures are cached as well
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
    """At most *max_size* values; the least recently used is evicted first."""

    def __init__(self, max_size: float, lifetime: Callable[[Value], float] = _for_ever) -> None:
        """*lifetime* returns for how many seconds a value is cached; 0: not at all."""
        self._max_size = max_size
        self._lifetime = lifetime
        self._entries: dict[Key, tuple[float, Value]] = {}  # expiry and value, in order of use

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, key: Key) -> Value | None:
        """Return the value cached for *key*; None if there is none, or it has expired."""
        entry = self._entries.pop(key, None)
        # Read the clock only where it matters: within one detection, entries do not expire.
        if entry is None or (entry[0] != math.inf and entry[0] <= anyio.current_time()):
            return None
        self._entries[key] = entry  # most recently used: moves to the end
        return entry[1]

    def keep(self, key: Key, value: Value) -> None:
        """Cache *value* for its lifetime."""
        seconds = self._lifetime(value)
        if seconds <= 0:
            return
        self._entries.pop(key, None)
        self._entries[key] = math.inf if seconds == math.inf else anyio.current_time() + seconds, value
        if len(self._entries) > self._max_size:
            del self._entries[next(iter(self._entries))]

    async def get(self, key: Key, ask: Callable[[OnStep], Awaitable[Value]], on_step: OnStep = ignore) -> Value:
        """Return the value cached for *key*, or what *ask* returns. Errors of *ask* are not cached."""
        if (found := self.find(key)) is not None:
            return found
        value = await ask(on_step)
        self.keep(key, value)
        return value


@dataclass(slots=True, eq=False)
class _Flight:
    """One call in progress, and the callers waiting for it."""

    lock: anyio.Lock = field(default_factory=lambda: anyio.Lock(fast_acquire=True))
    listeners: list[OnStep] = field(default_factory=list)
    last: Step | None = None

    def notify(self, step: Step) -> None:
        self.last = step
        for on_step in self.listeners:
            on_step(step)


class SingleFlight(Generic[Key, Value]):
    """A TTL cache with single flight: callers share the first one's call; if that is cancelled, the next one asks."""

    def __init__(
        self, max_size: float = math.inf, lifetime: Callable[[Value | NetworkError], float] = _for_ever
    ) -> None:
        """*max_size* and *lifetime* as in TTLCache, for failures too; by default nothing expires."""
        self._flights: dict[Key, _Flight] = {}
        self._cache: TTLCache[Key, Value | NetworkError] = TTLCache(max_size, lifetime)

    def __len__(self) -> int:
        return len(self._cache)

    @property
    def under_way(self) -> int:
        """The number of calls in progress."""
        return len(self._flights)

    def find(self, key: Key) -> Value | None:
        """Return the value cached for *key*; None if there is none, or a failure."""
        found = self._cache.find(key)
        return None if isinstance(found, NetworkError) else found

    async def get(self, key: Key, ask: Callable[[OnStep], Awaitable[Value]], on_step: OnStep = ignore) -> Value:
        """Return the value cached for *key*, or what *ask* returns. NetworkError likewise.

        *ask* receives a callback for its steps, which are reported to every waiting caller.
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
    """Return *found*. NetworkError if it is a failure."""
    if isinstance(found, NetworkError):
        raise found.again()
    return found


class ProbeCache(Interface):
    """A TTLCache, or a SingleFlight where concurrent searches must not contact one server twice."""

    async def get(self, key: Endpoint, ask: Callable[[OnStep], Awaitable[Probe]], on_step: OnStep) -> Probe:
        """Return the probe of *key*, from the cache or by *ask*."""
        ...


class CachedProber:
    """A Prober that contacts a server only if *probes* has no probe of it."""

    def __init__(self, prober: Prober, probes: ProbeCache) -> None:
        self._prober = prober
        self._probes = probes

    async def greet(self, endpoint: Endpoint, on_step: OnStep) -> Probe:
        """Return the cached probe, or contact *endpoint*."""
        return await self._probes.get(endpoint, lambda report: self._prober.greet(endpoint, report), on_step)
