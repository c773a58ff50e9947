"""A client of the fake network: connections, dialogues, DNS questions and documents in one call each."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

import httpcore

from mailsettings.errors import NetworkError
from mailsettings.interfaces import Answer
from mailsettings.model import Question
from mailsettings.net.streams import Stream, Transport
from mailsettings.testing import FakeNetwork, FakeTransport, Script, Server, scripted

HOST = "imap.example.org"
ADDRESS = "192.0.2.10"


def world(*servers: Server, rtt: float = 0.0) -> FakeNetwork:
    """Return a network whose one host runs *servers*."""
    net = FakeNetwork(rtt=rtt)
    net.host(HOST, ADDRESS).serve(*servers)
    return net


async def dial(net: FakeNetwork, port: int, address: str = ADDRESS) -> Stream:
    """Return an unencrypted connection."""
    return await net.transport().connect(ip_address(address), port)


async def dial_tls(net: FakeNetwork, port: int) -> Stream:
    """Return a connection inside TLS."""
    stream = await dial(net, port)
    await stream.start_tls(HOST, ())
    return stream


async def talk(stream: Stream, *commands: bytes) -> list[bytes]:
    """Return the greeting, and the reply to each of *commands*."""
    replies = [await stream.receive()]
    for command in commands:
        await stream.send(command)
        replies.append(await stream.receive())
    return replies


async def ask(net: FakeNetwork, question: str) -> Answer:
    """Ask *question*, written `example.org MX`."""
    name, _, type_ = question.partition(" ")
    return await net.transport().ask(Question(name, type_))


def from_generator(port: int, *acts: Any) -> Server:
    """Return a server that does *acts* and reads nothing."""

    def script() -> Script:
        yield from acts

    return scripted(port, script)


class Backend(httpcore.AsyncNetworkBackend):
    """The least that puts httpcore on a Transport; the library's own does more."""

    def __init__(self, transport: FakeTransport) -> None:
        self.transport: Transport = transport

    async def connect_tcp(self, host: str, port: int, *_args: Any, **_kwargs: Any) -> httpcore.AsyncNetworkStream:
        answer = await self.transport.ask(Question(host, "A"))
        if not answer.records:
            raise httpcore.ConnectError(f"no address for {host}")
        try:
            return Carried(await self.transport.connect(ip_address(str(answer.records[0])), port))
        except NetworkError as error:
            raise httpcore.ConnectError(str(error)) from error


class Carried(httpcore.AsyncNetworkStream):
    """A Stream, as httpcore wants it."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self.stream.receive(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self.stream.send(buffer)

    async def aclose(self) -> None:
        await self.stream.aclose()

    async def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        await self.stream.start_tls(server_hostname or "", ("http/1.1",))
        return self

    def get_extra_info(self, info: str) -> Any:
        return None


async def fetch(
    net: FakeNetwork, url: str, *, method: str = "GET", headers: Sequence[tuple[str, str]] = (), content: bytes = b""
) -> httpcore.Response:
    """Fetch *url* with httpcore; the body is read."""
    async with httpcore.AsyncConnectionPool(network_backend=Backend(net.transport())) as pool:
        return await pool.request(
            method, url, headers=[(b"Host", url.split("/")[2].encode()), *headers], content=content
        )
