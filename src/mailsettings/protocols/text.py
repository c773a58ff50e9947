"""Our own commands made safe to send. Pure."""

from __future__ import annotations

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.escape import quoted

_ENDS_A_LINE = b"\r\n\0"


def command(line: bytes) -> bytes:
    """Return *line* as it goes on the wire; the last gate before the network.

    Raises NetworkError(INTERNAL) where it has CR, LF or NUL: a second command hidden in the first must not leave.
    """
    if any(byte in _ENDS_A_LINE for byte in line):
        raise NetworkError(
            FailureKind.INTERNAL, "command {} has CR, LF or NUL inside; it was not sent", quoting=quoted(line)
        )
    return line + b"\r\n"
