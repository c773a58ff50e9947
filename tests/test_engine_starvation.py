"""A process that is too busy to read responses does not count them as timeouts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import anyio
import trio
from trio.testing import MockClock

from benchmarks.latency import search
from benchmarks.worlds import D, mail
from mailsettings import Detection, Policy, detect
from mailsettings.address import EmailAddress
from mailsettings.interfaces import Net
from mailsettings.leads import Lead
from mailsettings.model import Authority, SettledBy
from mailsettings.net.network import open_network
from mailsettings.sources import SOURCES
from mailsettings.testing import FakeNetwork, run_virtual

ADA = f"ada@{D}"


@dataclass(frozen=True, slots=True)
class Hog:
    """A lookup that keeps the event loop for itself, *seconds* at a time, as a crowd of other work does."""

    seconds: float
    times: int

    @property
    def authority(self) -> Authority:
        return Authority.DOMAIN

    def __str__(self) -> str:
        return "work for somebody else"

    async def run(self, net: Net) -> Sequence[Lead]:
        clock = trio.lowlevel.current_clock()
        assert isinstance(clock, MockClock)
        for _ in range(self.times):
            clock.jump(self.seconds)
            await anyio.lowlevel.checkpoint()
        return ()


async def beside(hog: Hog, net: FakeNetwork, policy: Policy) -> Detection:
    def source(_: EmailAddress) -> Iterator[Lead]:
        yield hog

    async with open_network(policy, net.transport(policy)) as network:
        return await detect(ADA, sources=(source, *SOURCES), policy=policy, net=network)


def test_a_late_process_goes_on_listening() -> None:
    """
    Five seconds went by before the first answer was read: that was nobody's silence.
    """
    net = FakeNetwork(rtt=0.05)
    mail(net, f"imap.{D}", f"smtp.{D}")

    detection, _ = run_virtual(beside, Hog(seconds=1.0, times=5), net, Policy())

    assert [choices[0].verified for choices in (detection.incoming, detection.outgoing)] == [True, True]


def test_silence_is_given_up_when_it_was_listened_to() -> None:
    """
    The time lost is added to the 4.5 s, and no more than that.
    """
    net = FakeNetwork(rtt=0.05)
    net.zone(f"*.{D} A 11.0.0.9")
    net.host("silent.example", "11.0.0.9").hold(25, 80, 110, 143, 443, 465, 587, 993, 995)

    idle, usual = run_virtual(search, net, ADA)
    busy, longer = run_virtual(beside, Hog(seconds=1.0, times=2), net, Policy())

    assert idle.settled is busy.settled is SettledBy.SILENCE
    assert 0 <= longer - usual <= 2 + 0.25


def test_the_deadline_is_kept_all_the_same() -> None:
    """
    Whoever waits for the answer waits by the clock.
    """
    net = FakeNetwork(rtt=0.05)
    mail(net, f"imap.{D}", f"smtp.{D}")

    detection, seconds = run_virtual(beside, Hog(seconds=1.0, times=60), net, Policy())

    assert detection.settled is SettledBy.DEADLINE
    assert seconds < 62
