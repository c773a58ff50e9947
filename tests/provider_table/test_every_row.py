"""A detection where exactly one provider answers: every row of the table leads to verified settings."""

import anyio
import pytest

from mailsettings.engine import detect
from mailsettings.model import Choice, Detection, Protocol, Security
from mailsettings.net.network import open_network
from mailsettings.policy import Policy
from mailsettings.provider_table import table
from mailsettings.provider_table.rows import Row, TableServer
from mailsettings.testing import FakeNetwork, imap, pop3, smtp
from tests.support.provider_tables import example_of

pytestmark = pytest.mark.slow  # some five hundred detections
SERVERS = {Protocol.IMAP: imap, Protocol.POP3: pop3, Protocol.SMTP: smtp}


def world(row: Row) -> FakeNetwork:
    """A world in which exactly the servers of *row* answer."""
    net = FakeNetwork()
    for server in (*row.incoming, *row.outgoing):
        endpoint = server.endpoint
        net.host(endpoint.host).serve(SERVERS[endpoint.protocol](endpoint.port, security=endpoint.security))
    return net


async def detected(address: str, net: FakeNetwork) -> Detection:
    policy = Policy()
    with anyio.fail_after(60):
        async with open_network(policy, net.transport(policy)) as network:
            return await detect(address, net=network)


def protected(servers: tuple[TableServer, ...]) -> list[str]:
    """The servers that a password may ever go to, as text."""
    return [str(server.endpoint) for server in servers if server.endpoint.security is not Security.PLAIN]


def best(choices: tuple[Choice, ...]) -> list[str]:
    """The best choice, if it is verified and may have the password without a question."""
    return [str(choice.endpoint) for choice in choices[:1] if choice.verified and choice.trust.allows_password]


@pytest.mark.anyio
async def test_every_provider_s_first_domain_leads_to_its_preferred_servers() -> None:
    """Both directions are verified, and it is the server that the row names first."""
    wrong = []
    for row in table.all_providers():
        if row.domains and (row.incoming or row.outgoing):
            detection = await detected(f"ada@{row.domains[0]}", world(row))
            found = (best(detection.incoming), best(detection.outgoing))
            if found != (protected(row.incoming)[:1], protected(row.outgoing)[:1]):
                wrong.append((row.provider.id, found))

    assert wrong == []


@pytest.mark.anyio
async def test_a_custom_domain_behind_every_exchanger_leads_to_verified_servers() -> None:
    """The MX record alone decides; the domain publishes nothing else."""
    wrong = []
    for row in table.all_providers():
        exchangers = (*map(example_of, row.mx), *(f"mx1.{suffix}" for suffix in row.shared_mx))
        for host in exchangers if row.incoming and row.outgoing else ():
            net = world(row)
            net.records("customer.example", MX=f"10 {host}")
            detection = await detected("ada@customer.example", net)
            if not (detection.incoming[:1] and detection.incoming[0].verified and detection.outgoing[0].verified):
                wrong.append((row.provider.id, host))

    assert wrong == []
