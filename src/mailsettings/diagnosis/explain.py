"""Why a server cannot be used, from what was seen before any login. Pure.

explain(detection)  ->  findings for each direction without a verified server, worst first
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mailsettings.diagnosis.catalogue import finding
from mailsettings.diagnosis.endpoints import EndpointOutcome, EndpointOutcomes, outcomes_of
from mailsettings.diagnosis.failures import CODE_BY_KIND, findings_at
from mailsettings.diagnosis.path import blocked_ports, captive_portal, starttls_stripping, tls_interception, wrong_clock
from mailsettings.errors import FailureKind
from mailsettings.model import Confidence, Detection, Direction, Endpoint, Failure, Finding, Question, Responsible
from mailsettings.observations import NO_OBSERVATIONS, NetworkObservations
from mailsettings.provider_table import table

_CONFIDENCES = tuple(Confidence)
_MAX_PLACES = 5  # findings of one direction; behind the fifth nobody reads on


def findings_of(
    detection: Detection, stated: Iterable[Endpoint] = (), around: NetworkObservations = NO_OBSERVATIONS
) -> tuple[Finding, ...]:
    """Return why directions have no verified server, worst first; nothing where both have one.

    *stated* are endpoints that a person has named: they are what is explained. *around* is what a second look showed.
    """
    wanted = tuple(stated)
    places = outcomes_of(detection, wanted, around)
    missing = [direction for direction in Direction if _is_missing(detection, direction, wanted)]
    if not missing:
        return ()
    if all_ := tuple(_network_wide(detection, places)):
        return tuple(_linked(item, detection, wanted) for item in all_)
    each = (item for direction in missing for item in _of_direction(places, direction, wanted))
    across = tuple(_common_causes(detection, places))
    sure = [item for item in across if item.confidence is not Confidence.POSSIBLE]
    found = (*sure, *_of_address(detection), *each, *across)
    return tuple(_linked(item, detection, wanted) for item in merged(found))


def _linked(item: Finding, detection: Detection, wanted: tuple[Endpoint, ...]) -> Finding:
    """Add the provider's own page where the user or the provider has to act, and none is named yet."""
    if item.link or item.whose not in (Responsible.USER, Responsible.PROVIDER):
        return item
    rows = (table.host_provider(endpoint.host) for endpoint in wanted)
    known = detection.provider or next((row.provider for row in rows if row), None)
    return replace(item, link=next((link.url for link in known.documentation), "") if known else "")


def _is_missing(detection: Detection, direction: Direction, wanted: tuple[Endpoint, ...]) -> bool:
    choices = detection.incoming if direction is Direction.INCOMING else detection.outgoing
    if wanted:
        good = {choice.endpoint for choice in choices if choice.verified}
        return any(e.protocol.direction is direction and e not in good for e in wanted)
    return not any(choice.verified for choice in choices)


def _network_wide(detection: Detection, places: EndpointOutcomes) -> Iterator[Finding]:
    """Yield what makes every further word superfluous."""
    kinds = {failure.kind: failure for failure in reversed(detection.failures)}
    for kind in (FailureKind.NO_MAIL, FailureKind.NO_ACCESS):
        if kind in kinds:
            yield finding(CODE_BY_KIND[kind], kinds[kind].seen or kinds[kind].place)
    for failure in detection.failures:
        match failure:
            # Nothing exists below a domain that does not (RFC 8020).
            case Failure(FailureKind.NO_SUCH_NAME, Question(domain, "MX")):
                yield from _of_address(detection)
                yield finding("domain-not-found", failure.seen, about=domain)
                break
    if detection.provider is not None and detection.provider.kind in ("none", "bridge"):
        yield finding("no-standard-access", f"{detection.provider.name} in the provider table")
    if any(place.verified for place in places.all):
        return
    if FailureKind.PROXY in kinds:
        yield finding("proxy-failed", kinds[FailureKind.PROXY].seen)
        return
    if FailureKind.NO_NETWORK in kinds or (kinds and set(kinds) <= {FailureKind.DNS_TIMEOUT}):
        yield finding("network-down", f"{len(detection.failures)} questions, no answer", Confidence.LIKELY)
    yield from blocked_ports(detection, places)


def _of_address(detection: Detection) -> Iterator[Finding]:
    if detection.suggestion:
        domain = detection.address.rpartition("@")[2]
        yield finding("typo", f"{domain} is one slip away", Confidence.POSSIBLE, use=detection.suggestion)


def _of_direction(places: EndpointOutcomes, direction: Direction, wanted: tuple[Endpoint, ...]) -> Iterator[Finding]:
    """Yield what explains one direction: what a person or a source has named, otherwise what guesses met."""
    failed = [place for place in places.in_direction(direction) if place.failure is not None]
    failed = [place for place in failed if not wanted or place.endpoint in wanted]
    named = [place for place in failed if place.stated] or [place for place in failed if _is_informative(place, places)]
    found = merged(item for place in named for item in findings_at(place, places))
    yield from sorted(found, key=lambda item: _CONFIDENCES.index(item.confidence))[:_MAX_PLACES]
    if not found:
        yield finding("no-settings", f"{direction}: {len(failed)} likely names were tried", Confidence.LIKELY)


def _is_informative(place: EndpointOutcome, places: EndpointOutcomes) -> bool:
    """Say whether a guess met something: a guessed name that does not exist, or a guessed port that is closed where
    others answer, means nothing.
    """
    assert place.failure is not None
    if place.failure.kind is FailureKind.REFUSED and places.alive(place.endpoint.host):
        return False
    return place.failure.kind not in (
        FailureKind.NO_SUCH_NAME,
        FailureKind.NO_ADDRESS,
        FailureKind.DENIED,
        FailureKind.BUDGET,
    )


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Put findings that say the same of several places into one."""
    by_text: dict[tuple[str, str, str], list[Finding]] = {}
    for item in findings:
        by_text.setdefault((item.code, item.text, item.advice), []).append(item)
    return [_one(group) for group in by_text.values()]


def _one(group: list[Finding]) -> Finding:
    first = group[0]
    evidence = "; ".join(dict.fromkeys(item.evidence for item in group[:3]))
    return Finding(first.code, first.confidence, evidence, first.text, first.advice, first.whose, first.link)


def _common_causes(detection: Detection, places: EndpointOutcomes) -> Iterator[Finding]:
    """Yield what several unrelated hosts have in common: it explains more than each of them alone."""
    yield from wrong_clock(detection, places)
    yield from captive_portal(detection, places)
    yield from tls_interception(places)
    yield from starttls_stripping(places)
