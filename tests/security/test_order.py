"""One world is one answer, whatever the order in which tasks run and answers come."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailsettings import Policy
from mailsettings.testing import FakeNetwork, imap, smtp
from tests.support.security.contradictory_domain import busy
from tests.support.security.harness import DOMAIN, detect_in

QUICK, MANY = 6, 200


def parked(net: FakeNetwork) -> None:
    """Answer to every name with one address, where three ports are silent and one resets."""
    net.zone(f"*.{DOMAIN} A 11.9.0.1\n{DOMAIN} A 11.9.0.1\n{DOMAIN} MX 10 mx.{DOMAIN}")
    net.host("parked.example", "11.9.0.1").web(80, 443).hold(993, 587).reset(465)


def split(net: FakeNetwork) -> None:
    """Serve each protocol on hosts of its own, two of each equally good."""
    net.host(f"imap.{DOMAIN}", "11.9.0.1", "2a00::1").serve(imap())
    net.host(f"mail.{DOMAIN}", "11.9.0.2").serve(imap(), smtp(), smtp(587))
    net.host(f"smtp.{DOMAIN}", "11.9.0.3").serve(smtp(587))
    net.without_ipv6()


WORLDS = {"busy": busy, "parked": parked, "split": split}
POLICIES = {"settled": Policy(), "exhaustive": Policy(exhaustive=True), "service": Policy.service()}


def answers(build: Callable[[FakeNetwork], None], policy: Policy, times: int) -> set[str]:
    """Return the different answers of so many runs; trio draws the order of its tasks anew in each."""
    return {detect_in(build, policy=policy, rtt=0.05).detection.to_json() for _ in range(times)}


def test_schedules_really_differ() -> None:
    """What is asked at the same moment is asked in another order each time: one order would make one answer easy."""
    worlds = [detect_in(busy, policy=Policy(), rtt=0.05).net for _ in range(QUICK)]
    orders = {(net.questions, net.connections) for net in worlds}

    assert len(orders) > 1


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("build", WORLDS.values(), ids=WORLDS)
def test_a_dozen_schedules_are_one_answer(build: Callable[[FakeNetwork], None], policy: Policy) -> None:
    """A quick look."""
    assert len(answers(build, policy, QUICK)) == 1


@pytest.mark.thorough
@pytest.mark.parametrize("build", WORLDS.values(), ids=WORLDS)
def test_two_hundred_schedules_are_one_answer(build: Callable[[FakeNetwork], None]) -> None:
    """JSON, byte for byte."""
    assert len(answers(build, Policy(), MANY)) == 1


@pytest.mark.parametrize("build", WORLDS.values(), ids=WORLDS)
def test_single_bytes_are_the_same_answer(build: Callable[[FakeNetwork], None]) -> None:
    """How the network cuts a reply into segments is no part of the reply."""

    def in_bytes(net: FakeNetwork) -> None:
        net.segment = 1
        build(net)

    assert answers(in_bytes, Policy(), 1) == answers(build, Policy(), 1)
