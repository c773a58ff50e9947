"""Look once more at what failed, when a direction has no server: few connections, little time, nothing sent.

detection without a direction ──▶ handshakes that believe everything, a name nobody has, port 443 ──▶ better findings
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

MAX_MISDIRECTED = 4  # hosts whose addresses are compared with invented ones
MAX_PORT_CHECKS = 2  # hosts whose port 443 is tried
# Where a second handshake shows more than the first. A certificate for another name has been read already.
_INSPECTED_KINDS = frozenset(
    kind for kind in FailureKind if kind.about_certificate and kind is not FailureKind.CERTIFICATE_NAME
) | {
    FailureKind.TLS_TOO_OLD,
    FailureKind.TLS_FAILED,
}
# On port 25 somebody else may answer: then the greeting tells.
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
    """Return *detection* with the findings that a second look, *within* so many seconds, makes more exact.

    A *prober* that is no Inspector leaves them as they are.
    """
    wanted = tuple(stated)
    if within <= 0 or not isinstance(prober, Inspector):
        return replace(detection, findings=findings_of(detection, wanted)) if wanted else detection
    seen = await _observe(detection, net, prober, within, wanted)
    return replace(detection, findings=findings_of(detection, wanted, seen))


@dataclass(slots=True)
class _Observed:
    """What has been seen so far: when the time is up, that much has been seen."""

    inspections: list[Inspection] = field(default_factory=list)
    nxdomain_addresses: tuple[str, ...] = ()
    misdirected_hosts: list[str] = field(default_factory=list)
    web: dict[str, bool] = field(default_factory=dict)


async def _observe(
    detection: Detection, net: Net, inspector: Inspector, within: float, wanted: tuple[Endpoint, ...]
) -> NetworkObservations:
    import anyio

    places, seen = outcomes_of(detection, wanted), _Observed()
    with anyio.move_on_after(within):
        for place in islice(_to_inspect(places, wanted), net.policy.limits.max_inspections):
            seen.inspections.append(await inspector.inspect(place.endpoint))
        if _may_be_hijacked(places, detection):
            seen.nxdomain_addresses = await _nxdomain_addresses(net)
            await _compare(seen, places, net)
        # Where nobody was stated, documents were asked for, which tells as much.
        for host in _silent(places) if any(place.stated for place in places.all) and not _web(detection) else ():
            seen.web[host] = False
            with anyio.move_on_after(net.policy.timeouts.reach_timeout):
                seen.web[host] = await inspector.reach(host, 443)
    web = tuple(seen.web.items())
    return NetworkObservations(
        inspector.now(),
        tuple(seen.inspections),
        seen.nxdomain_addresses,
        tuple(seen.misdirected_hosts),
        web,
        inspector.dates,
    )


def _to_inspect(places: EndpointOutcomes, wanted: tuple[Endpoint, ...]) -> Iterator[EndpointOutcome]:
    """Yield one place of each host and direction: typed and stated ones first, new owners before more of one."""
    found: dict[tuple[str, Direction], EndpointOutcome] = {}
    for place in sorted(places.all, key=lambda place: (place.endpoint not in wanted, not place.stated)):
        kind = place.failure.kind if place.failure else None
        on_25 = place.endpoint.port == 25 and kind in _INSPECTED_KINDS_ON_25
        if kind is not None and (kind in _INSPECTED_KINDS or on_25):
            found.setdefault((place.endpoint.host, place.direction), place)
    by_owner: dict[str, list[EndpointOutcome]] = {}
    for place in found.values():
        by_owner.setdefault(registrable(place.endpoint.host), []).append(place)
    yield from (place for turn in zip_longest(*by_owner.values()) for place in turn if place is not None)


def _may_be_hijacked(places: EndpointOutcomes, detection: Detection) -> bool:
    """Say whether addresses could have been made up on the way: not where a name was said not to exist."""
    kinds = {failure.kind for failure in detection.failures}
    kinds |= {place.failure.kind for place in places.all if place.failure}
    return FailureKind.NO_SUCH_NAME not in kinds and bool(kinds - _ABOUT_DNS)


async def _nxdomain_addresses(net: Net) -> tuple[str, ...]:
    """Ask for a name that nobody has registered: an answer is invented on the way."""
    label = "".join(secrets.choice(string.ascii_lowercase) for _ in range(20))
    try:
        answer = await net.ask(Question(f"{label}.com", "A"))
    except NetworkError:
        return ()
    return tuple(map(str, answer.records))


async def _compare(seen: _Observed, places: EndpointOutcomes, net: Net) -> None:
    """Find the hosts that DNS leads to where it leads nobody."""
    hosts = dict.fromkeys(place.endpoint.host for place in places.all) if seen.nxdomain_addresses else {}
    for host in list(hosts)[:MAX_MISDIRECTED]:
        with suppress(NetworkError):
            if set(seen.nxdomain_addresses) & set(await net.resolve(host)):
                seen.misdirected_hosts.append(host)


def _web(detection: Detection) -> bool:
    """Say whether a web server was asked for anything."""
    return any(isinstance(failure.where, URL) for failure in detection.failures)


def _silent(places: EndpointOutcomes) -> Iterator[str]:
    """Yield the hosts of which no port of mail has answered."""
    hosts = [place.endpoint.host for place in places.all if place.failure and place.failure.kind in NO_CONNECTION_KINDS]
    yield from [host for host in dict.fromkeys(hosts) if not places.alive(host)][:MAX_PORT_CHECKS]
