"""A uvicorn protocol with a timeout for request headers, against slow clients (Slowloris).

uvicorn waits for the end of a request's headers without a limit: a few hundred sockets that send a byte now and then
would hold as many connections. The body has a timeout of its own (middleware.py).
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from mailsettings.web.settings import CONFIG, Settings

_Base: Any = AutoHTTPProtocol


@cache
def _timeout() -> float:
    """Return the settings' request_timeout, in seconds."""
    return Settings.read(os.environ.get(CONFIG, "")).request_timeout


class SlowClientProtocol(_Base):  # type: ignore[misc]  # one of uvicorn's two, depending on what is installed
    """Closes a connection on which no request was completed or answered for the settings' request_timeout."""

    _timer: Any = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._last_cycle = None
        self._timer = self.loop.call_later(_timeout(), self._check)

    def _check(self) -> None:
        """Close the connection unless a request has arrived since the last check, or is being answered."""
        cycle = self.cycle
        busy = cycle is not None and not cycle.response_complete
        if not busy and cycle is self._last_cycle:
            self.transport.close()
            return
        self._last_cycle = cycle
        self._timer = self.loop.call_later(_timeout(), self._check)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)
