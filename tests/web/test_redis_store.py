"""The store that processes share in Redis."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import anyio
import httpx
import pytest

from mailsettings.web.redis_store import RedisStore
from mailsettings.web.store import Local
from tests.support.processes import free_port, redis
from tests.support.web_service import NOW, Visitor, searches, service, world

pytestmark = pytest.mark.anyio


needs_redis = [
    pytest.mark.redis,
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("redis-server"), reason="no redis-server; tests/web/install installs it"),
]


async def test_without_redis_the_local_store_is_used(anyio_backend_name: str) -> None:
    """
    Requests are answered from the machine's own store, and /readyz says so.
    """
    if anyio_backend_name != "asyncio":
        pytest.skip("the client belongs to asyncio")
    store = RedisStore(f"redis://127.0.0.1:{free_port()}/0", Local())
    async with service(world(), store=store) as app:
        answers = [await Visitor(app).detect("ada@example.org") for _ in range(2)]
        ready = await Visitor(app).get("/readyz")

    assert [answer.status_code for answer in answers] == [200, 200]
    assert (ready.status_code, ready.json()["status"], ready.json()["store"]) == (200, "degraded", "redis-away")


@pytest.fixture
def port() -> Iterator[int]:
    port = free_port()
    with redis(port):
        yield port


class TestRedis:
    """With a real one."""

    pytestmark = needs_redis

    @pytest.fixture
    def anyio_backend(self) -> str:
        """The client belongs to asyncio."""
        return "asyncio"

    async def test_two_workers_make_one_search_for_two_hundred_visitors(self, port: int) -> None:
        """
        Each worker has its own network and its own share of the visitors; one of them asks, both answer all.
        """
        networks = [world(), world()]
        for network in networks:
            network.slow(0.2, "example.org")
        statuses: list[int] = []

        async def ask(app: object) -> None:
            statuses.append((await Visitor(app).detect("ada@example.org")).status_code)  # type: ignore[arg-type]

        stores = [RedisStore(f"redis://127.0.0.1:{port}/0", Local()) for _ in networks]
        async with (
            service(networks[0], store=stores[0]) as one,
            service(networks[1], store=stores[1]) as other,
            anyio.create_task_group() as group,
        ):
            for number in range(200):
                group.start_soon(ask, (one, other)[number % 2])

        assert (statuses, sum(map(searches, networks))) == ([200] * 200, 1)

    async def test_limits_are_shared(self, port: int) -> None:
        """
        A visitor who changes the worker takes the count along.
        """
        stores = [RedisStore(f"redis://127.0.0.1:{port}/0", Local(), clock=lambda: NOW) for _ in range(2)]
        async with (
            service(world(), store=stores[0], visitor_per_minute=2) as one,
            service(world(), store=stores[1], visitor_per_minute=2) as other,
        ):
            statuses = [
                (await Visitor(app, "12.99.0.1").detect("ada@example.org")).status_code for app in (one, other, one)
            ]

        assert statuses == [200, 200, 429]

    async def test_it_goes_on_while_redis_is_down_and_after_it_is_back(self) -> None:
        """
        Killed between two requests: no error; back again: used again.
        """
        port = free_port()
        store = RedisStore(f"redis://127.0.0.1:{port}/0", Local())
        states = []

        async def look(app: object) -> None:
            ada = Visitor(app)  # type: ignore[arg-type]
            found: httpx.Response = await ada.detect("ada@example.org")
            states.append((found.status_code, (await ada.get("/readyz")).json()["store"]))

        async with service(world(), store=store) as app:
            for alive in (True, False, True):
                if alive:
                    with redis(port):
                        await anyio.sleep(1.1 if states else 0)  # the pause before it is asked again
                        await look(app)
                else:
                    await look(app)

        assert states == [(200, "ok"), (200, "redis-away"), (200, "ok")]
