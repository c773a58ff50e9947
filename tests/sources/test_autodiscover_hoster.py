"""Autodiscover at a hoster: where a record or a redirect leads out of the domain, postmaster is asked for there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailsettings import Policy, Trust, detect
from mailsettings.interfaces import SRV, Answer, Page
from mailsettings.leads import Lead
from mailsettings.model import Authority, Fact, Note, Question, Service
from mailsettings.net.network import open_network
from mailsettings.sources.autodiscover import autodiscover
from mailsettings.testing import FakeNetwork, imap, run_virtual, smtp
from tests.support.documents import autodiscover as document
from tests.support.fake_net import Reply, Web, claims_in, endpoints_in, run_all
from tests.support.values import ADA

PATH = "/autodiscover/autodiscover.xml"
PLAINTEXT = f"http://autodiscover.example.org{PATH}"
THERE = f"https://ad.hoster.example{PATH}"
JSON = (
    "https://ad.hoster.example/autodiscover/autodiscover.json"
    "?Email=postmaster%40example.org&Protocol=ActiveSync&RedirectCount=1"
)
FOUND = ["imap://imap.example.org:993 (tls)"]

each_way = pytest.mark.parametrize("led_by", ["srv", "plaintext"])


def srv(target: str = "ad.hoster.example", port: int = 443) -> Answer:
    return Answer(Question("_autodiscover._tcp.example.org", "SRV"), (SRV(0, 1, port, target),))


def redirected(*route: str) -> Page:
    return Page(route[-1], 401, "", b"", (PLAINTEXT, *route[:-1]))


def web(led_by: str, pages: dict[str, Reply], policy: Policy | None = None) -> Web:
    """Serve *pages*; a record or a plaintext redirect leads to the first of them."""
    if led_by == "srv":
        return Web(pages, srv(), policy=policy)
    return Web({PLAINTEXT: redirected(THERE), **pages}, policy=policy)


async def run(net: Web) -> list[Lead]:
    return await run_all(list(autodiscover(ADA)), net)


def texts(leads: list[Lead]) -> list[str]:
    return [lead.text for lead in leads if isinstance(lead, Note)]


def elsewhere(net: Web) -> list[str]:
    return [request for request in net.requests if "example.org/" not in request]


@pytest.mark.anyio
@each_way
async def test_the_hoster_is_asked_for_postmaster(led_by: str) -> None:
    """
    Its answer has the servers; who is searching is not told.
    """
    net = web(led_by, {f"POST {THERE}": document()})

    assert endpoints_in(await run(net)) == FOUND
    assert elsewhere(net) == [f"POST {THERE}"]
    assert b"<EMailAddress>postmaster@example.org</EMailAddress>" in net.requests[f"POST {THERE}"]
    assert b"ada" not in net.requests[f"POST {THERE}"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("led_by", "signed", "authority"),
    [
        pytest.param("srv", False, Authority.SRV, id="unsigned SRV"),
        pytest.param("srv", True, Authority.DOMAIN, id="signed SRV"),
        pytest.param("plaintext", False, Authority.HTTP_DOCUMENT, id="plaintext redirect"),
    ],
)
async def test_its_answer_counts_as_much_as_what_led_there(led_by: str, authority: Authority, *, signed: bool) -> None:
    """
    Authentic only where DNSSEC signs the record.
    """
    pages: dict[str, Reply] = {f"POST {THERE}": document()}
    net = Web(pages, replace(srv(), authentic=signed)) if led_by == "srv" else web(led_by, pages)

    (claim,) = claims_in(await run(net))

    assert (claim.evidence.authority, claim.evidence.authentic) == (authority, signed)


@pytest.mark.anyio
@each_way
@pytest.mark.parametrize(
    ("login", "usernames"),
    [
        pytest.param("postmaster@example.org", ("%EMAILADDRESS%",), id="address"),
        pytest.param("postmaster", ("%EMAILLOCALPART%",), id="local part"),
        pytest.param("p4711", (), id="the postmaster's own"),
        pytest.param("ada@example.org", (), id="another user's"),
    ],
)
async def test_login_names_are_the_postmasters(led_by: str, login: str, usernames: tuple[str, ...]) -> None:
    """
    Where they are made from the address, the user's are made alike; all others are of no use to the user.
    """
    body = document().replace(b"</Protocol>", f"<LoginName>{login}</LoginName></Protocol>".encode(), 1)
    net = web(led_by, {f"POST {THERE}": body})

    (claim,) = claims_in(await run(net))

    assert claim.usernames == usernames


@pytest.mark.anyio
@each_way
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("<Action>redirectUrl</Action><RedirectUrl>https://third.example/x.xml</RedirectUrl>", id="URL"),
        pytest.param("<Action>redirectAddr</Action><RedirectAddr>x@third.example</RedirectAddr>", id="address"),
        pytest.param(f"<Action>redirectUrl</Action><RedirectUrl>{THERE}</RedirectUrl>", id="itself"),
    ],
)
async def test_where_the_hoster_leads_on_is_not_asked(led_by: str, answer: str) -> None:
    """
    The domain names the hoster, and the hoster may name anyone.
    """
    net = web(led_by, {f"POST {THERE}": document(answer)})

    leads = await run(net)

    assert (endpoints_in(leads), elsewhere(net)) == ([], [f"POST {THERE}"])
    assert texts(leads) == ["Autodiscover of example.org leads on from another host, which was not asked"]


@pytest.mark.anyio
async def test_a_plaintext_redirect_over_a_third_host_is_not_followed_up() -> None:
    """
    What a second redirect names was named by the first one's host.
    """
    net = Web({PLAINTEXT: redirected(f"https://third.example{PATH}", THERE), f"POST {THERE}": document()})

    leads = await run(net)

    assert (endpoints_in(leads), elsewhere(net)) == ([], [])
    assert texts(leads) == ["Autodiscover of example.org leads to another host, which was not asked"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("host", "port"),
    [
        pytest.param("ad.hoster.example", 8443, id="another port"),
        pytest.param("autodiscover.outlook.com", 443, id="Microsoft 365"),
        pytest.param("192.0.2.1", 443, id="an address"),
        pytest.param("router.local", 443, id="the own network"),
    ],
)
async def test_hosts_that_are_not_asked(host: str, port: int) -> None:
    """
    Over https at its usual port only, and no name that is none in public DNS.
    """
    net = Web({f"POST https://{host}{PATH}": document()}, srv(host, port))

    assert endpoints_in(await run(net)) == []
    assert elsewhere(net) == []


@pytest.mark.anyio
@each_way
async def test_a_login_at_the_hoster_is_not_made(led_by: str) -> None:
    """
    A 401 leads to the JSON look-up, for postmaster too, and its redirects are not followed.
    """
    url = b'{"Protocol": "ActiveSync", "Url": "https://mail.hoster.example/Microsoft-Server-ActiveSync"}'
    net = web(led_by, {f"POST {THERE}": 401, JSON: Page(JSON, 200, "application/json", url, ())})

    leads = await run(net)

    services = [lead.value for lead in leads if isinstance(lead, Fact)]
    assert services == [Service("activesync", "https://mail.hoster.example/Microsoft-Server-ActiveSync")]
    assert elsewhere(net) == [f"POST {THERE}", f"GET {JSON}"]


@pytest.mark.anyio
@each_way
async def test_a_service_sends_no_address_not_even_that(led_by: str) -> None:
    """
    Policy.service() has send_address=False.
    """
    net = web(led_by, {f"POST {THERE}": document()}, policy=Policy.service())

    await run(net)

    assert elsewhere(net) == []


def detected(policy: Policy, *, json_redirect: str = "") -> tuple[FakeNetwork, list[str], list[Trust]]:
    """Search for ada@example.org, whose record leads to the hoster."""
    net = FakeNetwork(rtt=0.05)
    net.records("example.org", MX="10 mx.filter.example")
    net.records("_autodiscover._tcp.example.org", SRV="0 1 443 ad.hoster.example")
    servers = "".join(
        f"<Protocol><Type>{type_}</Type><Server>{type_}7.hoster.example</Server><Port>{port}</Port><SSL>on</SSL></Protocol>"
        for type_, port in (("imap", 993), ("smtp", 465))
    )
    if json_redirect:
        net.page(THERE, status=401, method="POST")
        net.redirect(JSON, json_redirect)
    else:
        net.page(THERE, document(f"<Action>settings</Action>{servers}"), method="POST")
    net.host("imap7.hoster.example").serve(imap())
    net.host("smtp7.hoster.example").serve(smtp())

    async def find() -> list[tuple[str, Trust]]:
        async with open_network(policy, net.transport(policy)) as network:
            found = await detect("ada@example.org", policy=policy, net=network)
        firsts = (*found.incoming[:1], *found.outgoing[:1])
        return [(choice.endpoint.host, choice.trust) for choice in firsts if choice.verified]

    found, _ = run_virtual(find)
    return net, [host for host, _ in found], [trust for _, trust in found]


def test_a_search_finds_the_hosters_servers_and_asks_about_them() -> None:
    """
    The whole path; no request outside the domain has the user's name in it.
    """
    net, hosts, trust = detected(Policy())

    assert (hosts, trust) == (["imap7.hoster.example", "smtp7.hoster.example"], [Trust.CONFIRM, Trust.CONFIRM])
    assert [request for request in net.requests if "hoster.example" in request] == [f"POST {THERE}"]


def test_a_service_does_not_find_them() -> None:
    """
    The control, under Policy.service().
    """
    net, hosts, _ = detected(Policy.service())

    assert hosts == []
    assert [request for request in net.requests if "hoster.example" in request] == []


def test_a_redirect_of_the_json_look_up_is_not_followed() -> None:
    """
    The address stands in its URL, so the third host would learn it.
    """
    net, _, _ = detected(Policy(), json_redirect="https://third.example/autodiscover/autodiscover.json?Email=x")

    assert [request for request in net.requests if "third.example" in request] == []
    assert f"GET {JSON}" in net.requests
