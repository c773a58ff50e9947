"""Two network namespaces with a cable between them, and a third without any: client -- servers, island.

Their names carry our pid, so that laboratories may stand side by side and what a killed one left is found and removed.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.support.lab.addressing import AUTHORITATIVE, CLIENT, GATEWAY, RESOLVER, Place
from tests.support.lab.processes import run
from tests.support.lab.world import Speaks

_PREFIX = "mailsettings-lab"
_CLONE_NEWNET = 0x40000000  # linux/sched.h; os.setns came with Python 3.12
_NETNS = Path("/run/netns")


@dataclass(frozen=True, slots=True)
class Namespaces:
    """Names for `ip netns exec`."""

    client: str
    servers: str
    island: str  # loopback only: no network at all

    @property
    def all(self) -> tuple[str, str, str]:
        return (self.client, self.servers, self.island)


@contextmanager
def namespaces(places: Iterable[Place], name: str) -> Iterator[Namespaces]:
    """Make the namespaces with the addresses of *places*, and remove them in the end.

    *name* tells the laboratories of one process apart.
    """
    _sweep()
    names = Namespaces(*(f"{_PREFIX}-{os.getpid()}-{name}-{part}" for part in ("client", "servers", "island")))
    try:
        for each in names.all:
            run("ip", "netns", "add", each)
        _wire(names, tuple(places))
        yield names
    finally:
        for each in names.all:
            _remove(each)


@contextmanager
def inside(namespace: str) -> Iterator[None]:
    """Let the sockets that this thread makes be of *namespace*; sockets keep the one they were made in."""
    with Path("/proc/thread-self/ns/net").open("rb") as home, (_NETNS / namespace).open("rb") as there:
        _enter(there.fileno())
        try:
            yield
        finally:
            _enter(home.fileno())


def _enter(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns failed")


def _wire(names: Namespaces, places: tuple[Place, ...]) -> None:
    """Lay the cable, and give the servers' end every address; nothing is ever forwarded to anywhere else."""
    run(
        "ip", "link", "add", "lab", "netns", names.client, "type", "veth", "peer", "name", "lab", "netns", names.servers
    )
    # No duplicate address detection: it would cost a second.
    client = [f"address add {ip}/{_prefix(ip.version)} dev lab {_nodad(ip.version)}" for ip in CLIENT]
    routes = [f"route add {net} via {ip} dev lab" for net, ip in zip(("default", "default"), GATEWAY, strict=True)]
    servers = [f"address add {ip}/{_prefix(ip.version)} dev lab {_nodad(ip.version)}" for ip in GATEWAY]
    hosts = [ip for place in places for ip in place.addresses]
    everyone = [*RESOLVER, *AUTHORITATIVE, *hosts]
    aliases = [f"address add {ip} dev lo {_nodad(ip.version)}" for ip in everyone]
    up = ["link set lo up", "link set lab up"]
    run("ip", "-netns", names.client, "-batch", "-", given="\n".join([*up, *client, *routes]))
    run("ip", "-netns", names.servers, "-batch", "-", given="\n".join([*up, *servers, *aliases]))
    run("ip", "netns", "exec", names.servers, "nft", "-f", "-", given=_filter(places))


def _prefix(version: int) -> int:
    # Only client and gateway are on the cable itself; all hosts lie behind the gateway, one neighbour for all of them.
    return 30 if version == 4 else 126


def _nodad(version: int) -> str:
    return "nodad" if version == 6 else ""


def _filter(places: tuple[Place, ...]) -> str:
    """Return nft rules that drop what goes to filtered ports, as a firewall does that sends no error."""
    filtered = [(ip, service.port) for place in places for ip, service in place.where(Speaks.NOTHING)]
    rules = "\n".join(f"ip{'6' if ':' in ip else ''} daddr {ip} tcp dport {port} drop" for ip, port in filtered)
    return f"table inet lab {{ chain input {{ type filter hook input priority 0;\n{rules}\n}}\n}}\n"


def _remove(name: str) -> None:
    """End what still runs in namespace *name*, then delete it."""
    try:
        for pid in run("ip", "netns", "pids", name).split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        run("ip", "netns", "delete", name)
    except RuntimeError:
        # It was never made, or another laboratory that sweeps was quicker.
        if (_NETNS / name).exists():
            raise


def _sweep() -> None:
    """Remove the namespaces of laboratories whose pytest was killed."""
    for path in sorted(_NETNS.glob(f"{_PREFIX}-*")):
        if not Path("/proc", path.name.split("-")[2]).exists():
            _remove(path.name)
