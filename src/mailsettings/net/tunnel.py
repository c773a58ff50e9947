"""Connections through a proxy, SOCKS5 or HTTP CONNECT, always to an address that was checked before.

    Tunnel.connect(ip, port) ── dial (TCP, TLS with https://) ── negotiate ── CONNECT ip:port ──▶ TCPStream

A failure before the request for *ip* is the proxy's own (PROXY); a later one is what the proxy reports of the server.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from ipaddress import ip_address
from typing import TypeVar

import anyio

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.interfaces import Answer
from mailsettings.model import Question
from mailsettings.net.happy_eyeballs import race
from mailsettings.net.tcp import TCPStream, connect, secure_host
from mailsettings.net.tls import WEB
from mailsettings.policy import IPAddress, Policy
from mailsettings.policy.proxy import Proxy, ProxyScheme
from mailsettings.protocols.dialogue import CommandGenerator, ReadBytes, SendBytes
from mailsettings.protocols.proxy import http_connect, socks_connect, socks_negotiate

T = TypeVar("T")
_CHUNK = 4096  # bytes per read; a reply has some hundred


class Tunnel:
    """Connects to servers through one proxy."""

    def __init__(self, proxy: Proxy, policy: Policy, ask: Callable[[Question], Awaitable[Answer]]) -> None:
        """*ask* resolves the proxy's own name."""
        self._proxy = proxy
        self._policy = policy
        self._ask = ask
        self._fault: NetworkError | None = None
        self._retry_at = 0.0  # a proxy that failed is not contacted before
        self._ips: tuple[IPAddress, ...] = proxy.addresses
        self._resolved_until = float("inf") if self._ips else 0.0

    async def connect(self, ip: IPAddress, port: int) -> TCPStream:
        """Connect to *ip*. NetworkError(PROXY | REFUSED | UNREACHABLE | CONNECT_TIMEOUT | DENIED | CLOSED | BUDGET).

        Waits as long as the proxy takes to connect: the caller sets a timeout.
        """
        if self._fault is not None and anyio.current_time() < self._retry_at:
            raise self._fault.again()
        try:
            return await self._connect(ip, port)
        except NetworkError as error:
            failure = error.again(prefix=f"the proxy {self._proxy.name}: ")
            if error.kind is FailureKind.PROXY:
                # The sixty connections of one detection must not become sixty failed logins.
                self._fault = failure.again()
                self._retry_at = anyio.current_time() + self._policy.timeouts.proxy_timeout
            raise failure from error

    async def _connect(self, ip: IPAddress, port: int) -> TCPStream:
        async with AsyncExitStack() as undo:
            stream = await self._open(undo)
            stream.put_back(await _run(stream, self._request(ip, port)))
            undo.pop_all()
        return stream

    async def _open(self, undo: AsyncExitStack) -> TCPStream:
        """Return a stream to the proxy, negotiated and ready for a request; *undo* closes it."""
        try:
            with anyio.fail_after(self._policy.timeouts.proxy_timeout):
                stream = await self._dial()
                undo.push_async_callback(stream.aclose)
                await self._negotiate(stream)
                return stream
        except TimeoutError as error:
            raise NetworkError(
                FailureKind.PROXY, f"not ready within {self._policy.timeouts.proxy_timeout:g} s"
            ) from error
        except NetworkError as error:
            if error.kind is FailureKind.BUDGET:
                raise
            raise error.again(FailureKind.PROXY) from error

    async def _dial(self) -> TCPStream:
        """Connect to the proxy itself, at any address: the user has configured it."""
        if anyio.current_time() > self._resolved_until:
            self._ips = await self._addresses()
            self._resolved_until = anyio.current_time() + self._policy.timeouts.deadline
        winner = await race(self._ips, self._direct, self._policy.timeouts.connection_attempt_delay)
        assert isinstance(winner.stream, TCPStream)
        return winner.stream

    async def _direct(self, ip: IPAddress) -> TCPStream:
        return await connect(ip, self._proxy.port, ca_file=self._policy.ca_file)

    async def _addresses(self) -> tuple[IPAddress, ...]:
        """Resolve the proxy's name."""
        answers = [await self._ask(Question(self._proxy.host, rdtype)) for rdtype in ("A", "AAAA")]
        found = tuple(ip_address(str(record)) for answer in answers for record in answer.records)
        if not found:
            raise NetworkError(FailureKind.NO_ADDRESS, "its name has no address")
        return found

    async def _negotiate(self, stream: TCPStream) -> None:
        """Start TLS or log in, as the proxy's scheme requires before a request."""
        if self._proxy.scheme is ProxyScheme.HTTPS:
            await secure_host(stream, self._proxy.host, WEB)
        if self._proxy.scheme is ProxyScheme.SOCKS5:
            await _run(stream, socks_negotiate(self._proxy.user, self._proxy.password.reveal()))

    def _request(self, ip: IPAddress, port: int) -> CommandGenerator[bytes]:
        if self._proxy.scheme is ProxyScheme.SOCKS5:
            return socks_connect(ip, port)
        login = {"user": self._proxy.user, "password": self._proxy.password.reveal()}
        return http_connect(ip, port, **login, max_header=self._policy.limits.max_header)


async def _run(stream: TCPStream, dialogue: CommandGenerator[T]) -> T:
    """Run *dialogue* over *stream* and return its result. NetworkError(CLOSED) if the proxy closes the stream."""
    try:
        command = next(dialogue)
        while True:
            if isinstance(command, SendBytes):
                await stream.send(command.data)
                command = next(dialogue)
            else:
                assert isinstance(command, ReadBytes), "proxy dialogues read and write bytes"
                if not (data := await stream.receive(_CHUNK)):
                    raise NetworkError(FailureKind.CLOSED, "it closed the connection without an answer")
                command = dialogue.send(data)
    except StopIteration as end:
        result: T = end.value
        return result
