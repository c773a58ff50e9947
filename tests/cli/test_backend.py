"""The command with the real engine, on a network in memory."""

from collections.abc import AsyncIterable, AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from click.testing import CliRunner, Result

from mailsettings import engine
from mailsettings.address import EmailAddress
from mailsettings.cli.app import cli
from mailsettings.cli.backend import Backend
from mailsettings.events import Event
from mailsettings.leads import Source
from mailsettings.net.network import open_network
from mailsettings.planning import offline, plan
from mailsettings.policy import Policy
from mailsettings.schema import from_json
from mailsettings.sources import SOURCES
from mailsettings.testing import FakeNetwork, imap, smtp


@pytest.fixture
def world() -> FakeNetwork:
    """A domain that names its servers in SRV records, and another whose servers are its hoster's."""
    network = FakeNetwork()
    network.host("imap.example.org").serve(imap())
    network.host("smtp.example.org").serve(smtp())
    network.records("_imaps._tcp.example.org", SRV="0 1 993 imap.example.org")
    network.records("_submissions._tcp.example.org", SRV="0 1 465 smtp.example.org")
    network.records("_imaps._tcp.customer.example", SRV="0 1 993 imap.example.org")
    network.records("_submissions._tcp.customer.example", SRV="0 1 465 smtp.example.org")
    return network


def invoked(world: FakeNetwork, *arguments: str) -> Result:
    """Run the command in *world*."""

    @asynccontextmanager
    async def detect_stream(
        address: EmailAddress, *, sources: Sequence[Source], policy: Policy
    ) -> AsyncIterator[AsyncIterable[Event]]:
        async with (
            open_network(policy, world.transport(policy)) as net,
            engine.detect_stream(address, sources=sources, policy=policy, net=net) as events,
        ):
            yield events

    return CliRunner().invoke(cli, list(arguments), obj=Backend(detect_stream, plan, offline, tuple(SOURCES)))


def test_a_custom_domain_is_found_and_verified(world: FakeNetwork) -> None:
    """
    From the address to a card with both servers, exit code 0.
    """
    done = invoked(world, "ada@example.org")

    assert done.exit_code == 0
    assert "IMAP at imap.example.org, port 993, TLS\n            verified: TLS 1.3" in done.stdout
    assert "SMTP at smtp.example.org, port 465, TLS\n            verified: TLS 1.3" in done.stdout


def test_a_foreign_server_is_to_be_confirmed(world: FakeNetwork) -> None:
    """
    Servers of another domain, known from unsigned DNS only, are verified and named as such.
    """
    done = invoked(world, "ada@customer.example")

    assert done.exit_code == 0
    assert "verified, to be confirmed: TLS 1.3" in done.stdout
    assert "Confirm first\n  imap.example.org\n  smtp.example.org\n" in done.stdout


def test_the_answer_as_json_is_that_of_the_engine(world: FakeNetwork) -> None:
    """
    A whole detection, with probes and events' worth of evidence, survives the way through JSON.
    """
    found = from_json(invoked(world, "--json", "ada@example.org").stdout)

    assert [choice.verified for choice in (found.incoming[0], found.outgoing[0])] == [True, True]
    assert found == from_json(found.to_json())


def test_an_empty_world_gives_exit_code_3(world: FakeNetwork) -> None:
    """
    A domain that does not exist: nothing found, and why.
    """
    world.records("com", NS="a.nic.example")

    done = invoked(world, "ada@nowhere.example")

    assert (done.exit_code, "the domain nowhere.example does not exist" in done.stdout) == (3, True)


def test_an_offline_world_gives_exit_code_4(world: FakeNetwork) -> None:
    """
    Without a network and without a row in the table there is no answer.
    """
    world.offline()

    assert invoked(world, "ada@example.org").exit_code == 4


def test_an_offline_world_still_knows_the_table(world: FakeNetwork) -> None:
    """
    Without a network the table answers, and the card says that nothing was verified.
    """
    world.offline()
    done = invoked(world, "ada@gmail.com")

    assert (done.exit_code, "No network: nothing was verified" in done.stdout) == (1, True)
