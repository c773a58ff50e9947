"""Distance between client and servers, and bad ways."""

from __future__ import annotations

import random
import socket

import pytest

from tests.support.lab.addressing import CLIENT, RESOLVER
from tests.support.lab.laboratory import Laboratory
from tests.support.lab.link_emulator import Way, farther, rough
from tests.support.lab.namespaces import inside
from tests.support.lab.server_inspection import outcome_of_connecting


def test_packets_come_late_and_all_of_them(lab: Laboratory) -> None:
    """
    With 0.4 s between them a client that waits 0.2 s for a connection gives up, one that waits longer succeeds.
    """
    addresses = [str(ip) for ip in lab.places["imap.both.example"].addresses]

    with farther(lab.namespaces, 0.4), inside(lab.namespaces.client):
        actual = [outcome_of_connecting(ip, 993, seconds) for ip in addresses for seconds in (0.2, 5.0)]

    assert actual == ["dropped", "accepted"] * 2


def test_distance_ends_with_its_block(lab: Laboratory) -> None:
    """
    After the block the way is short again.
    """
    addresses = [str(ip) for ip in lab.places["imap.both.example"].addresses]
    with farther(lab.namespaces, 0.4):
        pass

    with inside(lab.namespaces.client):
        actual = [outcome_of_connecting(ip, 993, 0.2) for ip in addresses]

    assert actual == ["accepted"] * 2


WAYS = (Way(loss=0.3), Way(twice=0.3), Way(seconds=0.5, behind=0.3), Way(0.01, 0.1, 0.2, 0.3))
PACKETS = 100  # what a socket keeps that nobody reads from yet


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_packets_fare_as_often_so_as_was_said(way: Way) -> None:
    """
    The shares hold within a twentieth over thousands of packets, and the same seed gives the same packets.
    """
    fates, again = (
        [list(way.arrivals(chance)) for _ in range(5000)] for chance in (random.Random(1), random.Random(1))
    )
    arrived = [fate for fate in fates if fate]

    assert fates == again
    assert 1 - len(arrived) / len(fates) == pytest.approx(way.loss, abs=0.05)
    assert sum(len(fate) == 2 for fate in arrived) / len(arrived) == pytest.approx(way.twice, abs=0.05)
    assert sum(fate[0] > way.seconds for fate in arrived) / len(arrived) == pytest.approx(way.behind, abs=0.05)


def test_a_way_is_read_as_it_is_written() -> None:
    """
    The relay, a process of its own, is told by its command line.
    """
    assert [Way.parse(str(way)) for way in WAYS] == list(WAYS)


@pytest.mark.parametrize(
    ("source", "target"), [("client", "servers"), ("servers", "client")], ids=["to the servers", "from the servers"]
)
@pytest.mark.parametrize("way", [Way(loss=0.3), Way(twice=0.3), Way(behind=0.3)], ids=str)
def test_a_rough_way_is_rough_in_both_directions(lab: Laboratory, way: Way, source: str, target: str) -> None:
    """
    Datagrams that are numbered are lost, come twice or out of order, as was wished and not otherwise.
    """
    with rough(lab.namespaces, way, seed=1):
        heard = datagrams(getattr(lab.namespaces, source), getattr(lab.namespaces, target), source)

    assert bool(way.loss) == (set(heard) < set(range(PACKETS)))
    assert bool(way.twice) == (len(heard) > len(set(heard)))
    assert bool(way.behind) == (list(dict.fromkeys(heard)) != sorted(set(heard)))


def datagrams(source: str, target: str, name: str) -> list[int]:
    """Send numbers from namespace to namespace, and return those that arrive."""
    ip = str((RESOLVER if name == "client" else CLIENT)[0])
    with inside(target):
        receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with inside(source):
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with receiver, sender:
        receiver.bind((ip, 0))
        receiver.settimeout(1.0)
        for number in range(PACKETS):
            sender.sendto(bytes([number]), receiver.getsockname())
        heard = []
        try:
            while True:
                heard.append(receiver.recv(1)[0])
        except TimeoutError:
            return heard
