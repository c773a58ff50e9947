"""POP3 up to its capabilities (RFC 1939 §4; CAPA: RFC 2449 §5; STLS: RFC 2595 §4).

S: +OK ready <1896.697170952@mail.example.org>
C: CAPA
S: +OK   UIDL   STLS   .               one to a line
C: STLS
S: +OK go ahead
   … handshake; with implicit TLS it comes before the greeting …
C: CAPA
S: +OK   UIDL   USER   SASL PLAIN   .
C: QUIT
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.escape import excerpt, quoted
from mailsettings.model import Hello, Note, Protocol, Security, Step
from mailsettings.protocols.dialogue import (
    UNPROTECTED_GREETING,
    CommandGenerator,
    Dialogue,
    Send,
    Stage,
    farewell,
    first_line,
    give_up,
    read_line,
    start_tls,
    too_long,
)
from mailsettings.protocols.fingerprint import software
from mailsettings.protocols.mechanisms import families, names

_STATUS = re.compile(rb"(\+OK|-ERR)[ \t]*(.*)", re.IGNORECASE | re.DOTALL)
# RFC 1939 §7 wants a message-id. `<Jana-Server>` and `<200212312359.` are none; Kerio's `<1.2@(null)>` works as one.
_TIMESTAMP = re.compile(r"<[^<>@\s]+@[^<>@\s]+>")
_NO_CAPA = Note("the server does not know CAPA")


def dialogue(security: Security, *, max_lines: int) -> Dialogue:
    """Read the greeting and capabilities of a POP3 server."""
    tls = (yield from start_tls()) if security is Security.TLS else None
    greeting = _read_greeting((yield from first_line(Protocol.POP3)))
    notes: tuple[Note, ...] = ()
    if security is Security.STARTTLS:
        yield from _request_tls(max_lines)
        tls = yield from start_tls()
        notes = (UNPROTECTED_GREETING,)  # everything else of the plaintext is discarded: ask again
    capabilities = yield from _capabilities(max_lines)
    mechanisms = _mechanisms(capabilities, greeting)
    if tls is not None and not mechanisms:
        yield from give_up(b"QUIT", NetworkError(FailureKind.NO_LOGIN, "neither USER nor SASL nor APOP inside TLS"))
    yield from farewell(b"QUIT")
    return Hello(
        greeting=greeting,
        software=software(greeting, *(capabilities or ())),
        capabilities=capabilities or (),
        mechanisms=mechanisms,
        auth=families(mechanisms),
        tls=tls,
        notes=notes if capabilities is not None else (*notes, _NO_CAPA),
    )


def _read_greeting(line: bytes) -> str:
    """Return the greeting's text. GREETING_REFUSED for -ERR."""
    status = _read_status(line)
    if not status.ok:
        raise NetworkError(FailureKind.GREETING_REFUSED, "-ERR", quoting=quoted(status.text))
    return excerpt(status.text)


def _request_tls(max_lines: int) -> CommandGenerator[None]:
    """Send STLS. Raises STARTTLS_NOT_OFFERED or STARTTLS_REFUSED: the dialogue never continues without TLS."""
    if "STLS" not in ((yield from _capabilities(max_lines)) or ()):
        yield from give_up(b"QUIT", NetworkError(FailureKind.STARTTLS_NOT_OFFERED, "no STLS among the capabilities"))
    yield Stage(Step.STARTTLS)
    yield Send(b"STLS")
    status = _read_status((yield from read_line()))
    if not status.ok:
        raise NetworkError(FailureKind.STARTTLS_REFUSED, "STLS answered -ERR {}", quoting=quoted(status.text))


def _capabilities(max_lines: int) -> CommandGenerator[tuple[str, ...] | None]:
    """Send CAPA and return the list: keywords in upper case, arguments as sent. None if CAPA is not supported."""
    yield Stage(Step.CAPABILITIES)
    yield Send(b"CAPA")
    if not _read_status((yield from read_line())).ok:
        return None
    listed: list[str] = []
    for _ in range(max_lines):
        line = (yield from read_line()).strip()
        if line == b".":
            return tuple(dict.fromkeys(listed))
        # RFC 1939 §3: a line that begins with the termination octet is byte-stuffed.
        keyword, _, arguments = excerpt(line.removeprefix(b".")).replace("\\x09", " ").partition(" ")
        listed += [f"{keyword.upper()} {arguments.strip()}".strip()] if keyword else []
    raise too_long(max_lines)


def _mechanisms(capabilities: tuple[str, ...] | None, greeting: str) -> tuple[str, ...]:
    """Return the SASL mechanisms, USER and APOP.

    A server without CAPA predates it and has USER (RFC 1939 §7); one with CAPA lists USER.
    """
    listed = ("USER",) if capabilities is None else capabilities
    user = ["USER"] if "USER" in listed else []
    sasl = [word for line in listed if line.startswith("SASL ") for word in line.split()[1:]]
    apop = ["APOP"] if _TIMESTAMP.search(greeting) else []
    return names([*sasl, *user, *apop])


@dataclass(frozen=True, slots=True)
class _Status:
    ok: bool
    text: bytes


def _read_status(line: bytes) -> _Status:
    """Parse `+OK` or `-ERR` (RFC 1939 §3), with or without text."""
    found = _STATUS.fullmatch(line.strip())
    if found is None:
        raise NetworkError(FailureKind.BAD_REPLY, "{} is neither +OK nor -ERR", quoting=quoted(line))
    return _Status(found[1] == b"+OK" or found[1].upper() == b"+OK", found[2])
