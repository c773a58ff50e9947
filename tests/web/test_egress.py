"""What the service may send to one address, and for one search."""

from __future__ import annotations

import pytest

from mailsettings.interfaces import Answer
from mailsettings.model import Question
from mailsettings.net.streams import Stream, Transport
from mailsettings.policy import IPAddress, Policy
from mailsettings.testing import imap
from mailsettings.web import Settings, create_app
from mailsettings.web.store import Local
from tests.support.web_service import Visitor, service, world

pytestmark = pytest.mark.anyio


async def test_one_address_is_connected_to_so_often_and_no_more() -> None:
    """
    A victim whose address many domains name sees at most as many connections as a minute allows.
    """
    network = world()
    for number in range(6):
        network.host(f"imap.d{number}.example", "11.5.5.5").serve(imap())
        network.host(f"mail.d{number}.example", "11.5.5.5")
    async with service(network, address_per_minute=5) as app:
        for number in range(6):
            await Visitor(app).detect(f"ada@d{number}.example")

    assert sum(where.startswith("11.5.5.5:") for where in network.connections) == 5


class Counting:
    """A transport that knows how many questions were under way at once, at most."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._now = 0
        self.most = 0

    async def ask(self, question: Question) -> Answer:
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            return await self._transport.ask(question)
        finally:
            self._now -= 1

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        return await self._transport.connect(ip, port)

    async def aclose(self) -> None:
        await self._transport.aclose()


async def test_one_search_has_its_share_of_the_questions() -> None:
    """
    A zone that keeps silent holds as many sockets as one search may have, and there are as many for each search.
    """
    network = world()
    network.slow(0.02)
    counting = Counting(network.transport(Policy.service()))
    policy = Policy.service().replace(max_parallel_dns=5)
    app = create_app(policy, Local(), settings=Settings(cache=":memory:", running=64), transport=counting)
    response = await Visitor(app).detect("ada@example.org")
    narrowed: Policy = app.state.service.policy
    await app.state.service.aclose()

    assert (response.json()["incoming"][0]["verified"], counting.most) == (True, 5)
    assert narrowed.limits.dns_sockets >= 64 * narrowed.limits.max_parallel_dns
