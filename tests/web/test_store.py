"""What is remembered, on one machine and in Redis."""

from pathlib import Path

import pytest

from mailsettings.web.store import Local

pytestmark = pytest.mark.anyio


class Clock:
    """A clock that the test moves."""

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
    before = await store.get("key")
    clock.now += 10
    after = await store.get("key")
    await store.aclose()

    assert (before, after) == (b"value", None)


async def test_what_was_used_last_is_kept_when_room_is_short() -> None:
    """
    Of three in a store for two, the least recently used is evicted.
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


async def test_counters_begin_anew_with_each_window() -> None:
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
    Requests from ever new addresses do not fill the memory: the oldest counter is evicted.
    """
    store = Local(clock=Clock())
    numbers = [await store.count("first", 60) for _ in range(2)]
    for number in range(100_000):
        await store.count(str(number), 60)
    numbers.append(await store.count("99999", 60))
    numbers.append(await store.count("first", 60))
    await store.aclose()

    assert numbers == [1, 2, 2, 1]


async def test_leases_are_released_or_expire() -> None:
    """
    One holder excludes the next, until it releases its lease or the lease expires.
    """
    clock = Clock()
    store = Local(clock=clock)
    acquired = [await store.acquire("key", holder, 1, 30) for holder in "ab"]
    await store.release("key", "a")
    acquired.append(await store.acquire("key", "b", 1, 30))
    clock.now += 31
    acquired.append(await store.acquire("key", "c", 1, 30))
    await store.aclose()

    assert acquired == [True, False, True, True]
