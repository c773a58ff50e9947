"""Which mail programs and services can use the servers: extensions, login methods, limits. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mailsettings.diagnosis.catalogue import finding
from mailsettings.login.pop3 import announced_limits, announces_uidl
from mailsettings.login.result import LoginResult
from mailsettings.login.verify import Verification
from mailsettings.model import Choice, Detection, Finding, Probe, Protocol, Security

_WANTED = {
    Protocol.IMAP: (
        "IDLE", "UIDPLUS", "CONDSTORE", "QRESYNC", "SPECIAL-USE", "MOVE", "ID", "LITERAL+", "COMPRESS=DEFLATE",
        "UTF8=ACCEPT", "QUOTA",
    ),
    Protocol.POP3: ("UIDL", "TOP", "PIPELINING", "RESP-CODES", "UTF8"),
    Protocol.SMTP: ("SIZE", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING", "PIPELINING"),
}  # fmt: skip
# Capabilities that imply others; IMAP4rev2 has these built in (RFC 9051 appendix E).
_REV2 = frozenset({"IDLE", "UIDPLUS", "SPECIAL-USE", "MOVE", "LITERAL-"})
_IMPLIED = {"QRESYNC": ("CONDSTORE",), "LITERAL-": ("LITERAL+",), "UTF8=ONLY": ("UTF8=ACCEPT",)}
# "(mail_max_userip_connections=10)", "maximum of 15 connections": the number is in no code, only in the server's text.
_CONNECTIONS = re.compile(r"connections?[ =:(]{1,3}([0-9]{1,4})\b|\b([0-9]{1,4}) (?:simultaneous )?connections?\b")


@dataclass(frozen=True, slots=True)
class Fitness:
    """What one server offers, or whether the mailbox suits one purpose; *verdict* is a text for the user."""

    subject: str
    verdict: str
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    remark: str = ""  # what else the user should know, as a sentence


# https://support.google.com/mail/answer/16604719, read 2026-11
FETCHING_ENDED = (
    "Gmail no longer takes mailboxes to fetch mail from (Mail Fetcher, Gmailify), and stops fetching for all during "
    "2026: let the mail be forwarded there instead (https://support.google.com/mail/answer/16604719)."
)


def fitness_of(
    detection: Detection, verification: Verification | None, *, fetcher: bool, plaintext: Iterable[Probe] = ()
) -> tuple[Fitness, ...]:
    """Return what the best servers offer, after the login where there was one; with *fetcher* also the POP3 verdict.

    *plaintext* are probes of the same servers without TLS: what they offer before STARTTLS.
    """
    results = (verification.incoming, verification.outgoing) if verification else (None, None)
    best = (*detection.incoming[:1], *detection.outgoing[:1])
    before = tuple(plaintext)
    found = [_of_server(choice, _matching(results, choice), detection, before) for choice in best if choice.verified]
    return (*found, *((pop3_fetcher_suitability(detection, verification),) if fetcher else ()))


def _matching(results: tuple[LoginResult | None, LoginResult | None], choice: Choice) -> LoginResult | None:
    return next((result for result in results if result and result.endpoint == choice.endpoint), None)


def _of_server(
    choice: Choice, result: LoginResult | None, detection: Detection, plaintext: tuple[Probe, ...]
) -> Fitness:
    hello = choice.probe.hello if choice.probe else None
    # Many servers list some capabilities only after the login.
    listed = (result.capabilities if result else ()) or (hello.capabilities if hello else ())
    lines = {line.upper().split()[0]: line for line in listed if line.strip()}
    capabilities = _with_implied(lines)
    wanted = _WANTED.get(choice.endpoint.protocol, ())
    has = tuple(name for name in wanted if name in capabilities)
    lacks = tuple(name for name in wanted if name not in capabilities)
    listing = [lines[name] if name == "SIZE" else name for name in has]
    verdict = [f"has {', '.join(listing) or 'none of the usual extensions'}"]
    verdict += [f"does not list {', '.join(lacks)}"] if lacks else []
    verdict += (*_login_methods(choice, plaintext), *_limits(result, choice, detection))
    return Fitness(str(choice.endpoint), "; ".join(verdict), has, lacks)


def _with_implied(lines: Iterable[str]) -> frozenset[str]:
    names = set(lines)
    names |= _REV2 if "IMAP4REV2" in names else set()
    names |= {"QUOTA"} if any(name.startswith("QUOTA=") for name in names) else set()
    return frozenset(names | {implied for name in names for implied in _IMPLIED.get(name, ())})


def _login_methods(choice: Choice, plaintext: tuple[Probe, ...]) -> Iterator[str]:
    """Yield the login methods inside TLS and, for STARTTLS, those before it."""
    if choice.probe is None or choice.probe.hello is None or choice.endpoint.protocol is not Protocol.SMTP:
        return
    yield f"AUTH inside TLS: {' '.join(choice.probe.hello.mechanisms) or 'none'}"
    if choice.endpoint.security is Security.STARTTLS:
        same = (choice.endpoint.host, choice.endpoint.port)
        before = [probe.hello for probe in plaintext if (probe.endpoint.host, probe.endpoint.port) == same]
        if before and before[0] is not None:
            yield f"before TLS: {' '.join(before[0].mechanisms) or 'none'}"


def _limits(result: LoginResult | None, choice: Choice, detection: Detection) -> Iterator[str]:
    """Yield how full the mailbox is and how many connections are allowed, if server or provider state it."""
    if choice.endpoint.protocol is Protocol.SMTP:
        return
    if result is not None and result.quota:
        yield f"used: {result.quota}"
    refusals = [item.evidence for item in result.findings if item.code == "too-many-connections"] if result else []
    if (number := next(filter(None, map(connection_limit, refusals)), None)) is not None:
        yield f"at most {number} connections, the server says"
    hints = detection.provider.hints if detection.provider else ()
    yield from (hint.text.rstrip(".") for hint in hints if hint.id == "connection_limit")


def connection_limit(text: str) -> int | None:
    """Return how many connections are allowed, if the refusal *text* of a server states it in its beginning."""
    found = _CONNECTIONS.search(text[:1000])
    return int(found[1] or found[2]) if found else None


# What a service that polls POP3 needs, and the findings that contradict it. Those of the first group make it fail.
_REQUIRES = (
    ("RFC 1939 replies", frozenset({"bad-reply"})),
    ("no empty lines", frozenset({"empty-line"})),
    ("LIST from 1, ascending, equal to STAT", frozenset({"list-invalid"})),
    ("dots escaped", frozenset({"dots-not-escaped"})),
    ("unique ids", frozenset({"ids-not-unique"})),
    ("not too many messages", frozenset({"mailbox-very-large"})),
    ("answers of a usual size", frozenset({"reply-too-large"})),
    ("no huge messages", frozenset({"message-very-large"})),
)
_TOLERATES = (
    ("leaving mail on the server", frozenset({"leave-on-server-impossible", "ids-not-announced"})),
    ("mail that stays", frozenset({"mail-expires"})),
    ("logins at any time", frozenset({"login-delay"})),
)


def pop3_fetcher_suitability(detection: Detection, verification: Verification | None) -> Fitness:
    """Say whether a service that polls POP3 can use the mailbox, and why not; one service has ended."""
    return replace(_pop3_fetcher_suitability(detection, verification), remark=FETCHING_ENDED)


def _pop3_fetcher_suitability(detection: Detection, verification: Verification | None) -> Fitness:
    subject = "Fetching by a service that polls POP3"
    usable = [c for c in detection.incoming if c.verified and c.endpoint.protocol is Protocol.POP3]
    if not usable:
        return Fitness(subject, "no: there is no POP3 server", findings=(finding("no-pop3", detection.address),))
    incoming = verification.incoming if verification else None
    if incoming is None:
        return _without_login(subject, usable[0])
    if not incoming.verified:
        return Fitness(subject, "no: the login did not succeed")
    codes = {item.code for item in incoming.findings}
    has = tuple(name for name, faults in (*_REQUIRES, *_TOLERATES) if not faults & codes)
    lacks = tuple(name for name, faults in (*_REQUIRES, *_TOLERATES) if faults & codes)
    return Fitness(subject, _verdict(incoming, codes), has, lacks)


def _without_login(subject: str, choice: Choice) -> Fitness:
    """Return the verdict without a login: only what the server announces."""
    hello = choice.probe.hello if choice.probe else None
    listed = hello.capabilities if hello else ()
    codes = {each.code for each in announced_limits(listed)}
    codes |= set() if announces_uidl(listed) else {"ids-not-announced"}
    lacks = tuple(name for name, faults in _TOLERATES if faults & codes)
    more = f", without {' and '.join(lacks)}" if lacks else ""
    return Fitness(subject, f"perhaps{more}: the server is there; a login would show the rest", lacks=lacks)


def _verdict(incoming: LoginResult, codes: set[str]) -> str:
    stopping = frozenset().union(*(faults for _, faults in _REQUIRES))
    stops = [item.text for item in incoming.findings if item.code in stopping]
    if stops:
        return f"no: {' '.join(dict.fromkeys(stops))}"
    leaves = not _TOLERATES[0][1] & codes
    return "yes" if leaves else "yes, but mail cannot be left on the server"
