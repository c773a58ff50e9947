"""What no package offers: a port that never responds, and SSH's greeting where mail is expected.

python -m tests.support.lab.non_mail_servers 10.77.1.3,993,silence 10.77.1.4,143,ssh
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress

import anyio
from anyio.abc import SocketStream

from tests.support.lab.addressing import Place
from tests.support.lab.processes import Daemon
from tests.support.lab.world import Speaks

_GREETINGS = {Speaks.SSH: b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7\r\n", Speaks.SILENCE: b""}
_PATIENCE = 60.0  # seconds; no client under test waits as long


def daemons(places: Iterable[Place]) -> Iterator[Daemon]:
    """Yield the program that plays every such server of *places*, if there are any."""
    parts = [f"{ip},{s.port},{kind}" for p in places for kind in _GREETINGS for ip, s in p.where(kind)]
    if parts:
        yield Daemon("non-mail-servers", (sys.executable, "-m", "tests.support.lab.non_mail_servers", *parts))


async def _play(stream: SocketStream, greeting: bytes) -> None:
    # A client that resets the connection is none of our business.
    with suppress(anyio.BrokenResourceError):
        async with stream:
            await stream.send(greeting)
            with anyio.move_on_after(_PATIENCE):
                async for _ in stream:
                    pass


async def _listen(part: str) -> None:
    ip, port, kind = part.split(",")
    listener = await anyio.create_tcp_listener(local_host=ip, local_port=int(port))

    async def play(stream: SocketStream) -> None:
        await _play(stream, _GREETINGS[Speaks(kind)])

    await listener.serve(play)


async def _main(parts: Iterable[str]) -> None:
    async with anyio.create_task_group() as tasks:
        for part in parts:
            tasks.start_soon(_listen, part)


if __name__ == "__main__":
    anyio.run(_main, sys.argv[1:])
