"""PACC: a document whose digest is in DNS."""

from __future__ import annotations

import base64
import hashlib

import pytest

from mailsettings.errors import DocumentError, FailureKind
from mailsettings.interfaces import Answer
from mailsettings.model import Authority, Question
from mailsettings.sources.pacc import PaccDocument, pacc
from tests.support.fake_net import Web, claims_in, run_all
from tests.support.values import ADA

PACC_URL = "https://ua-auto-config.example.org/.well-known/user-agent-configuration.json"
PACC = b'{"protocols": {"imap": {"host": "imap.example.org"}, "submit": {"host": "smtp.example.org"}}, "info": {}}'
PACC_TXT = f"v=UAAC1; a=sha256; d={base64.b64encode(hashlib.sha256(PACC).digest()).decode()}"


def txt(name: str, *records: str, authentic: bool = False) -> Answer:
    return Answer(Question(name, "TXT"), records, authentic=authentic)


@pytest.mark.anyio
async def test_pacc() -> None:
    """
    A document that DNS vouches for has the domain's authority, and comes after its autoconfig documents.
    """
    net = Web({PACC_URL: PACC}, txt("_ua-auto-config.example.org", PACC_TXT))

    claims = claims_in(await run_all(list(pacc(ADA)), net))

    assert [str(claim.endpoint) for claim in claims] == [
        "imap://imap.example.org:993 (tls)",
        "smtp://smtp.example.org:465 (tls)",
    ]
    assert {(c.evidence.authority, c.evidence.authentic, c.order >= 100) for c in claims} == {
        (Authority.DOMAIN, True, True)
    }


@pytest.mark.anyio
async def test_pacc_costs_one_question_where_there_is_none() -> None:
    """
    Without a digest no document can count, so that none is fetched.
    """
    net = Web({PACC_URL: PACC}, txt("_ua-auto-config.example.org", "v=spf1 -all"))

    assert (await run_all(list(pacc(ADA)), net), net.requests) == ([], {})


@pytest.mark.anyio
async def test_pacc_with_another_digest_is_invalid() -> None:
    """
    What DNS does not vouch for does not count.
    """
    with pytest.raises(DocumentError) as caught:
        await PaccDocument("example.org", (b"x" * 32,)).run(Web({PACC_URL: PACC}))

    assert caught.value.kind is FailureKind.INVALID_DOCUMENT
