"""How DNS messages travel: UDP with TCP for what is too long (RFC 1035, RFC 7766), or TLS (RFC 7858)."""

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
MAX_UNUSUAL = 4096  # bytes; errors and cut responses are short; dnspython takes a quarter of a second for a long one


class DNSTransport(Interface):
    """A way to one name server."""

    round_trips: int  # before the first answer can be here

    async def exchange(self, query: Query) -> Response:
        """Return the response to *query*. NetworkError; waits for ever, the caller sets a time-out."""
        ...

    async def aclose(self) -> None:
        """Close what is kept open."""
        ...


class Do53:
    """One socket per question: a new random port each time is half of what keeps forged answers out."""

    round_trips = 1

    def __init__(self, nameserver: Nameserver) -> None:
        self._ip = ip_address(nameserver.host)
        self._port = nameserver.port

    async def exchange(self, query: Query) -> Response:
        response = await self._by_udp(query)
        if not response.truncated:
            return response
        stream = await tcp.connect(self._ip, self._port)
        async with contextlib.aclosing(stream):
            return await _over(stream, query)

    async def _by_udp(self, query: Query) -> Response:
        """Send *query* and wait for its response, past everything else that comes."""
        family = socket.AF_INET6 if self._ip.version == 6 else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as udp:
                udp.setblocking(False)
                # Connected: the kernel drops what others send and tells at once when the port is closed.
                udp.connect((str(self._ip), self._port))
                udp.send(query.wire)
                return await _first_response(udp, query)
        except OSError as error:
            raise os_fault(error) from error

    async def aclose(self) -> None:
        """Nothing is kept open."""


async def _first_response(udp: socket.socket, query: Query) -> Response:
    """Return the first datagram that is a response to *query*."""
    while True:
        await anyio.wait_readable(udp)
        with contextlib.suppress(BlockingIOError):  # a datagram with a wrong checksum wakes us and is gone
            if (response := response_to(query, udp.recv(65535))) is not None:
                return response


class ConnectionPool:
    """Connections are used again: a handshake per question would cost more than all the rest."""

    def __init__(self, open_one: Callable[[], Awaitable[TCPStream]]) -> None:
        self._open = open_one
        self._idle: list[TCPStream] = []

    async def exchange(self, query: Query) -> Response:
        """Return the response to *query*, see DNSTransport."""
        while self._idle:
            # One that the server has closed meanwhile says nothing about the server.
            with contextlib.suppress(NetworkError):
                return await self._with(self._idle.pop(), query)
        return await self._with(await self._open(), query)

    async def _with(self, stream: TCPStream, query: Query) -> Response:
        async with contextlib.AsyncExitStack() as undo:
            undo.push_async_callback(stream.aclose)
            response = await _over(stream, query)
            undo.pop_all()
        self._idle.append(stream)
        return response

    async def aclose(self) -> None:
        """Close the connections that wait for another question."""
        while self._idle:
            await self._idle.pop().aclose()


class DoT:
    """DNS over TLS, on connections that are kept."""

    round_trips = 4

    def __init__(
        self,
        nameserver: Nameserver,
        ask: Callable[[Question], Awaitable[Answer]],
        connect: Connect,
    ) -> None:
        """*ask* finds the address of a name server that is given by name; *connect* leads there."""
        self._nameserver = nameserver
        self._ask = ask
        self._connect = connect
        self._pool = ConnectionPool(self._open)

    async def exchange(self, query: Query) -> Response:
        return await self._pool.exchange(query)

    async def _open(self) -> TCPStream:
        """Return a connection to the name server whose certificate has been checked."""
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
        """Close the connections that wait for another question."""
        await self._pool.aclose()


class DoTCP:
    """Plain DNS over TCP, on connections that are kept."""

    round_trips = 4

    def __init__(self, nameserver: Nameserver, connect: Connect) -> None:
        self._nameserver = nameserver
        self._connect = connect
        self._pool = ConnectionPool(self._open)

    async def exchange(self, query: Query) -> Response:
        response = await self._pool.exchange(query)
        if response.rcode == _REFUSED:
            # A resolver's word on who asks, not on what: those of Internet providers know their customers only.
            raise NetworkError(
                FailureKind.PROXY, f"the name server {self._nameserver.host} refuses whoever asks from there: {_ADVICE}"
            )
        return response

    async def _open(self) -> TCPStream:
        return await self._connect(ip_address(self._nameserver.host), self._nameserver.port)

    async def aclose(self) -> None:
        await self._pool.aclose()


class NoNameserver:
    """Stands where no name server can be asked through the proxy."""

    round_trips = 1

    async def exchange(self, query: Query) -> Response:  # noqa: ARG002 - nobody is asked
        raise NetworkError(
            FailureKind.PROXY, f"no name server of this machine can be asked through the proxy: {_ADVICE}"
        )

    async def aclose(self) -> None:
        """Nothing is open."""


async def _over(stream: TCPStream, query: Query) -> Response:
    """Return the response to *query* over a stream: each message comes after its length in two bytes."""
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
    """Return the response to *query* that *wire* is, or None if it is none: malformed, forged or of another question.

    A truncated one is returned as far as it goes.
    """
    if (plain := read_plain(query, wire)) is not None:
        return plain
    if len(wire) > MAX_UNUSUAL:
        return None
    from mailsettings.net.dns.fallback import read

    return read(query, wire)
