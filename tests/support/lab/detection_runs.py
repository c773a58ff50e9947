"""A search inside the laboratory, and what must be true of it whatever is wrong with the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import anyio

from mailsettings import Choice, Detection, Policy, detect
from mailsettings.errors import FailureKind
from tests.support.lab.laboratory import Laboratory
from tests.support.lab.namespaces import inside
from tests.support.lab.world import Fault

PATIENCE = 3.0  # times the deadline: for a machine with other things to do, nothing is measured here
BACKENDS = ("asyncio", "trio")


def searched(lab: Laboratory, domain: str, *, resolver: str = "", backend: str = "asyncio") -> Detection:
    """Return what a user of *domain* is told, with the default policy; AssertionError if it may not be so."""
    policy = Policy(resolver=resolver or lab.resolver, resolver_validates=True, ca_file=str(lab.ca_file))
    before = sockets()
    with inside(lab.namespaces.client):
        detection = anyio.run(_search, f"ada@{domain}", policy, backend=backend)
    assert sockets() == before
    assert list(complaints(lab, detection)) == []
    return detection


async def _search(address: str, policy: Policy) -> Detection:
    with anyio.fail_after(PATIENCE * policy.timeouts.greeting_deadline):
        return await detect(address, policy=policy)


def sockets() -> int:
    """Return how many sockets this process has open."""
    return sum(1 for link in Path("/proc/self/fd").iterdir() if _target(link).startswith("socket:"))


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:  # the directory that is being listed
        return ""


def complaints(lab: Laboratory, detection: Detection) -> Iterator[str]:
    """Yield what no fault of a network may bring about."""
    if FailureKind.INTERNAL in kinds(detection):
        yield f"a mistake of ours: {detection.failures}"
    for choice in (*detection.incoming, *detection.outgoing):
        if choice.verified and not _true(lab, choice):
            yield f"wrongly verified: {choice}"


def _true(lab: Laboratory, choice: Choice) -> bool:
    """Say whether the laboratory has the server of *choice* just so, and it was contacted where it is."""
    endpoint, place = choice.endpoint, lab.places.get(choice.endpoint.host)
    return (
        place is not None
        and any((each.port, each.security) == (endpoint.port, endpoint.security) for each in place.host.services)
        and place.host.certificate.fault is Fault.NONE
        and endpoint.host in place.certificate_names
        and choice.probe is not None
        and choice.probe.address in map(str, place.addresses)
    )


def kinds(detection: Detection, where: str = "") -> set[FailureKind]:
    """Return the kinds of the failures at places with *where* in their name."""
    return {failure.kind for failure in detection.failures if where in failure.place}


def verified(detection: Detection) -> tuple[str, ...]:
    """Return the best endpoint of each direction, if it was verified."""
    firsts = (*detection.incoming[:1], *detection.outgoing[:1])
    return tuple(str(choice.endpoint) for choice in firsts if choice.verified)
