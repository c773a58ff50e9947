"""What lies between this machine and all servers: clock, captive portal, blocked ports, opened TLS. Pure.

One server can be broken; two of different owners are not broken in the same way at the same time.

interceptors.json has parts of issuers in lower case, where each sits (this computer, the network), source and day.
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
from mailsettings.diagnosis.endpoints import NO_CONNECTION_KINDS, EndpointOutcomes
from mailsettings.errors import FailureKind
from mailsettings.hostnames import registrable
from mailsettings.model import URL, Confidence, Detection, Failure, Finding, Protocol

MAX_CLOCK_ERROR = timedelta(days=1)  # what a clock may be off before certificates suffer
_DATES = frozenset({FailureKind.CERTIFICATE_EXPIRED, FailureKind.CERTIFICATE_NOT_YET_VALID})
# What a captive portal answers in place of everybody: its certificate, its page, its own protocol.
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
# A web server that refuses a document has been reached.
_RESPONSE_KINDS = frozenset(
    {
        FailureKind.HTTP_STATUS,
        FailureKind.NO_DOCUMENT,
        FailureKind.INVALID_DOCUMENT,
        FailureKind.INSECURE_REDIRECT,
        FailureKind.LIMIT,
    }
)

# It answers with documents or not at all; elsewhere a page of HTML is somebody's web site.
_NO_WEB_SITE = "live.thunderbird.net"

HostFailure = tuple[str, Failure]  # a host and what failed there


def wrong_clock(detection: Detection, places: EndpointOutcomes) -> Iterator[Finding]:
    """Yield that this machine's clock is wrong: a verified server says so, or several certificates agree."""
    now = places.observations.now
    if now is not None and (found := _by_servers(now, places)):
        yield found
        return
    met = {registrable(host) for host, failure in _failed(detection, places) if failure.kind in _DATES}
    if len(met) < 2:
        return
    seen = f"the same at {', '.join(sorted(met)[:4])}"
    span = _common_span(places)
    if now is None or span is None:
        yield finding("clock-wrong", seen, Confidence.LIKELY)
    elif span[0] <= span[1] and not span[0] <= now <= span[1]:
        right = f"all of them would be valid between {_iso(span[0])} and {_iso(span[1])}"
        yield finding("clock-wrong", f"{seen}; this machine says {_iso(now)}, {right}", Confidence.LIKELY)


def _by_servers(now: datetime, places: EndpointOutcomes) -> Finding | None:
    """Compare *now* with what verified web servers say; one that agrees outweighs those of strangers that do not."""
    said = {host: date for host, text in places.observations.dates if (date := _date(text))}
    wrong = {host: date for host, date in said.items() if abs(date - now) > MAX_CLOCK_ERROR}
    if not wrong or len(wrong) < len(said):
        return None
    host, date = next(iter(wrong.items()))
    sure = Confidence.CERTAIN if len(set(map(registrable, wrong))) > 1 else Confidence.LIKELY
    return finding("clock-wrong", f"this machine says {_iso(now)}, {host} says {_iso(date)}", sure)


def _common_span(places: EndpointOutcomes) -> tuple[datetime, datetime] | None:
    """Return from when to when every certificate that was looked at is valid; the end may come before the beginning."""
    leaves = [look.leaf for look in places.observations.inspections if look.leaf]
    begins = [begin for leaf in leaves if (begin := parse_date(leaf.not_before))]
    ends = [end for leaf in leaves if (end := parse_date(leaf.not_after))]
    return (max(begins), min(ends)) if begins and ends else None


def _date(text: str) -> datetime | None:
    """Read HTTP's date; without a zone it is UTC."""
    try:
        found = parsedate_to_datetime(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, TypeError, IndexError):  # strangers write it
        return None


def _iso(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def captive_portal(detection: Detection, places: EndpointOutcomes) -> Iterator[Finding]:
    """Yield that somebody answers in place of everybody: hosts of several owners say the same that is not theirs."""
    if any(place.verified for place in places.all):
        return
    invented = places.observations.nxdomain_addresses
    if places.observations.misdirected_hosts:
        seen = (
            f"a name nobody has leads to {', '.join(invented[:2])}, as {places.observations.misdirected_hosts[0]} does"
        )
        yield finding("captive-portal", seen, Confidence.LIKELY)
        return
    said: dict[tuple[FailureKind, str], set[str]] = defaultdict(set)
    for host, failure in _failed(detection, places):
        if failure.kind in _IMPOSTOR_KINDS:
            said[failure.kind, failure.seen].add(registrable(host))
    for (kind, words), owners in said.items():
        if len(owners) > 1 and (kind is not FailureKind.NO_DOCUMENT or registrable(_NO_WEB_SITE) in owners):
            sure = Confidence.LIKELY if invented or len(owners) > 2 else Confidence.POSSIBLE
            yield finding("captive-portal", f"{words}: the same at {', '.join(sorted(owners)[:4])}", sure)
            return
    if invented:
        seen = f"a name nobody has leads to {', '.join(invented[:2])}"
        yield finding("dns-hijacked", seen, Confidence.LIKELY)


def blocked_ports(detection: Detection, places: EndpointOutcomes) -> Iterator[Finding]:
    """Yield that no mail port of any host answers: where the web does, mail is blocked, otherwise it is the network."""
    hosts = {place.endpoint.host for place in places.all if place.failure and place.failure.kind in NO_CONNECTION_KINDS}
    if len(hosts) < 2 or any(place.endpoint.host not in hosts and _name_existed(place.failure) for place in places.all):
        return
    if any(map(places.alive, hosts)) or not _more_than_25(places):
        return
    reached = [host for host, good in places.observations.web_reachable if good]
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


def _more_than_25(places: EndpointOutcomes) -> bool:
    return any(place.endpoint.port != 25 for place in places.all)


def _name_existed(failure: Failure | None) -> bool:
    return failure is None or failure.kind not in (FailureKind.NO_SUCH_NAME, FailureKind.NO_ADDRESS)


def tls_interception(places: EndpointOutcomes) -> Iterator[Finding]:
    """Yield that somebody opens TLS on the way, by the issuer's name or by one unknown authority at many owners'."""
    for look in places.observations.inspections:
        papers = look.handshake.chain if look.handshake else ()
        if found := interception_finding(look.endpoint.host, [paper.issuer for paper in papers]):
            yield found
            return
    unknown: dict[str, set[str]] = defaultdict(set)
    for place in places.all:
        if place.failure is not None and place.failure.kind is FailureKind.CERTIFICATE_UNKNOWN_CA:
            seen_here = places.observations.inspection_of(place.endpoint)
            leaf = seen_here.leaf if seen_here else None
            unknown[leaf.issuer if leaf else ""].add(registrable(place.endpoint.host))
    for issuer, owners in unknown.items():
        if len(owners) > 1:
            seen = f"{issuer or 'an unknown authority'} at {', '.join(sorted(owners)[:4])}"
            yield finding("tls-intercepted", seen, Confidence.LIKELY)


def starttls_stripping(places: EndpointOutcomes) -> Iterator[Finding]:
    """Yield that STARTTLS is taken away: servers of several owners do not offer it."""
    met = {
        registrable(place.endpoint.host)
        for place in places.all
        if place.endpoint.protocol is Protocol.SMTP
        and place.stated
        and place.failure is not None
        and place.failure.kind is FailureKind.STARTTLS_NOT_OFFERED
    }
    if len(met) > 1:
        yield finding("starttls-stripped", f"none of {', '.join(sorted(met)[:4])} offers it", Confidence.LIKELY)


def _failed(detection: Detection, places: EndpointOutcomes) -> Iterable[HostFailure]:
    """Return every host at which something failed, for mail and for documents."""
    mail = [(place.endpoint.host, place.failure) for place in places.all if place.failure is not None]
    return (*mail, *_of_web(detection))


def _of_web(detection: Detection) -> list[HostFailure]:
    return [(failure.where.host, failure) for failure in detection.failures if isinstance(failure.where, URL)]


@dataclass(frozen=True, slots=True)
class Interceptor:
    """One product; *issuer* is a part of the issuer's name, in lower case."""

    issuer: str
    product: str
    where: str  # computer, network
    source: str
    checked: str


@cache
def interceptors() -> tuple[Interceptor, ...]:
    """Return those that are known."""
    rows = json.loads(Path(__file__).with_name("interceptors.json").read_text(encoding="utf-8"))
    return tuple(Interceptor(**row) for row in rows)


def find_interceptor(names: Iterable[str]) -> Interceptor | None:
    """Return who issues certificates under one of *names*, if it is somebody who opens other people's TLS."""
    lower = [name.lower() for name in names]
    return next((known for known in interceptors() if any(known.issuer in name for name in lower)), None)


def interception_finding(name: str, issuers: Iterable[str]) -> Finding | None:
    """Return the finding for the server *name* whose certificates come from *issuers*; None if they are nobody's."""
    listed = tuple(issuers)
    known = find_interceptor(listed)
    if known is None:
        return None
    code = "local-proxy" if known.where == "computer" else "tls-intercepted"
    return finding(code, f"{name}: the certificate is by {known.product} ({listed[0]})", Confidence.LIKELY)
