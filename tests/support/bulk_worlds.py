"""Fake networks with many domains, and a short way to run over them."""

from collections.abc import AsyncIterable, Iterable, Mapping

import trio
import trio.testing

from mailsettings.bulk import Answered, BulkLimits, detect_many
from mailsettings.bulk.input import Entry
from mailsettings.interfaces import Answer
from mailsettings.model import Question
from mailsettings.net.streams import Stream, Transport
from mailsettings.policy import IPAddress, Policy
from mailsettings.testing import FakeNetwork, imap, run_virtual, smtp

RTT = 0.05
GOOGLE = "10 aspmx.l.google.com"


def world(*, hosted: int = 0, own: int = 0, rtt: float = RTT) -> FakeNetwork:
    """Build h0.example … with Google's MX, *hosted* of them, and *own* domains o0.example … with their own servers."""
    net = FakeNetwork(rtt=rtt)
    net.records("com", NS="a.nic.example")
    net.host("imap.gmail.com").serve(imap())
    net.host("smtp.gmail.com").serve(smtp())
    for number in range(hosted):
        net.records(f"h{number}.example", MX=GOOGLE)
    for number in range(own):
        net.host(f"imap.o{number}.example").serve(imap())
        net.host(f"smtp.o{number}.example").serve(smtp())
    return net


async def collected(
    addresses: Iterable[str | Entry] | AsyncIterable[str | Entry],
    transport: Transport,
    *,
    limits: BulkLimits | None = None,
    policy: Policy | None = None,
) -> list[Answered]:
    """Return all results, in the order of completion."""
    async with detect_many(addresses, limits=limits, policy=policy, transport=transport) as stream:
        return [each async for each in stream]


def run(
    net: FakeNetwork, addresses: Iterable[str], *, limits: BulkLimits | None = None, policy: Policy | None = None
) -> list[Answered]:
    """Run over *addresses* in virtual time; no stream may be left open."""

    async def search() -> list[Answered]:
        return await collected(addresses, net.transport(policy or Policy.service()), limits=limits, policy=policy)

    answers, _ = run_virtual(search)
    assert net.open_streams == ()
    return answers


def incoming(answered: Answered) -> str:
    """Return the best verified incoming server of an answer."""
    choices = answered.detection.incoming if answered.detection else ()
    return choices[0].endpoint.host if choices and choices[0].verified else ""


class SlowTransport:
    """A transport for virtual clocks: each question or connection blocks the event loop for a while."""

    def __init__(self, below: Transport, work: float, stalls: Mapping[int, float] | None = None) -> None:
        """*work*: seconds for each; *stalls*: additional seconds for some of them, by number, which starts at 1."""
        self._below = below
        self._work = work
        self._stalls = stalls or {}
        self.count = 0

    def _work_once(self) -> None:
        self.count += 1
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, trio.testing.MockClock)
        clock.jump(self._work + self._stalls.get(self.count, 0.0))

    async def ask(self, question: Question) -> Answer:
        self._work_once()
        return await self._below.ask(question)

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        self._work_once()
        return await self._below.connect(ip, port)

    async def aclose(self) -> None:
        """Leave the transport below open."""
