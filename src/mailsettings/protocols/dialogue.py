"""The commands of a dialogue without I/O, and the steps that dialogues share.

A dialogue is a generator that yields commands and is sent what came of them. Its runner owns the stream.

    runner                      dialogue
       |  <---- ReadLine() ------  |      wait for one line
       |  --- b"* OK ready" ---->  |      without its line end
       |  <-- Send(b"a CAPA…") --  |      the runner adds CR LF
       |  -------- None -------->  |
       |  <----- StartTLS() -----  |      the runner makes sure that nothing has been received, then shakes hands
       |  ------ TLSFacts ------>  |
       |       return Hello        |

A dialogue raises NetworkError with the Kind that names what is wrong. It sends nothing before a valid greeting. The end
of the stream is thrown into it as NetworkError(CLOSED), because it may have received enough. With implicit TLS its
first command is StartTLS. Proxies are asked in bytes instead of lines, see policy/proxy.py.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import NoReturn, TypeAlias, TypeVar

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.escape import quoted
from mailsettings.model import Hello, Note, NoteKind, Protocol, Step, TLSFacts
from mailsettings.protocols.fingerprint import spoken

T = TypeVar("T")
_LINE_ENDERS = b"\r\n\0"


@dataclass(frozen=True, slots=True)
class Send:
    """One command line, without CR LF."""

    line: bytes


@dataclass(frozen=True, slots=True)
class SendBytes:
    """Bytes as they are; they may hold a password and are not printed."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ReadLine:
    """Wait for one line; answered with it, without its line end."""


@dataclass(frozen=True, slots=True)
class ReadBytes:
    """Wait for whatever comes next, however little; answered with it."""


@dataclass(frozen=True, slots=True)
class StartTLS:
    """Shake hands; answered with TLSFacts."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Names the step that begins, for timings and timeouts."""

    name: Step


Command: TypeAlias = Send | SendBytes | ReadLine | ReadBytes | StartTLS | Stage
CommandGenerator: TypeAlias = Generator[Command, bytes | TLSFacts | None, T]  # a part of a dialogue that returns a T
Dialogue: TypeAlias = CommandGenerator[Hello]

UNPROTECTED_GREETING = Note(
    "greeting was read before TLS began and may have been changed on the way", NoteKind.UNPROTECTED_GREETING
)


def read_line() -> CommandGenerator[bytes]:
    """Wait for one line. The runner throws NetworkError(CLOSED) in here at the end of the stream."""
    line = yield ReadLine()
    assert isinstance(line, bytes)
    return line


def read_bytes() -> CommandGenerator[bytes]:
    """Wait for whatever comes next."""
    data = yield ReadBytes()
    assert isinstance(data, bytes)
    return data


def start_tls() -> CommandGenerator[TLSFacts]:
    """Shake hands; the runner makes sure that nothing has been received before."""
    yield Stage(Step.TLS)
    facts = yield StartTLS()
    assert isinstance(facts, TLSFacts)
    return facts


def farewell(line: bytes) -> CommandGenerator[None]:
    """Take leave with *line*. The answer is not waited for, and it does not matter whether it can be sent."""
    yield Stage(Step.FAREWELL)
    yield Send(line)


def give_up(goodbye: bytes, lack: NetworkError) -> CommandGenerator[NoReturn]:
    """Take leave of a server that behaved, then raise what it lacks."""
    yield from farewell(goodbye)
    raise lack


def first_line(wanted: Protocol) -> CommandGenerator[bytes]:
    """Wait for the greeting's first line. NetworkError(WRONG_PROTOCOL) names a protocol that is not *wanted*."""
    yield Stage(Step.GREETING)
    line = yield from read_line()
    found = spoken(line)
    if found and found.lower() != wanted:
        raise NetworkError(
            FailureKind.WRONG_PROTOCOL, f"greeting {{}} is {found}, not {wanted.upper()}", quoting=quoted(line)
        )
    return line


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
