"""Caches: bounded, short-lived, asked once."""

import anyio
import pytest

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Endpoint, Hello, Probe, Protocol, Security, Step
from mailsettings.net.cache import CachedProber, OnStep, SingleFlight, TTLCache
from mailsettings.testing import run_virtual


def life(found: str | NetworkError) -> float:
    """Let a failure live for a second, a budget's not at all, everything else for ten."""
    if isinstance(found, NetworkError):
        return 0.0 if found.kind is FailureKind.BUDGET else 1.0
    return 10.0


class Oracle:
    """Answers after a second of steps, and counts."""

    def __init__(self, failure: FailureKind | None = None) -> None:
        self.asked = 0
        self.failure = failure

    async def __call__(self, tell: OnStep) -> str:
        self.asked += 1
        tell(Step.CONNECT)
        await anyio.sleep(0.5)
        tell(Step.GREETING)
        await anyio.sleep(0.5)
        if self.failure is not None:
            raise NetworkError(self.failure, "no")
        return f"answer {self.asked}"


def test_everybody_who_asks_at_once_gets_the_one_answer() -> None:
    """
    Twenty ask, one question is put.
    """
    oracle, cache, found = Oracle(), SingleFlight[str, str](10, life), []

    async def ask() -> None:
        found.append(await cache.get("key", oracle))

    async def all_at_once() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(ask)

    run_virtual(all_at_once)
    assert (oracle.asked, set(found), len(found)) == (1, {"answer 1"}, 20)


def test_waiting_callers_receive_the_steps() -> None:
    """
    Also the last one before they came: a search gives up on servers that have not responded.
    """
    cache, heard = SingleFlight[str, str](10, life), list[str]()

    async def late() -> None:
        await anyio.sleep(0.2)
        await cache.get("key", Oracle(), heard.append)

    async def both() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(cache.get, "key", Oracle())
            group.start_soon(late)

    run_virtual(both)
    assert heard == ["connect", "greeting"]


def test_if_the_one_who_asks_gives_up_the_next_one_asks() -> None:
    """
    A search that ends takes nobody's answer away.
    """
    oracle, cache, found = Oracle(), SingleFlight[str, str](10, life), []

    async def patient() -> None:
        await anyio.sleep(0.1)
        found.append(await cache.get("key", oracle))

    async def both() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(patient)
            with anyio.move_on_after(0.7):
                await cache.get("key", oracle)

    run_virtual(both)
    assert found == ["answer 2"]


@pytest.mark.parametrize(("seconds", "asked"), [(9.0, 1), (11.0, 2)])
def test_an_answer_is_remembered_for_its_life(seconds: float, asked: int) -> None:
    """
    Ten seconds here.
    """
    oracle, cache = Oracle(), SingleFlight[str, str](10, life)

    async def twice() -> None:
        await cache.get("key", oracle)
        await anyio.sleep(seconds)
        await cache.get("key", oracle)

    run_virtual(twice)
    assert oracle.asked == asked


@pytest.mark.parametrize(("kind", "asked"), [(FailureKind.REFUSED, 1), (FailureKind.BUDGET, 2)])
def test_a_failure_is_shared_unless_it_is_private(kind: FailureKind, asked: int) -> None:
    """
    A refusal is everybody's, an empty purse is not.
    """
    oracle, cache = Oracle(kind), SingleFlight[str, str](10, life)

    async def twice() -> None:
        for _ in range(2):
            with pytest.raises(NetworkError, match="no"):
                await cache.get("key", oracle)

    run_virtual(twice)
    assert oracle.asked == asked


def test_the_least_recently_used_is_forgotten() -> None:
    """
    A provider that is asked for again and again stays, whatever comes in between.
    """
    cache = SingleFlight[str, str](3, life)

    async def many() -> str:
        for key in ("often", "a", "b", "often", "c", "d", "often"):
            value = await cache.get(key, Oracle())
        return value

    oracle = Oracle()

    async def then() -> None:
        await many()
        await cache.get("often", oracle)

    run_virtual(then)
    assert (len(cache), oracle.asked) == (3, 0)


def test_nothing_is_left_of_questions_that_are_over() -> None:
    """
    The bound holds for what is under way, too.
    """
    cache = SingleFlight[str, str](2, life)

    async def some() -> None:
        for key in "abcdef":
            await cache.get(key, Oracle())

    run_virtual(some)
    assert (len(cache), cache.under_way) == (2, 0)


def test_a_value_is_good_for_its_time() -> None:
    """
    For so many seconds, and no more; for none: not at all.
    """

    async def looks() -> list[int | None]:
        cache: TTLCache[str, int] = TTLCache(2, lambda value: 10.0 if value == 1 else 0.0)
        cache.keep("for ten", 1)
        cache.keep("for none", 2)
        seen = [cache.find("for ten"), cache.find("for none")]
        await anyio.sleep(10.0)
        return [*seen, cache.find("for ten"), len(cache)]

    assert run_virtual(looks)[0] == [1, None, None, 0]


def test_the_value_used_last_stays() -> None:
    """
    Of three where there is room for two, the one nobody has asked for longest goes; a new value of a key takes no room.
    """

    async def looks() -> list[int | None]:
        cache: TTLCache[str, int] = TTLCache(2)
        for key, value in (("first", 1), ("second", 2), ("second", 3)):
            cache.keep(key, value)
        cache.find("first")
        cache.keep("third", 4)
        return [cache.find(key) for key in ("first", "second", "third")]

    assert run_virtual(looks)[0] == [1, None, 4]


def test_by_default_everything_is_kept() -> None:
    """
    For one detection: a question is asked once, however often and late it comes again.
    """
    oracle, cache = Oracle(), SingleFlight[str, str]()

    async def again() -> str | None:
        await cache.get("key", oracle)
        await anyio.sleep(60)
        await cache.get("key", oracle)
        return cache.find("key")

    assert (run_virtual(again)[0], oracle.asked) == ("answer 1", 1)


def test_a_failure_is_found_as_nothing() -> None:
    """
    It is only raised to those who ask for it.
    """
    cache = SingleFlight[str, str]()

    async def failed() -> tuple[str | None, int]:
        with pytest.raises(NetworkError):
            await cache.get("key", Oracle(FailureKind.REFUSED))
        return cache.find("key"), len(cache)

    assert run_virtual(failed)[0] == (None, 1)


class Counted:
    """A prober that succeeds on port 993 only, and counts."""

    def __init__(self) -> None:
        self.contacted = 0

    async def greet(self, endpoint: Endpoint, on_step: OnStep) -> Probe:
        self.contacted += 1
        return Probe(endpoint, hello=Hello("ready") if endpoint.port == 993 else None)


@pytest.mark.parametrize(("port", "contacted"), [(993, 1), (143, 2)])
def test_a_server_whose_probe_is_kept_is_not_contacted(port: int, contacted: int) -> None:
    """
    Here successes are kept, and failures are not.
    """
    endpoint = Endpoint(Protocol.IMAP, "imap.example.org", port, Security.TLS)
    below, probes = Counted(), TTLCache[Endpoint, Probe](10, lambda probe: 10.0 if probe.hello else 0.0)
    prober = CachedProber(below, probes)

    async def twice() -> None:
        for _ in range(2):
            await prober.greet(endpoint, lambda _: None)

    run_virtual(twice)
    assert below.contacted == contacted
