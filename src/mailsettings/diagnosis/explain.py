"""Why a server cannot be used, from what was observed before any login. Pure.

findings_of(detection)  ->  findings for each direction without a verified server, worst first
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
_MAX_FINDINGS = 5  # of one direction; users do not read more
# What says least about a guessed server comes last, and not at all beside what explains it.
_LEAST_USEFUL = ("port-25-blocked", "no-mail-server-there", "host-unreachable", "not-contacted", "slow-server")
_EXPLAINED_BY = {
    "no-auth-on-this-port": frozenset({"no-login-method"}),
    "port-25-blocked": frozenset({"no-login-method", "starttls-not-offered", "certificate-name"}),
    "slow-server": frozenset({"tarpit", "silent-server"}),
}


def findings_of(
    detection: Detection, stated: Iterable[Endpoint] = (), observations: NetworkObservations = NO_OBSERVATIONS
) -> tuple[Finding, ...]:
    """Return why directions have no verified server, worst first; nothing where both have one.

    *stated* are endpoints that a user has named: if there are any, only they are explained. *observations* come from
    inspections (diagnosis.inspection).
    """
    wanted = tuple(stated)
    outcomes = outcomes_of(detection, wanted, observations)
    missing = [direction for direction in Direction if _is_missing(detection, direction, wanted)]
    if not missing:
        return ()
    if decisive := tuple(_network_wide(detection, outcomes)):
        return tuple(_linked(item, detection, wanted) for item in decisive)
    each = [item for direction in missing for item in _of_direction(outcomes, direction, wanted)]
    if not any(outcome.stated for outcome in outcomes.all):
        each = _summarised(each)  # both directions have failed for one reason, then
    common = tuple(_common_causes(detection, outcomes))
    sure = [item for item in common if item.confidence is not Confidence.POSSIBLE]
    found = (*sure, *_of_address(detection), *each, *common)
    return tuple(_linked(item, detection, wanted) for item in merged(found))


def _linked(item: Finding, detection: Detection, wanted: tuple[Endpoint, ...]) -> Finding:
    """Add the provider's own page where the user or the provider has to act and the finding has no link."""
    if item.link or item.whose not in (Responsible.USER, Responsible.PROVIDER):
        return item
    rows = (table.host_provider(endpoint.host) for endpoint in wanted)
    provider = detection.provider or next((row.provider for row in rows if row), None)
    return replace(item, link=next((link.url for link in provider.documentation), "") if provider else "")


def _is_missing(detection: Detection, direction: Direction, wanted: tuple[Endpoint, ...]) -> bool:
    choices = detection.incoming if direction is Direction.INCOMING else detection.outgoing
    if wanted:
        good = {choice.endpoint for choice in choices if choice.verified}
        return any(e.protocol.direction is direction and e not in good for e in wanted)
    return not any(choice.verified for choice in choices)


def _network_wide(detection: Detection, outcomes: EndpointOutcomes) -> Iterator[Finding]:
    """Yield findings about the domain, the provider or the whole network: they make all others superfluous."""
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
    if any(outcome.verified for outcome in outcomes.all):
        return
    if FailureKind.PROXY in kinds:
        yield finding("proxy-failed", kinds[FailureKind.PROXY].seen)
        return
    if FailureKind.NO_NETWORK in kinds or (kinds and set(kinds) <= {FailureKind.DNS_TIMEOUT}):
        yield finding("network-down", f"{len(detection.failures)} questions, no answer", Confidence.LIKELY)
    yield from blocked_ports(detection, outcomes)


def _of_address(detection: Detection) -> Iterator[Finding]:
    if detection.suggestion:
        domain = detection.address.rpartition("@")[2]
        yield finding("typo", f"{domain} is one slip away", Confidence.POSSIBLE, use=detection.suggestion)


def _of_direction(outcomes: EndpointOutcomes, direction: Direction, wanted: tuple[Endpoint, ...]) -> Iterator[Finding]:
    """Yield what explains one direction: the failures at stated endpoints, or else those of informative guesses."""
    failed = [outcome for outcome in outcomes.in_direction(direction) if outcome.failure is not None]
    failed = [outcome for outcome in failed if not wanted or outcome.endpoint in wanted]
    stated = [outcome for outcome in failed if outcome.stated]
    explained = stated or [outcome for outcome in failed if _is_informative(outcome, outcomes)]
    found = merged(item for outcome in explained for item in findings_at(outcome, outcomes))
    found = sorted(found, key=lambda item: _CONFIDENCES.index(item.confidence))
    yield from (found if stated else _summarised(found))[:_MAX_FINDINGS]
    if not found:
        yield finding("no-settings", f"{direction}: {len(failed)} likely names were tried", Confidence.LIKELY)


def _summarised(findings: Iterable[Finding]) -> list[Finding]:
    """Return one finding for each cause, the most useful first: of guesses, one place stands for all alike."""
    first: dict[str, list[Finding]] = {}
    for item in findings:
        first.setdefault(item.code, []).append(item)
    for code, causes in _EXPLAINED_BY.items():
        if causes & first.keys():
            first.pop(code, None)
    found = [_one(group) for group in first.values()]
    return sorted(found, key=lambda item: (_CONFIDENCES.index(item.confidence), item.code in _LEAST_USEFUL))


def _is_informative(outcome: EndpointOutcome, outcomes: EndpointOutcomes) -> bool:
    """Say whether a failed guess explains anything.

    A guessed name that does not exist does not, nor a guessed port that is closed on a host where others are open.
    """
    if outcome.kind is FailureKind.REFUSED and outcomes.alive(outcome.host):
        return False
    return outcome.kind not in (
        FailureKind.NO_SUCH_NAME,
        FailureKind.NO_ADDRESS,
        FailureKind.DENIED,
        FailureKind.BUDGET,
        # Any web site may do that at a place that only JMAP servers would use.
        FailureKind.LOGIN_REQUIRED,
        FailureKind.OTHER_HOST,
    )


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """Return *findings* with those that differ only in their evidence put into one."""
    alike: dict[tuple[str, str, str], list[Finding]] = {}
    for item in findings:
        alike.setdefault((item.code, item.text, item.advice), []).append(item)
    return [_one(group) for group in alike.values()]


def _one(group: list[Finding]) -> Finding:
    first = group[0]
    evidence = "; ".join(dict.fromkeys(item.evidence for item in group[:3]))
    return Finding(first.code, first.confidence, evidence, first.text, first.advice, first.whose, first.link)


def _common_causes(detection: Detection, outcomes: EndpointOutcomes) -> Iterator[Finding]:
    """Yield causes that explain failures at several unrelated hosts at once."""
    yield from wrong_clock(detection, outcomes)
    yield from captive_portal(detection, outcomes)
    yield from tls_interception(outcomes)
    yield from starttls_stripping(outcomes)
