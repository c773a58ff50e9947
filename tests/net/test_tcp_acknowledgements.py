"""Acknowledgements that do not wait: servers with Nagle's algorithm on wait for them, 40 ms each time."""

from __future__ import annotations

import socket
import sys

import anyio
import pytest
from anyio.abc import ByteStream, SocketAttribute, SocketStream

from mailsettings.net.tcp import TCPStream
from tests.support.loopback import serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the kernel decides")


async def echo(stream: ByteStream) -> None:
    """Say the same again, for ever."""
    while True:
        await stream.send(await stream.receive())


def acknowledges_at_once(stream: SocketStream) -> bool:
    """Ask the kernel whether it acknowledges what comes without waiting for something to send along."""
    raw = stream.extra(SocketAttribute.raw_socket)
    return bool(raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK))


@pytest.mark.anyio
async def test_what_is_waited_for_is_acknowledged_at_once() -> None:
    """
    Linux turns to delayed acknowledgements where both sides talk; waiting for a line turns them off again.

    A greeting behind the session tickets of TLS 1.3 came 43 ms late, and each reply in two parts (2026-11).
    """
    async with serving(echo) as port, await anyio.connect_tcp("127.0.0.1", port) as stream:
        for _ in range(20):  # far more turns than it takes the kernel to notice
            await stream.send(b"x")
            await stream.receive()
        before = acknowledges_at_once(stream)
        await stream.send(b"x")

        await TCPStream(stream, "").receive()

        assert (before, acknowledges_at_once(stream)) == (False, True)
