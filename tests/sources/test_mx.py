"""MX records: whether what follows from them could have been forged."""

from __future__ import annotations

import pytest

from mailsettings.interfaces import MX, Answer
from mailsettings.model import Claim, Question
from mailsettings.sources.mx import MailExchangers, mx_with
from tests.support.documents import autoconfig
from tests.support.fake_net import Web, claims_in, lookups_in, run_all
from tests.support.values import ADA

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
