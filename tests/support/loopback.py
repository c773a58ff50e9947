"""Servers on loopback, a resolver of a few lines, and certificates for them."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_network

import anyio
import trustme
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSStream

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.interfaces import Answer
from mailsettings.model import Question
from mailsettings.net.internet import Internet
from mailsettings.net.streams import Stream
from mailsettings.policy import IPAddress, Policy

LOOPBACK = (ip_network("127.0.0.0/8"),)
Handler = Callable[[ByteStream], Awaitable[None]]


@asynccontextmanager
async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Run *handler* for each connection to the port that is yielded; behind TLS with *context*."""

    async def handle(stream: ByteStream) -> None:
        try:
            async with stream:
                await handler(await _wrapped(stream, context) if context else stream)
        except (
            ssl.SSLError,
            anyio.BrokenResourceError,
            anyio.EndOfStream,
            anyio.ClosedResourceError,
            anyio.IncompleteRead,
        ):
            pass  # the client did not want to go on, which is what many of these tests are about

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, handle)
        yield listener.extra(SocketAttribute.local_port)
        group.cancel_scope.cancel()


async def _wrapped(stream: ByteStream, context: ssl.SSLContext) -> ByteStream:
    return await TLSStream.wrap(stream, server_side=True, ssl_context=context, standard_compatible=False)


def server_context(certificate: trustme.LeafCert, *, alpn: tuple[str, ...] = ()) -> ssl.SSLContext:
    """Return the TLS context of a server that shows *certificate*."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


class Loopback:
    """A Transport with a zone in a dict and real connections; every name is this machine."""

    def __init__(self, policy: Policy, **hosts: str) -> None:
        """*hosts*: addresses by name; others are 127.0.0.1."""
        self._internet = Internet(policy)
        self._hosts = hosts
        self.connected: list[tuple[str, int]] = []

    async def ask(self, question: Question) -> Answer:
        if question.type != "A":
            return Answer(question)
        return Answer(question, (self._hosts.get(question.name, "127.0.0.1"),))

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        self.connected.append((str(ip), port))
        return await self._internet.connect(ip, port)

    async def aclose(self) -> None:
        await self._internet.aclose()


def kind_of(error: BaseException | None) -> FailureKind:
    """Return the kind of a NetworkError."""
    assert isinstance(error, NetworkError)
    return error.kind
