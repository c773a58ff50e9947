r"""Remote text made printable, with the one table of invisible characters. Pure; imports nothing to start with.

printable("\x1b[2J")        ->  r"\x1b[2J"
quoted(b"* OK ready\r")     ->  r"'* OK ready\x0d'"
one_line("Mail\nfor\u200ball", 60)  ->  "Mail for all"
"""

from __future__ import annotations

MAX_EXCERPT = 200  # characters; the relevant part of a greeting or a reply is its beginning

# Letters, marks and symbols by their Unicode category, which str.isprintable() accepts although nothing is drawn:
# combining grapheme joiner, Hangul fillers, Khmer inherent vowels, Mongolian and other variation selectors, the empty
# Braille cell. With the categories that isprintable() rejects these are all of Default_Ignorable_Code_Point.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)


def printable(text: str) -> str:
    """Return *text* with all characters that a terminal would interpret or not draw as backslash escapes.

    Control characters (C0, C1, DEL), bidi and zero-width marks, separators other than the space, lone surrogates,
    unassigned characters and the table above.
    """
    return text if text.isascii() and text.isprintable() else "".join(map(_escaped, text))


def excerpt(data: bytes) -> str:
    """Return the beginning of *data* as one printable line of at most MAX_EXCERPT characters.

    UTF-8 where it is UTF-8, otherwise in the charset that fits (mailsettings.charsets).
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        from mailsettings.charsets import decoded

        text = decoded(data)
    line = printable(text[: MAX_EXCERPT + 1])
    return line if len(line) <= MAX_EXCERPT else line[: MAX_EXCERPT - 1] + "…"


def quoted(data: bytes) -> str:
    """Return the beginning of *data* printable and in quotes, for messages."""
    return f"'{excerpt(data)}'"


def one_line(text: str, limit: int) -> str:
    """Return *text* as one line of at most *limit* characters; invisible characters and white space become a space."""
    visible = "".join(" " if _is_invisible(char) else char for char in text[: 8 * limit])
    return " ".join(visible.split())[:limit].rstrip()


def short_repr(text: str, limit: int = 60) -> str:
    """Return the repr of *text*, of which at most *limit* characters are kept, for messages."""
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


def has_invisible(text: str) -> bool:
    """Say whether *text* has a character that printable() would escape."""
    return any(map(_is_invisible, text))


def _is_invisible(char: str) -> bool:
    return not char.isprintable() or char in _INVISIBLE


def _escaped(char: str) -> str:
    if not _is_invisible(char):
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
