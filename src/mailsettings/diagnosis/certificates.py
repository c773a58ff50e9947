"""Every fault of a certificate that was refused, and not only the one OpenSSL met first. Pure.

OpenSSL looks at the chain, then at purpose and keys, then at dates, and stops at the first fault; the name is compared
after that. So an expired certificate for another name is both.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mailsettings.diagnosis.catalogue import finding
from mailsettings.diagnosis.endpoints import EndpointOutcome
from mailsettings.errors import FailureKind
from mailsettings.hostnames import name_matches
from mailsettings.model import Confidence, Finding
from mailsettings.observations import Inspection, PresentedCertificate

_FAULTS = frozenset(kind for kind in FailureKind if kind.about_certificate)
_CHAIN = frozenset({FailureKind.CERTIFICATE_UNKNOWN_CA, FailureKind.CERTIFICATE_SELF_SIGNED})


def certificate_findings(place: EndpointOutcome, look: Inspection, now: datetime) -> Iterator[Finding]:
    """Yield every fault of the certificates shown at *place*; nothing where they could not be read."""
    leaf = look.leaf
    if leaf is None or place.failure is None or place.failure.kind not in _FAULTS:
        return
    yield from _of_chain(place, look)
    yield from _of_dates(place, look, now)
    if leaf.weak:
        yield finding("certificate-weak", f"{place.name}: {leaf.weak}", about=place.endpoint.host)
    if not leaf.for_servers:
        yield finding("certificate-purpose", f"{place.name}: {_issuer_text(leaf)}", about=place.endpoint.host)


def is_for_other_names(place: EndpointOutcome, look: Inspection) -> bool:
    """Say whether the certificate is for other names than the host's."""
    return look.leaf is not None and not name_matches(place.endpoint.host, look.leaf.names)


def _of_chain(place: EndpointOutcome, look: Inspection) -> Iterator[Finding]:
    """Tell a certificate signed by itself from one of an authority nobody knows, and both from a forgotten link."""
    assert place.failure is not None
    assert look.handshake is not None
    if place.failure.kind not in _CHAIN:
        return
    leaf, last = look.handshake.chain[0], look.handshake.chain[-1]
    if leaf.self_signed:
        yield finding("certificate-self-signed", f"{place.name}: {_issuer_text(leaf)}", about=place.endpoint.host)
    elif not last.self_signed and last.issuer_url:
        # Public authorities say where their certificate is to be had; those of companies and of mail shields do not.
        seen = f"{place.name}: {_issuer_text(leaf)}; not sent: {last.issuer}, to be had at {last.issuer_url}"
        yield finding("certificate-chain-incomplete", seen, Confidence.LIKELY, about=place.endpoint.host)
    else:
        yield finding("certificate-unknown-ca", f"{place.name}: {_issuer_text(leaf)}", about=place.endpoint.host)


def _of_dates(place: EndpointOutcome, look: Inspection, now: datetime) -> Iterator[Finding]:
    """Compare the dates of the server's own certificate; those of the others only where OpenSSL did not like them."""
    assert place.failure is not None
    assert look.handshake is not None
    leaf, *others = look.handshake.chain
    more = (
        others if place.failure.kind in (FailureKind.CERTIFICATE_EXPIRED, FailureKind.CERTIFICATE_NOT_YET_VALID) else []
    )
    for paper in (leaf, *more):
        which = "" if paper is leaf else f", of {paper.subject} in the chain"
        if (end := parse_date(paper.not_after)) and end < now:
            seen = f"{place.name}: expired on {paper.not_after}, {_days(now, end)} ago{which}"
            yield finding("certificate-expired", seen, about=place.endpoint.host)
        if (begin := parse_date(paper.not_before)) and begin > now:
            seen = f"{place.name}: valid from {paper.not_before}, in {_days(begin, now)}{which}"
            yield finding("certificate-not-yet-valid", seen, about=place.endpoint.host)


def parse_date(text: str) -> datetime | None:
    """Read a date of a certificate, ISO 8601 with its zone; None if it is none."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _days(later: datetime, earlier: datetime) -> str:
    count = (later - earlier).days
    return "1 day" if count == 1 else f"{count} days" if count else "some hours"


def _issuer_text(paper: PresentedCertificate) -> str:
    return f"{paper.subject or 'nobody'}, issued by {paper.issuer or 'nobody'}"
