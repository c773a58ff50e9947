"""Documents through the real network code, in a world in memory: requests shared, redirects, what is sent to whom."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import anyio
import pytest

from mailsettings.errors import DocumentError, NetworkError
from mailsettings.interfaces import Net
from mailsettings.leads import Lead, is_lookup
from mailsettings.model import Authority, Note
from mailsettings.net.network import open_network
from mailsettings.policy import Policy
from mailsettings.sources.autoconfig import autoconfig
from mailsettings.sources.autodiscover import autodiscover
from mailsettings.sources.jmap import jmap
from mailsettings.testing import FakeNetwork
from tests.support.documents import autoconfig as document
from tests.support.documents import autodiscover as answer
from tests.support.fake_net import claims_in, endpoints_in
from tests.support.values import ADA

pytestmark = pytest.mark.anyio

PATH = "/mail/config-v1.1.xml"
MAIN = f"https://autoconfig.example.org{PATH}"
PLAINTEXT = f"http://autoconfig.example.org{PATH}"
ASK = "/autodiscover/autodiscover.xml"
FOUND = ["imap://imap.example.org:993 (tls)", "smtp://smtp.example.org:587 (starttls)"]


async def search(leads: Iterable[Lead], world: FakeNetwork, policy: Policy | None = None) -> list[Lead]:
    """Run all lookups at once, as the engine does, and those that follow; failures are left out."""
    found: list[Lead] = []
    rules = policy or Policy()
    async with open_network(rules, world.transport(rules)) as net, anyio.create_task_group() as group:

        def take(leads: Iterable[Lead]) -> None:
            for lead in leads:
                if is_lookup(lead):
                    group.start_soon(run, lead, net)
                else:
                    found.append(lead)

        async def run(lookup: Lead, net: Net) -> None:
            assert is_lookup(lookup)
            try:
                take(await lookup.run(net))
            except (NetworkError, DocumentError):
                return

        take(leads)
    return found


async def test_every_url_is_asked_once() -> None:
    """
    The plaintext document waits for those over https without requesting them again.
    """
    world = FakeNetwork()
    world.page(PLAINTEXT, document())
    world.page("https://example.org/", "a web site")

    found = await search(autoconfig(ADA), world)

    assert endpoints_in(found) == FOUND
    assert sorted(world.requests) == [
        f"GET {PLAINTEXT}",
        f"GET https://example.org/.well-known/autoconfig{PATH}",
        f"GET https://example.org/.well-known/autoconfig{PATH}?emailaddress=ada%40example.org",
        "GET https://example.org/.well-known/mail-v1.xml",
    ]


@pytest.mark.parametrize(
    ("hops", "authority", "authentic"),
    [
        pytest.param(("https://cdn.example.org/c.xml",), Authority.DOMAIN, True, id="inside the domain"),
        pytest.param(("https://hoster.example/c.xml",), Authority.MX_DOCUMENT, False, id="to the hoster"),
        pytest.param(
            ("https://hoster.example/c.xml", "https://example.org/c.xml"), Authority.MX_DOCUMENT, False, id="and back"
        ),
    ],
)
async def test_a_document_is_of_the_domain_that_its_redirects_do_not_leave(
    hops: tuple[str, ...], authority: Authority, *, authentic: bool
) -> None:
    """
    A domain may keep its document at its hoster; it is then the hoster's word.
    """
    world = FakeNetwork()
    for here, there in pairwise((MAIN, *hops)):
        world.redirect(here, there)
    world.page(hops[-1], document())

    (evidence,) = {claim.evidence for claim in claims_in(await search(autoconfig(ADA), world))}

    assert (evidence.authority, evidence.authentic, evidence.domain) == (authority, authentic, "example.org")


async def test_a_redirect_from_https_to_http_is_not_followed() -> None:
    """
    380 domains send their users from https to http: that ends the attempt.
    """
    world = FakeNetwork()
    world.redirect(MAIN, "http://hoster.example/c.xml")
    world.page("http://hoster.example/c.xml", document())

    assert claims_in(await search(autoconfig(ADA), world)) == []


async def test_a_redirect_from_http_to_https_stays_forgeable() -> None:
    """
    A forged first hop chooses the second.
    """
    world = FakeNetwork()
    world.redirect(PLAINTEXT, "https://hoster.example/c.xml")
    world.page("https://hoster.example/c.xml", document())

    (evidence,) = {claim.evidence for claim in claims_in(await search(autoconfig(ADA), world))}

    assert (evidence.authority, evidence.authentic) == (Authority.HTTP_DOCUMENT, False)


async def test_autodiscover_asks_over_https_after_a_redirect() -> None:
    """
    The plaintext request only learns the next URL.
    """
    world = FakeNetwork()
    world.redirect(f"http://autodiscover.example.org{ASK}", f"https://ad.example.org{ASK}")
    world.page(f"https://ad.example.org{ASK}", answer(), method="POST")
    world.page(f"https://ad.example.org{ASK}", status=405, method="GET")

    found = await search(autodiscover(ADA), world)

    assert endpoints_in(found) == FOUND[:1]
    assert world.requests[-1] == f"POST https://ad.example.org{ASK}"


async def test_a_post_is_not_redirected() -> None:
    """
    The address would go to any host that the redirect names.
    """
    world = FakeNetwork()
    world.redirect(f"https://autodiscover.example.org{ASK}", f"https://hoster.example{ASK}", status=307)
    world.page(f"https://hoster.example{ASK}", answer())

    await search(autodiscover(ADA), world)

    assert [request for request in world.requests if "hoster" in request] == []


async def test_autodiscover_behind_a_login_is_noted() -> None:
    """
    A 401 is answered with nothing.
    """
    world = FakeNetwork()
    world.page(f"https://autodiscover.example.org{ASK}", status=401, headers=[("WWW-Authenticate", "Basic realm=x")])

    found = await search(autodiscover(ADA), world)

    assert Note("autodiscover.example.org has Autodiscover, but wants an Exchange login; none was sent") in found


async def test_jmap_behind_a_login() -> None:
    """
    A 401 where the domain says that there is JMAP is the service.
    """
    world = FakeNetwork()
    world.records("_jmap._tcp.example.org", SRV="0 1 443 jmap.example.org")
    world.page("https://jmap.example.org/.well-known/jmap", status=401)

    assert endpoints_in(await search(jmap(ADA), world)) == ["jmap://jmap.example.org:443 (tls)"]


async def test_a_huge_document_is_no_document() -> None:
    """
    More than the policy reads is a failure like any other.
    """
    world = FakeNetwork()
    world.page(MAIN, b"<clientConfig>" + b" " * 100_000)

    assert await search(autoconfig(ADA), world) == []


async def test_the_policy_keeps_everything_on_https_and_the_address_at_home() -> None:
    """
    The strictest policy: no plaintext request, the address nowhere.
    """
    world = FakeNetwork()
    world.page(MAIN, status=400)
    world.page(PLAINTEXT, document())
    rules = Policy(allow_http=False, send_address=False)

    await search([*autoconfig(ADA), *autodiscover(ADA)], world, rules)

    assert [request for request in world.requests if "http://" in request or "ada" in request] == []
    assert not any(request.startswith("POST") for request in world.requests)
