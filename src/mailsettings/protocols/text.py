"""Remote text made safe to show, and our own commands made safe to send. Pure."""

from __future__ import annotations

from mailsettings.errors import Kind, NetworkError

MAX_SHOWN = 200  # characters; what a greeting has to say stands at its beginning

# Letters and marks by Unicode's word, so str.isprintable() lets them pass, but nothing for people to see:
# combining grapheme joiner, Hangul fillers, Mongolian and other variation selectors, the empty Braille cell.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
_ENDS_A_LINE = b"\r\n\0"


def printable(data: bytes) -> str:
    r"""Return *data* as one line that is safe on a terminal, in a log and on a page, at most 200 characters.

        b"* OK \x1b[2J ready"  ->  r"* OK \x1b[2J ready"

    UTF-8 where it is UTF-8, otherwise Latin-1, which never fails. Control characters, bidi and zero-width marks and
    whatever else cannot be seen become backslash escapes.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    shown = "".join(map(_shown, text[: MAX_SHOWN + 1]))
    return shown if len(shown) <= MAX_SHOWN else shown[: MAX_SHOWN - 1] + "…"


def quoted(data: bytes) -> str:
    """Return *data* printable and between quotes, for messages."""
    return f"'{printable(data)}'"


def command(line: bytes) -> bytes:
    """Return *line* as it goes on the wire; the last gate before the network.

    Raises NetworkError(INTERNAL) where it has CR, LF or NUL: a second command hidden in the first must not leave.
    """
    if any(byte in _ENDS_A_LINE for byte in line):
        raise NetworkError(Kind.INTERNAL, f"command {quoted(line)} has CR, LF or NUL inside; it was not sent")
    return line + b"\r\n"


def _shown(char: str) -> str:
    """Return *char*, or the escape that stands for it."""
    if char.isprintable() and char not in _INVISIBLE:
        return char
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
