"""One detection for all who ask for the same at the same time; all of them follow its events.

first visitor ── leads ──▶ events, answer        if it leaves, the next one leads anew
others        ── follow ─▶ the same events, the same answer

Not net.cache.SingleFlight: those who come later are sent every event from the first one on, not only the latest step,
and neither an answer nor a failure is kept (the store keeps what may be shown).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import anyio

from mailsettings.events import Event
from mailsettings.model import Detection

EventSink = Callable[[Event], None]
Leader = Callable[[EventSink], Awaitable[Detection]]


class _Flight:
    """A detection under way."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.detection: Detection | None = None
        self.over = False
        self._news: anyio.Event | None = None  # there is one while others wait: most visitors are the only one

    def publish(self, event: Event) -> None:
        self.events.append(event)
        self.wake()

    def wake(self) -> None:
        if self._news is not None:
            self._news.set()
            self._news = None

    async def follow(self, tell: EventSink) -> Detection | None:
        """Pass the events on; None if the leader left, or failed, without an answer."""
        passed = 0
        while True:
            for event in self.events[passed:]:
                tell(event)
            passed = len(self.events)
            if self.over:
                return self.detection
            self._news = self._news or anyio.Event()
            await self._news.wait()


class SharedSearches:
    """The detections under way, by what they are about."""

    def __init__(self) -> None:
        self._under_way: dict[str, _Flight] = {}

    async def join(self, key: str, lead: Leader, tell: EventSink) -> Detection:
        """Return the answer for *key*: that of whoever is at it, otherwise what *lead* finds."""
        while (flight := self._under_way.get(key)) is not None:
            if (detection := await flight.follow(tell)) is not None:
                return detection
        return await self._lead(key, lead, tell)

    async def _lead(self, key: str, lead: Leader, tell: EventSink) -> Detection:
        flight = self._under_way[key] = _Flight()

        def tell_all(event: Event) -> None:
            tell(event)
            flight.publish(event)

        try:
            flight.detection = await lead(tell_all)
            return flight.detection
        finally:
            del self._under_way[key]
            flight.over = True
            flight.wake()
