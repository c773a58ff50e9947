"""The bundled table: what it says about the providers that most people are at."""

import pytest

from mailsettings.address import parse_address
from mailsettings.model import Auth, Authority, Claim, Fact
from mailsettings.provider_table import table
from mailsettings.sources.provider_table import leads_in_table
from tests.support.popular_providers import BY_DOMAIN, BY_MX, BY_TRACE, FULL, Expected


@pytest.mark.parametrize("expected", BY_DOMAIN, ids=lambda expected: expected.address)
def test_an_address_leads_to_the_provider_s_servers(expected: Expected) -> None:
    """Servers in the provider's order, user name forms in the order to try, and what to do first."""
    row = table.find_domain(parse_address(expected.address).domain)

    assert row is not None
    found = Expected(
        expected.address,
        row.provider.id,
        tuple(str(server.endpoint) for server in row.incoming),
        tuple(str(server.endpoint) for server in row.outgoing),
        row.incoming[0].usernames if row.incoming else (),
        tuple(hint.id for hint in row.provider.hints),
    )
    assert found == expected


@pytest.mark.parametrize(("host", "provider"), BY_MX.items(), ids=BY_MX)
def test_an_mx_host_leads_to_the_provider(host: str, provider: str | None) -> None:
    """A customer's domain is recognised by its mail exchanger, whose name none of the provider's customers can have."""
    found = table.find_mx(host)

    assert (found and (found.row.provider.id, found.certain)) == (provider and (provider, True))


@pytest.mark.parametrize(("kind", "name", "provider"), BY_TRACE)
def test_a_trace_leads_to_the_hoster(kind: str, name: str, provider: str) -> None:
    """Where a filter hides the mailboxes, other records still show them."""
    row = table.find_trace(kind, name)

    assert row is not None
    assert row.provider.id == provider


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("mxa-0012.gslb.pphosted.com", "filter"),
        ("route1.mx.cloudflare.net", "forwarder"),
        ("mail.protonmail.ch", "bridge"),
        ("mail.tutanota.de", "none"),
    ],
)
def test_providers_without_servers_say_why(host: str, kind: str) -> None:
    """No guess is made where none can succeed; the user learns the reason."""
    found = table.find_mx(host)

    assert found is not None
    row = found.row
    assert (row.provider.kind, row.incoming, row.outgoing) == (kind, (), ())
    assert all(hint.text for hint in row.provider.hints)
    assert row.provider.hints


def test_icloud_sends_with_the_whole_address() -> None:
    """Reading takes the local part, sending the whole address: a server's user name can differ."""
    row = table.find_domain("icloud.com")

    assert row is not None
    assert row.outgoing[0].usernames == (FULL,)


def test_microsoft_takes_no_passwords() -> None:
    """A password that a user types for Outlook.com would only be refused."""
    row = table.find_domain("outlook.com")

    assert row is not None
    assert {server.auth for server in (*row.incoming, *row.outgoing)} == {(Auth.OAUTH2,)}


def test_old_hosts_are_replaced() -> None:
    """Settings that were copied years ago are recognised."""
    assert table.obsolete("imap-mail.outlook.com") == "outlook.office365.com"


def test_a_domain_s_leads_are_the_provider_and_a_claim_per_server() -> None:
    """The first server of each protocol is contacted at once, the others when it does not respond."""
    leads = tuple(leads_in_table(table.bundled(), parse_address("ada@gmail.com"), Authority.TABLE))

    provider, *claims = leads
    assert isinstance(provider, Fact)
    assert [(str(claim.endpoint), claim.eager) for claim in claims if isinstance(claim, Claim)] == [
        ("imap://imap.gmail.com:993 (tls)", True),
        ("pop3://pop.gmail.com:995 (tls)", True),
        ("smtp://smtp.gmail.com:465 (tls)", True),
        ("smtp://smtp.gmail.com:587 (starttls)", False),
    ]


def test_claims_name_their_row() -> None:
    """Every word of the table can be looked up again."""
    claims = list(leads_in_table(table.bundled(), parse_address("ada@gmail.com"), Authority.TABLE))[1:]

    assert {claim.evidence.locator for claim in claims if isinstance(claim, Claim)} == {"providers.yaml: gmail"}
