"""`python -m tests.support.shared_limits_program REDIS COUNTER FIRST LAST`: a run that shares its limits.

All is one machine.

Every domain dN.example has its servers at 11.9.9.9. For each connection to it a real one is opened to the port COUNTER
of this machine, for as long as it lasts: whoever listens there sees what all processes together do.
"""

import socket
import sys

import anyio

from mailsettings.bulk import BulkLimits, detect_many
from mailsettings.bulk.output import verdict
from mailsettings.interfaces import Answer
from mailsettings.model import Question
from mailsettings.net.streams import ReleasingStream, Stream, Transport
from mailsettings.policy import IPAddress, Policy
from mailsettings.testing import FakeNetwork, imap, smtp

MACHINE = "11.9.9.9"
MOST = 3  # connections to it, of all processes
LEASE = 2.0  # seconds


class Witnessed:
    """A transport whose connections are seen from outside."""

    def __init__(self, below: Transport, counter: int) -> None:
        self._below = below
        self._counter = counter

    async def ask(self, question: Question) -> Answer:
        return await self._below.ask(question)

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        # A blocking socket, because a stream is closed without waiting; on this machine it connects at once.
        witness = socket.create_connection(("127.0.0.1", self._counter))
        try:
            return ReleasingStream(await self._below.connect(ip, port), witness.close)
        except BaseException:
            witness.close()
            raise

    async def aclose(self) -> None:
        await self._below.aclose()


def limits_for(redis: str) -> BulkLimits:
    return BulkLimits(redis=redis, per_address=MOST, per_second=1000, lease_seconds=LEASE)


def machine(first: int, last: int) -> FakeNetwork:
    net = FakeNetwork(rtt=0.02)
    for number in range(first, last):
        net.host(f"imap.d{number}.example", MACHINE).serve(imap())
        net.host(f"smtp.d{number}.example", MACHINE).serve(smtp())
    return net


async def main(redis: str, counter: int, first: int, last: int) -> None:
    names = [f"d{number}.example" for number in range(first, last)]
    transport = Witnessed(machine(first, last).transport(Policy.service()), counter)
    async with detect_many(names, limits=limits_for(redis), transport=transport) as stream:
        async for each in stream:
            assert each.detection is not None
            print(verdict(each.detection), flush=True)


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
