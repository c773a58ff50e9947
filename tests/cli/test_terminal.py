"""Remote text on a terminal."""

import io

from mailsettings.cli.terminal import Colour, pen, unicode_and_ascii, wants_colours, wrapped


def test_a_host_in_another_script_is_shown_in_both_forms() -> None:
    """
    The name as people write it comes with the name as DNS knows it, so that look-alikes can be told.
    """
    assert unicode_and_ascii("imap.xn--bcher-kva.example") == "imap.bücher.example (imap.xn--bcher-kva.example)"


def test_an_ascii_host_is_shown_once() -> None:
    """
    There is nothing to add to a name in ASCII.
    """
    assert unicode_and_ascii("imap.example.org") == "imap.example.org"


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
