"""Real proxies on loopback, SOCKS5 and CONNECT, that record their requests; no code of the package in them."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

import anyio
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

_SIZES = {1: 4, 4: 16}


@dataclass
class Proxy:
    """What a proxy does and has seen. *login*: user and password it requires."""

    login: tuple[str, str] | None = None
    asked: list[str] = field(default_factory=list)  # ip:port
    logins: list[tuple[str, str]] = field(default_factory=list)
    redirect: dict[str, int] = field(default_factory=dict)  # ip:port to a port of this machine
    open: int = 0  # connections that are being served
    cut: int = 65536  # bytes sent at once: 1 cuts everything into single bytes
    greeting: bytes = b""  # sent in one piece with the answer, as if the server had been quick

    async def socks(self, stream: ByteStream) -> None:
        """Serve one connection of RFC 1928."""
        with self._counted():
            await self._socks(stream)

    async def http(self, stream: ByteStream) -> None:
        """Serve one CONNECT."""
        with self._counted():
            await self._http(stream)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1

    async def _socks(self, stream: ByteStream) -> None:
        received = BufferedByteReceiveStream(stream)
        _, count = await received.receive_exactly(2)
        methods = await received.receive_exactly(count)
        wanted = 2 if self.login else 0
        if wanted not in methods:
            await stream.send(b"\x05\xff")
            return
        await self._send(stream, bytes((5, wanted)))
        if self.login and not await self._socks_login(received, stream):
            return
        _, _, _, type_ = await received.receive_exactly(4)
        raw = await received.receive_exactly(_SIZES[type_])
        ip = IPv4Address(raw) if type_ == 1 else IPv6Address(raw)
        port = int.from_bytes(await received.receive_exactly(2), "big")
        await self._carry(f"{ip}:{port}", stream, b"\x05\x00\x00\x01" + bytes(6), b"\x05\x05\x00\x01" + bytes(6))

    async def _socks_login(self, received: BufferedByteReceiveStream, stream: ByteStream) -> bool:
        _, length = await received.receive_exactly(2)
        user = (await received.receive_exactly(length)).decode()
        (length,) = await received.receive_exactly(1)
        self.logins.append((user, (await received.receive_exactly(length)).decode()))
        good = self.logins[-1] == self.login
        await self._send(stream, b"\x01\x00" if good else b"\x01\x01")
        return good

    async def _http(self, stream: ByteStream) -> None:
        head = (await BufferedByteReceiveStream(stream).receive_until(b"\r\n\r\n", 4096)).decode()
        line, *headers = head.split("\r\n")
        method, place, _ = line.split()
        assert method == "CONNECT"
        given = next((h.split()[2] for h in headers if h.startswith("Proxy-Authorization: Basic ")), "")
        if given:
            user, _, password = base64.b64decode(given).decode().partition(":")
            self.logins.append((user, password))
        if self.login and self.login not in self.logins[-1:]:
            await self._send(stream, b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        await self._carry(place, stream, b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 502 Bad Gateway\r\n\r\n")

    async def _send(self, stream: ByteStream, data: bytes) -> None:
        for start in range(0, len(data), self.cut):
            await stream.send(data[start : start + self.cut])

    async def _carry(self, place: str, stream: ByteStream, done: bytes, refused: bytes) -> None:
        """Connect to *place*, or where the test has it, and pass data on in both directions."""
        self.asked.append(place)
        host, _, port = place.rpartition(":")
        try:
            # Nothing leaves this machine.
            far = await anyio.connect_tcp("127.0.0.1", self.redirect.get(place) or _port_here(host, port))
        except OSError:
            await self._send(stream, refused)
            return
        async with far:
            await self._send(stream, done + self.greeting)
            async with anyio.create_task_group() as group:
                group.start_soon(_pass_on, stream, far, group.cancel_scope)
                group.start_soon(_pass_on, far, stream, group.cancel_scope)


def _port_here(host: str, port: str) -> int:
    """Return *port* of this machine. OSError for others."""
    if host != "127.0.0.1":
        raise ConnectionRefusedError(host)
    return int(port)


async def _pass_on(source: ByteStream, target: ByteStream, both: anyio.CancelScope) -> None:
    try:
        async for data in source:
            await target.send(data)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream):
        pass
    both.cancel()


def saying(*pieces: bytes, closes: bool = False) -> Callable[[ByteStream], Awaitable[None]]:
    """Return a proxy that answers each message with the next of *pieces*, then no more, or *closes*."""

    async def handle(stream: ByteStream) -> None:
        waiting = iter(pieces)
        async for _ in stream:
            if (piece := next(waiting, None)) is not None:
                await stream.send(piece)
            elif closes:
                return

    return handle
