"""What the servers can do, for those who choose a mail program or a service by it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from mailsettings.diagnosis.codes import finding
from mailsettings.login.judged import Result
from mailsettings.login.verify import Verification
from mailsettings.model import Choice, Detection, Finding, Protocol

_WANTED = {
    Protocol.IMAP: (
        "IDLE", "UIDPLUS", "CONDSTORE", "QRESYNC", "SPECIAL-USE", "MOVE", "ID", "LITERAL+", "COMPRESS=DEFLATE",
        "UTF8=ACCEPT", "QUOTA",
    ),
    Protocol.POP3: ("UIDL", "TOP", "PIPELINING", "RESP-CODES", "UTF8"),
    Protocol.SMTP: ("SIZE", "8BITMIME", "SMTPUTF8", "DSN", "CHUNKING", "PIPELINING"),
}  # fmt: skip
# Of what was found in a mailbox, what makes a service that polls it fail; other things it can live with.
_STOPS = frozenset({"ids-not-unique", "list-invalid", "dots-not-escaped", "empty-line", "mailbox-very-large"})


@dataclass(frozen=True, slots=True)
class Fitness:
    """What one server, or the mailbox for one purpose, is good for."""

    subject: str
    verdict: str
    has: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


def fitness_of(detection: Detection, verification: Verification | None, *, fetcher: bool) -> tuple[Fitness, ...]:
    """Return what the best servers offer, after the login where there was one; with *fetcher* also the POP3 verdict."""
    results = (verification.incoming, verification.outgoing) if verification else (None, None)
    best = (*detection.incoming[:1], *detection.outgoing[:1])
    found = [_of_server(choice, _matching(results, choice)) for choice in best if choice.verified]
    return (*found, *((pop_fetcher(detection, verification),) if fetcher else ()))


def _matching(results: tuple[Result | None, Result | None], choice: Choice) -> Result | None:
    return next((result for result in results if result and result.endpoint == choice.endpoint), None)


def _of_server(choice: Choice, result: Result | None) -> Fitness:
    hello = choice.probe.hello if choice.probe else None
    # Many servers list the better half only to those who have logged in.
    listed = (result.capabilities if result else ()) or (hello.capabilities if hello else ())
    words = {line.upper().split()[0] for line in listed if line.strip()}
    wanted = _WANTED.get(choice.endpoint.protocol, ())
    has = tuple(name for name in wanted if name in words)
    lacks = tuple(name for name in wanted if name not in words)
    verdict = f"has {', '.join(has) or 'none of the usual extensions'}; does not list {', '.join(lacks) or 'none'}"
    return Fitness(str(choice.endpoint), verdict, has, lacks)


def pop_fetcher(detection: Detection, verification: Verification | None) -> Fitness:
    """Answer whether a service that polls POP3 can use the mailbox, and if not why."""
    subject = "Fetching by a service that polls POP3"
    usable = [c for c in detection.incoming if c.verified and c.endpoint.protocol is Protocol.POP3]
    if not usable:
        return Fitness(subject, "no: there is no POP3 server", findings=(finding("no-pop3", detection.address),))
    incoming = verification.incoming if verification else None
    if incoming is None:
        return Fitness(subject, "perhaps: the server is there; a login would show the rest")
    if not incoming.verified:
        return Fitness(subject, "no: the login did not succeed")
    stops = tuple(item for item in incoming.findings if item.code in _STOPS)
    if stops:
        return Fitness(subject, f"no: {' '.join(item.text for item in stops)}")
    leaves = all(item.code != "leave-on-server-impossible" for item in incoming.findings)
    return Fitness(subject, "yes" if leaves else "yes, but mail cannot be left on the server")
