"""The turns that every mail protocol's dialogue is made of."""

from __future__ import annotations

from collections.abc import Generator
from typing import NoReturn, TypeVar

from mailsettings.errors import Kind, NetworkError
from mailsettings.escape import quoted
from mailsettings.model import Note, NoteKind, Protocol, Step, TLSFacts
from mailsettings.wire.dialogue import READ, START_TLS, Send, Stage, Wish
from mailsettings.wire.foreign import spoken

T = TypeVar("T")
Turn = Generator[Send | Wish | Stage, bytes | TLSFacts | None, T]  # a part of a Dialogue that returns a T

UNPROTECTED_GREETING = Note(
    "greeting was read before TLS began and may have been changed on the way", NoteKind.UNPROTECTED_GREETING
)


def read() -> Turn[bytes]:
    """Wait for one line. The carrier throws NetworkError(CLOSED) in here at the end of the stream."""
    line = yield READ
    assert isinstance(line, bytes)
    return line


def start_tls() -> Turn[TLSFacts]:
    """Shake hands; the carrier makes sure that nothing was said ahead."""
    yield Stage(Step.TLS)
    facts = yield START_TLS
    assert isinstance(facts, TLSFacts)
    return facts


def farewell(line: bytes) -> Turn[None]:
    """Take leave with *line*. Nobody waits for the answer, and it does not matter whether it can be sent."""
    yield Stage(Step.FAREWELL)
    yield Send(line)


def give_up(goodbye: bytes, lack: NetworkError) -> Turn[NoReturn]:
    """Take leave of a server that behaved, then raise what it lacks."""
    yield from farewell(goodbye)
    raise lack


def first_line(wanted: Protocol) -> Turn[bytes]:
    """Wait for the greeting's first line. NetworkError(WRONG_PROTOCOL) names a protocol that is not *wanted*."""
    yield Stage(Step.GREETING)
    line = yield from read()
    found = spoken(line)
    if found and found.lower() != wanted:
        raise NetworkError(Kind.WRONG_PROTOCOL, f"greeting {{}} is {found}, not {wanted.upper()}", quoting=quoted(line))
    return line


def too_long(max_lines: int) -> NetworkError:
    """Return the error for a reply that did not end within *max_lines*."""
    return NetworkError(Kind.LIMIT, f"more than {max_lines} lines in one reply")
