"""SMTP submission up to its extensions (RFC 5321 §4.1.1.1, §4.2; RFC 3207 §4; RFC 4954 §3).

S: 220 mail.example.org ESMTP ready
C: EHLO mailsettings.invalid
S: 250-mail.example.org
S: 250 STARTTLS
C: STARTTLS
S: 220 go ahead
   … handshake; with implicit TLS it comes before the greeting …
C: EHLO mailsettings.invalid
S: 250-mail.example.org
S: 250 AUTH PLAIN LOGIN
C: QUIT
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailsettings.errors import Detail, FailureKind, NetworkError
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

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ \t-])(.*))?", re.DOTALL)
# Cisco's SMTP inspection masks the greeting with asterisks and unknown extensions with X, the last letter counting up.
_MASKED_TEXT = re.compile(r"[*_]{8,}")
_MASKED_WORD = re.compile(r"X{3,}[A-Z]")
_MIDDLEBOX = "a firewall on the way rewrites SMTP"


def dialogue(security: Security, *, name: str, max_lines: int) -> Dialogue:
    """Read the greeting and extensions of an SMTP server; *name* is the argument of EHLO."""
    tls = (yield from start_tls()) if security is Security.TLS else None
    greeting = yield from _greeting(max_lines)
    notes: tuple[Note, ...] = ()
    if security is Security.STARTTLS:
        yield from _request_tls(greeting, name, max_lines)
        tls = yield from start_tls()
        notes = (UNPROTECTED_GREETING,)  # everything else of the plaintext is discarded: ask again
    ehlo = yield from _ehlo(name, max_lines)
    mechanisms = _mechanisms(ehlo.extensions)
    if tls is not None and not mechanisms:
        yield from give_up(b"QUIT", ehlo.lacks(FailureKind.NO_LOGIN, "AUTH"))
    yield from farewell(b"QUIT")
    return Hello(
        greeting=greeting,
        software=software(greeting, ehlo.text, *ehlo.extensions),
        capabilities=ehlo.extensions,
        mechanisms=mechanisms,
        auth=families(mechanisms),
        tls=tls,
        notes=(*notes, *ehlo.notes(greeting)),
    )


@dataclass(frozen=True, slots=True)
class _Ehlo:
    """The reply to EHLO; *refusal* if the server does not support the command (RFC 5321 §4.1.4: 500, 502, or HELO)."""

    text: str = ""
    extensions: tuple[str, ...] = ()  # keyword in upper case, arguments as sent
    refusal: str = ""

    def lacks(self, kind: FailureKind, keyword: str) -> NetworkError:
        """Return the error for a server without *keyword*."""
        if self.refusal:
            return NetworkError(kind, f"EHLO answered {{}}: no {keyword}", quoting=self.refusal)
        return NetworkError(kind, f"no {keyword} in the EHLO reply")

    def notes(self, greeting: str) -> tuple[Note, ...]:
        """Return notes on a masking firewall and a refused EHLO."""
        masked = _masked(greeting, self.extensions)
        notes = (f"{_MIDDLEBOX}: {masked}" if masked else "", f"EHLO answered {self.refusal}" if self.refusal else "")
        return tuple(map(Note, filter(None, notes)))


def _greeting(max_lines: int) -> CommandGenerator[str]:
    """Return the text of the 220 greeting, its lines joined. GREETING_REFUSED for 4xx and 5xx."""
    first = yield from first_line(Protocol.SMTP)
    reply = yield from _reply(max_lines, first=first)
    if reply.code >= 400:
        raise NetworkError(FailureKind.GREETING_REFUSED, "greeting {}", quoting=str(reply))
    if reply.code != 220:
        raise NetworkError(FailureKind.BAD_REPLY, "greeting {}, not 220", quoting=str(reply))
    return excerpt(b" ".join(reply.lines))


def _request_tls(greeting: str, name: str, max_lines: int) -> CommandGenerator[None]:
    """Send STARTTLS. Raises STARTTLS_NOT_OFFERED or STARTTLS_REFUSED: the dialogue never continues without TLS."""
    ehlo = yield from _ehlo(name, max_lines)
    if "STARTTLS" not in ehlo.extensions:
        yield from give_up(b"QUIT", _no_starttls(ehlo, _masked(greeting, ehlo.extensions)))
    yield Stage(Step.STARTTLS)
    yield Send(b"STARTTLS")
    reply = yield from _reply(max_lines)
    if reply.code != 220:
        # Also for 200, after which smtplib once continued unencrypted (CVE-2016-0772).
        raise NetworkError(FailureKind.STARTTLS_REFUSED, "STARTTLS answered {}, not 220", quoting=str(reply))


def _no_starttls(ehlo: _Ehlo, masked: str) -> NetworkError:
    """Return the error for a server without STARTTLS; *masked* are the traces of a firewall that removed it."""
    error = ehlo.lacks(FailureKind.STARTTLS_NOT_OFFERED, "STARTTLS")
    if not masked:
        return error
    seen = f"{error.redacted}; {_MIDDLEBOX}"
    return NetworkError(error.kind, seen, quoting=masked, detail=Detail.STARTTLS_REWRITTEN)


def _ehlo(name: str, max_lines: int) -> CommandGenerator[_Ehlo]:
    """Send EHLO. GREETING_REFUSED if the server refuses the client rather than the command, which HELO shows."""
    yield Stage(Step.CAPABILITIES)
    yield Send(f"EHLO {name}".encode())
    reply = yield from _reply(max_lines)
    if reply.code in (500, 502) or (reply.code >= 500 and (yield from _takes_helo(name, max_lines))):
        return _Ehlo(refusal=str(reply))  # not used any further: with HELO there is neither STARTTLS nor AUTH
    if reply.code >= 400:
        raise NetworkError(FailureKind.GREETING_REFUSED, "EHLO answered {}", quoting=str(reply))
    if reply.code != 250:
        raise NetworkError(FailureKind.BAD_REPLY, "EHLO answered {}, not 250", quoting=str(reply))
    return _Ehlo(excerpt(reply.lines[0]), tuple(dict.fromkeys(filter(None, map(_extension, reply.lines[1:])))))


def _takes_helo(name: str, max_lines: int) -> CommandGenerator[bool]:
    """Say whether the server accepts HELO: servers older than RFC 1869 refuse EHLO with any code (504, 554)."""
    yield Send(f"HELO {name}".encode())
    try:
        return (yield from _reply(max_lines)).code == 250
    except NetworkError:
        return False  # it hung up: the refusal before is what it had to say


def _extension(line: bytes) -> str:
    """Return one line of the EHLO reply with its keyword in upper case."""
    keyword, *arguments = [excerpt(word) for word in line.split()] or [""]
    return " ".join([keyword.upper(), *arguments])


def _mechanisms(extensions: tuple[str, ...]) -> tuple[str, ...]:
    """Return the mechanisms of AUTH; `AUTH=LOGIN PLAIN` is a second form for old Outlook Express."""
    words = [re.split(r"[ =]+", line) for line in extensions]
    return names(word for keyword, *offered in words if keyword == "AUTH" for word in offered)


def _masked(greeting: str, extensions: tuple[str, ...]) -> str:
    """Return the traces of a firewall that masks unknown extensions, such as STARTTLS as XXXXXXXA."""
    traces = [*_MASKED_TEXT.findall(greeting)[:1], *filter(_MASKED_WORD.fullmatch, extensions)]
    return ", ".join(traces)


@dataclass(frozen=True, slots=True)
class _Reply:
    code: int
    lines: tuple[bytes, ...]

    def __str__(self) -> str:
        return quoted(b"%d %s" % (self.code, b" ".join(self.lines)))


def _reply(max_lines: int, *, first: bytes | None = None) -> CommandGenerator[_Reply]:
    """Read one reply of one or more lines (RFC 5321 §4.2.1); *first* is its first line if that has been read."""
    texts: list[bytes] = []
    code = 0
    for _ in range(max_lines):
        try:
            line = first if first is not None and not texts else (yield from read_line())
        except NetworkError:
            if code < 400:
                raise
            break  # a refusing server may close before the last line (Nemesis): use the lines received so far
        found = _LINE.fullmatch(line.rstrip())
        if found is None or code not in (0, int(found[1])):
            raise NetworkError(FailureKind.BAD_REPLY, "{} is no line of an SMTP reply", quoting=quoted(line))
        code = int(found[1])
        texts.append((found[3] or b"").strip())
        if found[2] != b"-":
            break
    else:
        raise too_long(max_lines)
    return _Reply(code, tuple(texts))
