"""What a visitor is shown of a detection: no banners, no addresses of machines, no times that could be measured. Pure.

A refused address, a closed port and a silent one are the same here: unreachable.
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
_TIME_DIGITS = 1  # digits behind the point of a second
PLACEHOLDER_LOCAL_PART = (
    "someone"  # stands for the local part while an answer is looked for: it is the same for everybody
)


def redacted(detection: Detection) -> Detection:
    """Return *detection* as visitors see it."""
    return replace(
        detection,
        incoming=tuple(map(_choice, detection.incoming)),
        outgoing=tuple(map(_choice, detection.outgoing)),
        notes=tuple(note for note in detection.notes if note.public),
        failures=tuple(dict.fromkeys(map(redacted_failure, detection.failures))),
        findings=tuple(dict.fromkeys(map(redacted_finding, detection.findings))),
        seconds=round(detection.seconds, _TIME_DIGITS),
    )


def redacted_event(event: Event) -> Event:
    """Return *event* as visitors see it."""
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
    """Return *failure* without what was seen: that is remote text, or names addresses and times."""
    if failure.kind is FailureKind.PROXY:
        return Failure(FailureKind.NO_NETWORK, None)  # how we get out is nobody's business
    return Failure(FailureKind.UNREACHABLE if failure.kind in _UNREACHABLE else failure.kind, failure.where)


def redacted_finding(finding: Finding) -> Finding:
    """Return *finding* without its evidence, for the same reason; its own words say what it means."""
    if finding.code == CODE_BY_KIND[FailureKind.PROXY]:
        return finding_of(CODE_BY_KIND[FailureKind.NO_NETWORK], "")
    return replace(finding, evidence="")


def _choice(choice: Choice) -> Choice:
    probe = _probe(choice.probe) if choice.probe else None
    reasons = reasons_for(Candidate(choice.endpoint, choice.claims), probe, displaced=choice.displaced)
    return replace(choice, probe=probe, reasons=tuple(reasons))


def _probe(probe: Probe) -> Probe:
    hello = probe.hello and Hello("", mechanisms=probe.hello.mechanisms, auth=probe.hello.auth, tls=probe.hello.tls)
    failure = probe.failure and redacted_failure(probe.failure)
    return Probe(probe.endpoint, hello=hello, failure=failure, tls=probe.tls if probe.verified else None)


def placeholder_address(address: EmailAddress) -> EmailAddress:
    """Return the address to look for: the domain of *address*, and nobody's mailbox."""
    return replace(address, local=PLACEHOLDER_LOCAL_PART)
