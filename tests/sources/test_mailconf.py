"""Documents to which a TXT record points."""

from __future__ import annotations

import pytest

from mailsettings.interfaces import Answer, Page
from mailsettings.leads import is_lookup
from mailsettings.model import Authority, Note, Question
from mailsettings.policy import Policy
from mailsettings.sources.documents import Place
from mailsettings.sources.mailconf import MailconfRecord, mailconf, mailconf_urls, names_issuer
from tests.support.documents import autoconfig as document
from tests.support.documents import incoming
from tests.support.fake_net import Web, claims_in, run_all
from tests.support.values import ADA


def txt(name: str, *records: str, authentic: bool = False) -> Answer:
    return Answer(Question(name, "TXT"), records, authentic=authentic)


POINTED = "https://www.example.org/a.xml"
HOSTER = "https://hoster.example/a.xml"
FOUND = ["imap://imap.example.org:993 (tls)", "smtp://smtp.example.org:587 (starttls)"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("url", "signed", "authority", "authentic"),
    [
        pytest.param("https://www.example.org/a.xml", False, Authority.SRV, False, id="own https host"),
        pytest.param("https://www.example.org/a.xml", True, Authority.DOMAIN, True, id="own https host, signed record"),
        pytest.param("https://hoster.example/a.xml", False, Authority.HTTP_DOCUMENT, False, id="foreign https host"),
        pytest.param("https://hoster.example/a.xml", True, Authority.DOMAIN, True, id="foreign host, signed record"),
        pytest.param("http://www.example.org/a.xml", True, Authority.HTTP_DOCUMENT, False, id="plain http"),
    ],
)
async def test_mailconf(url: str, authority: Authority, *, signed: bool, authentic: bool) -> None:
    """
    Without a signature the record may be forged, and choose any page inside the domain that a stranger may write.
    """
    net = Web({url: document()}, txt("example.org", f"mailconf={url}", authentic=signed))

    claims = claims_in(await run_all(list(mailconf(ADA)), net))

    assert [str(claim.endpoint) for claim in claims] == FOUND
    assert {(claim.evidence.authority, claim.evidence.authentic) for claim in claims} == {(authority, authentic)}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("route", "signed", "authority", "authentic"),
    [
        pytest.param((POINTED, "https://evil.example/x"), False, Authority.MX_DOCUMENT, False, id="open redirect"),
        pytest.param((POINTED, "https://evil.example/x"), True, Authority.MX_DOCUMENT, False, id="signed"),
        pytest.param((POINTED, "https://evil.example/x", POINTED), True, Authority.MX_DOCUMENT, False, id="and back"),
        pytest.param((POINTED, "https://cdn.example.org/x"), True, Authority.DOMAIN, True, id="inside the domain"),
        pytest.param((POINTED, "https://cdn.example.org/x"), False, Authority.SRV, False, id="inside, unsigned"),
        pytest.param((HOSTER, "https://www.hoster.example/x"), True, Authority.DOMAIN, True, id="inside the hoster's"),
        pytest.param((HOSTER, "https://evil.example/x"), True, Authority.MX_DOCUMENT, False, id="out of the hoster's"),
        pytest.param(
            ("http://www.example.org/a.xml", POINTED), True, Authority.HTTP_DOCUMENT, False, id="from plaintext"
        ),
    ],
)
async def test_the_weakest_hop_decides(
    route: tuple[str, ...], authority: Authority, *, signed: bool, authentic: bool
) -> None:
    """
    A document belongs to the last host, and whoever can forge one answer on the way chooses it.
    """
    page = Page(route[-1], 200, "text/xml", document(), route[:-1])
    net = Web({route[0]: page}, txt("example.org", f"mailconf={route[0]}", authentic=signed))

    claims = claims_in(await run_all(list(mailconf(ADA)), net))

    assert {(claim.evidence.authority, claim.evidence.authentic) for claim in claims} == {(authority, authentic)}


@pytest.mark.anyio
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("issuer", ["accounts.google.com", "sso.evil.example"])
async def test_an_unsigned_record_names_no_issuer(issuer: str, *, signed: bool) -> None:
    """
    A login with OAuth sends the user to the issuer's page: a forged record must not choose it.
    """
    config = document(incoming(authentication="OAuth2"), f"<oAuth2><issuer>{issuer}</issuer></oAuth2>")
    net = Web({POINTED: config}, txt("example.org", f"mailconf={POINTED}", authentic=signed))
    (record,) = mailconf(ADA)
    assert isinstance(record, MailconfRecord)
    (pointed,) = await record.run(net)
    assert is_lookup(pointed)

    leads = await pointed.run(net)

    assert (claims_in(leads) != [], any(names_issuer(lead) for lead in leads)) == (True, signed)


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


@pytest.mark.anyio
@pytest.mark.parametrize(("signed", "before"), [(True, True), (False, False)])
async def test_an_unsigned_record_comes_after_srv_records(*, signed: bool, before: bool) -> None:
    """
    Of the same authority; a signed one comes before them.
    """
    net = Web({POINTED: document()}, txt("example.org", f"mailconf={POINTED}", authentic=signed))

    claims = claims_in(await run_all(list(mailconf(ADA)), net))

    assert {claim.evidence.place < Place.SRV for claim in claims} == {before}
