"""Scripted servers from JSON: a list of steps for each, a small language for hostile servers.

    [["tls", "good"], ["send", "* OK x\r\n"], ["recv", "CAPABILITY"], ["send", "{tag} OK\r\n"], ["close"]]

| step | meaning |
|---|---|
| send TEXT | send it; `{tag}` is the first word of the line received last |
| recv WORD | receive a line that contains WORD; other commands are refused as the protocol does |
| tls NAME | do the handshake with a certificate that is good, expired, future, selfsigned, unknown or eku |
| sleep SECONDS, close, reset | |
| repeat TEXT COUNT | send it COUNT times |
| drip SECONDS COUNT | COUNT letters, one each SECONDS |

After the last step the server refuses every command until the client closes.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

from mailsettings.errors import FailureKind
from mailsettings.model import Protocol
from mailsettings.testing.certificates import Certificate
from mailsettings.testing.scripts import CLOSE, HEAR, RESET, TLS, Act, Say, Script, Server, Sleep

ScriptStep = Sequence[str | int | float]

PROBLEMS = {
    "good": None,
    "expired": FailureKind.CERTIFICATE_EXPIRED,
    "future": FailureKind.CERTIFICATE_NOT_YET_VALID,
    "selfsigned": FailureKind.CERTIFICATE_SELF_SIGNED,
    "unknown": FailureKind.CERTIFICATE_UNKNOWN_CA,
    "eku": FailureKind.CERTIFICATE_OTHER,
}
REFUSALS = {
    Protocol.IMAP: "{tag} BAD not here\r\n",
    Protocol.POP3: "-ERR not here\r\n",
    Protocol.SMTP: "502 5.5.1 not here\r\n",
}
_SEGMENT = 16384  # bytes of one segment of a repeated text: as large as a TLS record


def from_steps(port: int, protocol: Protocol, steps: Sequence[ScriptStep]) -> Server:
    """Return the server at *port* that runs *steps*. ValueError for a step that is not in the table above."""
    for step in steps:
        _check(step)
    return Server(port, lambda host: _run(steps, protocol, host))


def _check(step: ScriptStep) -> None:
    match step:
        case ["send" | "recv", str()] | ["sleep", int() | float()] | ["drip", int() | float(), int()]:
            return
        case ["tls", str(name)] if name in PROBLEMS:
            return
        case ["repeat", str(text), int()] if text:
            return
        case ["close"] | ["reset"]:
            return
    raise ValueError(f"step {step!r} is not one of the language")


def _run(steps: Sequence[ScriptStep], protocol: Protocol, host: str) -> Script:
    received = b""
    for step in steps:
        match step:
            case ["send", str(text)]:
                yield Say(_with_tag(text, received))
            case ["recv", str(word)]:
                received = yield from _expect(word, protocol)
            case _:
                yield from _acts(step, host)
    while True:
        yield Say(_with_tag(REFUSALS[protocol], (yield HEAR)))


def _acts(step: ScriptStep, host: str) -> Iterator[Say | Sleep | TLS | Act]:
    """Translate a *step* that needs nothing from the client."""
    match step:
        case ["tls", str(name)]:
            yield TLS(Certificate((host,), PROBLEMS[name]))
        case ["sleep", int() | float() as seconds]:
            yield Sleep(seconds)
        case ["repeat", str(text), int(count)]:
            yield from _repeated(text.encode("latin-1"), count)
        case ["drip", int() | float() as seconds, int(count)]:
            for _ in range(count):
                yield Say(b"x")
                yield Sleep(seconds)
        case ["close"]:
            yield CLOSE
        case ["reset"]:
            yield RESET


def _expect(word: str, protocol: Protocol) -> Generator[Say | Act, bytes, bytes]:
    """Receive lines until one contains *word*, and return it; a client may well send other commands first."""
    while word.upper().encode() not in (line := (yield HEAR)).upper():
        yield Say(_with_tag(REFUSALS[protocol], line))
    return line


def _repeated(data: bytes, count: int) -> Iterator[Say]:
    """Send *data* *count* times in large segments, made one by one: a million lines need no memory."""
    at_once = max(1, _SEGMENT // len(data))
    whole, rest = divmod(count, at_once)
    for _ in range(whole):
        yield Say(data * at_once)
    if rest:
        yield Say(data * rest)


def _with_tag(text: str, received: bytes) -> bytes:
    """Put the tag of the line *received* into *text*, which is latin-1 if it can be, otherwise UTF-8."""
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        data = text.encode()
    return data.replace(b"{tag}", received.partition(b" ")[0])
