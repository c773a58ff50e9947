"""Connections through real proxies on loopback: what they carry, what their refusals mean, what they cannot do."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from ipaddress import ip_address

import anyio
import anyio.lowlevel
import pytest
import trustme
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.tls import TLSStream

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.interfaces import Answer
from mailsettings.model import Endpoint, Probe, Protocol, Question, Security
from mailsettings.net.internet import Internet
from mailsettings.net.network import open_network
from mailsettings.net.tunnel import Tunnel
from mailsettings.policy import Policy, Timeouts
from mailsettings.policy.proxy import parse_proxy
from tests.support.loopback import LOOPBACK, Handler, Loopback, kind_of, server_context, serving
from tests.support.proxy_servers import Proxy, saying

pytestmark = pytest.mark.anyio
HOME = ip_address("127.0.0.1")
LOGIN = ("ada", "gehéim")
# A busy machine must not make a failure of the proxy out of anything; who is to be given up gets less time.
PATIENT = Policy(
    timeouts=Timeouts(
        proxy_timeout=60.0, connect_timeout=60.0, tls_timeout=60.0, greeting_timeout=60.0, reply_timeout=60.0
    )
)
HASTY = Policy(timeouts=Timeouts(proxy_timeout=0.3))
SILENT, HALF = saying(), saying(b"\x05")
ESCAPED = "ada:geh%C3%A9im@"


async def imap(stream: ByteStream) -> None:
    """Greet, and say what is offered."""
    lines = BufferedByteReceiveStream(stream)
    await stream.send(b"* OK ready\r\n")
    while True:
        line = await lines.receive_until(b"\r\n", 200)
        tag = line.split()[0]
        await stream.send(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n" + tag + b" OK done\r\n")


async def nobody_asks(question: Question) -> Answer:
    raise AssertionError(f"{question} was asked")


def tunnel(url: str, policy: Policy | None = None) -> Tunnel:
    return Tunnel(parse_proxy(url), policy or PATIENT, nobody_asks)


@asynccontextmanager
async def proxied(proxy: Proxy, scheme: str, ca: trustme.CA) -> AsyncIterator[str]:
    """Yield the URL of *proxy*, which runs as long as the block."""
    context = server_context(ca.issue_cert("127.0.0.1")) if scheme == "https" else None
    async with serving(proxy.socks if scheme == "socks5" else proxy.http, context) as port:
        yield f"{scheme}://{ESCAPED if proxy.login else ''}127.0.0.1:{port}"


async def greeted(url: str, port: int, ca_file: str, security: Security = Security.TLS) -> Probe:
    """Contact the mail server at *port* through the proxy *url*."""
    protocol = Protocol.IMAP if security is Security.TLS else Protocol.SMTP
    policy = PATIENT.replace(proxy=url, allow_networks=LOOPBACK, mail_ports=frozenset({port}), ca_file=ca_file)
    async with open_network(policy, Loopback(policy)) as net:
        return await net.greet(Endpoint(protocol, "imap.example.org", port, security), lambda _: None)


@pytest.mark.parametrize("cut", [1, 65536], ids=["byte by byte", "whole"])
@pytest.mark.parametrize("login", [None, LOGIN], ids=["anybody", "login"])
@pytest.mark.parametrize("scheme", ["socks5", "http", "https"])
async def test_a_mail_server_is_verified_through_a_proxy(
    scheme: str, login: tuple[str, str] | None, cut: int, ca: trustme.CA, ca_file: str
) -> None:
    """
    Its certificate is checked here, end to end; the proxy was asked for the address, once, with its login.
    """
    proxy = Proxy(login, cut=cut)
    async with (
        serving(imap, server_context(ca.issue_cert("imap.example.org"))) as port,
        proxied(proxy, scheme, ca) as url,
    ):
        probe = await greeted(url, port, ca_file)

    assert probe.verified, probe.failure
    assert (proxy.asked, proxy.logins) == ([f"127.0.0.1:{port}"], [login] if login else [])


async def test_a_certificate_for_another_name_is_seen_through_a_proxy(ca: trustme.CA, ca_file: str) -> None:
    """
    The proxy may lead anywhere: who is there is proved by the certificate.
    """
    async with (
        serving(imap, server_context(ca.issue_cert("imap.evil.example"))) as port,
        proxied(Proxy(), "socks5", ca) as url,
    ):
        probe = await greeted(url, port, ca_file)

    assert probe.failure is not None
    assert probe.failure.kind is FailureKind.CERTIFICATE_NAME


@pytest.mark.parametrize("scheme", ["socks5", "http", "https"])
async def test_a_greeting_that_comes_with_the_proxys_answer_is_not_lost(
    scheme: str, ca: trustme.CA, ca_file: str
) -> None:
    """
    It is the server's, read too far, and TLS begins behind it.
    """
    context = server_context(ca.issue_cert("imap.example.org"))

    async def smtp(stream: ByteStream) -> None:
        """Be a server whose greeting the proxy has sent on already."""
        lines = BufferedByteReceiveStream(stream)
        await lines.receive_until(b"\r\n", 200)
        await stream.send(b"250-mail\r\n250 STARTTLS\r\n")
        await lines.receive_until(b"\r\n", 200)
        await stream.send(b"220 go\r\n")

        secure = await TLSStream.wrap(stream, server_side=True, ssl_context=context, standard_compatible=False)
        await BufferedByteReceiveStream(secure).receive_until(b"\r\n", 200)
        await secure.send(b"250-mail\r\n250 AUTH PLAIN\r\n")
        await secure.receive()

    proxy = Proxy(greeting=b"220 mail ESMTP ready\r\n")
    async with serving(smtp) as port, proxied(proxy, scheme, ca) as url:
        probe = await greeted(url, port, ca_file, Security.STARTTLS)

    assert probe.verified, probe.failure


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_bytes_behind_the_answer_come_first_and_all_of_them(scheme: str, ca: trustme.CA) -> None:
    """
    In the pieces that are asked for, before what follows.
    """
    async with (
        serving(lambda stream: stream.send(b" and on")) as port,
        proxied(Proxy(greeting=b"ahead"), scheme, ca) as url,
    ):
        stream = await tunnel(url).connect(HOME, port)
        async with aclosing(stream):
            heard = [await stream.receive(3), await stream.receive(3)]
            while data := await stream.receive():
                heard.append(data)

    assert (heard[:2], b"".join(heard)) == ([b"ahe", b"ad"], b"ahead and on")


async def failure(url: str, policy: Policy | None = None, port: int = 993) -> NetworkError:
    """Return what goes wrong when a server is wanted through the proxy *url*."""
    with pytest.raises(NetworkError) as caught:
        await tunnel(url, policy).connect(HOME, port)
    return caught.value


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_what_the_proxy_says_of_a_server_is_that_servers_failure(scheme: str, ca: trustme.CA) -> None:
    """
    With the proxy named: it is its word.
    """
    async with proxied(Proxy(), scheme, ca) as url:
        error = await failure(url, port=1)

    assert error.kind is (FailureKind.REFUSED if scheme == "socks5" else FailureKind.UNREACHABLE)
    assert error.seen.startswith(f"the proxy {url}: ")


@pytest.mark.parametrize("scheme", ["socks5", "http", "https"])
@pytest.mark.parametrize("given", ["", "ada:falsch@"], ids=["none", "wrong"])
async def test_a_login_that_is_refused_is_the_proxys_failure(
    scheme: str, given: str, ca: trustme.CA, ca_file: str
) -> None:
    """
    It says so once, names the proxy and shows no password.
    """
    async with proxied(Proxy(LOGIN), scheme, ca) as url:
        error = await failure(url.replace(ESCAPED, given), PATIENT.replace(ca_file=ca_file))

    assert error.kind is FailureKind.PROXY
    assert error.seen.startswith(f"the proxy {url.replace(ESCAPED, '')}: ")
    assert "falsch" not in "".join(traceback.format_exception(error))


async def test_a_proxy_that_has_refused_the_login_is_let_alone(ca: trustme.CA) -> None:
    """
    Sixty connections of a detection are not sixty wrong logins; a while later it is tried again.
    """
    proxy = Proxy(LOGIN)
    async with proxied(proxy, "socks5", ca) as url:
        way = tunnel(url.replace("geh", "GEH"), Policy(timeouts=Timeouts(proxy_timeout=0.5)))
        attempts = 0
        with anyio.fail_after(10):
            while len(proxy.logins) < 2:
                with pytest.raises(NetworkError) as caught:
                    await way.connect(HOME, 993)
                assert caught.value.kind is FailureKind.PROXY
                attempts += 1
                await anyio.lowlevel.checkpoint()

    assert attempts > 2


AGREED = b"\x05\x00"


@pytest.mark.parametrize(
    ("scheme", "handler", "kind"),
    [
        ("socks5", saying(b"220 mail ready\r\n"), FailureKind.PROXY),
        ("socks5", HALF, FailureKind.PROXY),
        ("socks5", SILENT, FailureKind.PROXY),
        ("socks5", saying(closes=True), FailureKind.PROXY),
        ("socks5", saying(AGREED, b"\x05\x00\x00\x07more"), FailureKind.PROXY),
        ("socks5", saying(AGREED, closes=True), FailureKind.CLOSED),
        ("http", saying(b"220 mail ready\r\n"), FailureKind.PROXY),
        ("http", saying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000), FailureKind.PROXY),
        ("http", saying(closes=True), FailureKind.CLOSED),
        ("https", saying(b"220 mail ready\r\n"), FailureKind.PROXY),
        ("https", SILENT, FailureKind.PROXY),
    ],
    ids=[
        "a mail server",
        "half an answer",
        "silence",
        "hangs up",
        "garbage",
        "hangs up when asked",
        "http: a mail server",
        "http: endless headers",
        "http: hangs up when asked",
        "https: no TLS",
        "https: silence",
    ],
)
async def test_a_proxy_that_is_none_is_told_from_a_server_that_fails(
    scheme: str, handler: Handler, kind: FailureKind
) -> None:
    """
    What goes wrong before a server was asked for is never held against that server.
    """
    async with serving(handler) as port:
        error = await failure(f"{scheme}://127.0.0.1:{port}", HASTY if handler in (SILENT, HALF) else PATIENT)

    assert error.kind is kind
    assert error.seen.startswith(f"the proxy {scheme}://127.0.0.1:{port}: ")


async def test_a_dripping_proxy_does_not_extend_the_time() -> None:
    """
    The time is absolute, however often a byte comes.
    """

    async def drip(stream: ByteStream) -> None:
        while True:
            await stream.send(b"H")
            await anyio.sleep(0.02)

    async def slow_login(stream: ByteStream) -> None:
        await stream.send(b"\x05")
        await anyio.sleep_forever()

    async with serving(drip) as one, serving(slow_login) as other:
        kinds = {kind_of(await failure(f"socks5://127.0.0.1:{port}", HASTY)) for port in (one, other)}

    assert kinds == {FailureKind.PROXY}


async def test_a_proxy_that_does_not_reply_times_out(ca_file: str) -> None:
    """
    The time for the server comes on top of that for the proxy, and not more.
    """
    async with serving(saying(AGREED)) as port:
        policy = Policy(
            timeouts=Timeouts(connect_timeout=0.2, proxy_timeout=0.1),
            proxy=parse_proxy(f"socks5://127.0.0.1:{port}"),
            allow_networks=LOOPBACK,
        )
        async with open_network(policy, Loopback(policy)) as net:
            endpoint = Endpoint(Protocol.IMAP, "imap.example.org", 993, Security.TLS)
            with anyio.fail_after(5):
                probe = await net.greet(endpoint, lambda _: None)

    assert probe.failure is not None
    assert (probe.failure.kind, probe.failure.seen) == (FailureKind.CONNECT_TIMEOUT, "no answer within 0.3 s")


async def test_a_closed_port_instead_of_a_proxy_is_the_proxys_failure() -> None:
    """
    Nothing is tried without it.
    """
    async with serving(saying()) as port:
        pass

    assert kind_of(await failure(f"socks5://127.0.0.1:{port}")) is FailureKind.PROXY


async def test_a_proxys_own_certificate_is_checked(ca: trustme.CA, ca_file: str) -> None:
    """
    A login goes to nobody else.
    """
    proxy = Proxy(LOGIN)
    async with serving(proxy.http, server_context(ca.issue_cert("proxy.evil.example"))) as port:
        for host in ("127.0.0.1", "localhost"):
            error = await failure(f"https://{ESCAPED}{host}:{port}", PATIENT.replace(ca_file=ca_file))
            assert error.kind is FailureKind.PROXY

    assert proxy.logins == []


async def test_a_proxy_may_be_given_by_name(ca: trustme.CA) -> None:
    """
    Its name is the only one that is asked past it; it may be anywhere, also on this machine.
    """
    asked = []

    async def ask(question: Question) -> Answer:
        asked.append(str(question))
        return Answer(question, ("127.0.0.1",) if question.type == "A" else ())

    async with serving(lambda stream: stream.send(b"hello")) as port, proxied(Proxy(), "socks5", ca) as url:
        named = parse_proxy(url.replace("127.0.0.1", "proxy.example.org"))
        way, heard = Tunnel(named, PATIENT, ask), []
        for _ in range(2):
            async with aclosing(await way.connect(HOME, port)) as stream:
                heard.append(await stream.receive())

    assert (heard, asked) == ([b"hello", b"hello"], ["proxy.example.org A", "proxy.example.org AAAA"])


async def test_a_proxy_whose_name_has_no_address_is_the_proxys_failure() -> None:
    """
    As one that is not there.
    """

    async def ask(question: Question) -> Answer:
        return Answer(question)

    with pytest.raises(NetworkError) as caught:
        await Tunnel(parse_proxy("socks5://proxy.example.org"), Policy(), ask).connect(HOME, 993)

    assert caught.value.kind is FailureKind.PROXY


@pytest.mark.parametrize("target", ["127.0.0.1", "10.0.0.1", "169.254.169.254"])
async def test_addresses_are_checked_before_the_proxy_is_asked(target: str, ca: trustme.CA) -> None:
    """
    A proxy inside a network must not become a way into it.
    """
    proxy = Proxy()
    async with proxied(proxy, "socks5", ca) as url:
        policy = Policy.service().replace(proxy=url)
        async with open_network(policy, Loopback(policy, **{"imap.example.org": target})) as net:
            endpoint = Endpoint(Protocol.IMAP, "imap.example.org", 993, Security.TLS)
            probe = await net.greet(endpoint, lambda _: None)

    assert probe.failure is not None
    assert (probe.failure.kind, proxy.asked) == (FailureKind.DENIED, [])


async def test_the_proxy_itself_is_exempt_from_the_address_rules(ca: trustme.CA) -> None:
    """
    It is whoever sets the policy who names it; strangers' hosts lead to it no more than before.
    """
    proxy = Proxy()
    async with serving(lambda stream: stream.send(b"hello")) as port, proxied(proxy, "socks5", ca) as url:
        proxy.redirect["11.0.0.1:993"] = port
        async with (
            aclosing(Internet(Policy.service().replace(proxy=url))) as internet,
            aclosing(await internet.connect(ip_address("11.0.0.1"), 993)) as stream,
        ):
            assert await stream.receive() == b"hello"

    assert Policy.service().replace(proxy=url).objection(HOME, 993) is not None


@pytest.mark.parametrize("scheme", ["socks5", "http", "https"])
async def test_whoever_is_cancelled_leaves_no_connection(scheme: str, ca: trustme.CA, ca_file: str) -> None:
    """
    At whatever moment: the proxy sees the end of every connection.
    """
    proxy, steps, reached = Proxy(LOGIN), 0, False

    async with (
        serving(lambda stream: stream.send(b"hello")) as port,
        proxied(proxy, scheme, ca) as url,
    ):

        async def connect() -> None:
            nonlocal reached
            async with aclosing(await tunnel(url, PATIENT.replace(ca_file=ca_file)).connect(HOME, port)):
                reached = True

        while not reached:
            async with anyio.create_task_group() as group:
                group.start_soon(connect)
                for _ in range(steps):
                    await anyio.lowlevel.checkpoint()
                group.cancel_scope.cancel()
            steps += 1
        with anyio.fail_after(5):
            while proxy.open:
                await anyio.lowlevel.checkpoint()

    assert steps > 3


async def test_a_document_comes_through_the_proxy(ca: trustme.CA, ca_file: str) -> None:
    """
    Over https, with the host's own certificate, as everything else.
    """

    async def web(stream: ByteStream) -> None:
        await BufferedByteReceiveStream(stream).receive_until(b"\r\n\r\n", 2000)
        await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

    proxy = Proxy()
    async with (
        serving(web, server_context(ca.issue_cert("autoconfig.example.org"))) as port,
        proxied(proxy, "http", ca) as url,
    ):
        policy = PATIENT.replace(
            proxy=url, allow_networks=LOOPBACK, web_ports=frozenset({port}), ca_file=ca_file, http_timeout=60.0
        )
        async with open_network(policy, Loopback(policy)) as net:
            page = await net.get(f"https://autoconfig.example.org:{port}/")

    assert (page.body, proxy.asked) == (b"hello", [f"127.0.0.1:{port}"])
