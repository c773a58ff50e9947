"""Distance between client and servers, and impaired links."""

from __future__ import annotations

import random
import socket

import pytest

from tests.support.lab.addressing import CLIENT, RESOLVER
from tests.support.lab.laboratory import Laboratory
from tests.support.lab.link_emulator import Impairment, delayed, impaired
from tests.support.lab.namespaces import inside
from tests.support.lab.server_inspection import outcome_of_connecting


def test_packets_come_late_and_all_of_them(lab: Laboratory) -> None:
    """
    With 0.4 s between them a client that waits 0.2 s for a connection gives up, one that waits longer succeeds.
    """
    addresses = [str(ip) for ip in lab.places["imap.both.example"].addresses]

    with delayed(lab.namespaces, 0.4), inside(lab.namespaces.client):
        actual = [outcome_of_connecting(ip, 993, seconds) for ip in addresses for seconds in (0.2, 5.0)]

    assert actual == ["dropped", "accepted"] * 2


def test_distance_ends_with_its_block(lab: Laboratory) -> None:
    """
    After the block the round trip is short again.
    """
    addresses = [str(ip) for ip in lab.places["imap.both.example"].addresses]
    with delayed(lab.namespaces, 0.4):
        pass

    with inside(lab.namespaces.client):
        actual = [outcome_of_connecting(ip, 993, 0.2) for ip in addresses]

    assert actual == ["accepted"] * 2


IMPAIRMENTS = (
    Impairment(loss=0.3),
    Impairment(twice=0.3),
    Impairment(seconds=0.5, behind=0.3),
    Impairment(0.01, 0.1, 0.2, 0.3),
)
PACKETS = 100  # what a socket keeps that nobody reads from yet


@pytest.mark.parametrize("impairment", IMPAIRMENTS, ids=str)
def test_each_share_of_the_packets_is_impaired(impairment: Impairment) -> None:
    """
    The shares hold within a twentieth over thousands of packets, and the same seed gives the same packets.
    """
    fates, again = (
        [list(impairment.arrivals(chance)) for _ in range(5000)] for chance in (random.Random(1), random.Random(1))
    )
    arrived = [fate for fate in fates if fate]

    assert fates == again
    assert 1 - len(arrived) / len(fates) == pytest.approx(impairment.loss, abs=0.05)
    assert sum(len(fate) == 2 for fate in arrived) / len(arrived) == pytest.approx(impairment.twice, abs=0.05)
    assert sum(fate[0] > impairment.seconds for fate in arrived) / len(arrived) == pytest.approx(
        impairment.behind, abs=0.05
    )


def test_an_impairment_is_read_as_it_is_written() -> None:
    """
    The relay, a process of its own, is told by its command line.
    """
    assert [Impairment.parse(str(impairment)) for impairment in IMPAIRMENTS] == list(IMPAIRMENTS)


@pytest.mark.parametrize(
    ("source", "target"), [("client", "servers"), ("servers", "client")], ids=["to the servers", "from the servers"]
)
@pytest.mark.parametrize("impairment", [Impairment(loss=0.3), Impairment(twice=0.3), Impairment(behind=0.3)], ids=str)
def test_a_link_is_impaired_in_both_directions(
    lab: Laboratory, impairment: Impairment, source: str, target: str
) -> None:
    """
    Datagrams that are numbered are lost, come twice or out of order, as was wished and not otherwise.
    """
    with impaired(lab.namespaces, impairment, seed=1):
        received = datagrams(getattr(lab.namespaces, source), getattr(lab.namespaces, target), source)

    assert bool(impairment.loss) == (set(received) < set(range(PACKETS)))
    assert bool(impairment.twice) == (len(received) > len(set(received)))
    assert bool(impairment.behind) == (list(dict.fromkeys(received)) != sorted(set(received)))


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
        received = []
        try:
            while True:
                received.append(receiver.recv(1)[0])
        except TimeoutError:
            return received
