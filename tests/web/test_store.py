"""What is remembered, on one machine and in Redis."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx
import pytest

from mailsettings.web.redis_store import RedisStore
from mailsettings.web.store import Local
from tests.web.places import NOW, Visitor, searches, service, world
from tests.web.running import free_port, redis

pytestmark = pytest.mark.anyio
needs_redis = [
    pytest.mark.redis,
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("redis-server"), reason="no redis-server; tests/web/install installs it"),
]


class Clock:
    """A time that moves when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_what_is_put_is_there_until_its_time_is_over() -> None:
    """
    For so many seconds, and not one more.
    """
    clock = Clock()
    store = Local(clock=clock)
    await store.put("key", b"value", 10)
    kept = await store.get("key")
    clock.now += 10
    gone = await store.get("key")
    await store.aclose()

    assert (kept, gone) == (b"value", None)


async def test_what_was_used_last_is_kept_when_room_is_short() -> None:
    """
    Of three in a store for two, the one nobody has asked for longest goes.
    """
    clock = Clock()
    store = Local(size=2, clock=clock)
    for key in ("first", "second"):
        clock.now += 1
        await store.put(key, b"value", 100)
    clock.now += 1
    await store.get("first")
    clock.now += 1
    await store.put("third", b"value", 100)
    kept = [key for key in ("first", "second", "third") if await store.get(key)]
    await store.aclose()

    assert kept == ["first", "third"]


async def test_a_file_outlives_the_process(tmp_path: Path) -> None:
    """
    Two stores on one file, as two workers have, know the same answers.
    """
    one, other = (Local(str(tmp_path / "cache" / "answers.sqlite")) for _ in range(2))
    await one.put("key", b"value", 100)
    found = await other.get("key")
    await one.aclose()
    await other.aclose()

    assert found == b"value"


async def test_without_a_file_it_goes_on() -> None:
    """
    A path that cannot be written to costs the cache, and is reported.
    """
    store = Local("/proc/no/such/place.sqlite")
    await store.put("key", b"value", 100)

    assert (await store.get("key"), await store.state()) == (None, "no-file")


async def test_counts_begin_anew_with_each_stretch() -> None:
    """
    Three in one minute, then the first of the next.
    """
    clock = Clock()
    store = Local(clock=clock)
    counts = [await store.count("key", 60) for _ in range(3)]
    clock.now += 60
    counts.append(await store.count("key", 60))
    await store.aclose()

    assert counts == [1, 2, 3, 1]


async def test_a_flood_of_visitors_has_a_bound() -> None:
    """
    Whoever comes from ever new addresses fills no memory: what nobody has counted for longest is forgotten.
    """
    store = Local(clock=Clock())
    numbers = [await store.count("first", 60) for _ in range(2)]
    for number in range(100_000):
        await store.count(str(number), 60)
    numbers.append(await store.count("99999", 60))
    numbers.append(await store.count("first", 60))
    await store.aclose()

    assert numbers == [1, 2, 2, 1]


async def test_places_are_given_back_or_lapse() -> None:
    """
    One inside keeps the next out, until it leaves or its time is over.
    """
    clock = Clock()
    store = Local(clock=clock)
    let = [await store.acquire("key", who, 1, 30) for who in "ab"]
    await store.release("key", "a")
    let.append(await store.acquire("key", "b", 1, 30))
    clock.now += 31
    let.append(await store.acquire("key", "c", 1, 30))
    await store.aclose()

    assert let == [True, False, True, True]


async def test_a_redis_that_is_away_is_done_without(anyio_backend_name: str) -> None:
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

    async def test_it_goes_on_while_redis_is_away_and_after_it_is_back(self) -> None:
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
