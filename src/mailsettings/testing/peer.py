"""The server's end of a connection: a script on its own clock. Pure; the stream asks it at each operation.

All delay lies on the way back, so that one round trip passes between a command and its reply:

    client   t ── command ──▶ t          t + rtt
    server                    t ── reply ──▶
"""

from __future__ import annotations

import math
from collections import deque

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.testing.scripts import CLOSE, HEAR, HEAR_SOME, RESET, TLS, Act, Say, Script, Sleep

WINDOW = 65536  # bytes that may be unread before a script has to wait: an endless one must not fill the memory
ALERT = b"\x15\x03\x01\x00\x02\x02\x0a"  # fatal unexpected_message (RFC 8446 §6.2)


class Peer:
    """One script and what is on the way between it and the client. Times are those of the event loop, in seconds."""

    def __init__(self, script: Script, started: float, rtt: float) -> None:
        self.clock = started  # when the script acts next
        self.rtt = rtt
        self._script = script
        self._awaited: TLS | Act | None = None  # what the script waits for, if it waits
        self._inbox = bytearray()
        self._received_at = started
        self._outbox: deque[tuple[float, bytes | Act]] = deque()  # with the time of arrival at the client
        self._unread = 0  # bytes in the outbox

    @property
    def over(self) -> bool:
        """True if the script has closed; the close itself may still be on the way."""
        return bool(self._outbox) and isinstance(self._outbox[-1][1], Act)

    @property
    def silent(self) -> bool:
        """True if nothing is on the way to the client."""
        return not self._outbox

    def close_has_arrived(self, now: float) -> bool:
        """Say whether the client knows by *now* that the connection is closed."""
        return self.over and self._outbox[-1][0] <= now

    def awaited(self, now: float) -> TLS | Act | None:
        """Say what the script waits for from the client at *now*, if it waits."""
        return self._awaited if self.clock <= now and not self.over else None

    def due(self, now: float) -> float:
        """Return when something changes if the client keeps silent; infinity if nothing will."""
        arrival = self._outbox[0][0] if self._outbox else math.inf
        return min(arrival, self.clock if self.clock > now and not self.over else math.inf)

    def run(self, now: float) -> None:
        """Let the script act up to *now*, as far as it gets without the client."""
        while self.clock <= now and self._unread < WINDOW and not self.over:
            heard = self._granted() if self._awaited is not None else None
            if self._awaited is not None and heard is None:
                return
            self._act(heard)

    def receive(self, data: bytes, now: float) -> None:
        """Take *data* from the client."""
        self.run(now)
        self._inbox += data
        self._received_at = now
        self.run(now)

    def take(self, now: float, max_bytes: int) -> bytes | None:
        """Return what has reached the client, empty at the end, None if nothing has. NetworkError(CLOSED) on reset."""
        if not self._outbox or self._outbox[0][0] > now:
            return None
        at, data = self._outbox[0]
        if isinstance(data, Act):
            return _ended(data)
        self._outbox.popleft()
        if len(data) > max_bytes:
            self._outbox.appendleft((at, data[max_bytes:]))
        if self._unread >= WINDOW:
            self.clock = max(self.clock, now)  # the script could not write until now
        self._unread -= min(len(data), max_bytes)
        return data[:max_bytes]

    def secured(self, now: float) -> None:
        """Let the script go on inside TLS: the handshake was over at *now*."""
        self.clock = max(self.clock, now)
        self._awaited = None

    def abandon(self) -> None:
        """Drop the script: the client has closed."""
        self._script.close()

    def _act(self, heard: bytes | None) -> None:
        """Take the script's next step."""
        self._awaited = None
        match self._next(heard):
            case Say(data):
                self._put(data)
            case Sleep(seconds):
                self.clock += seconds
            case Act.CLOSE | Act.RESET as end:
                self._put(end)
            case wish:
                self._awaited = wish

    def _next(self, heard: bytes | None) -> Say | Sleep | TLS | Act:
        try:
            return next(self._script) if heard is None else self._script.send(heard)
        except StopIteration:
            return CLOSE

    def _put(self, what: bytes | Act) -> None:
        """Send *what* on its way to the client."""
        if what == b"":
            return  # to the client nothing would look like the end
        self._outbox.append((self.clock + self.rtt, what))
        self._unread += len(what) if isinstance(what, bytes) else 0

    def _granted(self) -> bytes | None:
        """Return what the script wished to hear, if that has come."""
        if not self._inbox:
            return None
        if isinstance(self._awaited, TLS):
            self._put(ALERT)  # clear text where a handshake was due: TLS libraries say so and hang up
            self._put(CLOSE)
            return None
        length = len(self._inbox) if self._awaited is HEAR_SOME else self._inbox.find(b"\n") + 1
        if not length:
            return None
        heard = bytes(self._inbox[:length])
        del self._inbox[:length]
        self.clock = max(self.clock, self._received_at)
        return heard.rstrip(b"\r\n") if self._awaited is HEAR else heard


def _ended(how: Act) -> bytes:
    if how is RESET:
        raise NetworkError(FailureKind.CLOSED, "connection reset by peer")
    return b""
