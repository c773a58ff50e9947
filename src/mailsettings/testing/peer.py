"""The server's end of a connection: runs a script on its own clock. Pure; the stream drives it at each operation.

All delay is on the way back, so that one round trip passes between a command and its reply:

    client   t ── command ──▶ t          t + rtt
    server                    t ── reply ──▶
"""

from __future__ import annotations

import math
from collections import deque

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.testing.scripts import CLOSE, HEAR, HEAR_SOME, RESET, TLS, Act, Say, Script, Sleep

WINDOW = 65536  # unread bytes after which a script has to wait: an endless one must not fill the memory
ALERT = b"\x15\x03\x01\x00\x02\x02\x0a"  # fatal unexpected_message (RFC 8446 §6.2)


class Peer:
    """One script and the data in transit between it and the client. Times are those of the event loop, in seconds."""

    def __init__(self, script: Script, started: float, rtt: float) -> None:
        self.clock = started  # when the script acts next
        self.rtt = rtt
        self._script = script
        self._awaited: TLS | Act | None = None  # the command that the script waits for, if it waits
        self._inbox = bytearray()
        self._received_at = started
        self._outbox: deque[tuple[float, bytes | Act]] = deque()  # with the time of arrival at the client
        self._unread = 0  # bytes in the outbox

    @property
    def over(self) -> bool:
        """True if the script has closed; the close itself may still be in transit."""
        return bool(self._outbox) and isinstance(self._outbox[-1][1], Act)

    @property
    def idle(self) -> bool:
        """True if nothing is in transit to the client."""
        return not self._outbox

    def close_has_arrived(self, now: float) -> bool:
        """Say whether the client has seen by *now* that the connection is closed."""
        return self.over and self._outbox[-1][0] <= now

    def awaited(self, now: float) -> TLS | Act | None:
        """Return what the script waits for from the client at *now*, if it waits."""
        return self._awaited if self.clock <= now and not self.over else None

    def due(self, now: float) -> float:
        """Return when something changes if the client sends nothing; infinity if nothing will."""
        arrival = self._outbox[0][0] if self._outbox else math.inf
        return min(arrival, self.clock if self.clock > now and not self.over else math.inf)

    def run(self, now: float) -> None:
        """Run the script up to *now*, as far as it gets without the client."""
        while self.clock <= now and self._unread < WINDOW and not self.over:
            received = self._received() if self._awaited is not None else None
            if self._awaited is not None and received is None:
                return
            self._act(received)

    def receive(self, data: bytes, now: float) -> None:
        """Receive *data* from the client."""
        self.run(now)
        self._inbox += data
        self._received_at = now
        self.run(now)

    def take(self, now: float, max_bytes: int) -> bytes | None:
        """Return what has arrived, empty at the end of stream, None if nothing has. NetworkError(CLOSED) on reset."""
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
        """Continue the script inside TLS: the handshake ended at *now*."""
        self.clock = max(self.clock, now)
        self._awaited = None

    def abandon(self) -> None:
        """Close the script: the client has closed."""
        self._script.close()

    def _act(self, received: bytes | None) -> None:
        """Execute the script's next command."""
        self._awaited = None
        match self._next(received):
            case Say(data):
                self._put(data)
            case Sleep(seconds):
                self.clock += seconds
            case Act.CLOSE | Act.RESET as end:
                self._put(end)
            case command:
                self._awaited = command

    def _next(self, received: bytes | None) -> Say | Sleep | TLS | Act:
        try:
            return next(self._script) if received is None else self._script.send(received)
        except StopIteration:
            return CLOSE

    def _put(self, what: bytes | Act) -> None:
        """Send *what* to the client."""
        if what == b"":
            return  # an empty segment would be the end of the stream to the client
        self._outbox.append((self.clock + self.rtt, what))
        self._unread += len(what) if isinstance(what, bytes) else 0

    def _received(self) -> bytes | None:
        """Return what the script waits for, if it has arrived."""
        if not self._inbox:
            return None
        if isinstance(self._awaited, TLS):
            self._put(ALERT)  # plaintext instead of a handshake: TLS libraries send an alert and close
            self._put(CLOSE)
            return None
        length = len(self._inbox) if self._awaited is HEAR_SOME else self._inbox.find(b"\n") + 1
        if not length:
            return None
        received = bytes(self._inbox[:length])
        del self._inbox[:length]
        self.clock = max(self.clock, self._received_at)
        return received.rstrip(b"\r\n") if self._awaited is HEAR else received


def _ended(how: Act) -> bytes:
    if how is RESET:
        raise NetworkError(FailureKind.CLOSED, "connection reset by peer")
    return b""
