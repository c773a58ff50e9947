"""Documents from servers on loopback: limits, redirects, deadlines, names."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import anyio
import httpx
import pytest
import respx
import trustme
from anyio.abc import ByteStream

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.net.certificates import CertificateError
from mailsettings.net.dialer import CachedResolver, Dialer
from mailsettings.net.http import Fetcher, check_url, next_url
from mailsettings.net.limiter import Budget
from mailsettings.policy import Limits, Policy, Timeouts
from tests.support.loopback import LOOPBACK, Loopback, server_context, serving

HOST = "autoconfig.example.org"
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"


class Site:
    """A web server that answers each request with the same bytes."""

    def __init__(self, *parts: bytes, pause: float = 0.0, closes: bool = False) -> None:
        self.requests: list[bytes] = []
        self.hung_up = anyio.Event()
        self._parts = parts
        self._pause = pause
        self._closes = closes

    async def handle(self, stream: ByteStream) -> None:
        try:
            self.requests.append(await stream.receive())
            for part in self._parts:
                await stream.send(part)
                await anyio.sleep(self._pause)
            if not self._closes:
                await stream.receive()
        finally:
            self.hung_up.set()


class Web:
    """A fetcher whose names all lead to this machine."""

    def __init__(self, port: int, policy: Policy) -> None:
        self.policy = policy.replace(web_ports=frozenset({port}), allow_networks=policy.allow_networks or LOOPBACK)
        self.transport = Loopback(
            self.policy, **{"private.example.org": "10.0.0.1", "metadata.example.org": "169.254.169.254"}
        )
        budget = Budget(self.policy)
        dialer = Dialer(self.transport, self.policy, resolver=CachedResolver(self.transport, budget), budget=budget)
        self.fetcher = Fetcher(dialer, self.policy, budget=budget)


@asynccontextmanager
async def web(site: Site, ca: trustme.CA, ca_file: str, policy: Policy | None = None) -> AsyncIterator[tuple[Web, str]]:
    """Yield a fetcher and the base URL of *site* behind TLS."""
    certificate = ca.issue_cert(HOST, "*.example.org")
    async with serving(site.handle, server_context(certificate, alpn=("http/1.1",))) as port:
        opened = Web(port, (policy or Policy()).replace(ca_file=ca_file))
        async with aclosing(opened.fetcher):
            yield opened, f"https://{HOST}:{port}"


async def failure(
    site: Site, ca: trustme.CA, ca_file: str, policy: Policy | None = None, path: str = "/"
) -> NetworkError:
    """Fetch *path* of *site* in vain; return why."""
    async with web(site, ca, ca_file, policy) as (opened, base):
        with pytest.raises(NetworkError) as caught:
            await opened.fetcher.get(base + path)
    return caught.value


@pytest.mark.anyio
@pytest.mark.parametrize(
    "reply",
    [
        pytest.param((OK + b"Content-Length: 4\r\n\r\n<a/>",), id="length"),
        pytest.param(
            (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\n<a\r\n", b"2\r\n/>\r\n0\r\n\r\n"), id="chunks"
        ),
    ],
)
async def test_a_document_is_fetched(ca: trustme.CA, ca_file: str, reply: tuple[bytes, ...]) -> None:
    """
    Body, type and place of a document come as they are.
    """
    async with web(Site(*reply), ca, ca_file) as (opened, base):
        page = await opened.fetcher.get(f"{base}/mail/config-v1.1.xml#part")

    assert (page.body, page.content_type, page.status) == (b"<a/>", "text/xml", 200)
    assert (page.url, page.hops, page.authentic) == (f"{base}/mail/config-v1.1.xml", (), True)


@pytest.mark.anyio
async def test_little_is_said_of_us(ca: trustme.CA, ca_file: str) -> None:
    """
    No cookie, no credentials, no compression, and the name of this program.
    """
    site = Site(OK + b"Content-Length: 0\r\nSet-Cookie: a=b; Domain=example.org\r\n\r\n")
    async with web(site, ca, ca_file) as (opened, base):
        for _ in range(2):
            await opened.fetcher.get(f"{base}/")

    head = {line.partition(b":")[0].lower() for line in site.requests[1].split(b"\r\n")[1:] if line}
    assert head == {b"host", b"user-agent", b"accept", b"accept-encoding"}
    assert b"Accept-Encoding: identity\r\n" in site.requests[1]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        pytest.param((OK + b"Content-Length: 70000\r\n\r\n",), FailureKind.LIMIT, id="announced"),
        pytest.param((OK + b"\r\n", *([b"x" * 10_000] * 100)), FailureKind.LIMIT, id="1 MB"),
        pytest.param((OK + b"\r\n" + b"x" * 65_537,), FailureKind.LIMIT, id="a byte too long"),
        pytest.param(
            (OK + b"X: " + b"x" * 20_000 + b"\r\nContent-Length: 0\r\n\r\n",), FailureKind.LIMIT, id="long header"
        ),
        pytest.param((OK + b"X: ", *([b"x" * 10_000] * 100)), FailureKind.LIMIT, id="endless header"),
        pytest.param((*([b"HTTP/1.1 103 Early\r\nX: y\r\n\r\n" * 500] * 20),), FailureKind.LIMIT, id="endless hints"),
        pytest.param(
            (OK + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",), FailureKind.HTTP_FAILED, id="gzip"
        ),
        pytest.param((b"220 mail.example.org ESMTP\r\n",), FailureKind.HTTP_FAILED, id="no HTTP"),
        pytest.param((b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",), FailureKind.HTTP_STATUS, id="404"),
        pytest.param((b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n",), FailureKind.HTTP_FAILED, id="nowhere"),
    ],
)
async def test_bad_replies_end(ca: trustme.CA, ca_file: str, reply: tuple[bytes, ...], kind: FailureKind) -> None:
    """
    Too much, compressed, nonsense: the connection is closed and the reason is typed.
    """
    site = Site(*reply, closes=True)

    error = await failure(site, ca, ca_file)

    assert (error.kind, site.hung_up.is_set()) == (kind, True)


@pytest.mark.anyio
async def test_a_status_is_told(ca: trustme.CA, ca_file: str) -> None:
    """
    A 401 means something to those who asked: the number is there.
    """
    error = await failure(Site(b"HTTP/1.1 401 Who are you\r\nContent-Length: 0\r\n\r\n"), ca, ca_file)

    assert error.seen == "401"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "parts", [(OK + b"Content-Length: 900\r\n\r\n", *([b"x"] * 900)), ()], ids=["a byte now and then", "silence"]
)
async def test_slow_servers_are_left(ca: trustme.CA, ca_file: str, parts: tuple[bytes, ...]) -> None:
    """
    A drip of bytes does not extend the deadline.
    """
    site = Site(*parts, pause=0.02)

    error = await failure(site, ca, ca_file, Policy(timeouts=Timeouts(http_timeout=0.3)))

    assert (error.kind, site.hung_up.is_set()) == (FailureKind.REPLY_TIMEOUT, True)


@pytest.mark.anyio
async def test_the_name_is_checked(ca: trustme.CA, ca_file: str) -> None:
    """
    A valid certificate for another host is refused.
    """
    site = Site(OK)
    async with web(site, ca, ca_file) as (opened, base):
        with pytest.raises(CertificateError):
            await opened.fetcher.get(base.replace(HOST, "example.net"))

    assert site.requests == []


@pytest.mark.anyio
async def test_names_in_private_networks_are_refused(ca: trustme.CA, ca_file: str) -> None:
    """
    A redirect to a name whose address may not be contacted ends there: no connection is made.
    """
    site = Site()
    async with web(site, ca, ca_file, Policy.service()) as (opened, base):
        for name in ("private", "metadata"):
            target = base.replace("autoconfig", name).encode()
            site._parts = (b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: %b/\r\n\r\n" % target,)
            with pytest.raises(NetworkError) as caught:
                await opened.fetcher.get(f"{base}/")

            assert caught.value.kind is FailureKind.DENIED
        assert {ip for ip, _ in opened.transport.connected} == {"127.0.0.1"}


@pytest.mark.anyio
async def test_documents_are_counted(ca: trustme.CA, ca_file: str) -> None:
    """
    The budget of documents ends.
    """
    async with web(Site(OK + b"Content-Length: 0\r\n\r\n"), ca, ca_file, Policy(limits=Limits(max_http=2))) as (
        opened,
        base,
    ):
        await opened.fetcher.get(f"{base}/1")
        await opened.fetcher.get(f"{base}/2")
        with pytest.raises(NetworkError) as caught:
            await opened.fetcher.get(f"{base}/3")

    assert caught.value.kind is FailureKind.BUDGET


@pytest.mark.anyio
async def test_cancelling_closes_the_connection(ca: trustme.CA, ca_file: str) -> None:
    """
    Whoever does not want the document any more leaves no connection behind.
    """
    site = Site()
    async with web(site, ca, ca_file) as (opened, base):
        with anyio.move_on_after(0.1):
            await opened.fetcher.get(f"{base}/")
        with anyio.fail_after(2):
            await site.hung_up.wait()

    assert len(site.requests) == 1


def mocked(**routes: httpx.Response) -> respx.MockRouter:
    """Return a router for httpcore: https://a.example.org/KEY by key."""
    router = respx.mock(using="httpcore", assert_all_called=False)
    for name, response in routes.items():
        router.get(f"https://a.example.org/{name}").mock(return_value=response)
    return router


async def fetched(url: str = "https://a.example.org/0") -> httpx.URL:
    """Fetch *url* where httpcore is mocked; return where it was found."""
    policy = Policy()
    transport, budget = Loopback(policy), Budget(policy)
    dialer = Dialer(transport, policy, resolver=CachedResolver(transport, budget), budget=budget)
    async with aclosing(Fetcher(dialer, policy, budget=budget)) as fetcher:
        return httpx.URL((await fetcher.get(url)).url)


def to(location: str, status: int = 302) -> httpx.Response:
    return httpx.Response(status, headers={"Location": location})


@pytest.mark.anyio
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(status: int) -> None:
    """
    Each kind of redirect leads on, by whole or relative URL.
    """
    with mocked(**{"0": to("/1", status), "1": to("https://a.example.org/2"), "2": httpx.Response(200)}):
        assert (await fetched()).path == "/2"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("location", "kind"),
    [
        pytest.param("http://a.example.org/1", FailureKind.INSECURE_REDIRECT, id="to http"),
        pytest.param("/0", FailureKind.HTTP_FAILED, id="to itself"),
        pytest.param("//a.example.org/0#again", FailureKind.HTTP_FAILED, id="to itself by other words"),
        pytest.param("/loop", FailureKind.HTTP_FAILED, id="a loop of two"),
        pytest.param("https://a.example.org:8443/", FailureKind.DENIED, id="other port"),
        pytest.param("https://user@a.example.org/1", FailureKind.DENIED, id="user name"),
        pytest.param("file:///etc/passwd", FailureKind.DENIED, id="file"),
        pytest.param("https://127.0.0.1/", FailureKind.DENIED, id="address"),
        pytest.param("https://[::1]/", FailureKind.DENIED, id="IPv6 address"),
        pytest.param("https://localhost/", FailureKind.DENIED, id="this machine"),
        pytest.param("https://2130706433/", FailureKind.DENIED, id="number"),
        pytest.param("https://a.example.org/" + "x" * 2000, FailureKind.DENIED, id="long"),
        pytest.param("https://a.example.org:port/", FailureKind.HTTP_FAILED, id="no URL"),
    ],
)
async def test_bad_redirects_end(location: str, kind: FailureKind) -> None:
    """
    A redirect may not lead out of https, into loops, or to what may not be contacted.
    """
    with mocked(**{"0": to(location), "loop": to("/0"), "1": httpx.Response(200)}) as router:
        for host in ("127.0.0.1", "::1", "localhost", "2130706433"):
            router.route(host=host).pass_through()
        with pytest.raises(NetworkError) as caught:
            await fetched()

    assert caught.value.kind is kind


@pytest.mark.anyio
@pytest.mark.parametrize(("count", "ends"), [(5, False), (6, True)])
async def test_redirects_are_counted(count: int, ends: bool) -> None:
    """
    Five are followed, a sixth is not.
    """
    routes = {str(number): to(f"/{number + 1}") for number in range(count)}
    failed = False
    with mocked(**routes, **{str(count): httpx.Response(200)}):
        try:
            await fetched()
        except NetworkError as error:
            failed = error.kind is FailureKind.HTTP_FAILED

    assert failed is ends


def test_http_may_lead_to_https() -> None:
    """
    What starts in clear may become better; the way stays marked as forgeable by its first hop.
    """
    policy = Policy()
    url = next_url([check_url("http://a.example.org/", policy)], "https://b.example.org/", policy)

    assert str(url) == "https://b.example.org/"


def test_http_can_be_forbidden() -> None:
    """
    A policy without http asks nothing in clear.
    """
    with pytest.raises(NetworkError) as caught:
        check_url("http://a.example.org/", Policy(allow_http=False))

    assert caught.value.kind is FailureKind.DENIED
