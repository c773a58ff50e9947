"""One search for all who ask for the same domain."""

from __future__ import annotations

import anyio
import pytest

from mailsettings.testing import FakeNetwork
from tests.support.web_service import Visitor, searches, service, world

pytestmark = pytest.mark.anyio


async def test_a_follower_takes_over_when_the_first_disconnects() -> None:
    """
    The first visitor of a domain goes away; the second, who waited for the same search, is answered all the same.
    """
    network: FakeNetwork = world()
    network.slow(0.2, "_imaps._tcp.example.org")
    statuses: list[int] = []
    async with service(network) as app:

        async def wait() -> None:
            statuses.append((await Visitor(app).detect("ada@example.org")).status_code)

        async with anyio.create_task_group() as group:
            with anyio.move_on_after(0.1):
                group.start_soon(wait)
                await Visitor(app).detect("bob@example.org")

    assert (statuses, searches(network) >= 1) == ([200], True)
