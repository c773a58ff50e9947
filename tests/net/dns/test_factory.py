"""DNS through a proxy: over TCP and to the name servers that are meant, or not at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from ipaddress import ip_address

import dns.message
import dns.rcode
import pytest
import trustme
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Question
from mailsettings.net.dns.factory import resolver_for, resolver_through
from mailsettings.net.dns.nameservers import Nameserver, Scheme
from mailsettings.net.internet import Internet
from mailsettings.net.tcp import TCPStream
from mailsettings.policy import IPAddress, Policy, Timeouts
from mailsettings.policy.proxy import parse_proxy
from tests.support.loopback import server_context, serving
from tests.support.nameserver import Zone, answering, converse
from tests.support.proxy_servers import Proxy, saying

pytestmark = pytest.mark.anyio
A = Question("imap.example.org", "A")


@asynccontextmanager
async def world(**changes: object) -> AsyncIterator[tuple[Internet, Proxy, Zone, Zone]]:
    """Yield a way to a name server behind a proxy, the proxy, and what was asked over TCP and over UDP."""
    over_tcp, over_udp = (Zone("imap.example.org. A 1.2.3.4", authentic=True) for _ in range(2))

    def datagrams(query: dns.message.Message) -> list[bytes]:
        return [over_udp.response(query).to_wire()]

    def stream(query: dns.message.Message) -> bytes:
        return over_tcp.response(query).to_wire()

    proxy = Proxy()
    async with answering(datagrams, tcp=stream) as port, serving(proxy.socks) as at:
        patient = Policy(
            timeouts=Timeouts(dns_timeout=60.0, dns_lifetime=60.0, proxy_timeout=60.0)
        )  # on a busy machine, too
        policy = patient.replace(proxy=f"socks5://127.0.0.1:{at}", resolver=f"127.0.0.1:{port}").replace(**changes)
        async with aclosing(Internet(policy)) as internet:
            yield internet, proxy, over_tcp, over_udp


async def test_questions_go_through_the_proxy_over_tcp() -> None:
    """
    On one connection that is kept; not a datagram leaves, and a signature in the proxy's sight is not believed.
    """
    async with world() as (internet, proxy, over_tcp, over_udp):
        answers = [await internet.ask(A) for _ in range(3)]

    assert {(answer.records, answer.authentic) for answer in answers} == {(("1.2.3.4",), False)}
    assert (len(proxy.asked), len(over_tcp.asked), over_udp.asked) == (1, 3, [])


async def test_a_validating_resolver_behind_a_proxy_is_not_trusted() -> None:
    """
    What the resolver says of signatures can be changed by the proxy, which the user has not vouched for.
    """
    async with world(resolver_validates=True) as (internet, _, _, _):
        assert not (await internet.ask(A)).authentic


async def test_questions_go_past_the_proxy_only_if_the_policy_says_so() -> None:
    """
    Then as without a proxy.
    """
    async with world(dns_past_proxy=True, resolver_validates=True) as (internet, proxy, over_tcp, over_udp):
        answer = await internet.ask(A)

    assert (answer.records, answer.authentic) == (("1.2.3.4",), True)
    assert (proxy.asked, over_tcp.asked, len(over_udp.asked)) == ([], [], 1)


async def test_a_question_is_never_repeated_past_the_proxy() -> None:
    """
    Where the proxy does not get to the name server, that is said; nothing else is tried.
    """
    async with world(resolver="127.0.0.1:1") as (internet, _, over_tcp, over_udp):
        with pytest.raises(NetworkError) as caught:
            await internet.ask(A)

    assert caught.value.kind is FailureKind.PROXY
    assert (
        "no way to the name server 127.0.0.1 port 1 through the proxy: the proxy socks5://127.0.0.1:"
        in caught.value.seen
    )
    assert (over_tcp.asked, over_udp.asked) == ([], [])


async def test_a_name_server_that_refuses_strangers_is_not_the_domains_fault() -> None:
    """
    It would have answered here; seen from the proxy we are nobody's customer.
    """
    async with world() as (internet, _, over_tcp, _):
        over_tcp.rcode = dns.rcode.REFUSED
        with pytest.raises(NetworkError) as caught:
            await internet.ask(A)

    assert (caught.value.kind, "refuses whoever asks from there" in caught.value.seen) == (FailureKind.PROXY, True)


async def test_a_proxy_that_never_answers_is_no_silent_resolver() -> None:
    """
    An HTTP proxy keeps silent where one of SOCKS has long agreed: its failure all the same.
    """
    async with serving(saying()) as at:
        policy = Policy(
            timeouts=Timeouts(dns_lifetime=0.2, dns_timeout=0.2, proxy_timeout=0.2),
            proxy=parse_proxy(f"http://127.0.0.1:{at}"),
            resolver="192.0.2.53",
        )
        async with aclosing(Internet(policy)) as internet:
            with pytest.raises(NetworkError) as caught:
                await internet.ask(A)

    assert (caught.value.kind, caught.value.seen.rpartition(": ")[2]) == (FailureKind.PROXY, "no answer within 0.2 s")


async def test_dns_over_tls_goes_through_the_proxy(ca: trustme.CA, ca_file: str) -> None:
    """
    Its TLS ends at the name server, so what that says of signatures is believed.
    """
    zone, proxy = Zone("imap.example.org. A 1.2.3.4", authentic=True), Proxy()
    context = server_context(ca.issue_cert("127.0.0.1"))
    async with (
        serving(lambda stream: converse(stream, lambda query: zone.response(query).to_wire()), context) as port,
        serving(proxy.socks) as at,
    ):
        policy = Policy(
            proxy=parse_proxy(f"socks5://127.0.0.1:{at}"), resolver=f"tls://127.0.0.1:{port}", ca_file=ca_file
        )
        async with aclosing(Internet(policy)) as internet:
            answer = await internet.ask(A)

    assert (answer.records, answer.authentic, proxy.asked) == (("1.2.3.4",), True, [f"127.0.0.1:{port}"])


@pytest.mark.parametrize("validates", [False, True])
async def test_signatures_are_believed_of_a_resolver_that_is_named_as_validating(*, validates: bool) -> None:
    """
    Naming a resolver is not enough: anyone on the way to it can set the AD bit.
    """
    zone = Zone("imap.example.org. A 1.2.3.4", authentic=True)
    async with answering(lambda query: [zone.response(query).to_wire()]) as port:
        policy = Policy(resolver=f"127.0.0.1:{port}", resolver_validates=validates)
        async with aclosing(Internet(policy)) as internet:
            assert (await internet.ask(A)).authentic is validates


@pytest.mark.parametrize("validates", [False, True])
async def test_name_servers_of_the_system_are_never_believed_on_signatures(*, validates: bool) -> None:
    """
    Not even on this machine: Docker's name server there passes on what came unprotected from elsewhere.
    """
    zone = Zone("imap.example.org. A 1.2.3.4", authentic=True)
    async with answering(lambda query: [zone.response(query).to_wire()]) as port:
        system = (Nameserver(Scheme.UDP, "127.0.0.1", port),)
        async with aclosing(resolver_for(Policy(resolver_validates=validates), None, system)) as resolver:
            answer = await resolver.ask(A)

    assert (answer.records, answer.authentic) == (("1.2.3.4",), False)


async def nowhere(ip: IPAddress, port: int) -> TCPStream:
    raise NetworkError(FailureKind.REFUSED, f"nobody at {ip}:{port}")


async def _why(*system: str) -> NetworkError:
    """Return why nothing can be asked when the machine has these name servers."""
    servers = tuple(Nameserver(Scheme.UDP, host, 53) for host in system)
    async with aclosing(resolver_through(nowhere, Policy(), None, servers)) as resolver:
        with pytest.raises(NetworkError) as caught:
            await resolver.ask(A)
    return caught.value


@pytest.mark.parametrize("system", [(), ("127.0.0.53",), ("::1", "fe80::1")], ids=["none", "stub", "local"])
async def test_name_servers_of_this_machine_are_not_asked_through_the_proxy(system: tuple[str, ...]) -> None:
    """
    Behind the proxy the same address is another machine; it is said what to do instead.
    """
    error = await _why(*system)

    assert error.kind is FailureKind.PROXY
    assert "--resolver" in error.seen


async def test_name_servers_elsewhere_are_asked_through_the_proxy() -> None:
    """
    Those that the system names, the others left out.
    """
    error = await _why("127.0.0.53", "192.0.2.53")

    assert (error.kind, "nobody at 192.0.2.53:53" in error.seen) == (FailureKind.PROXY, True)


@pytest.mark.parametrize("way", [Scheme.TLS, Scheme.HTTPS])
async def test_a_name_server_given_by_name_is_looked_up_through_the_proxy(
    way: Scheme, ca: trustme.CA, ca_file: str
) -> None:
    """
    By the system's name servers, which are elsewhere.
    """
    zone, asked = Zone("dns.example.org. A 127.0.0.1\nimap.example.org. A 1.2.3.4"), []
    context = server_context(ca.issue_cert("dns.example.org"))

    def reply(query: dns.message.Message) -> bytes:
        response = zone.response(query)
        response.answer = [rrset for rrset in response.answer if rrset.name == query.question[0].name]
        return response.to_wire()

    async def over_https(stream: ByteStream) -> None:
        """Answer one question that is posted."""
        lines = BufferedByteReceiveStream(stream)
        head = await lines.receive_until(b"\r\n\r\n", 2000)
        length = int(next(line for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")).split()[1])
        wire = reply(dns.message.from_wire(await lines.receive_exactly(length)))
        await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(wire), wire))

    async def over_tls(stream: ByteStream) -> None:
        await converse(stream, reply)

    async with (
        serving(over_tls if way is Scheme.TLS else over_https, context) as secure,
        serving(over_tls) as clear,
    ):

        async def connect(ip: IPAddress, port: int) -> TCPStream:
            asked.append(f"{ip}:{port}")
            direct = Internet(Policy(ca_file=ca_file))
            return await direct.connect(ip_address("127.0.0.1"), clear if port == 53 else port)

        named = Nameserver(way, "dns.example.org", secure, f"https://dns.example.org:{secure}/dns-query")
        system = (Nameserver(Scheme.UDP, "192.0.2.53", 53),)
        async with aclosing(resolver_through(connect, Policy(ca_file=ca_file), named, system)) as resolver:
            answer = await resolver.ask(A)

    assert answer.records == ("1.2.3.4",)
    assert (set(asked), asked[-1]) == ({"192.0.2.53:53", f"127.0.0.1:{secure}"}, f"127.0.0.1:{secure}")


@pytest.mark.parametrize("way", [Scheme.UDP, Scheme.TLS, Scheme.HTTPS])
async def test_a_proxy_that_refuses_the_name_server_is_to_blame(way: Scheme) -> None:
    """
    Whatever DNS would have travelled in.
    """
    host = "192.0.2.53" if way is Scheme.UDP else "dns.example.org"
    named = Nameserver(way, host, 443, f"https://{host}/dns-query")

    async with aclosing(
        resolver_through(nowhere, Policy(), named, (Nameserver(Scheme.UDP, "192.0.2.1", 53),))
    ) as resolver:
        with pytest.raises(NetworkError) as caught:
            await resolver.ask(A)

    assert caught.value.kind is FailureKind.PROXY
