"""Torture: every operation of a detection fails once, and is cancelled once (as curl's torture tests do)."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import cycle

import anyio
import pytest

from benchmarks.worlds import WORLDS
from mailsettings import Detection, FailureKind, Policy, detect
from mailsettings.net.network import open_network
from mailsettings.testing import FakeNetwork, run_virtual
from tests.support.security.contradictory_domain import busy
from tests.support.security.harness import ADA, DOMAIN, Build, detect_in

RTT = 0.05
KINDS = (
    FailureKind.CLOSED,
    FailureKind.CONNECT_TIMEOUT,
    FailureKind.DNS_FAILED,
    FailureKind.NO_NETWORK,
    FailureKind.TLS_FAILED,
    FailureKind.LIMIT,
)
# What may become of operation number so and so.
FAULTS: dict[str, Callable[[FakeNetwork, int], None]] = {
    **{kind.value: partial(lambda kind, net, step: net.fail_at(step, kind), kind) for kind in KINDS},
    "hangs": FakeNetwork.hang_at,
    "short read": FakeNetwork.cut_at,
}
# One of each sort: the table, a document, DNS with STARTTLS, names in a certificate, guesses.
CHOSEN = ("table", "document on autoconfig", "srv starttls", "certificate of the hoster", "guess through a cname")
FEW = 13  # every so many operations in the quick tests; prime, so that it falls into no rhythm


def _worlds() -> Mapping[str, tuple[Build, str]]:
    """Return the worlds that are tortured, each with an address in it, and the busiest one."""
    known: dict[str, tuple[Build, str]] = {world.name: (world.build, world.address) for world in WORLDS}
    return {name: known[name] for name in CHOSEN} | {"busy": (busy, ADA)}


TORTURED = _worlds()


def steps(build: Build, address: str) -> int:
    """Return how many operations a detection takes."""
    return detect_in(build, policy=Policy(), address=address, rtt=RTT).net.steps


def fails_at(step: int, fault: str, build: Build) -> Build:
    def broken(net: FakeNetwork) -> None:
        build(net)
        FAULTS[fault](net, step)

    return broken


def torture(build: Build, address: str, faults: Iterable[tuple[int, str]]) -> set[str]:
    """Let one operation fail in each run; return what was verified in any. detect_in() checks what must always hold."""
    found: set[str] = set()
    for step, fault in faults:
        result = detect_in(fails_at(step, fault, build), policy=Policy(), address=address, rtt=RTT)
        assert result.detection.failures or result.verified
        found |= set(result.verified)
    return found


@pytest.mark.parametrize("name", TORTURED)
def test_some_operations_fail(name: str) -> None:
    """A quick look: an answer or a typed failure, in time, nothing left open."""
    some = range(1, steps(*TORTURED[name]) + 1, FEW)

    assert torture(*TORTURED[name], zip(some, cycle(FAULTS), strict=False)) != set()


@pytest.mark.thorough
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", TORTURED)
def test_every_operation_fails(name: str, fault: str) -> None:
    """Each of them, in each of eight ways."""
    every = range(1, steps(*TORTURED[name]) + 1)

    assert torture(*TORTURED[name], ((step, fault) for step in every)) != set()


class CancelAt(dict[int, FailureKind]):
    """Faults of a world: at operation *step* the whole detection is cancelled instead."""

    def __init__(self, step: int, cancel: Callable[[], None]) -> None:
        super().__init__()
        self._step = step
        self._cancel = cancel

    def get(self, step: int, default: FailureKind | None = None) -> FailureKind | None:  # type: ignore[override]  # the one way it is read
        if step == self._step:
            self._cancel()
        return default


async def cancelled(net: FakeNetwork, address: str, step: int) -> Detection | None:
    """Detect, and be cancelled at operation *step*; return the answer if it was there before."""
    policy = Policy()
    with anyio.CancelScope() as scope:
        net.ledger.faults = CancelAt(step, scope.cancel)
        async with open_network(policy, transport=net.transport(policy)) as network:
            return await detect(address, policy=policy, net=network)
    return None


def cancelled_everywhere(build: Build, address: str, every: int) -> int:
    """Cancel at each operation; return how often that came before the answer."""
    early = 0
    for step in range(1, steps(build, address) + 1, every):
        net = FakeNetwork(rtt=RTT)
        build(net)
        detection, _ = run_virtual(cancelled, net, address, step)
        assert net.open_streams == ()
        early += detection is None
    return early


@pytest.mark.parametrize("name", TORTURED)
def test_cancelling_at_some_operations_closes_everything(name: str) -> None:
    """Whoever gives up gets every socket back."""
    assert cancelled_everywhere(*TORTURED[name], every=FEW) > 0


@pytest.mark.thorough
@pytest.mark.parametrize("name", TORTURED)
def test_cancelling_at_every_operation_closes_everything(name: str) -> None:
    """Each of them."""
    assert cancelled_everywhere(*TORTURED[name], every=1) > 0


def asked_by_post(net: FakeNetwork) -> None:
    """A domain that answers Autodiscover alone: the question is a request with a body."""
    net.page(f"https://autodiscover.{DOMAIN}/autodiscover/autodiscover.xml", "<x/>", method="POST")
    net.page(f"https://{DOMAIN}/autodiscover/autodiscover.xml", "<x/>", method="POST")


def test_a_request_cancelled_while_it_is_sent_leaves_nothing_behind() -> None:
    """Its body was an async generator, left unfinished: a ResourceWarning on trio, at the next garbage collection."""
    assert cancelled_everywhere(asked_by_post, ADA, every=1) > 0

    gc.collect()  # the warning, if any, is an error of this test


@pytest.mark.anyio
@pytest.mark.parametrize("step", range(1, 200, 17))
async def test_both_event_loops_clean_up(step: int) -> None:
    """asyncio cancels differently."""
    net = FakeNetwork()
    busy(net)

    await cancelled(net, ADA, step)

    assert net.open_streams == ()
