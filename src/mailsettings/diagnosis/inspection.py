"""Inspect what failed, when a direction has no server: few connections, little time, no credentials.

detection without a direction ──▶ unverified TLS handshakes, an unregistered name, port 443 ──▶ more exact findings
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice, zip_longest

from mailsettings.diagnosis.endpoints import NO_CONNECTION_KINDS, EndpointOutcome, EndpointOutcomes, outcomes_of
from mailsettings.diagnosis.explain import findings_of
from mailsettings.errors import FailureKind, NetworkError
from mailsettings.hostnames import registrable
from mailsettings.interfaces import Inspector, Net, Prober
from mailsettings.model import URL, Detection, Direction, Endpoint, Question
from mailsettings.observations import Inspection, NetworkObservations

MAX_MISDIRECTED = 4  # hosts whose addresses are compared with those of an unregistered name
MAX_PORT_CHECKS = 2  # hosts whose port 443 is tried
# Where an unverified handshake shows more than the verified one. A certificate for another name was read already.
_INSPECTED_KINDS = frozenset(
    kind for kind in FailureKind if kind.about_certificate and kind is not FailureKind.CERTIFICATE_NAME
) | {
    FailureKind.TLS_TOO_OLD,
    FailureKind.TLS_FAILED,
}
# On port 25 an access provider may answer in place of the host: the greeting shows it.
_INSPECTED_KINDS_ON_25 = frozenset({FailureKind.CERTIFICATE_NAME, FailureKind.STARTTLS_NOT_OFFERED})
_ABOUT_DNS = frozenset(
    {
        FailureKind.NO_SUCH_NAME,
        FailureKind.NO_ADDRESS,
        FailureKind.DNS_FAILED,
        FailureKind.DNS_TIMEOUT,
        FailureKind.NO_NETWORK,
    }
)


async def with_inspections(
    detection: Detection, net: Net, prober: Prober, *, within: float, stated: Iterable[Endpoint] = ()
) -> Detection:
    """Return *detection* with findings made more exact by inspections, which take at most *within* seconds.

    A *prober* that is no Inspector leaves them unchanged. *stated* are endpoints that a user has named.
    """
    wanted = tuple(stated)
    if within <= 0 or not isinstance(prober, Inspector):
        return replace(detection, findings=findings_of(detection, wanted)) if wanted else detection
    seen = await _observe(detection, net, prober, within, wanted)
    return replace(detection, findings=findings_of(detection, wanted, seen))


@dataclass(slots=True)
class _Observed:
    """What was observed so far; it stays when the time runs out."""

    inspections: list[Inspection] = field(default_factory=list)
    nxdomain_addresses: tuple[str, ...] = ()
    misdirected_hosts: list[str] = field(default_factory=list)
    web: dict[str, bool] = field(default_factory=dict)


async def _observe(
    detection: Detection, net: Net, inspector: Inspector, within: float, wanted: tuple[Endpoint, ...]
) -> NetworkObservations:
    import anyio

    outcomes, observed = outcomes_of(detection, wanted), _Observed()
    with anyio.move_on_after(within):
        for outcome in islice(_to_inspect(outcomes, wanted), net.policy.limits.max_inspections):
            observed.inspections.append(await inspector.inspect(outcome.endpoint))
        if _may_be_hijacked(outcomes, detection):
            observed.nxdomain_addresses = await _nxdomain_addresses(net)
            await _find_misdirected(observed, outcomes, net)
        # Without stated endpoints documents were requested, which shows whether the web is reachable.
        stated = any(outcome.stated for outcome in outcomes.all)
        for host in _unreachable_hosts(outcomes) if stated and not _requested_documents(detection) else ():
            observed.web[host] = False
            with anyio.move_on_after(net.policy.timeouts.reach_timeout):
                observed.web[host] = await inspector.reach(host, 443)
    return NetworkObservations(
        inspector.now(),
        tuple(observed.inspections),
        observed.nxdomain_addresses,
        tuple(observed.misdirected_hosts),
        tuple(observed.web.items()),
        inspector.dates,
    )


def _to_inspect(outcomes: EndpointOutcomes, wanted: tuple[Endpoint, ...]) -> Iterator[EndpointOutcome]:
    """Yield one outcome of each host and direction: wanted and stated first, owners in turn."""
    found: dict[tuple[str, Direction], EndpointOutcome] = {}
    for outcome in sorted(outcomes.all, key=lambda outcome: (outcome.endpoint not in wanted, not outcome.stated)):
        on_25 = outcome.endpoint.port == 25 and outcome.kind in _INSPECTED_KINDS_ON_25
        if outcome.kind in _INSPECTED_KINDS or on_25:
            found.setdefault((outcome.host, outcome.direction), outcome)
    by_owner: dict[str, list[EndpointOutcome]] = {}
    for outcome in found.values():
        by_owner.setdefault(registrable(outcome.host), []).append(outcome)
    for one_of_each in zip_longest(*by_owner.values()):
        yield from (outcome for outcome in one_of_each if outcome is not None)


def _may_be_hijacked(outcomes: EndpointOutcomes, detection: Detection) -> bool:
    """Say whether DNS may invent addresses: not where it has answered that a name does not exist."""
    kinds = {failure.kind for failure in detection.failures}
    kinds |= {outcome.kind for outcome in outcomes.all if outcome.kind}
    return FailureKind.NO_SUCH_NAME not in kinds and bool(kinds - _ABOUT_DNS)


async def _nxdomain_addresses(net: Net) -> tuple[str, ...]:
    """Resolve a random name that is not registered: any address in the answer was invented by the network."""
    label = "".join(secrets.choice(string.ascii_lowercase) for _ in range(20))
    try:
        answer = await net.ask(Question(f"{label}.com", "A"))
    except NetworkError:
        return ()
    return tuple(map(str, answer.records))


async def _find_misdirected(observed: _Observed, outcomes: EndpointOutcomes, net: Net) -> None:
    """Record the hosts that resolve to the same addresses as the unregistered name."""
    hosts = dict.fromkeys(outcome.host for outcome in outcomes.all) if observed.nxdomain_addresses else {}
    for host in list(hosts)[:MAX_MISDIRECTED]:
        with suppress(NetworkError):
            if set(observed.nxdomain_addresses) & set(await net.resolve(host)):
                observed.misdirected_hosts.append(host)


def _requested_documents(detection: Detection) -> bool:
    """Say whether a web server was asked for a document, and failed."""
    return any(isinstance(failure.where, URL) for failure in detection.failures)


def _unreachable_hosts(outcomes: EndpointOutcomes) -> Iterator[str]:
    """Yield the hosts of which no mail port accepted a connection."""
    hosts = [outcome.host for outcome in outcomes.all if outcome.kind in NO_CONNECTION_KINDS]
    yield from [host for host in dict.fromkeys(hosts) if not outcomes.alive(host)][:MAX_PORT_CHECKS]
