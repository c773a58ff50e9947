"""Split a byte stream into lines within the policy's limits. Pure: data is fed in, nothing is read.

Exceeding a limit ends the connection. Parsing does not resume after an overlong line, where it would be out of sync.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailsettings.errors import FailureKind, NetworkError

if TYPE_CHECKING:
    from mailsettings.policy import Policy


class LineBuffer:
    """Received bytes that have not been consumed yet."""

    def __init__(self, policy: Policy, *, total: int = 0) -> None:
        """Start empty; *total* bytes were received on this connection before TLS."""
        self._policy = policy
        self._buffer = bytearray()
        self._searched = 0  # bytes of the buffer known to have no line end
        self._reply_bytes = 0
        self.total = total
        self.reply_lines = 0  # lines of the current reply
        self.bare_lf = False  # True once a line ended without CR

    @property
    def rest(self) -> bytes:
        """The bytes not consumed yet, usually the beginning of a line."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> None:
        """Add received *data*. NetworkError(LIMIT) if this connection has received too much."""
        self.total += len(data)
        if self.total > self._policy.limits.max_connection:
            raise NetworkError(
                FailureKind.LIMIT, f"more than {self._policy.limits.max_connection} bytes on one connection"
            )
        self._buffer += data

    def next_reply(self) -> None:
        """Reset the counts of lines and bytes: a command is about to be sent."""
        self.reply_lines = self._reply_bytes = 0

    def take(self) -> bytes | None:
        """Return the next line without its ending (CR LF, or LF alone), or None if it is not complete yet.

        NetworkError(LIMIT) if the line or the reply exceeds the policy's limits.
        """
        end = self._buffer.find(b"\n", self._searched)
        self._refuse_long_line(len(self._buffer) if end < 0 else end)
        if end < 0:
            self._searched = len(self._buffer)
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        self.bare_lf = self.bare_lf or not line.endswith(b"\r")
        self._count(end + 1)
        return line.rstrip(b"\r")

    def _refuse_long_line(self, length: int) -> None:
        if length > self._policy.limits.max_line:
            raise NetworkError(FailureKind.LIMIT, f"a line of more than {self._policy.limits.max_line} bytes")

    def _count(self, length: int) -> None:
        self.reply_lines += 1
        self._reply_bytes += length
        if self.reply_lines > self._policy.limits.max_lines:
            raise NetworkError(FailureKind.LIMIT, f"more than {self._policy.limits.max_lines} lines in one reply")
        if self._reply_bytes > self._policy.limits.max_reply:
            raise NetworkError(FailureKind.LIMIT, f"more than {self._policy.limits.max_reply} bytes in one reply")
