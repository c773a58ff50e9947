"""The web pages of a fake network, through httpcore: HTTP/1.1 over the same streams as everything else."""

import httpcore
import pytest

from mailsettings.testing import FakeNetwork, Request, Say
from tests.support.fake_network_client import HOST, Backend, ask, dial, fetch, from_generator, world

pytestmark = pytest.mark.anyio
URL = "https://autoconfig.example.org/mail/config-v1.1.xml"


async def test_a_page_brings_its_host_along() -> None:
    """Name, address, server and certificate come from the URL."""
    net = FakeNetwork()
    net.page(URL, "<clientConfig/>")

    response = await fetch(net, URL)

    assert (response.status, response.content) == (200, b"<clientConfig/>")
    assert dict(response.headers)[b"Content-Type"] == b"text/xml"


@pytest.mark.parametrize("url", [URL.replace("https", "http"), "https://example.org/"])
async def test_other_places_do_not_exist(url: str) -> None:
    """Neither the other scheme nor the other name."""
    net = FakeNetwork()
    net.page(URL, "")

    with pytest.raises(httpcore.ConnectError):
        await fetch(net, url)


async def test_other_paths_are_not_found() -> None:
    """With a page in HTML, as web servers do."""
    net = FakeNetwork()
    net.page(URL, "")

    response = await fetch(net, "https://autoconfig.example.org/")

    assert (response.status, dict(response.headers)[b"Content-Type"]) == (404, b"text/html")


async def test_a_page_says_what_a_test_wants() -> None:
    """Status, type and headers are options."""
    net = FakeNetwork()
    net.page(URL, b"\xff", status=401, content_type="text/plain", headers=[("WWW-Authenticate", "Basic")])

    response = await fetch(net, URL)

    assert (response.status, response.content) == (401, b"\xff")
    assert {(b"Content-Type", b"text/plain"), (b"WWW-Authenticate", b"Basic")} <= set(response.headers)


async def test_a_redirect_names_its_target() -> None:
    """It is the client who follows."""
    net = FakeNetwork()
    net.redirect("http://example.org/a", "https://example.org/b", status=301)

    response = await fetch(net, "http://example.org/a")

    assert (response.status, dict(response.headers)[b"Location"]) == (301, b"https://example.org/b")


@pytest.mark.parametrize(
    ("query", "body"), [("", b"plain"), ("?emailaddress=a@example.org", b"personal"), ("?other=1", b"plain")]
)
async def test_a_query_may_have_a_page_of_its_own(query: str, body: bytes) -> None:
    """Without one, the query makes no difference, as with a file."""
    net = FakeNetwork()
    net.page(URL, "plain")
    net.page(f"{URL}?emailaddress=a@example.org", "personal")

    assert (await fetch(net, f"{URL}{query}")).content == body


@pytest.mark.parametrize(("method", "status"), [("GET", 404), ("POST", 200)])
async def test_a_page_may_be_for_one_method(method: str, status: int) -> None:
    """Autodiscover answers to POST only."""
    net = FakeNetwork()
    net.page(URL, "<Autodiscover/>", method="POST")

    assert (await fetch(net, URL, method=method)).status == status


async def test_a_head_request_has_no_body() -> None:
    """Length yes, bytes no."""
    net = FakeNetwork()
    net.page(URL, "<clientConfig/>")

    response = await fetch(net, URL, method="HEAD")

    assert (response.content, dict(response.headers)[b"Content-Length"]) == (b"", b"15")


async def test_requests_are_remembered_with_their_body() -> None:
    """Method, URL, headers and body; not line by line."""
    net = FakeNetwork()
    net.page(URL, "")
    await fetch(net, f"{URL}?x=1", method="POST", headers=[("X-Who", "me")], content=b"<Autodiscover/>")

    (request,) = [entry for entry in net.asked if isinstance(entry, Request)]

    assert (str(request), request.body, dict(request.headers)["x-who"]) == (
        f"POST {URL}?x=1",
        b"<Autodiscover/>",
        "me",
    )
    assert net.lines == ()


async def test_a_connection_serves_several_requests() -> None:
    """Kept alive, as the pool likes it."""
    net = FakeNetwork()
    net.page(URL, "<clientConfig/>")
    async with httpcore.AsyncConnectionPool(network_backend=Backend(net.transport())) as pool:
        bodies = [(await pool.request("GET", URL)).content for _ in range(3)]

    assert (bodies, len(net.connections)) == ([b"<clientConfig/>"] * 3, 1)


async def test_a_large_body_arrives_whole() -> None:
    """Larger than any window."""
    net = FakeNetwork()
    net.page(URL, b"0123456789" * 100_000)

    assert (await fetch(net, URL)).content == b"0123456789" * 100_000


async def test_an_endless_body_goes_on() -> None:
    """The reader decides how much of it there is."""
    net = world()
    net.page(f"http://{HOST}/", "A" * 1000, endless=True)
    stream = await dial(net, 80)
    await stream.send(b"GET / HTTP/1.1\r\nHost: imap.example.org\r\n\r\n")
    sizes = [len(await stream.receive()) for _ in range(1000)]

    assert sum(sizes) > 300_000
    assert 0 not in sizes


async def test_names_on_one_address_share_its_web_server() -> None:
    """Pages are found by name, certificates too."""
    net = FakeNetwork()
    net.host("a.example.org", "192.0.2.80")
    net.host("b.example.org", "192.0.2.80")
    net.page("https://a.example.org/", "a")
    net.page("https://b.example.org/", "b")

    assert [(await fetch(net, f"https://{name}.example.org/")).content for name in "ab"] == [b"a", b"b"]


async def test_a_page_follows_the_alias_of_its_name() -> None:
    """A customer's autoconfig name points to the hoster's machine."""
    net = FakeNetwork()
    net.host("web.hoster.example", "192.0.2.80")
    net.records("autoconfig.example.org", CNAME="web.hoster.example")
    net.page(URL, "<clientConfig/>")

    assert (await fetch(net, URL)).status == 200
    assert net.connections == ("192.0.2.80:443",)


async def test_a_web_server_may_have_no_pages() -> None:
    """A parked machine: everything is 404."""
    net = FakeNetwork()
    net.host("example.org").web(80, 443)

    assert [(await fetch(net, f"{scheme}://example.org/")).status for scheme in ("http", "https")] == [404, 404]


async def test_what_a_test_has_put_on_the_port_stays() -> None:
    """A page does not replace a scripted server."""
    net = world(from_generator(80, Say(b"SSH-2.0-x\r\n")))
    net.page(f"http://{HOST}/", "page")

    assert await (await dial(net, 80)).receive() == b"SSH-2.0-x\r\n"


async def test_what_is_no_http_is_a_bad_request() -> None:
    """An SMTP client at a web server."""
    net = world()
    net.page("http://imap.example.org/", "")
    stream = await dial(net, 80)
    await stream.send(b"EHLO me\r\n\r\n")

    assert (await stream.receive()).startswith(b"HTTP/1.1 400 ")


async def test_only_web_addresses_are_pages() -> None:
    """A typing error in a test is not a page that is never requested."""
    with pytest.raises(ValueError, match="not an http or https URL"):
        FakeNetwork().page("autoconfig.example.org/mail", "")


async def test_a_page_is_in_the_dns() -> None:
    """Its host has an address like any other."""
    net = FakeNetwork()
    net.page(URL, "")

    assert len((await ask(net, "autoconfig.example.org A")).records) == 1
