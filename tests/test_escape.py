"""Remote text made printable."""

import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsettings.escape import MAX_EXCERPT, excerpt, has_invisible, one_line, printable, quoted

# Default_Ignorable_Code_Point (Unicode 16, DerivedCoreProperties.txt): what a font draws nothing for.
IGNORABLE = (
    *("\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u3164\ufeff\uffa0"),
    *map(chr, (*range(0x180B, 0x1810), *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070))),
    *map(chr, (*range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9), *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B))),
    *map(chr, range(0xE0000, 0xE1000)),
)
BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
BLANK = "\u2800"  # the empty Braille cell: a symbol, but nothing is drawn
SEPARATORS = "\x85\u00a0\u1680\u2028\u2029\u202f\u205f\u3000"
invisible = st.sampled_from((*IGNORABLE, *BIDI, BLANK, *SEPARATORS)) | st.characters(categories=("C", "Zl", "Zp"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("ready", "ready", id="plain"),
        pytest.param("grün ✓", "grün ✓", id="letters and symbols of any language"),
        pytest.param("\x1b[2J", "\\x1b[2J", id="escape sequence"),
        pytest.param("\x1b]8;;https://evil.example\x07", "\\x1b]8;;https://evil.example\\x07", id="hyperlink"),
        pytest.param("a\r\nb\x00\x7f", "a\\x0d\\x0ab\\x00\\x7f", id="line ends, NUL, DEL"),
        pytest.param("\x9b31m", "\\x9b31m", id="C1 control sequence introducer"),
        pytest.param("abc\u202egpj.exe", "abc\\u202egpj.exe", id="right-to-left override"),
        pytest.param("pay\u200bpal", "pay\\u200bpal", id="zero-width blank"),
        pytest.param("a\u3164b\u2800c", "a\\u3164b\\u2800c", id="letters nobody can see"),
        pytest.param("\ud800", "\\ud800", id="lone surrogate"),
        pytest.param("\U000e0041", "\\U000e0041", id="tag character"),
    ],
)
def test_a_terminal_obeys_nothing_remote(text: str, shown: str) -> None:
    """
    What a terminal would obey or hide is written out, the rest stays.
    """
    assert shown == printable(text)


@given(st.text())
def test_printable_text_has_only_what_can_be_seen(text: str) -> None:
    """
    Whatever comes in, neither control, format, surrogate nor separator characters come out.
    """
    categories = {unicodedata.category(char) for char in printable(text) if char != " "}

    assert set() == {category for category in categories if category[0] in "CZ"}


@given(st.text(), invisible, st.text())
def test_no_invisible_character_is_printed(before: str, char: str, after: str) -> None:
    """
    Whatever is ignorable, steers the direction of text, controls or separates is written as its code, wherever it is.
    """
    printed = printable(before + char + after)

    assert (char in printed, f"{ord(char):x}" in printed) == (False, True)


def test_every_ignorable_character_is_invisible() -> None:
    """
    The table is complete: Unicode's own list of characters that are not drawn has none that is let through.
    """
    assert [char for char in (*IGNORABLE, *BIDI, BLANK) if not has_invisible(char)] == []


@given(st.text())
def test_printable_text_is_printed_as_it_is(text: str) -> None:
    """
    Escaping twice is escaping once.
    """
    assert printable(printable(text)) == printable(text)


@given(st.text())
def test_text_with_invisible_characters_is_what_printable_changes(text: str) -> None:
    """
    A document that is refused for a character, and a terminal that escapes it, follow the same table.
    """
    assert has_invisible(text) == (printable(text) != text)


@given(st.text())
def test_text_and_bytes_are_escaped_alike(text: str) -> None:
    """
    The command and the dialogues escape the same characters in the same way.
    """
    short = "".join(char for char in text if not "\ud800" <= char <= "\udfff")[:20]

    assert printable(short) == excerpt(short.encode())


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        pytest.param(b"ready", "ready", id="ASCII"),
        pytest.param("für".encode(), "für", id="UTF-8"),
        pytest.param("für".encode("latin-1"), "für", id="Latin-1"),
        pytest.param(b"\x1b]8;;http://x\x07", r"\x1b]8;;http://x\x07", id="OSC 8"),
        pytest.param(b"\xff\x9b2J", r"ÿ\x9b2J", id="C1"),
        pytest.param(b"a\x7f\0\tb", r"a\x7f\x00\x09b", id="DEL, NUL, TAB"),
        pytest.param("\u202egpj.exe\u2066".encode(), r"\u202egpj.exe\u2066", id="bidi"),
        pytest.param("a\u200bb\ufeff".encode(), r"a\u200bb\ufeff", id="zero width"),
        pytest.param("\u2028\u00a0".encode(), r"\u2028\xa0", id="other line ends and spaces"),
        pytest.param("\U000e0041\ufe0f\u3164".encode(), r"\U000e0041\ufe0f\u3164", id="tags, selectors, fillers"),
    ],
)
def test_an_excerpt_has_only_visible_characters(data: bytes, shown: str) -> None:
    """
    What cannot be seen, or moves what can, is written as an escape; bytes that are no UTF-8 are read as Latin-1.
    """
    assert shown == excerpt(data)


@given(st.binary(max_size=600))
def test_an_excerpt_is_short_whatever_comes(data: bytes) -> None:
    """
    The result is short and has nothing but visible characters and plain spaces.
    """
    shown = excerpt(data)

    assert len(shown) <= MAX_EXCERPT
    assert shown.isprintable()


def test_a_quoted_reply_is_one_printable_line() -> None:
    """
    A message shows where a reply begins and ends, and what is in it.
    """
    assert quoted(b"* OK\x1b[2J \r") == r"'* OK\x1b[2J \x0d'"


@given(st.text(max_size=200), invisible, st.integers(1, 60))
def test_one_line_is_short_and_visible(text: str, char: str, limit: int) -> None:
    """
    A name from a document has no invisible character, no two spaces in a row, and fits its place.
    """
    line = one_line(text + char + text, limit)

    assert (has_invisible(line), "  " in line, len(line) <= limit, line.strip()) == (False, False, True, line)


def test_invisible_characters_separate_words() -> None:
    """
    What was apart stays apart.
    """
    assert one_line(" Mail\nfor\u200ball\u3164 \ufe0f", 60) == "Mail for all"


def test_escaping_loads_nothing() -> None:
    """
    The offline path and the dialogues share the table because importing it costs no other module.
    """
    code = "import sys, mailsettings; old = {*sys.modules}; import mailsettings.escape; print(*{*sys.modules} - old)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["mailsettings.escape"]
