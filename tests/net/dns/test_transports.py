"""DNS over TLS and over HTTPS, against servers on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import partial

import anyio
import dns.message
import pytest
import trustme
from anyio.abc import ByteStream

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.interfaces import Answer
from mailsettings.model import Question
from mailsettings.net.dns.doh import DoH
from mailsettings.net.dns.message import Response, query_of
from mailsettings.net.dns.nameservers import Nameserver, Scheme
from mailsettings.net.dns.transports import MAX_CONNECTIONS, DNSTransport, DoT
from mailsettings.net.tcp import connect
from mailsettings.policy import Policy
from tests.support.loopback import Loopback, server_context, serving
from tests.support.nameserver import Zone, converse

A = Question("imap.example.org", "A")
NAME = "dns.example.org"


class Server:
    """A name server behind TLS that counts its connections, and may have too many of them."""

    def __init__(self, *, closes: bool = False, most: int = 1000, busy: int = 0) -> None:
        """*closes* after an answer; it closes new connections beside *most* others, and the first *busy* ones."""
        self.connections = self.open = self.peak = 0
        self._closes, self._most, self._busy = closes, most, busy
        self._zone = Zone("imap.example.org. A 1.2.3.4")

    async def over_tls(self, stream: ByteStream) -> None:
        self.connections += 1
        if self.open >= self._most or self.connections <= self._busy:
            return
        self.open += 1
        self.peak = max(self.peak, self.open)
        try:
            await converse(stream, self._answer, once=self._closes)
        finally:
            self.open -= 1

    async def over_https(self, stream: ByteStream) -> None:
        self.connections += 1
        while True:
            head = b""
            while b"\r\n\r\n" not in head:
                head += await stream.receive()
            head, _, body = head.partition(b"\r\n\r\n")
            wire = self._answer(dns.message.from_wire(body or await stream.receive()))
            await stream.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(wire), wire))

    def _answer(self, query: dns.message.Message) -> bytes:
        return self._zone.response(query).to_wire()


async def nowhere(question: Question) -> Answer:
    """Answer as a resolver that knows this machine only."""
    return Answer(question, ("127.0.0.1",))


@asynccontextmanager
async def over_tls(ca: trustme.CA, ca_file: str, server: Server, host: str, *names: str) -> AsyncIterator[DNSTransport]:
    """Yield a transport to *server*, which shows a certificate for *names* and is known as *host*."""
    async with (
        serving(server.over_tls, server_context(ca.issue_cert(*names))) as port,
        aclosing(DoT(Nameserver(Scheme.TLS, host, port), nowhere, partial(connect, ca_file=ca_file))) as transport,
    ):
        yield transport


def records(response: Response) -> int:
    """Count the answers."""
    return len(response.records)


@pytest.mark.anyio
@pytest.mark.parametrize(("host", "name"), [(NAME, NAME), ("127.0.0.1", "127.0.0.1")], ids=["name", "address"])
async def test_questions_share_a_tls_connection(ca: trustme.CA, ca_file: str, host: str, name: str) -> None:
    """
    A name server is checked by its name or by its address; one handshake serves many questions.
    """
    server = Server()
    async with over_tls(ca, ca_file, server, host, name) as transport:
        for _ in range(3):
            response = await transport.exchange(query_of(A))

    assert (records(response), server.connections) == (1, 1)


@pytest.mark.anyio
async def test_a_connection_closed_meanwhile_is_replaced(ca: trustme.CA, ca_file: str) -> None:
    """
    Name servers close idle connections; that is no failure of the next question.
    """
    server = Server(closes=True)
    async with over_tls(ca, ca_file, server, NAME, NAME) as transport:
        for _ in range(2):
            response = await transport.exchange(query_of(A))

    assert (records(response), server.connections) == (1, 2)


@pytest.mark.anyio
async def test_a_query_is_repeated_if_a_busy_server_closes_the_connection(ca: trustme.CA, ca_file: str) -> None:
    """
    RFC 7766 §6.2.4: a new connection that is closed before the answer costs one more, and no more than one.
    """
    server = Server(busy=1)
    async with over_tls(ca, ca_file, server, NAME, NAME) as transport:
        response = await transport.exchange(query_of(A))

    assert (records(response), server.connections) == (1, 2)

    server = Server(busy=3)
    async with over_tls(ca, ca_file, server, NAME, NAME) as transport:
        with pytest.raises(NetworkError) as caught:
            await transport.exchange(query_of(A))

    assert (caught.value.kind, server.connections) == (FailureKind.CLOSED, 2)


@pytest.mark.anyio
async def test_many_questions_at_a_time_need_few_connections(ca: trustme.CA, ca_file: str) -> None:
    """
    A search asks 40 questions at once; unbound closes what is more than ten connections of all clients together.
    """
    server = Server(most=MAX_CONNECTIONS)
    responses: list[Response] = []
    async with over_tls(ca, ca_file, server, NAME, NAME) as transport:

        async def ask() -> None:
            responses.append(await transport.exchange(query_of(A)))

        async with anyio.create_task_group() as tasks:
            for _ in range(40):
                tasks.start_soon(ask)

    assert (len(responses), server.peak <= MAX_CONNECTIONS) == (40, True)


@pytest.mark.anyio
@pytest.mark.parametrize("host", [NAME, "127.0.0.1"])
async def test_somebody_elses_certificate_is_refused(ca: trustme.CA, ca_file: str, host: str) -> None:
    """
    A valid certificate for another name server does not do.
    """
    async with over_tls(ca, ca_file, Server(), host, "other.example.org", "127.0.0.2") as transport:
        with pytest.raises(NetworkError) as caught:
            await transport.exchange(query_of(A))

    assert caught.value.kind is FailureKind.CERTIFICATE_NAME


@pytest.mark.anyio
async def test_questions_travel_over_https(ca: trustme.CA, ca_file: str) -> None:
    """
    Questions are posted to the URL, over a connection that is kept.
    """
    server = Server()
    async with serving(server.over_https, server_context(ca.issue_cert(NAME))) as port:
        nameserver = Nameserver(Scheme.HTTPS, NAME, port, f"https://{NAME}:{port}/dns-query")
        policy = Policy(ca_file=ca_file)
        async with aclosing(DoH(nameserver, policy, Loopback(policy))) as transport:
            for _ in range(3):
                response = await transport.exchange(query_of(A))

    assert (records(response), server.connections) == (1, 1)
