"""Causes on the network path to all servers: clock, captive portal, blocked ports, TLS interception. Pure.

One server can be broken; two of different owners are not broken in the same way at the same time.

interceptors.json lists parts of issuer names in lower case, where each product runs (this computer, the network), and
the source and date of each entry.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from pathlib import Path

from mailsettings.diagnosis.catalogue import finding
from mailsettings.diagnosis.certificates import parse_date
from mailsettings.diagnosis.endpoints import NO_CONNECTION_KINDS, EndpointOutcome, EndpointOutcomes
from mailsettings.errors import FailureKind
from mailsettings.hostnames import registrable
from mailsettings.model import URL, Confidence, Detection, Failure, Finding, Protocol

MAX_CLOCK_ERROR = timedelta(days=1)  # a smaller error rarely makes a certificate invalid
_DATES = frozenset({FailureKind.CERTIFICATE_EXPIRED, FailureKind.CERTIFICATE_NOT_YET_VALID})
# Failures where a captive portal responds in place of the server: with its certificate, its page, its protocol.
_IMPOSTOR_KINDS = frozenset({FailureKind.CERTIFICATE_NAME, FailureKind.NO_DOCUMENT, FailureKind.WRONG_PROTOCOL})
_ABOUT_NAMES = frozenset(
    {
        FailureKind.NO_SUCH_NAME,
        FailureKind.NO_ADDRESS,
        FailureKind.DNS_FAILED,
        FailureKind.DNS_TIMEOUT,
        FailureKind.DENIED,
    }
)
# Failures of a web server that was reached and responded.
_RESPONSE_KINDS = frozenset(
    {
        FailureKind.HTTP_STATUS,
        FailureKind.NO_DOCUMENT,
        FailureKind.INVALID_DOCUMENT,
        FailureKind.INSECURE_REDIRECT,
        FailureKind.LIMIT,
    }
)

# This host serves nothing but configuration documents; at other hosts a page of HTML may be a real web site.
_NO_WEB_SITE = "live.thunderbird.net"

HostFailure = tuple[str, Failure]  # a host and what failed there


def wrong_clock(detection: Detection, outcomes: EndpointOutcomes) -> Iterator[Finding]:
    """Yield a finding if this machine's clock is wrong, by verified servers or by the dates of several certificates."""
    now = outcomes.observations.now
    if now is not None and (found := _by_servers(now, outcomes)):
        yield found
        return
    owners = {registrable(host) for host, failure in _failed(detection, outcomes) if failure.kind in _DATES}
    if len(owners) < 2:
        return
    seen = f"the same at {', '.join(sorted(owners)[:4])}"
    span = _common_span(outcomes)
    if now is None or span is None:
        yield finding("clock-wrong", seen, Confidence.LIKELY)
    elif span[0] <= span[1] and not span[0] <= now <= span[1]:
        right = f"all of them would be valid between {_iso(span[0])} and {_iso(span[1])}"
        yield finding("clock-wrong", f"{seen}; this machine says {_iso(now)}, {right}", Confidence.LIKELY)


def _by_servers(now: datetime, outcomes: EndpointOutcomes) -> Finding | None:
    """Compare *now* with the dates sent by verified web servers; one server that agrees outweighs all others."""
    dates = {host: date for host, text in outcomes.observations.dates if (date := _date(text))}
    wrong = {host: date for host, date in dates.items() if abs(date - now) > MAX_CLOCK_ERROR}
    if not wrong or len(wrong) < len(dates):
        return None
    host, date = next(iter(wrong.items()))
    sure = Confidence.CERTAIN if len(set(map(registrable, wrong))) > 1 else Confidence.LIKELY
    return finding("clock-wrong", f"this machine says {_iso(now)}, {host} says {_iso(date)}", sure)


def _common_span(outcomes: EndpointOutcomes) -> tuple[datetime, datetime] | None:
    """Return the time in which all inspected certificates are valid; its end may be before its beginning."""
    leaves = [inspection.leaf for inspection in outcomes.observations.inspections if inspection.leaf]
    begins = [begin for leaf in leaves if (begin := parse_date(leaf.not_before))]
    ends = [end for leaf in leaves if (end := parse_date(leaf.not_after))]
    return (max(begins), min(ends)) if begins and ends else None


def _date(text: str) -> datetime | None:
    """Parse a date of HTTP; without a zone it is UTC. None if it is not one."""
    try:
        found = parsedate_to_datetime(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, TypeError, IndexError):  # remote text
        return None


def _iso(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def captive_portal(detection: Detection, outcomes: EndpointOutcomes) -> Iterator[Finding]:
    """Yield a finding if the network responds in place of servers: hosts of several owners give the same answer."""
    if any(outcome.verified for outcome in outcomes.all):
        return
    invented = outcomes.observations.nxdomain_addresses
    if outcomes.observations.misdirected_hosts:
        misdirected = outcomes.observations.misdirected_hosts[0]
        seen = f"a name nobody has leads to {', '.join(invented[:2])}, as {misdirected} does"
        yield finding("captive-portal", seen, Confidence.LIKELY)
        return
    # The evidence is compared as a whole, never searched: certificate names, a greeting or the start of a document make
    # it differ from server to server. A web page leaves none of these, hence the condition on _NO_WEB_SITE.
    owners_by_answer: dict[tuple[FailureKind, str], set[str]] = defaultdict(set)
    for host, failure in _failed(detection, outcomes):
        if failure.kind in _IMPOSTOR_KINDS:
            owners_by_answer[failure.kind, failure.seen].add(registrable(host))
    for (kind, answer), owners in owners_by_answer.items():
        if len(owners) > 1 and (kind is not FailureKind.NO_DOCUMENT or registrable(_NO_WEB_SITE) in owners):
            sure = Confidence.LIKELY if invented or len(owners) > 2 else Confidence.POSSIBLE
            yield finding("captive-portal", f"{answer}: the same at {', '.join(sorted(owners)[:4])}", sure)
            return
    if invented:
        seen = f"a name nobody has leads to {', '.join(invented[:2])}"
        yield finding("dns-hijacked", seen, Confidence.LIKELY)


def blocked_ports(detection: Detection, outcomes: EndpointOutcomes) -> Iterator[Finding]:
    """Yield a finding if no mail port of any host responds: if the web does, mail is blocked, else the network is."""
    hosts = {outcome.host for outcome in outcomes.all if outcome.kind in NO_CONNECTION_KINDS}
    if len(hosts) < 2 or any(outcome.host not in hosts and _name_exists(outcome) for outcome in outcomes.all):
        return
    if any(map(outcomes.alive, hosts)) or all(outcome.endpoint.port == 25 for outcome in outcomes.all):
        return
    reached = [host for host, responds in outcomes.observations.web_reachable if responds]
    web = [(host, f) for host, f in _of_web(detection) if f.kind not in _ABOUT_NAMES]
    reached += [host for host, failure in web if failure.kind in _RESPONSE_KINDS or failure.kind.about_certificate]
    listed = ", ".join(sorted(hosts)[:4])
    if reached:
        seen = f"no answer from {listed}, but from the web server {reached[0]}"
        sure = Confidence.LIKELY if len(set(map(registrable, hosts))) > 1 else Confidence.POSSIBLE
        yield finding("mail-ports-blocked", seen, sure)
    elif web and all(failure.kind in NO_CONNECTION_KINDS for _, failure in web):
        seen = f"names have addresses, and neither mail nor web servers answer: {listed}"
        yield finding("network-down", seen, Confidence.LIKELY)
    else:
        yield finding("mail-ports-blocked", f"no answer from {listed}", Confidence.POSSIBLE)


def _name_exists(outcome: EndpointOutcome) -> bool:
    return outcome.kind not in (FailureKind.NO_SUCH_NAME, FailureKind.NO_ADDRESS)


def tls_interception(outcomes: EndpointOutcomes) -> Iterator[Finding]:
    """Yield a finding if TLS is intercepted: by a known product, or by one unknown authority at several owners."""
    for inspection in outcomes.observations.inspections:
        chain = inspection.handshake.chain if inspection.handshake else ()
        if found := interception_finding(inspection.endpoint.host, [each.issuer for each in chain]):
            yield found
            return
    unknown: dict[str, set[str]] = defaultdict(set)
    for outcome in outcomes.all:
        if outcome.kind is FailureKind.CERTIFICATE_UNKNOWN_CA:
            inspected = outcomes.observations.inspection_of(outcome.endpoint)
            leaf = inspected.leaf if inspected else None
            unknown[leaf.issuer if leaf else ""].add(registrable(outcome.host))
    for issuer, owners in unknown.items():
        if len(owners) > 1:
            seen = f"{issuer or 'an unknown authority'} at {', '.join(sorted(owners)[:4])}"
            yield finding("tls-intercepted", seen, Confidence.LIKELY)


def starttls_stripping(outcomes: EndpointOutcomes) -> Iterator[Finding]:
    """Yield a finding if STARTTLS is stripped: stated SMTP servers of several owners do not offer it."""
    owners = {
        registrable(outcome.host)
        for outcome in outcomes.all
        if outcome.endpoint.protocol is Protocol.SMTP
        and outcome.stated
        and outcome.kind is FailureKind.STARTTLS_NOT_OFFERED
    }
    if len(owners) > 1:
        yield finding(
            "starttls-stripped", f"none of {', '.join(sorted(owners)[:4])} offers it", Confidence.LIKELY, use=None
        )


def _failed(detection: Detection, outcomes: EndpointOutcomes) -> Iterable[HostFailure]:
    """Return every failure with its host, those of mail servers and those of documents."""
    mail = [(outcome.host, outcome.failure) for outcome in outcomes.all if outcome.failure is not None]
    return (*mail, *_of_web(detection))


def _of_web(detection: Detection) -> list[HostFailure]:
    return [(failure.where.host, failure) for failure in detection.failures if isinstance(failure.where, URL)]


@dataclass(frozen=True, slots=True)
class Interceptor:
    """One product that intercepts TLS; *issuer* is a part of its issuer name, in lower case."""

    issuer: str
    product: str
    where: str  # computer, network
    source: str
    checked: str


@cache
def interceptors() -> tuple[Interceptor, ...]:
    """Return all entries of interceptors.json."""
    rows = json.loads(Path(__file__).with_name("interceptors.json").read_text(encoding="utf-8"))
    return tuple(Interceptor(**row) for row in rows)


def find_interceptor(names: Iterable[str]) -> Interceptor | None:
    """Return the interceptor that issues certificates under one of *names*, or None."""
    lower = [name.lower() for name in names]
    return next((each for each in interceptors() if any(each.issuer in name for name in lower)), None)


def interception_finding(name: str, issuers: Iterable[str]) -> Finding | None:
    """Return the finding for the server *name* whose certificates are by *issuers*; None if none is an interceptor."""
    listed = tuple(issuers)
    interceptor = find_interceptor(listed)
    if interceptor is None:
        return None
    code = "local-proxy" if interceptor.where == "computer" else "tls-intercepted"
    return finding(code, f"{name}: the certificate is by {interceptor.product} ({listed[0]})", Confidence.LIKELY)
