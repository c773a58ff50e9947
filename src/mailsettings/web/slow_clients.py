"""A uvicorn protocol that hangs up on visitors who do not finish their request.

uvicorn waits for ever for the end of a request's head: some hundred sockets that send a byte now and then would hold
as many connections. The body has a time-out of its own (bounds.py).
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from mailsettings.web.settings import CONFIG, Settings

_Base: Any = AutoHTTPProtocol


@cache
def _seconds() -> float:
    return Settings.read(os.environ.get(CONFIG, "")).request_timeout


class SlowClientProtocol(_Base):  # type: ignore[misc]  # which of uvicorn's two it is, its own installation decides
    """Closes a connection on which for the settings' request_timeout no request was complete or under way."""

    _timer: Any = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._last_cycle = None
        self._timer = self.loop.call_later(_seconds(), self._check)

    def _check(self) -> None:
        """Close unless a request has come since the last look, or is being answered."""
        cycle = self.cycle
        busy = cycle is not None and not cycle.response_complete
        if not busy and cycle is self._last_cycle:
            self.transport.close()
            return
        self._last_cycle = cycle
        self._timer = self.loop.call_later(_seconds(), self._check)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)
