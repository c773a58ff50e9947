"""Autodiscover: where the question goes, where it never goes, and what the answers lead to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailsettings.errors import DocumentError, FailureKind, NetworkError
from mailsettings.formats import autodiscover as autodiscover_format
from mailsettings.interfaces import SRV, Answer, Page
from mailsettings.leads import Lead
from mailsettings.model import Authority, Note, Question, Service
from mailsettings.policy import Policy
from mailsettings.sources.autodiscover import autodiscover
from mailsettings.sources.autodiscover_requests import AutodiscoverRequest
from tests.support.documents import autodiscover as document
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

PATH = "/autodiscover/autodiscover.xml"
FIRST = f"https://autodiscover.example.org{PATH}"
SECOND = f"https://example.org{PATH}"
PLAINTEXT = f"http://autodiscover.example.org{PATH}"
FOUND = ["imap://imap.example.org:993 (tls)"]


def redirect_url(url: str) -> bytes:
    return document(f"<Action>redirectUrl</Action><RedirectUrl>{url}</RedirectUrl>")


def redirect_address(address: str) -> bytes:
    return document(f"<Action>redirectAddr</Action><RedirectAddr>{address}</RedirectAddr>")


def redirected(to: str) -> Page:
    return Page(to, 401, "", b"", (PLAINTEXT, to))


def srv(target: str, port: int = 443) -> Answer:
    return Answer(Question("_autodiscover._tcp.example.org", "SRV"), (SRV(0, 1, port, target),))


async def run(net: Web) -> list[Lead]:
    return await run_all(list(autodiscover(ADA)), net)


def texts(leads: list[Lead]) -> list[str]:
    return [lead.text for lead in leads if isinstance(lead, Note)]


@pytest.mark.parametrize("domain", ["a.example.co.uk", "example.co.uk", "example.org"])
def test_only_fixed_names_of_the_domain_are_asked(domain: str) -> None:
    """
    Never a parent domain: autodiscover.<suffix> once collected 96,671 passwords.
    """
    assert lookups_in(list(autodiscover(ada(domain)))) == [
        f"https://autodiscover.{domain}{PATH} (POST)",
        f"https://{domain}{PATH} (POST)",
        f"http://autodiscover.{domain}{PATH}",
        f"_autodiscover._tcp.{domain} SRV",
    ]


@pytest.mark.anyio
@pytest.mark.parametrize("url", [FIRST, SECOND])
async def test_servers_are_found(url: str) -> None:
    """
    A response of the domain has its authority, and comes after its autoconfig document and PACC.
    """
    claims = claims_in(await run(Web({url: document()})))

    assert [str(claim.endpoint) for claim in claims] == FOUND
    evidence = claims[0].evidence
    assert (evidence.authority, evidence.locator, evidence.authentic, claims[0].order) == (
        Authority.DOMAIN,
        url,
        True,
        200,
    )


@pytest.mark.anyio
async def test_the_question_is_the_address() -> None:
    """
    Autodiscover cannot be asked without an address.
    """
    net = Web({FIRST: document()})

    await run(net)

    assert net.requests[f"POST {FIRST}"] == autodiscover_format.request_body("ada@example.org")


@pytest.mark.anyio
async def test_the_policy_keeps_the_address() -> None:
    """
    Where the address may not be sent, nothing is posted.
    """
    net = Web({FIRST: document(), SECOND: document()}, policy=Policy(send_address=False))

    await run(net)

    assert [request for request in net.requests if request.startswith("POST")] == []


@pytest.mark.anyio
@pytest.mark.parametrize(
    "url", ["https://hoster.example/x", "http://example.org/x", "https://notexample.org/x", "https://org/x"]
)
async def test_an_inquiry_elsewhere_is_refused(url: str) -> None:
    """
    Whatever led there: the address goes to https hosts of its own domain only.
    """
    with pytest.raises((NetworkError, ValueError)):
        await AutodiscoverRequest(url, ADA).run(Web({url: document()}))


@pytest.mark.anyio
async def test_a_login_is_never_sent() -> None:
    """
    A 401 says that there is Exchange; nothing is sent but the look-up whose it is.
    """
    json_url = (
        "https://autodiscover.example.org/autodiscover/autodiscover.json"
        "?Email=ada%40example.org&Protocol=ActiveSync&RedirectCount=1"
    )
    url = "https://outlook.office365.com/Microsoft-Server-ActiveSync"
    net = Web({FIRST: 401, json_url: b'{"Protocol":"ActiveSync","Url":"' + url.encode() + b'"}'})

    leads = await run(net)

    assert without_evidence(leads) == [
        Note("autodiscover.example.org has Autodiscover, but wants an Exchange login; none was sent"),
        Note("the mailbox is in Exchange (Microsoft 365)"),
        Service("activesync", url),
    ]
    assert not any("uthorization" in request for request in net.requests)


@pytest.mark.anyio
async def test_a_redirect_url_inside_the_domain_is_followed() -> None:
    """
    The domain may answer elsewhere in the domain.
    """
    net = Web({FIRST: redirect_url("https://ad.example.org/x"), "https://ad.example.org/x": document()})

    assert endpoints_in(await run(net)) == FOUND


@pytest.mark.anyio
async def test_a_redirect_url_elsewhere_is_noted() -> None:
    """
    Another domain is not told who asks.
    """
    net = Web({FIRST: redirect_url("https://hoster.example/x"), "https://hoster.example/x": document()})

    leads = await run(net)

    assert texts(leads) == ["Autodiscover of example.org leads to another host, which was not asked"]
    assert "POST https://hoster.example/x" not in net.requests


@pytest.mark.anyio
async def test_a_circle_of_redirects_ends() -> None:
    """
    Two answers that name each other are asked once each.
    """
    other = "https://ad.example.org/x"
    net = Web({FIRST: redirect_url(other), other: redirect_url(FIRST)})

    assert (endpoints_in(await run(net)), len([r for r in net.requests if r.startswith("POST")])) == ([], 3)


@pytest.mark.anyio
async def test_a_chain_of_redirects_ends() -> None:
    """
    After three redirects no further request is sent.
    """
    pages = {f"https://ad.example.org/{n}": redirect_url(f"https://ad.example.org/{n + 1}") for n in range(9)}
    net = Web({FIRST: redirect_url("https://ad.example.org/0"), **pages})

    await run(net)

    assert [request for request in net.requests if "ad.example.org" in request] == [
        f"POST https://ad.example.org/{n}" for n in range(3)
    ]


@pytest.mark.anyio
async def test_a_redirect_address_inside_the_domain_is_asked_for() -> None:
    """
    The mailbox may be at a subdomain; its address is then the user name.
    """
    there = f"https://autodiscover.mail.example.org{PATH}"
    net = Web({FIRST: redirect_address("ada@mail.example.org"), there: document()})

    (claim,) = claims_in(await run(net))

    assert (str(claim.endpoint), claim.usernames) == (FOUND[0], ("ada@mail.example.org",))


@pytest.mark.anyio
async def test_a_redirect_address_elsewhere_is_noted() -> None:
    """
    Where else the mailbox is said to be is for the user to know, not for us to ask.
    """
    leads = await run(Web({FIRST: redirect_address("ada@hoster.example")}))

    assert texts(leads) == ["autodiscover.example.org says that the mailbox is at another domain, which was not asked"]


@pytest.mark.anyio
@pytest.mark.parametrize("address", ["ada@example.org", "ada", "", "a\nb@example.org", "ada@127.0.0.1"])
async def test_a_useless_redirect_address(address: str) -> None:
    """
    The same address again, or none, is a broken answer (MS-OXDSCLI).
    """
    with pytest.raises(DocumentError) as caught:
        await first_lookup(autodiscover(ADA)).run(Web({FIRST: redirect_address(address)}))

    assert caught.value.kind is FailureKind.INVALID_DOCUMENT


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("login", "usernames"),
    [
        ("ada@example.org", ("%EMAILADDRESS%",)),
        ("ada", ("%EMAILLOCALPART%",)),
        ("u12345", ("u12345",)),
        ("", ()),
    ],
)
async def test_login_names_become_templates(login: str, usernames: tuple[str, ...]) -> None:
    """
    The answer was made for one address; what it says of the name holds for the domain.
    """
    block = f"<Protocol><Type>IMAP</Type><Server>imap.example.org</Server><LoginName>{login}</LoginName></Protocol>"

    (claim,) = claims_in(await run(Web({FIRST: document(f"<Action>settings</Action>{block}")})))

    assert claim.usernames == usernames


@pytest.mark.anyio
async def test_http_is_asked_for_a_redirect_only() -> None:
    """
    The plaintext request carries no address; the request with the address follows over https.
    """
    there = f"https://ad.example.org{PATH}"
    net = Web({PLAINTEXT: redirected(there), f"POST {there}": document()})

    assert endpoints_in(await run(net)) == FOUND
    assert net.requests[f"GET {PLAINTEXT}"] == b""


@pytest.mark.anyio
@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(document(), id="settings over plain http"),
        pytest.param(redirect_url("https://ad.example.org/x"), id="redirect inside the document"),
        pytest.param(401, id="login"),
    ],
)
async def test_what_http_says_itself_is_not_believed(reply: bytes | int) -> None:
    """
    It could have been forged on the way.
    """
    assert await run(Web({PLAINTEXT: reply})) == []


@pytest.mark.anyio
async def test_a_redirect_to_microsoft_is_recognised() -> None:
    """
    Custom domains at Microsoft 365 redirect there from http; the address is not sent after it.
    """
    there = f"https://autodiscover-s.outlook.com{PATH}"
    net = Web({PLAINTEXT: redirected(there), f"POST {there}": document()})

    leads = await run(net)

    assert texts(leads) == ["Autodiscover of example.org leads to another host (Microsoft 365), which was not asked"]


@pytest.mark.anyio
@pytest.mark.parametrize("url", [FIRST, SECOND])
async def test_http_is_not_asked_when_https_answers(url: str) -> None:
    """
    What https has answered is not requested over plain http.
    """
    net = Web({url: document(), PLAINTEXT: redirected(FIRST)})

    await run(net)

    assert f"GET {PLAINTEXT}" not in net.requests


@pytest.mark.anyio
async def test_the_policy_switches_http_off() -> None:
    """
    allow_http=False means not one plaintext request.
    """
    net = Web({PLAINTEXT: redirected(f"https://ad.example.org{PATH}")}, policy=Policy(allow_http=False))

    await run(net)

    assert f"GET {PLAINTEXT}" not in net.requests


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("answer", "found"),
    [
        pytest.param(srv("ad.example.org"), True, id="inside the domain"),
        pytest.param(srv("ad.example.org", 8443), False, id="another port"),
        pytest.param(srv("ad.hoster.example"), False, id="another domain"),
        pytest.param(srv("", 0), False, id="not offered"),
    ],
)
async def test_srv_records(answer: Answer, *, found: bool) -> None:
    """
    DNS can be forged: it may name a host of the domain, and no other host learns the address.
    """
    net = Web({f"POST https://ad.example.org{PATH}": document()}, answer)

    assert (await run(net) != [] and endpoints_in(await run(net)) == FOUND) is found


@pytest.mark.anyio
@pytest.mark.parametrize("led_by", ["srv", "redirectUrl", "plaintext"])
async def test_a_machine_that_strangers_rent_inside_the_domain_is_not_told_the_address(led_by: str) -> None:
    """
    x.s3.amazonaws.com is a customer's, and no more the domain's own than a host elsewhere.
    """
    rented = f"https://x.s3.amazonaws.com{PATH}"
    plaintext = f"http://autodiscover.amazonaws.com{PATH}"
    record = Answer(Question("_autodiscover._tcp.amazonaws.com", "SRV"), (SRV(0, 1, 443, "x.s3.amazonaws.com"),))
    pages: dict[str, Reply] = {f"POST {rented}": document()}
    if led_by == "redirectUrl":
        pages[f"https://amazonaws.com{PATH}"] = redirect_url(rented)
    if led_by == "plaintext":
        pages[plaintext] = Page(rented, 401, "", b"", (plaintext, rented))
    net = Web(pages, *([record] if led_by == "srv" else []))

    leads = await run_all(list(autodiscover(ada("amazonaws.com"))), net)

    assert (endpoints_in(leads), f"POST {rented}" in net.requests) == ([], False)
    assert any("which was not asked" in text for text in texts(leads))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("led_by", "signed", "authority"),
    [
        pytest.param("srv", False, Authority.SRV, id="unsigned SRV"),
        pytest.param("srv", True, Authority.DOMAIN, id="signed SRV"),
        pytest.param("plaintext", False, Authority.HTTP_DOCUMENT, id="plaintext redirect"),
        pytest.param("redirect of a fixed host", False, Authority.DOMAIN, id="redirect of a fixed host"),
    ],
)
async def test_an_answer_counts_as_much_as_what_named_its_host(
    led_by: str, authority: Authority, *, signed: bool
) -> None:
    """
    A name inside the domain may have been taken over, and whoever forges the record or the redirect knows which.
    """
    there = f"https://ad.example.org{PATH}"
    pages: dict[str, Reply] = {f"POST {there}": document()}
    if led_by == "plaintext":
        pages[PLAINTEXT] = redirected(there)
    if led_by == "redirect of a fixed host":
        pages[FIRST] = redirect_url(there)
    net = Web(pages, *([replace(srv("ad.example.org"), authentic=signed)] if led_by == "srv" else []))

    (claim,) = claims_in(await run(net))

    assert (claim.evidence.authority, claim.evidence.authentic) == (authority, authority is Authority.DOMAIN)
