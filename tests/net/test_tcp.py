"""Servers that hang up the moment somebody has connected."""

from __future__ import annotations

import socket
import struct
from ipaddress import ip_address

import anyio
import anyio.lowlevel
import pytest

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.net.tcp import connect

pytestmark = pytest.mark.anyio


async def reset(server: socket.socket, turns: int) -> None:
    """Accept one connection, and reset it so many turns of the event loop after it came."""
    await anyio.wait_readable(server)
    for _ in range(turns):
        await anyio.lowlevel.checkpoint()
    connection, _ = server.accept()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


async def outcome(port: int) -> FailureKind:
    """Connect and read, and return how that ends."""
    try:
        stream = await connect(ip_address("127.0.0.1"), port)
    except NetworkError as error:
        return error.kind
    try:
        await stream.receive()
    except NetworkError as error:
        return error.kind
    finally:
        await stream.aclose()
    raise AssertionError("nothing was reset")


@pytest.mark.parametrize("turns", range(10))
async def test_a_connection_that_is_reset_at_once_was_closed(turns: int) -> None:
    """
    Between connecting and asking who is there: that was a mistake of ours, and its socket stayed open (2026-11).
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reset, server, turns)
            actual = await outcome(server.getsockname()[1])

    assert actual is FailureKind.CLOSED
