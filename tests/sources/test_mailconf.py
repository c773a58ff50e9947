"""Documents to which a TXT record points."""

from __future__ import annotations

import pytest

from mailsettings.interfaces import Answer
from mailsettings.model import Authority, Note, Question
from mailsettings.policy import Policy
from mailsettings.sources.mailconf import mailconf, mailconf_urls
from tests.support.documents import autoconfig as document
from tests.support.fake_net import Web, claims_in, run_all
from tests.support.values import ADA


def txt(name: str, *records: str, authentic: bool = False) -> Answer:
    return Answer(Question(name, "TXT"), records, authentic=authentic)


FOUND = ["imap://imap.example.org:993 (tls)", "smtp://smtp.example.org:587 (starttls)"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("url", "signed", "authority", "authentic"),
    [
        pytest.param("https://www.example.org/a.xml", False, Authority.DOMAIN, True, id="own https host"),
        pytest.param("https://hoster.example/a.xml", False, Authority.HTTP_DOCUMENT, False, id="foreign https host"),
        pytest.param("https://hoster.example/a.xml", True, Authority.DOMAIN, True, id="foreign host, signed record"),
        pytest.param("http://www.example.org/a.xml", True, Authority.HTTP_DOCUMENT, False, id="plain http"),
    ],
)
async def test_mailconf(url: str, authority: Authority, *, signed: bool, authentic: bool) -> None:
    """
    Who points there may be forged unless DNSSEC signs it; a document of the domain's own host cannot.
    """
    net = Web({url: document()}, txt("example.org", f"mailconf={url}", authentic=signed))

    claims = claims_in(await run_all(list(mailconf(ADA)), net))

    assert [str(claim.endpoint) for claim in claims] == FOUND
    assert {(claim.evidence.authority, claim.evidence.authentic) for claim in claims} == {(authority, authentic)}


@pytest.mark.anyio
async def test_mailconf_in_clear_can_be_switched_off() -> None:
    """
    allow_http=False counts for pointers too.
    """
    url = "http://www.example.org/a.xml"
    net = Web({url: document()}, txt("example.org", f"mailconf={url}"), policy=Policy(allow_http=False))

    leads = await run_all(list(mailconf(ADA)), net)

    assert ([type(lead) for lead in leads], net.requests) == ([Note], {})


@pytest.mark.parametrize(
    ("records", "urls"),
    [
        pytest.param(("mailconf=https://a.example/x.xml",), ("https://a.example/x.xml",), id="one"),
        pytest.param((" MAILCONF= https://a.example/x.xml ",), ("https://a.example/x.xml",), id="case and blanks"),
        pytest.param(("mailconf=http://a.example/x",), ("http://a.example/x",), id="plain http"),
        pytest.param(("mailconf=https://a.example/",) * 2, ("https://a.example/",), id="twice"),
        pytest.param(("v=spf1 -all", "mailconf", "x mailconf=https://a.example/"), (), id="something else"),
        pytest.param(("mailconf=https://a.example:22/",), (), id="another port"),
        pytest.param(("mailconf=https://127.0.0.1/",), (), id="an address"),
        pytest.param(("mailconf=https://u:p@a.example/",), (), id="a user name"),
        pytest.param(("mailconf=ftp://a.example/",), (), id="another scheme"),
        pytest.param(("mailconf=",), (), id="nothing"),
    ],
)
def test_followed_urls(records: tuple[str, ...], urls: tuple[str, ...]) -> None:
    """
    Only plain web addresses on the usual ports are followed.
    """
    assert mailconf_urls(records) == urls
