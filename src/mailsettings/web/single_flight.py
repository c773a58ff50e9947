"""One search for all visitors who ask for the same at the same time; all of them receive its events.

first visitor ── searches ▶ events, answer       if it disconnects, the next one searches anew
others        ── follow ──▶ the same events, the same answer

Another thing than net.cache.SingleFlight: those who join late receive every event from the first one on, not only the
latest step, and neither an answer nor a failure is cached (the store caches answers, once they are redacted).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

from mailsettings.events import Event
from mailsettings.model import Detection

EventSink = Callable[[Event], None]
Search = Callable[[EventSink], Awaitable[Detection]]


class _Flight:
    """A search under way."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.detection: Detection | None = None
        self.over = False
        self._changed: anyio.Event | None = None  # exists while followers wait: most searches have none

    def publish(self, event: Event) -> None:
        self.events.append(event)
        self.wake()

    def wake(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None

    async def follow(self, on_event: EventSink) -> Detection | None:
        """Pass on all events and return the answer; None if the search was cancelled or failed."""
        passed = 0
        while True:
            for event in self.events[passed:]:
                on_event(event)
            passed = len(self.events)
            if self.over:
                return self.detection
            self._changed = self._changed or anyio.Event()
            await self._changed.wait()


class SharedSearches:
    """The searches under way, by key."""

    def __init__(self) -> None:
        self._flights: dict[str, _Flight] = {}

    async def join(self, key: str, search: Search, on_event: EventSink) -> Detection:
        """Return the answer of the search under way for *key*; if there is none, of *search*."""
        while (flight := self._flights.get(key)) is not None:
            if (detection := await flight.follow(on_event)) is not None:
                return detection
        return await self._search(key, search, on_event)

    async def _search(self, key: str, search: Search, on_event: EventSink) -> Detection:
        flight = self._flights[key] = _Flight()

        def publish(event: Event) -> None:
            on_event(event)
            flight.publish(event)

        try:
            flight.detection = await search(publish)
            return flight.detection
        finally:
            del self._flights[key]
            flight.over = True
            flight.wake()
