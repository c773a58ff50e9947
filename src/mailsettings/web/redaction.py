"""Redaction: what a visitor gets of a detection, without banners, IP addresses and exact times. Pure.

A denied address, a closed port and one that times out are all the same: unreachable.
"""

from __future__ import annotations

from dataclasses import replace

from mailsettings.address import EmailAddress
from mailsettings.decision.reasons import reasons_for
from mailsettings.diagnosis.catalogue import finding as finding_of
from mailsettings.diagnosis.failures import CODE_BY_KIND
from mailsettings.errors import FailureKind
from mailsettings.events import Event, Failed, Probed, Settled
from mailsettings.model import Candidate, Choice, Detection, Failure, Finding, Hello, Probe

_UNREACHABLE = frozenset(
    {
        FailureKind.DENIED,
        FailureKind.REFUSED,
        FailureKind.UNREACHABLE,
        FailureKind.CONNECT_TIMEOUT,
        FailureKind.BUDGET,
        FailureKind.CLOSED,
    }
)
_TIME_DIGITS = 1  # decimals of a second
PLACEHOLDER_LOCAL_PART = "someone"  # searched for instead of the visitor's: the cached answer is the same for all


def redacted(detection: Detection) -> Detection:
    """Return *detection* without what visitors must not see."""
    domain = detection.address.rpartition("@")[2]
    return replace(
        detection,
        incoming=tuple(_choice(choice, domain) for choice in detection.incoming),
        outgoing=tuple(_choice(choice, domain) for choice in detection.outgoing),
        notes=tuple(note for note in detection.notes if note.public),
        failures=tuple(dict.fromkeys(map(redacted_failure, detection.failures))),
        findings=tuple(dict.fromkeys(map(redacted_finding, detection.findings))),
        seconds=round(detection.seconds, _TIME_DIGITS),
    )


def redacted_event(event: Event) -> Event:
    """Return *event* without what visitors must not see."""
    event = replace(event, at=round(event.at, _TIME_DIGITS))
    match event:
        case Settled():
            return replace(event, detection=redacted(event.detection))
        case Probed():
            return replace(event, probe=_probe(event.probe))
        case Failed():
            return replace(event, failure=redacted_failure(event.failure))
    return event


def redacted_failure(failure: Failure) -> Failure:
    """Return *failure* without what was seen: that is remote text, or contains addresses and times."""
    if failure.kind is FailureKind.PROXY:
        return Failure(FailureKind.NO_NETWORK, None)  # does not disclose that the service uses a proxy
    return Failure(FailureKind.UNREACHABLE if failure.kind in _UNREACHABLE else failure.kind, failure.where)


def redacted_finding(finding: Finding) -> Finding:
    """Return *finding* without its evidence, for the same reason; its own text says what it means."""
    if finding.code == CODE_BY_KIND[FailureKind.PROXY]:
        return finding_of(CODE_BY_KIND[FailureKind.NO_NETWORK], "")
    return replace(finding, evidence="")


def _choice(choice: Choice, domain: str) -> Choice:
    probe = _probe(choice.probe) if choice.probe else None
    reasons = reasons_for(Candidate(choice.endpoint, choice.claims), probe, domain, displaced=choice.displaced)
    return replace(choice, probe=probe, reasons=tuple(reasons))


def _probe(probe: Probe) -> Probe:
    hello = probe.hello and Hello("", mechanisms=probe.hello.mechanisms, auth=probe.hello.auth, tls=probe.hello.tls)
    failure = probe.failure and redacted_failure(probe.failure)
    return Probe(probe.endpoint, hello=hello, failure=failure, tls=probe.tls if probe.verified else None)


def placeholder_address(address: EmailAddress) -> EmailAddress:
    """Return *address* with the placeholder as its local part."""
    return replace(address, local=PLACEHOLDER_LOCAL_PART)
