"""The commands of a sans-I/O dialogue, and the steps that dialogues share.

A dialogue is a generator that yields commands and receives their results. The runner owns the stream.

    runner                      dialogue
       |  <---- ReadLine() ------  |      wait for one line
       |  --- b"* OK ready" ---->  |      without its line ending
       |  <-- Send(b"a CAPA…") --  |      the runner adds CR LF
       |  -------- None -------->  |
       |  <----- StartTLS() -----  |      the runner checks that nothing is buffered, then makes the handshake
       |  ------ TLSFacts ------>  |
       |       return Hello        |

A dialogue raises NetworkError with a FailureKind. It sends nothing before a valid greeting. The end of the stream is
thrown into it as NetworkError(CLOSED), because it may have received enough. With implicit TLS its first command is
StartTLS. Proxy dialogues use bytes instead of lines, see protocols/proxy.py.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import NoReturn, TypeAlias, TypeVar

from mailsettings.errors import Detail, FailureKind, NetworkError
from mailsettings.escape import quoted
from mailsettings.model import Hello, Note, NoteKind, Protocol, Step, TLSFacts
from mailsettings.protocols.fingerprint import protocol_of

T = TypeVar("T")
_LINE_ENDERS = b"\r\n\0"


@dataclass(frozen=True, slots=True)
class Send:
    """One command line, without CR LF."""

    line: bytes


@dataclass(frozen=True, slots=True)
class SendBytes:
    """Raw bytes; not in the repr, as they may contain a password."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReadLine:
    """Wait for one line; the result is the line without its line ending."""


@dataclass(frozen=True, slots=True)
class ReadBytes:
    """Wait for the next bytes, of any number; the result is the bytes."""


@dataclass(frozen=True, slots=True)
class StartTLS:
    """Start TLS; the result is TLSFacts."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The beginning of a step, for timings and timeouts."""

    name: Step


Command: TypeAlias = Send | SendBytes | ReadLine | ReadBytes | StartTLS | Stage
CommandGenerator: TypeAlias = Generator[Command, bytes | TLSFacts | None, T]  # a part of a dialogue with the result T
Dialogue: TypeAlias = CommandGenerator[Hello]

UNPROTECTED_GREETING = Note(
    "greeting was read before TLS began and may have been changed on the way", NoteKind.UNPROTECTED_GREETING
)


def read_line() -> CommandGenerator[bytes]:
    """Return the next line. NetworkError(CLOSED), thrown by the runner, at the end of the stream."""
    line = yield ReadLine()
    assert isinstance(line, bytes)
    return line


def read_bytes() -> CommandGenerator[bytes]:
    """Return the next bytes."""
    data = yield ReadBytes()
    assert isinstance(data, bytes)
    return data


def start_tls() -> CommandGenerator[TLSFacts]:
    """Start TLS; the runner checks that no plaintext is buffered."""
    yield Stage(Step.TLS)
    facts = yield StartTLS()
    assert isinstance(facts, TLSFacts)
    return facts


def farewell(line: bytes) -> CommandGenerator[None]:
    """Send the closing command *line*, such as QUIT. Its reply is not read, and a failure to send it is ignored."""
    yield Stage(Step.FAREWELL)
    yield Send(line)


def give_up(goodbye: bytes, error: NetworkError) -> CommandGenerator[NoReturn]:
    """Close the session with *goodbye*, then raise *error*: the server works, but lacks something."""
    yield from farewell(goodbye)
    raise error


def first_line(wanted: Protocol) -> CommandGenerator[bytes]:
    """Return the greeting's first line. NetworkError(WRONG_PROTOCOL) if it is recognised as not that of *wanted*."""
    yield Stage(Step.GREETING)
    line = yield from read_line()
    found = protocol_of(line)
    if found and found.lower() != wanted:
        raise NetworkError(
            FailureKind.WRONG_PROTOCOL, f"greeting {{}} is {found}, not {wanted.upper()}", quoting=quoted(line)
        )
    return line


def refuse_preauth(hello: Hello) -> None:
    """Raise NetworkError(PREAUTH) if the server counts every connection as logged in already.

    Such a session cannot show that the user's mailbox is there: any password would seem right.
    """
    if hello.preauthenticated:
        message = "PREAUTH inside TLS: the connection counts as logged in before any login"
        raise NetworkError(FailureKind.PREAUTH, message, detail=Detail.INSIDE_TLS)


def command_line(line: bytes) -> bytes:
    """Return *line* as it is sent, with CR LF: the last check before the network.

    Raises NetworkError(INTERNAL) if it contains CR, LF or NUL, which could smuggle in a second command.
    """
    if any(byte in _LINE_ENDERS for byte in line):
        raise NetworkError(
            FailureKind.INTERNAL, "command {} has CR, LF or NUL inside; it was not sent", quoting=quoted(line)
        )
    return line + b"\r\n"


def too_long(max_lines: int) -> NetworkError:
    """Return the error for a reply that did not end within *max_lines*."""
    return NetworkError(FailureKind.LIMIT, f"more than {max_lines} lines in one reply")
