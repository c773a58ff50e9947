"""MX records: whether what follows from them could have been forged."""

from __future__ import annotations

import pytest

from mailsettings.interfaces import MX, Answer
from mailsettings.model import Authority, Claim, ConfirmReason, Protocol, Question
from mailsettings.sources.mx import MailExchangers, mx_with
from tests.support.documents import autoconfig
from tests.support.fake_net import Web, claims_in, lookups_in, run_all
from tests.support.values import ADA, ada

pytestmark = pytest.mark.anyio

DOCUMENT = "https://autoconfig.hoster.example/mail/config-v1.1.xml"


async def claims(host: str, *, authentic: bool) -> list[Claim]:
    """Return what a domain's MX record *host*, with or without DNSSEC, leads to, guesses left out."""
    answer = Answer(Question("example.org", "MX"), (MX(10, host),), authentic=authentic)
    found = claims_in(await run_all([MailExchangers(ADA)], Web({DOCUMENT: autoconfig()}, answer)))
    return [claim for claim in found if claim.evidence.authority.name.startswith("MX_")]


@pytest.mark.parametrize("authentic", [False, True])
@pytest.mark.parametrize("host", ["mx.hoster.example", "spool.mail.gandi.net"])
async def test_what_follows_is_as_authentic_as_the_record(host: str, authentic: bool) -> None:
    """
    A row of the table or a document of the hoster: DNSSEC makes the way to it safe.
    """
    assert {claim.evidence.authentic for claim in await claims(host, authentic=authentic)} == {authentic}


@pytest.mark.parametrize(
    ("base", "wanted"), [("https://db.example", ["https://db.example/hoster.example"]), ("", [])], ids=["other", "none"]
)
async def test_the_collection_that_is_asked_for_the_exchanger(base: str, wanted: list[str]) -> None:
    """
    Another one, or none.
    """
    answer = Answer(Question("example.org", "MX"), (MX(10, "mx.hoster.example"),))
    (lookup,) = mx_with(base)(ADA)
    assert isinstance(lookup, MailExchangers)

    asked = lookups_in(list(await lookup.run(Web({}, answer))))

    assert [url for url in asked if url.endswith("/hoster.example")] == wanted


async def leads_of(domain: str, *records: MX) -> list[Claim]:
    """Return the claims that follow from the exchangers *records* of *domain*; its own documents do not exist."""
    answer = Answer(Question(domain, "MX"), records)
    return claims_in(await run_all([MailExchangers(ada(domain))], Web({}, answer)))


def statements(claims: list[Claim]) -> set[tuple[Authority, ConfirmReason | None]]:
    """Return the authorities of what is claimed of the provider Gandi, with the reasons to ask."""
    of_gandi = (claim.evidence for claim in claims if claim.endpoint.host == "mail.gandi.net")
    return {(evidence.authority, evidence.confirm_reason) for evidence in of_gandi}


CERTAIN = {(Authority.MX_TABLE, None)}
BACKUP = {(Authority.TRACE, ConfirmReason.BACKUP_EXCHANGER)}
SPOOL, FB, OWN = "spool.mail.gandi.net", "fb.mail.gandi.net", "mail.example.org"


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        pytest.param([MX(10, SPOOL)], CERTAIN, id="one"),
        pytest.param([MX(10, SPOOL), MX(10, FB), MX(50, OWN)], CERTAIN, id="all of the lowest preference"),
        pytest.param([MX(10, OWN), MX(50, SPOOL)], BACKUP, id="a backup"),
        pytest.param([MX(10, OWN), MX(10, SPOOL)], BACKUP, id="one of two equal ones"),
        pytest.param([MX(10, "mx1.improvmx.com"), MX(20, SPOOL)], set(), id="behind a forwarder"),
    ],
)
async def test_a_row_is_certain_if_all_best_exchangers_belong_to_it(
    records: list[MX], expected: set[tuple[Authority, ConfirmReason | None]]
) -> None:
    """
    Of several exchangers the most preferred ones have the mailboxes; a backup only keeps mail for them.
    """
    assert statements(await leads_of("example.org", *records)) == expected


async def test_a_name_that_customers_can_have_is_no_proof() -> None:
    """
    Below an ISP's or hoster's domain without published exchangers, and below its mail domain.
    """
    found = await leads_of("example.org", MX(10, "mx7.customer.aruba.it"))

    evidence = [claim.evidence for claim in found if claim.endpoint.host == "imaps.aruba.it"]
    assert {(each.authority, each.confirm_reason) for each in evidence} == {
        (Authority.TRACE, ConfirmReason.CUSTOMER_EXCHANGER)
    }


async def test_a_provider_whose_customers_have_own_servers_is_tried_at_the_exchanger() -> None:
    """
    All-inkl: the exchanger is the machine with the mailboxes, IMAP first.
    """
    host = "w0123456.kasserver.com"
    found = await leads_of("example.org", MX(10, host))

    at_host = [claim for claim in found if claim.endpoint.host == host]
    assert {claim.evidence.authority for claim in at_host} == {Authority.MX_TABLE}
    assert {claim.endpoint.port for claim in at_host} == {993, 143, 995, 110, 465, 587, 25}


async def test_pop3_at_the_exchanger_is_not_preferred_to_imap() -> None:
    """
    Within one source the lowest order decides between protocols, and only in a tie IMAP comes first.
    """
    host = "w0123456.kasserver.com"
    found = [claim for claim in await leads_of("example.org", MX(10, host)) if claim.endpoint.host == host]

    first = {
        protocol: min(claim.order for claim in found if claim.endpoint.protocol is protocol)
        for protocol in (Protocol.IMAP, Protocol.POP3)
    }
    assert first[Protocol.IMAP] == first[Protocol.POP3]


@pytest.mark.parametrize(
    ("domain", "exchanger"), [("sky.com", "mx-eu.mail.am0.yahoodns.net"), ("gmail.com", "gmail-smtp-in.l.google.com")]
)
async def test_the_exchangers_that_a_row_expects_say_nothing_new(domain: str, exchanger: str) -> None:
    """
    Yahoo takes in the mail of sky.com: that does not make Yahoo's servers those of Sky's customers.
    """
    assert await leads_of(domain, MX(10, exchanger)) == []
