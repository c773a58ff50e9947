"""Probes shared by the searches of a service."""

from __future__ import annotations

import pytest

from mailsettings.testing import imap
from tests.support.web_service import Visitor, service, world

pytestmark = pytest.mark.anyio


async def test_a_hoster_of_many_domains_is_contacted_once() -> None:
    """
    Twenty domains with the same servers: all of them verified, and each server contacted a single time.
    """
    network = world()
    for number in range(20):
        network.records(f"_imaps._tcp.h{number}.example", SRV="0 1 993 imap.example.org")
        network.records(f"_submissions._tcp.h{number}.example", SRV="0 1 465 smtp.example.org")
    async with service(network, address_per_minute=2) as app:
        answers = [(await Visitor(app).detect(f"ada@h{number}.example")).json() for number in range(20)]

    assert {answer["incoming"][0]["verified"] for answer in answers} == {True}
    assert sorted(where.rpartition(":")[2] for where in network.connections) == ["465", "993"]


async def test_a_server_that_failed_is_contacted_again() -> None:
    """
    Only what was verified is remembered.
    """
    network = world()
    network.records("_imaps._tcp.other.example", SRV="0 1 993 imap.broken.example")
    network.records("_imaps._tcp.broken.example", SRV="0 1 993 imap.broken.example")
    network.host("imap.broken.example", "11.6.6.6").serve(imap(refusal="* BYE too busy"))
    async with service(network) as app:
        for domain in ("other.example", "broken.example"):
            await Visitor(app).detect(f"ada@{domain}")

    assert network.connections.count("11.6.6.6:993") == 2
