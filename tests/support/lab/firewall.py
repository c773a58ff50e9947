"""Faults of the network between the clients and the servers, for as long as a block lasts: rules of nftables.

with filtered(lab.namespaces, [f"{to} drop" for to in destinations(place, (993,))]): ...
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count

from tests.support.lab.addressing import Place
from tests.support.lab.namespaces import Namespaces
from tests.support.lab.processes import run

# What a firewall does with a packet that it does not want.
VERDICTS = {
    "drop": "drop",
    "reset": "reject with tcp reset",
    "host-unreachable": "reject with icmpx host-unreachable",
    "port-unreachable": "reject with icmpx port-unreachable",
    "admin-prohibited": "reject with icmpx admin-prohibited",
    "no-route": "reject with icmpx no-route",
}
SMALL = 576  # bytes: what every link of IPv4 carries (RFC 791), and what gets through the black hole


_numbers = count()


@contextmanager
def ruled(namespace: str, chains: str) -> Iterator[None]:
    """Have *chains* in a table of their own in *namespace*."""
    table = f"fault{next(_numbers)}"  # blocks may stand inside each other
    run("ip", "netns", "exec", namespace, "nft", "-f", "-", given=f"table inet {table} {{\n{chains}\n}}\n")
    try:
        yield
    finally:
        run("ip", "netns", "exec", namespace, "nft", "delete", "table", "inet", table)


def destinations(place: Place, ports: Iterable[int], families: Iterable[int] = (4, 6)) -> Iterator[str]:
    """Yield the words of nftables for what goes to *ports* of *place*."""
    listed = ", ".join(map(str, ports))
    for ip in place.addresses:
        if ip.version in families:
            yield f"ip{'6' if ip.version == 6 else ''} daddr {ip} tcp dport {{ {listed} }}"


@contextmanager
def filtered(names: Namespaces, rules: Iterable[str]) -> Iterator[None]:
    """Apply *rules* to what comes to the servers."""
    lines = "\n".join(rules)
    with ruled(names.servers, f"chain in {{ type filter hook input priority -1;\n{lines}\n}}"):
        yield


@contextmanager
def diverted(names: Namespaces, ways: Iterable[tuple[str, int]]) -> Iterator[None]:
    """Lead what the clients send to each of the destinations to a port of the servers' own instead."""
    lines = "\n".join(f"{destination} redirect to :{port}" for destination, port in ways)
    with ruled(names.servers, f"chain pre {{ type nat hook prerouting priority dstnat;\n{lines}\n}}"):
        yield


@contextmanager
def black_hole(names: Namespaces, families: Iterable[int] = (4, 6)) -> Iterator[None]:
    """Drop every segment of more than SMALL bytes, both ways, without an ICMP error: path MTU discovery is broken."""
    rules = "\n".join(f"meta nfproto ipv{family} meta l4proto tcp meta length > {SMALL} drop" for family in families)
    chain = f"chain in {{ type filter hook input priority -1;\n{rules}\n}}"
    with ruled(names.servers, chain), ruled(names.client, chain):
        yield


@contextmanager
def counted(names: Namespaces, ip: str) -> Iterator[None]:
    """Count what the clients send to *ip*; `packets` tells while the block lasts."""
    chains = (
        f"counter met {{ }}\nchain pre {{ type filter hook prerouting priority -200; ip daddr {ip} counter name met; }}"
    )
    with ruled(names.servers, chains):
        yield


def packets(names: Namespaces) -> int:
    """Return how many packets have been counted."""
    listed = json.loads(run("ip", "netns", "exec", names.servers, "nft", "-j", "list", "counters"))
    return sum(int(each["counter"]["packets"]) for each in listed["nftables"] if "counter" in each)
