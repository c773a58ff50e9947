"""Autoconfig of the domain, of the ISPDB, and of who receives its mail."""

from __future__ import annotations

import pytest

from mailsettings.address import parse_address
from mailsettings.errors import FailureKind
from mailsettings.interfaces import Page
from mailsettings.leads import OAuthIssuer
from mailsettings.model import (
    URL,
    Authority,
    Claim,
    Evidence,
    Fact,
    Failure,
    Link,
    Note,
    Provider,
    Service,
    StatedOAuth,
)
from mailsettings.policy import Policy
from mailsettings.sources.autoconfig import autoconfig, documents_of
from tests.support.documents import INCOMING, OUTGOING, incoming
from tests.support.documents import autoconfig as document
from tests.support.fake_net import (
    Reply,
    Web,
    claims_in,
    endpoints_in,
    first_lookup,
    lookups_in,
    run_all,
    without_evidence,
)
from tests.support.values import ADA, ada

MAIN = "https://autoconfig.example.org/mail/config-v1.1.xml"
WELL_KNOWN = "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml"
NEWEST = "https://example.org/.well-known/mail-v1.xml"
PLAINTEXT = "http://autoconfig.example.org/mail/config-v1.1.xml"
SENT = "?emailaddress=ada%40example.org"
FOUND = ["imap://imap.example.org:993 (tls)", "smtp://smtp.example.org:587 (starttls)"]


def test_the_plan_is_the_drafts_order() -> None:
    """
    Four URLs, https first, and the address in none of them.
    """
    assert lookups_in(list(autoconfig(ADA))) == [MAIN, WELL_KNOWN, NEWEST, PLAINTEXT]


@pytest.mark.anyio
@pytest.mark.parametrize("url", [MAIN, WELL_KNOWN, NEWEST])
async def test_each_place_is_found(url: str) -> None:
    """
    A document at any of the fixed URLs has the domain's authority, and its URL as evidence.
    """
    net = Web({url: document()})

    claims = claims_in(await run_all(list(autoconfig(ADA)), net))

    assert [str(claim.endpoint) for claim in claims] == FOUND
    evidence = claims[0].evidence
    assert (evidence.authority, evidence.locator, evidence.authentic, evidence.domain) == (
        Authority.DOMAIN,
        url,
        True,
        "example.org",
    )


@pytest.mark.anyio
async def test_the_first_place_ranks_first() -> None:
    """
    Where documents differ, the draft's order decides.
    """
    other = document(incoming(hostname="mail.example.org"))
    net = Web({WELL_KNOWN: other, MAIN: document(INCOMING)})

    claims = claims_in(await run_all(list(autoconfig(ADA)), net))

    best = min(claims, key=lambda claim: claim.order)
    assert best.endpoint.host == "imap.example.org"


@pytest.mark.anyio
@pytest.mark.parametrize("reply", [400, 404, 500, b"<html>", b"", b"{}", b"<clientConfig>"])
async def test_the_address_is_sent_only_after_the_url_alone_failed(reply: int | bytes) -> None:
    """
    Some servers answer only who tells the address; it goes to the domain's own host over https.
    """
    net = Web({MAIN: reply, MAIN + SENT: document()})

    assert endpoints_in(await run_all(list(autoconfig(ADA)), net)) == FOUND


@pytest.mark.anyio
async def test_the_address_is_not_sent_where_a_document_was_found() -> None:
    """
    Who answers without it does not learn it.
    """
    net = Web({MAIN: document(), WELL_KNOWN: document(), NEWEST: document()})

    await run_all(list(autoconfig(ADA)), net)

    assert [request for request in net.requests if "emailaddress" in request] == []


@pytest.mark.anyio
@pytest.mark.parametrize(
    "reply", [FailureKind.NO_SUCH_NAME, FailureKind.REFUSED, FailureKind.CERTIFICATE_NAME, FailureKind.CONNECT_TIMEOUT]
)
async def test_the_address_is_not_sent_without_a_response(reply: FailureKind) -> None:
    """
    A host that is not there, or not who it should be, is not asked a second time.
    """
    net = Web({MAIN: reply, WELL_KNOWN: reply, NEWEST: reply, PLAINTEXT: reply})

    await run_all(list(autoconfig(ADA)), net)

    assert [request for request in net.requests if "emailaddress" in request] == []


@pytest.mark.anyio
async def test_the_policy_keeps_the_address() -> None:
    """
    A service does not disclose the address.
    """
    net = Web({MAIN: 400, WELL_KNOWN: 400, NEWEST: 400, PLAINTEXT: 400}, policy=Policy(send_address=False))

    await run_all(list(autoconfig(ADA)), net)

    assert list(net.requests) == [f"GET {url}" for url in (MAIN, WELL_KNOWN, NEWEST, PLAINTEXT)]


@pytest.mark.anyio
async def test_a_plus_in_the_address_is_encoded() -> None:
    """
    Servers read a bare plus sign as a blank.
    """
    net = Web({"https://autoconfig.example.org/mail/config-v1.1.xml": 400})

    await run_all(list(autoconfig(parse_address("ada+news@example.org"))), net)

    assert f"GET {MAIN}?emailaddress=ada%2Bnews%40example.org" in net.requests


@pytest.mark.anyio
async def test_the_first_failure_is_reported_beside_the_second_try() -> None:
    """
    Nothing is swallowed: a server that wants the address is worth knowing.
    """
    leads = await first_lookup(autoconfig(ADA)).run(Web({MAIN: 400}))

    assert (leads[0], str(leads[1])) == (Failure(FailureKind.HTTP_STATUS, URL(MAIN), "400"), MAIN + SENT)


@pytest.mark.anyio
async def test_http_is_asked_when_https_has_nothing() -> None:
    """
    15 % of the domains that publish anything have it over plain http only: usable, and marked as forgeable.
    """
    net = Web({PLAINTEXT: document()})

    claims = claims_in(await run_all(list(autoconfig(ADA)), net))

    assert [str(claim.endpoint) for claim in claims] == FOUND
    assert {(claim.evidence.authority, claim.evidence.authentic) for claim in claims} == {
        (Authority.HTTP_DOCUMENT, False)
    }


@pytest.mark.anyio
@pytest.mark.parametrize("url", [MAIN, WELL_KNOWN, NEWEST, MAIN + SENT, WELL_KNOWN + SENT])
async def test_http_is_not_asked_when_https_has_a_document(url: str) -> None:
    """
    A document that cannot be forged leaves nothing to request over plain http.
    """
    pages: dict[str, Reply] = {MAIN: 400, WELL_KNOWN: 400, PLAINTEXT: document()}
    net = Web(pages | {url: document()})

    await run_all(list(autoconfig(ADA)), net)

    assert f"GET {PLAINTEXT}" not in net.requests


@pytest.mark.anyio
async def test_http_is_never_told_the_address() -> None:
    """
    What can be read on the way does not carry the address.
    """
    net = Web({PLAINTEXT: 400})

    await run_all(list(autoconfig(ADA)), net)

    assert [request for request in net.requests if request.startswith("GET http://") and "ada" in request] == []


@pytest.mark.anyio
async def test_the_policy_switches_http_off() -> None:
    """
    allow_http=False means not one plaintext request.
    """
    net = Web({PLAINTEXT: document()}, policy=Policy(allow_http=False))

    assert await run_all(list(autoconfig(ADA)), net) == []
    assert f"GET {PLAINTEXT}" not in net.requests


@pytest.mark.anyio
async def test_the_weakest_hop_decides() -> None:
    """
    A page that came by way of http is forgeable even if it ended on https.
    """
    page = Page("https://cdn.example.org/x", 200, "text/xml", document(), hops=(PLAINTEXT, "https://cdn.example.org/x"))
    net = Web({PLAINTEXT: page})

    claims = claims_in(await run_all(list(autoconfig(ADA)), net))

    assert {claim.evidence.authentic for claim in claims} == {False}


@pytest.mark.anyio
async def test_facts_about_the_provider() -> None:
    """
    Name, help pages, webmail, other services and the OAuth issuer reach the findings.
    """
    provider = (
        "<displayName>Example</displayName>"
        '<documentation url="https://example.org/help"><descr lang="en">Help</descr></documentation>'
    )
    beside = (
        '<webMail><loginPage url="https://webmail.example.org/"/></webMail>'
        "<oAuth2><issuer>login.example.org</issuer></oAuth2>"
        '<calendar type="caldav"><url>https://dav.example.org/</url></calendar>'
    )
    net = Web({MAIN: document(provider, beside), WELL_KNOWN: 200, NEWEST: 200})

    leads = await run_all(list(autoconfig(ADA))[:1], net)

    evidence = Evidence(Authority.DOMAIN, "autoconfig", MAIN, authentic=True, domain="example.org")
    assert leads == [
        Fact(value, evidence)
        for value in (
            Provider("example.org", "Example"),
            Link("https://example.org/help", "Help", "en"),
            Service("caldav", "https://dav.example.org/"),
            Service("webmail", "https://webmail.example.org/"),
            OAuthIssuer("https://login.example.org", StatedOAuth(document=MAIN)),
        )
    ]


@pytest.mark.anyio
async def test_plain_servers_are_claimed_as_they_are() -> None:
    """
    What the document says is passed on; that plain never wins, and what is tried instead, is for merge and rank.
    """
    net = Web({MAIN: document(incoming(port="143", socketType="plain"))})

    assert endpoints_in(await run_all(list(autoconfig(ADA))[:1], net)) == ["imap://imap.example.org:143 (plain)"]


@pytest.mark.anyio
async def test_servers_elsewhere_are_noted() -> None:
    """
    The user will be asked about another domain, and shall know who named it.
    """
    net = Web({MAIN: document(incoming(hostname="imap.hoster.example"))})

    leads = await run_all(list(autoconfig(ADA))[:1], net)

    assert Note(f"{MAIN}: server 'imap.hoster.example' is outside example.org") in without_evidence(leads)


@pytest.mark.parametrize(
    ("mx", "domains"),
    [
        pytest.param("mx1.mail.hoster.co.uk", ["mail.hoster.co.uk", "hoster.co.uk"], id="two labels in front"),
        pytest.param("mx1.hoster.co.uk", ["hoster.co.uk"], id="one label in front"),
        pytest.param("hoster.co.uk", ["hoster.co.uk"], id="the registrable domain itself"),
        pytest.param("co.uk", [], id="a public suffix"),
        pytest.param("uk", [], id="a top level"),
        pytest.param("mx.unknowntld", ["mx.unknowntld"], id="an unknown top level is a suffix"),
        pytest.param("mail.example.org", [], id="the address's own domain"),
        pytest.param("a.mail.example.org", ["mail.example.org"], id="below the own domain"),
        pytest.param("10.0.0.1", [], id="an address"),
        pytest.param("localhost", [], id="this machine"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_documents_by_mx(mx: str, domains: list[str]) -> None:
    """
    Who receives the mail is asked under its own names, never at or above a public suffix, never without need.
    """
    wanted = []
    for domain in domains:
        wanted.append(f"https://autoconfig.{domain}/mail/config-v1.1.xml")
        wanted.append(f"https://live.thunderbird.net/autoconfig/v1.1/{domain}")

    assert lookups_in(list(documents_of(mx, ADA))) == wanted


@pytest.mark.anyio
@pytest.mark.parametrize("authentic", [True, False])
async def test_documents_by_mx_are_as_forgeable_as_the_mx_record(*, authentic: bool) -> None:
    """
    An https document proves who wrote it, but not that the domain sends its mail there.
    """
    net = Web({"https://autoconfig.hoster.example/mail/config-v1.1.xml": document(INCOMING + OUTGOING)})

    claims = claims_in(await run_all(list(documents_of("mx.hoster.example", ADA, authentic=authentic)), net))

    assert {(c.evidence.authority, c.evidence.authentic, c.evidence.domain) for c in claims} == {
        (Authority.MX_DOCUMENT, authentic, "hoster.example")
    }


@pytest.mark.anyio
async def test_the_mx_side_is_never_told_the_address() -> None:
    """
    The address goes to its own domain only.
    """
    net = Web({"https://autoconfig.hoster.example/mail/config-v1.1.xml": 400})

    await run_all(list(documents_of("mx.hoster.example", ADA)), net)

    assert [request for request in net.requests if "ada" in request] == []


@pytest.mark.anyio
async def test_placeholders_are_filled_with_the_address_domain() -> None:
    """
    A hoster's document for all its customers means the customer's domain.
    """
    net = Web(
        {"https://autoconfig.hoster.example/mail/config-v1.1.xml": document(incoming(hostname="m.%EMAILDOMAIN%"))}
    )

    leads = await run_all(list(documents_of("mx.hoster.example", ada("customer.example"))), net)

    assert endpoints_in(leads) == ["imap://m.customer.example:993 (tls)"]


def test_lookups_are_hashable() -> None:
    """
    The engine asks the same question once.
    """
    leads = [lead for lead in autoconfig(ADA) if not isinstance(lead, Claim)]

    assert len({*leads, *autoconfig(ADA)}) == len(leads)
