"""Why a server cannot be used, from what was seen before any login. Pure.

explain(detection)  ->  findings for each direction without a verified server, worst first
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mailsettings.diagnosis.codes import finding
from mailsettings.diagnosis.failures import MEANING, of_place
from mailsettings.diagnosis.places import NO_ANSWER, Place, Places, places_of
from mailsettings.errors import Kind
from mailsettings.model import Confidence, Detection, Direction, Endpoint, Finding
from mailsettings.suffix import registrable

_LEVELS = tuple(Confidence)
_MOST = 5  # findings of one direction; behind the fifth nobody reads on


def explain(detection: Detection, stated: Iterable[Endpoint] = ()) -> tuple[Finding, ...]:
    """Return why directions have no verified server, worst first; nothing where both have one.

    *stated* are endpoints that a person has named: they are what is explained.
    """
    wanted = tuple(stated)
    places = places_of(detection, wanted)
    missing = [direction for direction in Direction if _is_missing(detection, direction, wanted)]
    if not missing:
        return ()
    if found := tuple(_of_all(detection, places)):
        return found
    each = (item for direction in missing for item in _of_direction(places, direction, wanted))
    return tuple(dict.fromkeys((*_of_address(detection), *each, *_across(places))))


def _is_missing(detection: Detection, direction: Direction, wanted: tuple[Endpoint, ...]) -> bool:
    choices = detection.incoming if direction is Direction.INCOMING else detection.outgoing
    if wanted:
        good = {choice.endpoint for choice in choices if choice.verified}
        return any(e.protocol.direction is direction and e not in good for e in wanted)
    return not any(choice.verified for choice in choices)


def _of_all(detection: Detection, places: Places) -> Iterator[Finding]:
    """Yield what makes every further word superfluous."""
    kinds = {failure.kind: failure for failure in reversed(detection.failures)}
    for kind in (Kind.NO_MAIL, Kind.NO_ACCESS):
        if kind in kinds:
            yield finding(MEANING[kind], kinds[kind].seen or kinds[kind].where)
    if detection.provider is not None and detection.provider.kind in ("none", "bridge"):
        yield finding("no-standard-access", f"{detection.provider.name} in the provider table")
    if any(place.verified for place in places.all):
        return
    if Kind.PROXY in kinds:
        yield finding("proxy-failed", kinds[Kind.PROXY].seen)
        return
    if Kind.NO_NETWORK in kinds or (kinds and set(kinds) <= {Kind.DNS_TIMEOUT}):
        yield finding("network-down", f"{len(detection.failures)} questions, no answer", Confidence.LIKELY)
    hosts = {place.endpoint.host for place in places.all if place.failure and place.failure.kind in NO_ANSWER}
    others = [place for place in places.all if place.endpoint.host not in hosts and _reached(place)]
    if len(hosts) > 1 and not others and not any(map(places.alive, hosts)):
        yield finding("mail-ports-blocked", f"no answer from {', '.join(sorted(hosts)[:4])}", Confidence.LIKELY)


def _reached(place: Place) -> bool:
    return place.failure is None or place.failure.kind not in (Kind.NO_SUCH_NAME, Kind.NO_ADDRESS)


def _of_address(detection: Detection) -> Iterator[Finding]:
    if detection.suggestion:
        domain = detection.address.rpartition("@")[2]
        yield finding("typo", f"{domain} is one slip away", Confidence.POSSIBLE, use=detection.suggestion)


def _of_direction(places: Places, direction: Direction, wanted: tuple[Endpoint, ...]) -> Iterator[Finding]:
    """Yield what explains one direction: what a person or a source has named, otherwise what guesses met."""
    failed = [place for place in places.of(direction) if place.failure is not None]
    failed = [place for place in failed if not wanted or place.endpoint in wanted]
    named = [place for place in failed if place.stated] or [place for place in failed if _telling(place)]
    found = merged(item for place in named for item in of_place(place, places))
    yield from sorted(found, key=lambda item: _LEVELS.index(item.confidence))[:_MOST]
    if not found:
        yield finding("no-settings", f"{direction}: {len(failed)} likely names were tried", Confidence.LIKELY)


def _telling(place: Place) -> bool:
    """Say whether a guess met something: that a guessed name does not exist means nothing."""
    assert place.failure is not None
    return place.failure.kind not in (Kind.NO_SUCH_NAME, Kind.NO_ADDRESS, Kind.DENIED, Kind.BUDGET)


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


def _across(places: Places) -> Iterator[Finding]:
    """Yield what several unrelated hosts have in common."""
    dates = {Kind.CERTIFICATE_EXPIRED, Kind.CERTIFICATE_NOT_YET_VALID}
    for kinds, code in ((dates, "clock-wrong"), ({Kind.CERTIFICATE_UNKNOWN_CA}, "tls-intercepted")):
        met = [place for place in places.all if place.failure is not None and place.failure.kind in kinds]
        owners = {registrable(place.endpoint.host) for place in met}
        if len(owners) > 1:
            yield finding(code, f"the same at {', '.join(sorted(owners)[:4])}", Confidence.LIKELY)
