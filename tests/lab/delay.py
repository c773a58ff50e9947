"""Distance: what the clients send reaches the servers so many seconds later; the way back is as quick as ever.

    with farther(lab.namespaces, 0.05): ...        every round trip takes 50 ms more

The kernel of a small virtual machine has no netem, so packets make a detour through this program:

    client -- tun "far" -- python -m tests.lab.delay (waits) -- tun "far" -- servers
       ^------------------------- veth "lab" ---------------------------------'
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.lab.namespaces import Namespaces, inside
from tests.lab.processes import Daemon, run, running

_TUNSETIFF = 0x400454CA  # linux/if_tun.h
_TUN_WITHOUT_HEADER = 0x1001  # IFF_TUN | IFF_NO_PI
_MAX_PACKET = 65535  # bytes
_DEVICE = "far"
_READY_WITHIN = 10.0  # seconds


@contextmanager
def farther(names: Namespaces, seconds: float) -> Iterator[None]:
    """Add *seconds* to every round trip between client and servers."""
    command = (sys.executable, "-m", "tests.lab.delay", names.servers, str(seconds))
    with ExitStack() as stack:
        for name in (names.client, names.servers):
            stack.enter_context(_device(name))
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(running([Daemon("delay", command)], names.client, directory))
        _await_reader(names.servers)
        # More specific than the default route over the cable, which comes back with the end of the device.
        for net in ("10.77.0.0/16", "fd77::/64"):
            run("ip", "-netns", names.client, "route", "add", net, "dev", _DEVICE, "metric", "1")
        yield


@contextmanager
def _device(namespace: str) -> Iterator[None]:
    run("ip", "-netns", namespace, "tuntap", "add", "dev", _DEVICE, "mode", "tun")
    try:
        run("ip", "-netns", namespace, "link", "set", _DEVICE, "up")
        yield
    finally:
        run("ip", "-netns", namespace, "link", "delete", _DEVICE)


def _await_reader(namespace: str) -> None:
    """Return when the relay has opened the device in *namespace*, which it opens last."""
    end = time.monotonic() + _READY_WITHIN
    while "LOWER_UP" not in run("ip", "-netns", namespace, "link", "show", _DEVICE):
        if time.monotonic() > end:
            raise RuntimeError(f"the relay is not ready after {_READY_WITHIN} s")
        time.sleep(0.02)


def _attached() -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH14x", _DEVICE.encode(), _TUN_WITHOUT_HEADER))
    return descriptor


def _relay(source: int, target: int, seconds: float) -> None:
    """Hand every packet of *source* to *target*, in order, each *seconds* after it came."""
    waiting: deque[tuple[float, bytes]] = deque()
    while True:
        pause = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        if select.select([source], [], [], pause)[0]:
            waiting.append((time.monotonic() + seconds, os.read(source, _MAX_PACKET)))
        while waiting and waiting[0][0] <= time.monotonic():
            os.write(target, waiting.popleft()[1])


def main(servers: str, seconds: float) -> None:
    """Relay from the namespace we are in to the namespace *servers*."""
    source = _attached()
    with inside(servers):
        target = _attached()
    _relay(source, target, seconds)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
