"""A link emulator: packets arrive late, not at all, twice, or behind those that were sent after them.

    with delayed(lab.namespaces, 0.05): ...                             every round trip takes 50 ms more
    with impaired(lab.namespaces, Impairment(loss=0.05), seed=1): ...   one packet in twenty is lost, in both directions

The kernel of a small virtual machine has no netem, so packets make a detour through this program:

    client -- tun "far" -- python -m tests.support.lab.link_emulator (waits) -- tun "far" -- servers
       ^------- veth "lab", or with impaired() another such detour, tun "back" ------'
"""

from __future__ import annotations

import fcntl
import os
import random
import select
import struct
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from typing import Self

from tests.support.lab.addressing import CLIENT
from tests.support.lab.namespaces import Namespaces, inside
from tests.support.lab.processes import Daemon, run, running

_TUNSETIFF = 0x400454CA  # linux/if_tun.h
_TUN_WITHOUT_HEADER = 0x1001  # IFF_TUN | IFF_NO_PI
_MAX_PACKET = 65535  # bytes
SERVERS = ("10.77.0.0/16", "fd77::/64")
OVERTAKEN = 0.03  # seconds; longer than three duplicate acknowledgements take to come
_READY_WITHIN = 10.0  # seconds


@dataclass(frozen=True, slots=True)
class Impairment:
    """What happens to the packets of one direction. The shares are between 0 and 1."""

    seconds: float = 0.0  # every packet comes so much later
    loss: float = 0.0  # this share never comes
    twice: float = 0.0  # this share comes twice
    behind: float = 0.0  # this share waits OVERTAKEN seconds more, and what came after it is first

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what str() has written."""
        return cls(*map(float, text.split(",")))

    def __str__(self) -> str:
        return f"{self.seconds},{self.loss},{self.twice},{self.behind}"

    def arrivals(self, chance: random.Random) -> Iterator[float]:
        """Yield after how many seconds a packet comes, each time that it does."""
        lost, twice, behind = (chance.random() < share for share in (self.loss, self.twice, self.behind))
        if not lost:
            yield from [self.seconds + OVERTAKEN * behind] * (2 if twice else 1)


@contextmanager
def delayed(names: Namespaces, seconds: float) -> Iterator[None]:
    """Add *seconds* to every round trip between client and servers."""
    with _detour(names.client, names.servers, "far", SERVERS, Impairment(seconds), seed=0):
        yield


@contextmanager
def impaired(names: Namespaces, impairment: Impairment, *, seed: int) -> Iterator[None]:
    """Let packets in both directions be impaired as *impairment* says; *seed* decides which of them."""
    clients = tuple(f"{ip}/{ip.max_prefixlen}" for ip in CLIENT)
    with (
        _detour(names.client, names.servers, "far", SERVERS, impairment, seed=seed),
        _detour(names.servers, names.client, "back", clients, impairment, seed=seed + 1),
    ):
        yield


@contextmanager
def _detour(
    source: str, target: str, device: str, nets: Sequence[str], impairment: Impairment, *, seed: int
) -> Iterator[None]:
    """Send what goes from namespace *source* to *nets* through this program to namespace *target*."""
    command = (sys.executable, "-m", "tests.support.lab.link_emulator", target, device, str(impairment), str(seed))
    with ExitStack() as stack:
        for name in (source, target):
            stack.enter_context(_device(name, device))
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(running([Daemon("delay", command)], source, directory))
        _await_reader(target, device)
        # More specific than the way over the cable, which comes back with the end of the device.
        for net in nets:
            run("ip", "-netns", source, "route", "add", net, "dev", device, "metric", "1")
        yield


@contextmanager
def _device(namespace: str, device: str) -> Iterator[None]:
    run("ip", "-netns", namespace, "tuntap", "add", "dev", device, "mode", "tun")
    try:
        run("ip", "-netns", namespace, "link", "set", device, "up")
        yield
    finally:
        run("ip", "-netns", namespace, "link", "delete", device)


def _await_reader(namespace: str, device: str) -> None:
    """Return when the relay has opened the device in *namespace*, which it opens last."""
    end = time.monotonic() + _READY_WITHIN
    while "LOWER_UP" not in run("ip", "-netns", namespace, "link", "show", device):
        if time.monotonic() > end:
            raise RuntimeError(f"the relay is not ready after {_READY_WITHIN} s")
        time.sleep(0.02)


def _attached(device: str) -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH14x", device.encode(), _TUN_WITHOUT_HEADER))
    return descriptor


def _relay(source: int, target: int, impairment: Impairment, chance: random.Random) -> None:
    """Pass packets from *source* to *target* as *impairment* says; those of one moment in their own order."""
    waiting: list[tuple[float, int, bytes]] = []
    for number in count():
        pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        if select.select([source], [], [], pause)[0]:
            packet, now = os.read(source, _MAX_PACKET), time.monotonic()
            for seconds in impairment.arrivals(chance):
                heappush(waiting, (now + seconds, number, packet))
        while waiting and waiting[0][0] <= time.monotonic():
            os.write(target, heappop(waiting)[2])


def main(namespace: str, device: str, impairment: str, seed: str) -> None:
    """Relay from the namespace we are in to *namespace*."""
    source = _attached(device)
    with inside(namespace):
        target = _attached(device)
    _relay(source, target, Impairment.parse(impairment), random.Random(int(seed)))


if __name__ == "__main__":
    main(*sys.argv[1:])
