"""Remote text on a terminal."""

import io
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsettings.cli.text import Colour, both_forms, pen, printable, wants_colours, wrapped
from mailsettings.protocols.text import printable as wire_printable


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


def test_the_terminal_and_the_wire_agree_on_what_can_be_seen() -> None:
    """
    The command and the dialogues escape the same characters in the same way.
    """
    chars = [chr(code) for code in (*range(0xD800), *range(0xE000, 0x10000), *range(0xE0000, 0xE0200))]

    assert [char for char in chars if wire_printable(char.encode()) != printable(char)] == []


def test_a_host_in_another_script_is_shown_in_both_forms() -> None:
    """
    The name as people write it comes with the name as DNS knows it, so that look-alikes can be told.
    """
    assert both_forms("imap.xn--bcher-kva.example") == "imap.bücher.example (imap.xn--bcher-kva.example)"


def test_an_ascii_host_is_shown_once() -> None:
    """
    There is nothing to add to a name in ASCII.
    """
    assert both_forms("imap.example.org") == "imap.example.org"


def test_long_text_is_wrapped_under_its_beginning() -> None:
    """
    Lines fit their width, and the later ones stand under the first one's text.
    """
    lines = list(wrapped("one two three four", first="  1. ", width=13))

    assert lines == ["  1. one two", "     three", "     four"]


def test_a_url_is_never_cut() -> None:
    """
    A word that is longer than the line stays whole, so that it can be copied.
    """
    assert list(wrapped("see https://example.org/long/path", width=10)) == ["see", "https://example.org/long/path"]


def test_nothing_is_coloured_without_being_asked() -> None:
    """
    A pen without colours leaves the text alone.
    """
    assert (pen(colours=False)("x", Colour.GOOD), pen(colours=True)("x", Colour.GOOD)) == ("x", "\x1b[32mx\x1b[0m")


def test_a_file_is_never_coloured() -> None:
    """
    Colours are for terminals.
    """
    assert not wants_colours(io.StringIO())
