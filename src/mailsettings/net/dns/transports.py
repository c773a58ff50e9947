"""DNS transports: Do53, UDP with fallback to TCP (RFC 1035, RFC 7766), and DoT (RFC 7858)."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Protocol as Interface

import anyio

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.interfaces import Answer
from mailsettings.model import Question
from mailsettings.net import tcp
from mailsettings.net.dns.message import Query, Response, read_plain
from mailsettings.net.dns.nameservers import Nameserver
from mailsettings.net.tcp import Connect, TCPStream, os_fault, secure_host
from mailsettings.net.tls import NO_ALPN
from mailsettings.policy import IPAddress

_REFUSED = 5  # RFC 1035 §4.1.1
_ADVICE = "name another with --resolver, or let DNS go past the proxy with --dns-past-proxy"
MAX_CONNECTIONS = 6  # to one name server at a time
MAX_FALLBACK = 4096  # bytes parsed by dnspython, which takes 0.25 s for a long message; errors are short


class DNSTransport(Interface):
    """Sends queries to one name server."""

    round_trips: int  # until the first answer can arrive

    async def exchange(self, query: Query) -> Response:
        """Return the response to *query*. Raises NetworkError; never times out, that is up to the caller."""
        ...

    async def aclose(self) -> None:
        """Close idle connections."""
        ...


class Do53:
    """DNS over UDP, with TCP for truncated answers. One socket per query: its random port makes forgery harder."""

    round_trips = 1

    def __init__(self, nameserver: Nameserver) -> None:
        self._ip = ip_address(nameserver.host)
        self._port = nameserver.port

    async def exchange(self, query: Query) -> Response:
        response = await self._udp(query)
        if not response.truncated:
            return response
        stream = await tcp.connect(self._ip, self._port)
        async with contextlib.aclosing(stream):
            return await _exchange_framed(stream, query)

    async def _udp(self, query: Query) -> Response:
        """Send *query* and wait for its response; other datagrams are ignored."""
        family = socket.AF_INET6 if self._ip.version == 6 else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as udp:
                udp.setblocking(False)
                # Connected: the kernel drops datagrams of other senders and reports a closed port at once.
                udp.connect((str(self._ip), self._port))
                udp.send(query.wire)
                return await _first_response(udp, query)
        except OSError as error:
            raise os_fault(error) from error

    async def aclose(self) -> None:
        """Do nothing: no connection stays open."""


async def _first_response(udp: socket.socket, query: Query) -> Response:
    """Return the first datagram that is a response to *query*."""
    while True:
        await anyio.wait_readable(udp)
        with contextlib.suppress(BlockingIOError):  # a datagram with a wrong checksum wakes the task and is dropped
            if (response := response_to(query, udp.recv(65535))) is not None:
                return response


class ConnectionPool:
    """A pool of persistent connections to one name server: a handshake per query would dominate the cost.

    The connections are few, and a query is repeated if the server closes one: busy name servers close new connections
    of a client that holds many (RFC 7766 §6.2.2 and §6.2.4; unbound accepts ten of all clients together).
    """

    def __init__(self, connect: Callable[[], Awaitable[TCPStream]]) -> None:
        self._connect = connect
        self._idle: list[TCPStream] = []
        self._slots = anyio.Semaphore(MAX_CONNECTIONS)

    async def exchange(self, query: Query) -> Response:
        """Return the response to *query*, see DNSTransport."""
        async with self._slots:
            while self._idle:
                # The server may have closed an idle connection, which is no failure.
                with contextlib.suppress(NetworkError):
                    return await self._exchange_on(self._idle.pop(), query)
            try:
                return await self._exchange_on(await self._connect(), query)
            except NetworkError as error:
                if error.kind is not FailureKind.CLOSED:
                    raise
            return await self._exchange_on(await self._connect(), query)

    async def _exchange_on(self, stream: TCPStream, query: Query) -> Response:
        async with contextlib.AsyncExitStack() as undo:
            undo.push_async_callback(stream.aclose)
            response = await _exchange_framed(stream, query)
            undo.pop_all()
        self._idle.append(stream)
        return response

    async def aclose(self) -> None:
        """Close idle connections."""
        while self._idle:
            await self._idle.pop().aclose()


class DoT:
    """DNS over TLS, on persistent connections."""

    round_trips = 4

    def __init__(
        self,
        nameserver: Nameserver,
        ask: Callable[[Question], Awaitable[Answer]],
        connect: Connect,
    ) -> None:
        """*ask* resolves the name of the name server; *connect* opens a connection to its address."""
        self._nameserver = nameserver
        self._ask = ask
        self._connect = connect
        self._pool = ConnectionPool(self._open)

    async def exchange(self, query: Query) -> Response:
        return await self._pool.exchange(query)

    async def _open(self) -> TCPStream:
        """Return a connection to the name server, with its certificate verified."""
        server = self._nameserver
        stream = await self._connect(server.address or await self._address(), server.port)
        async with contextlib.AsyncExitStack() as undo:
            undo.push_async_callback(stream.aclose)
            await secure_host(stream, server.host, NO_ALPN)
            undo.pop_all()
        return stream

    async def _address(self) -> IPAddress:
        for rdtype in ("A", "AAAA"):
            answer = await self._ask(Question(self._nameserver.host, rdtype))
            for record in answer.records:
                return ip_address(str(record))
        raise NetworkError(FailureKind.NO_NETWORK, f"the name server {self._nameserver.host} has no address")

    async def aclose(self) -> None:
        """Close idle connections."""
        await self._pool.aclose()


class DoTCP:
    """Do53 over TCP only, on persistent connections: for use through a proxy."""

    round_trips = 4

    def __init__(self, nameserver: Nameserver, connect: Connect) -> None:
        self._nameserver = nameserver
        self._connect = connect
        self._pool = ConnectionPool(self._open)

    async def exchange(self, query: Query) -> Response:
        response = await self._pool.exchange(query)
        if response.rcode == _REFUSED:
            # REFUSED is about the client, not the question: resolvers of Internet providers serve customers only.
            raise NetworkError(
                FailureKind.PROXY, f"the name server {self._nameserver.host} refuses whoever asks from there: {_ADVICE}"
            )
        return response

    async def _open(self) -> TCPStream:
        return await self._connect(ip_address(self._nameserver.host), self._nameserver.port)

    async def aclose(self) -> None:
        await self._pool.aclose()


class NoNameserver:
    """The transport if no name server can be queried through the proxy: every query fails."""

    round_trips = 1

    async def exchange(self, query: Query) -> Response:  # noqa: ARG002 - never sent
        raise NetworkError(
            FailureKind.PROXY, f"no name server of this machine can be asked through the proxy: {_ADVICE}"
        )

    async def aclose(self) -> None:
        """Do nothing: no connection is open."""


async def _exchange_framed(stream: TCPStream, query: Query) -> Response:
    """Exchange *query* on a stream, where each message follows its length in two bytes (RFC 1035 §4.2.2)."""
    await stream.send(len(query.wire).to_bytes(2, "big") + query.wire)
    length = int.from_bytes(await _exactly(stream, 2), "big")
    response = response_to(query, await _exactly(stream, length))
    if response is None:
        raise NetworkError(FailureKind.DNS_FAILED, "the name server sent something that is no answer")
    return response


async def _exactly(stream: TCPStream, count: int) -> bytes:
    """Return the next *count* bytes."""
    got = b""
    while len(got) < count:
        if not (more := await stream.receive(count - len(got))):
            raise NetworkError(FailureKind.CLOSED, "the name server closed the connection")
        got += more
    return got


def response_to(query: Query, wire: bytes) -> Response | None:
    """Parse *wire* as the response to *query*; None if it is malformed, forged or to another question.

    A truncated response is returned as far as it goes.
    """
    if (plain := read_plain(query, wire)) is not None:
        return plain
    if len(wire) > MAX_FALLBACK:
        return None
    from mailsettings.net.dns.fallback import read

    return read(query, wire)
