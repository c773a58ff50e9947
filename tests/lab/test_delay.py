"""Distance between client and servers."""

from __future__ import annotations

from tests.lab.delay import farther
from tests.lab.hearing import outcome_of_connecting
from tests.lab.laboratory import Laboratory
from tests.lab.namespaces import inside


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
