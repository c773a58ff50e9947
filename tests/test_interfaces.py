"""What the engine takes as the network: one object that is all of it, or two."""

from collections.abc import Callable
from functools import partial
from typing import cast

import pytest

from mailsettings.address import parse_address
from mailsettings.engine import detect
from mailsettings.errors import FailureKind
from mailsettings.interfaces import Net, Prober, prober_of
from mailsettings.model import Detection, Endpoint, Failure, Probe, Step
from mailsettings.net.network import open_network
from mailsettings.policy import Policy
from mailsettings.sources.guess import guess
from mailsettings.testing import FakeNetwork, imap, run_virtual
from tests.support.fake_net import Answers

ADA = parse_address("ada@example.org")


class Refused:
    """A prober that is refused everywhere."""

    async def greet(self, endpoint: Endpoint, on_step: Callable[[Step], None]) -> Probe:
        return Probe(endpoint, failure=Failure(FailureKind.REFUSED, endpoint, "by this test"))


async def _detect(net: FakeNetwork, prober: Prober) -> Detection:
    async with open_network(Policy(), net.transport(Policy())) as network:
        return await detect(ADA, sources=(guess,), net=network, prober=prober)


def test_a_prober_of_its_own_contacts_the_servers() -> None:
    """
    The net resolves and fetches, but connects to no mail server.
    """
    net = FakeNetwork()
    net.host("imap.example.org", certificate=("imap.example.org",)).serve(imap())

    detection, _ = run_virtual(partial(_detect, net, Refused()))

    refused = {failure.kind for failure in detection.failures}

    assert (FailureKind.REFUSED in refused, net.connections) == (True, ())


def test_a_net_that_contacts_mail_servers_is_a_prober_as_well() -> None:
    """
    Most callers pass one object for both.
    """
    net = Answers()

    assert prober_of(net) is net


def test_a_net_that_contacts_no_mail_servers_needs_a_prober() -> None:
    """
    The mistake is told before anything is asked.
    """
    with pytest.raises(TypeError, match="object does not contact mail servers"):
        prober_of(cast(Net, object()))
