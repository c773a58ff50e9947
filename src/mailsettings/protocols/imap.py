"""IMAP up to its capabilities (RFC 9051 §6.1.1, §6.2.1, §7.1; RFC 3501 alike).

S: * OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready
C: QWERTYUI1 STARTTLS                  CAPABILITY first, where the greeting does not list STARTTLS
S: QWERTYUI1 OK go ahead
   … handshake; with implicit TLS it comes before the greeting …
C: QWERTYUI2 CAPABILITY
S: * CAPABILITY IMAP4rev1 AUTH=PLAIN
S: QWERTYUI2 OK done
C: QWERTYUI3 LOGOUT
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.escape import excerpt, quoted
from mailsettings.model import Hello, Note, NoteKind, Protocol, Security, Step
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

_GREETING = re.compile(rb"\*[ \t]*(OK|PREAUTH|BYE)(?:[ \t]+(.*))?", re.IGNORECASE | re.DOTALL)
_CODE = re.compile(rb"\[CAPABILITY[ \t]+([^\]]*)\][ \t]*", re.IGNORECASE)  # RFC 9051 §7.1
_ALERT = re.compile(rb"\[ALERT\][ \t]*(.+)", re.IGNORECASE | re.DOTALL)
_LITERAL = re.compile(rb"\{[0-9]+\+?\}$")  # RFC 9051 §4.3
_PREAUTH = Note("the server says PREAUTH: this connection counts as logged in already", NoteKind.PREAUTH)
_IN_GREETING = Note("login methods are named only in the greeting, not in the CAPABILITY reply")
_NO_LIST = Note("the server lists no capabilities")


def dialogue(security: Security, *, tag: str, max_lines: int) -> Dialogue:
    """Read the greeting and capabilities of an IMAP server.

    *tag* is eight random letters, so that a reply cannot be injected before its command.
    """
    tags = (f"{tag}{number}" for number in range(1, 10))
    tls = (yield from start_tls()) if security is Security.TLS else None
    greeting = _read_greeting((yield from first_line(Protocol.IMAP)), plaintext=tls is None)
    notes, in_greeting = greeting.notes, greeting.capabilities
    if security is Security.STARTTLS:
        yield from _request_tls(in_greeting, tags, max_lines)
        tls = yield from start_tls()
        # Plaintext may have been forged: discard all of it but the greeting's text, and ask again.
        notes, in_greeting = (*notes, UNPROTECTED_GREETING), ()
    listed = yield from _capabilities(next(tags), max_lines)
    capabilities, more = _merged(listed, in_greeting)
    mechanisms = _mechanisms(capabilities)
    goodbye = f"{next(tags)} LOGOUT".encode()
    if tls is not None and not mechanisms and not greeting.preauth:
        yield from give_up(goodbye, NetworkError(FailureKind.NO_LOGIN, "LOGINDISABLED and no AUTH= inside TLS"))
    yield from farewell(goodbye)
    return Hello(
        greeting=greeting.text,
        software=software(greeting.text, *capabilities),
        capabilities=capabilities,
        mechanisms=mechanisms,
        auth=families(mechanisms),
        tls=tls,
        notes=(*notes, *more),
    )


@dataclass(frozen=True, slots=True)
class _Greeting:
    text: str
    capabilities: tuple[str, ...]
    preauth: bool
    alert: tuple[Note, ...] = ()

    @property
    def notes(self) -> tuple[Note, ...]:
        return (_PREAUTH, *self.alert) if self.preauth else self.alert


def _read_greeting(line: bytes, *, plaintext: bool) -> _Greeting:
    """Parse `* OK`, `* PREAUTH` or `* BYE`, with or without text and capability list.

    Raises GREETING_REFUSED for BYE, PREAUTH if it was sent in *plaintext* (CVE-2020-12398: it prevents STARTTLS).
    Inside TLS it is noted, and the callers of the dialogue refuse it (`refuse_preauth`).
    """
    found = _GREETING.fullmatch(line.strip())
    if found is None:
        raise NetworkError(FailureKind.BAD_REPLY, "greeting is {}, not '* OK'", quoting=quoted(line))
    status, text = found[1].upper(), found[2] or b""
    if status == b"BYE":
        raise NetworkError(FailureKind.GREETING_REFUSED, "BYE", quoting=quoted(text))
    if status == b"PREAUTH" and plaintext:
        raise NetworkError(FailureKind.PREAUTH, "PREAUTH in clear", quoting=quoted(text))
    code = _CODE.match(text)
    capabilities = _words(code[1]) if code else ()
    shown = excerpt(text[code.end() :] if code else text)
    return _Greeting(shown, capabilities, status == b"PREAUTH", tuple(_alert(text, plaintext=plaintext)))


def _alert(text: bytes, *, plaintext: bool) -> Iterator[Note]:
    """Yield the text of an ALERT as a note: it must be presented to the user (RFC 3501 §7.1)."""
    if found := _ALERT.match(text):
        when = "before TLS began, where anyone on the way could have said it, " if plaintext else ""
        yield Note(f"{when}the server asked to show this: {excerpt(found[1])}", NoteKind.ALERT)


def _request_tls(in_greeting: tuple[str, ...], tags: Iterator[str], max_lines: int) -> CommandGenerator[None]:
    """Send STARTTLS. Raises STARTTLS_NOT_OFFERED or STARTTLS_REFUSED: the dialogue never continues without TLS."""
    if "STARTTLS" not in in_greeting:
        listed = yield from _capabilities(next(tags), max_lines)
        if "STARTTLS" not in listed:
            goodbye = f"{next(tags)} LOGOUT".encode()
            error = NetworkError(FailureKind.STARTTLS_NOT_OFFERED, "no STARTTLS among the capabilities")
            yield from give_up(goodbye, error)
    yield Stage(Step.STARTTLS)
    reply = yield from _command(next(tags), "STARTTLS", max_lines)
    if not reply.ok:
        raise NetworkError(FailureKind.STARTTLS_REFUSED, "STARTTLS answered {}", quoting=quoted(reply.text))


def _capabilities(tag: str, max_lines: int) -> CommandGenerator[tuple[str, ...]]:
    """Send CAPABILITY and return the list; empty if the server refuses."""
    yield Stage(Step.CAPABILITIES)
    reply = yield from _command(tag, "CAPABILITY", max_lines)
    return reply.capabilities


def _merged(listed: tuple[str, ...], in_greeting: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[Note, ...]]:
    """Return the effective capabilities, and notes on them.

    The CAPABILITY reply (*listed*) counts. If it has no login methods, those of the greeting's list are added, which
    was sent in the same state of TLS: iCloud and Yahoo list them only there.
    """
    if not listed:
        return in_greeting, () if in_greeting else (_NO_LIST,)
    missing = tuple(word for word in in_greeting if word.startswith("AUTH="))
    if any(word.startswith("AUTH=") for word in listed) or not missing:
        return listed, ()
    return (*listed, *missing), (_IN_GREETING,)


def _mechanisms(capabilities: Iterable[str]) -> tuple[str, ...]:
    """Return the SASL mechanisms, and LOGIN for the command of that name unless it is disabled (RFC 9051 §6.2.3)."""
    listed = tuple(capabilities)
    sasl = [word.removeprefix("AUTH=") for word in listed if word.startswith("AUTH=")]
    return names(sasl if "LOGINDISABLED" in listed else [*sasl, "LOGIN"])


@dataclass(frozen=True, slots=True)
class _Reply:
    ok: bool
    text: bytes
    capabilities: tuple[str, ...]


def _command(tag: str, verb: str, max_lines: int) -> CommandGenerator[_Reply]:
    """Send one command and read up to its tagged reply. BAD_REPLY if a reply has another tag."""
    yield Send(f"{tag} {verb}".encode())
    listed: tuple[str, ...] = ()
    for _ in range(max_lines):
        line = (yield from read_line()).strip()
        word, status, text = (*line.split(None, 2), b"", b"", b"")[:3]
        if word == tag.encode():
            return _Reply(_is_ok(status, line), status + b" " + text, listed or _code(text))
        if word not in (b"*", b""):
            raise NetworkError(FailureKind.BAD_REPLY, f"{{}} instead of the answer to {tag}", quoting=quoted(line))
        listed = _untagged(status.upper(), text, line) or listed
    raise too_long(max_lines)


def _is_ok(status: bytes, line: bytes) -> bool:
    """Parse the status after the tag (RFC 9051 §7.1)."""
    if status.upper() not in (b"OK", b"NO", b"BAD"):
        raise NetworkError(FailureKind.BAD_REPLY, "{} is neither OK nor NO nor BAD", quoting=quoted(line))
    return status.upper() == b"OK"


def _untagged(kind: bytes, text: bytes, line: bytes) -> tuple[str, ...]:
    """Return the capabilities that an untagged line lists. ALERT, referrals and mailbox data are ignored."""
    if kind == b"BYE":
        raise NetworkError(FailureKind.GREETING_REFUSED, "BYE", quoting=quoted(text))
    if kind == b"PREAUTH":
        raise NetworkError(FailureKind.BAD_REPLY, "{} behind the greeting", quoting=quoted(line))
    if kind in (b"OK", b"NO", b"BAD"):
        return _code(text)  # Dovecot sends a second greeting if its login process was busy
    if _LITERAL.search(text):
        raise NetworkError(FailureKind.LIMIT, "a literal where none belongs", quoting=quoted(line))
    return _words(text) if kind == b"CAPABILITY" else ()


def _code(text: bytes) -> tuple[str, ...]:
    """Return the list in a leading `[CAPABILITY …]`."""
    found = _CODE.match(text)
    return _words(found[1]) if found else ()


def _words(text: bytes) -> tuple[str, ...]:
    """Return the capabilities in *text*, upper case, each once."""
    return tuple(dict.fromkeys(excerpt(word).upper() for word in text.split()))
