"""The ISPDB, and other collections of the same form."""

from __future__ import annotations

import pytest

from mailsettings.errors import DocumentError, FailureKind, NetworkError
from mailsettings.model import Authority
from mailsettings.sources.ispdb import ispdb, ispdb_at
from tests.support.documents import autoconfig as document
from tests.support.fake_net import Web, claims_in, first_lookup, lookups_in, run_all
from tests.support.values import ADA


@pytest.mark.anyio
async def test_a_web_page_is_a_failure_of_its_own_kind() -> None:
    """
    A captive portal answers everything: no settings, and said so.
    """
    lookup = first_lookup(ispdb(ADA))

    with pytest.raises(DocumentError) as caught:
        await lookup.run(Web({str(lookup): b"<!DOCTYPE html><title>Log in"}))

    assert caught.value.kind is FailureKind.NO_DOCUMENT


def test_the_ispdb_is_told_the_domain_only() -> None:
    """
    A third party learns no local part.
    """
    assert lookups_in(list(ispdb(ADA))) == ["https://live.thunderbird.net/autoconfig/v1.1/example.org"]


@pytest.mark.anyio
@pytest.mark.parametrize("base", ["https://db.example.net/x", "https://db.example.net/x/"])
async def test_the_ispdb_can_be_another_one(base: str) -> None:
    """
    A company may keep its own collection.
    """
    net = Web({"https://db.example.net/x/example.org": document()})

    claims = claims_in(await run_all(list(ispdb_at(base)(ADA)), net))

    assert {(claim.evidence.authority, claim.evidence.source, claim.evidence.domain) for claim in claims} == {
        (Authority.ISPDB, "ispdb", "db.example.net")
    }


@pytest.mark.anyio
async def test_the_ispdb_is_not_told_more_when_it_knows_nothing() -> None:
    """
    A 404 of a third party is final.
    """
    net = Web({"https://live.thunderbird.net/autoconfig/v1.1/example.org": 404})

    await run_all(list(ispdb(ADA)), net)

    assert len(net.requests) == 1


@pytest.mark.anyio
async def test_failures_of_the_network_stay_typed() -> None:
    """
    What went wrong below reaches the engine as it is.
    """
    with pytest.raises(NetworkError) as caught:
        await first_lookup(ispdb(ADA)).run(Web({}))

    assert caught.value.kind is FailureKind.NO_SUCH_NAME
