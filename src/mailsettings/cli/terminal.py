"""Text for a terminal: colours, wrapping, both forms of a host name. Pure; imports nothing slow."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from enum import StrEnum

from mailsettings.cli.exit_codes import ExitCode
from mailsettings.escape import printable

TYPE_CHECKING = False  # see mailsettings/__init__.py
if TYPE_CHECKING:
    from typing import TextIO

WIDTH = 80  # columns: what every terminal has


class Colour(StrEnum):
    """The emphases of a card, as SGR parameters (ECMA-48 §8.3.117)."""

    STRONG = "1"
    FAINT = "2"
    GOOD = "32"
    WARNING = "33"


Pen = Callable[[str, Colour], str]


def unicode_and_ascii(host: str) -> str:
    """Return *host* in Unicode and, where that differs, in brackets in ASCII, as DNS has it."""
    if "xn--" not in host:
        return printable(host)
    from mailsettings.hostnames import unicode_host

    decoded = unicode_host(host)
    return printable(host if decoded == host else f"{decoded} ({host})")


def pen(*, colours: bool) -> Pen:
    """Return a function that puts a text in a colour, or leaves it as it is unless *colours* are wanted."""
    return _colour if colours else lambda text, _: text


def _colour(text: str, colour: Colour) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m" if text else text


def wants_colours(stream: TextIO) -> bool:
    """Say whether *stream* is a terminal that may be coloured (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def wrapped(text: str, *, first: str = "", rest: str | None = None, width: int = WIDTH) -> Iterator[str]:
    """Yield *text* as lines of at most *width* columns that start with *first*, then with *rest* (blanks).

    A word longer than a line, such as a URL, stays whole so that it can be copied.
    """
    rest = " " * len(first) if rest is None else rest
    line, empty = first, True
    for word in text.split(" "):
        if not empty and len(line) + 1 + len(word) > width:
            yield line
            line, empty = rest, True
        line += word if empty else f" {word}"
        empty = False
    yield line


def escape_unencodable() -> None:
    """Write characters that the locale cannot encode as escapes, instead of failing with an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def write_output(text: str, code: int) -> int:
    """Write *text* to standard output and return *code*, or the code for a closed pipe."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        return discard_output()
    return code


def discard_output() -> int:
    """Discard what is still buffered, so that the interpreter's last flush does not fail; return the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.PIPE_CLOSED
