"""Every fault of a rejected certificate, not only the first one that OpenSSL reports. Pure.

OpenSSL checks the chain, then purpose and keys, then dates, and stops at the first fault; the host name is compared
after that. A certificate that has expired and is for another name gets both findings.
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
_DATES = frozenset({FailureKind.CERTIFICATE_EXPIRED, FailureKind.CERTIFICATE_NOT_YET_VALID})


def certificate_findings(outcome: EndpointOutcome, inspection: Inspection, now: datetime) -> Iterator[Finding]:
    """Yield every fault of the chain that *inspection* has read, compared with *now*; nothing where there is none.

    Only where the failure of *outcome* is about the certificate, too.
    """
    leaf = inspection.leaf
    if leaf is None or outcome.kind not in _FAULTS:
        return
    yield from _of_chain(outcome, inspection)
    yield from _of_dates(outcome, inspection, now)
    if leaf.weak:
        yield finding("certificate-weak", f"{outcome.name}: {leaf.weak}", about=outcome.host)
    if not leaf.for_servers:
        yield finding("certificate-purpose", f"{outcome.name}: {_issuer_text(leaf)}", about=outcome.host)


def is_for_other_names(outcome: EndpointOutcome, inspection: Inspection) -> bool:
    """Say whether the certificate does not cover the host name."""
    return inspection.leaf is not None and not name_matches(outcome.host, inspection.leaf.names)


def _of_chain(outcome: EndpointOutcome, inspection: Inspection) -> Iterator[Finding]:
    """Distinguish a self-signed certificate, an unknown authority and a missing intermediate certificate."""
    assert inspection.handshake is not None
    if outcome.kind not in _CHAIN:
        return
    leaf, last = inspection.handshake.chain[0], inspection.handshake.chain[-1]
    if leaf.self_signed:
        yield finding("certificate-self-signed", f"{outcome.name}: {_issuer_text(leaf)}", about=outcome.host)
    elif not last.self_signed and last.issuer_url:
        # Public authorities publish the URL of their certificate (AIA); those of companies and mail shields do not.
        seen = f"{outcome.name}: {_issuer_text(leaf)}; not sent: {last.issuer}, to be had at {last.issuer_url}"
        yield finding("certificate-chain-incomplete", seen, Confidence.LIKELY, about=outcome.host)
    else:
        yield finding("certificate-unknown-ca", f"{outcome.name}: {_issuer_text(leaf)}", about=outcome.host)


def _of_dates(outcome: EndpointOutcome, inspection: Inspection, now: datetime) -> Iterator[Finding]:
    """Compare the leaf's validity with *now*; that of the other certificates only if OpenSSL complained about dates."""
    assert inspection.handshake is not None
    leaf, *others = inspection.handshake.chain
    for certificate in (leaf, *(others if outcome.kind in _DATES else ())):
        which = "" if certificate is leaf else f", of {certificate.subject} in the chain"
        if (end := parse_date(certificate.not_after)) and end < now:
            seen = f"{outcome.name}: expired on {certificate.not_after}, {_days(now, end)} ago{which}"
            yield finding("certificate-expired", seen, about=outcome.host)
        if (begin := parse_date(certificate.not_before)) and begin > now:
            seen = f"{outcome.name}: valid from {certificate.not_before}, in {_days(begin, now)}{which}"
            yield finding("certificate-not-yet-valid", seen, about=outcome.host)


def parse_date(text: str) -> datetime | None:
    """Parse a date of a certificate, ISO 8601 with its zone; None if it is not one."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _days(later: datetime, earlier: datetime) -> str:
    count = (later - earlier).days
    return "1 day" if count == 1 else f"{count} days" if count else "some hours"


def _issuer_text(certificate: PresentedCertificate) -> str:
    return f"{certificate.subject or 'nobody'}, issued by {certificate.issuer or 'nobody'}"
