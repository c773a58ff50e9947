"""The memory that detections share: bounded, short-lived, asked once."""

import anyio
import pytest

from mailsettings.errors import Kind, NetworkError
from mailsettings.net.cache import Fault, Kept, OnStep
from mailsettings.testing import run_virtual


def life(found: str | Fault) -> float:
    """Let a failure live for a second, a budget's not at all, everything else for ten."""
    if isinstance(found, Fault):
        return 0.0 if found.kind is Kind.BUDGET else 1.0
    return 10.0


class Oracle:
    """Answers after a second of steps, and counts."""

    def __init__(self, failure: Kind | None = None) -> None:
        self.asked = 0
        self.failure = failure

    async def __call__(self, tell: OnStep) -> str:
        self.asked += 1
        tell("connect")
        await anyio.sleep(0.5)
        tell("greeting")
        await anyio.sleep(0.5)
        if self.failure is not None:
            raise NetworkError(self.failure, "no")
        return f"answer {self.asked}"


def test_everybody_who_asks_at_once_gets_the_one_answer() -> None:
    """
    Twenty ask, one question is put.
    """
    oracle, kept, found = Oracle(), Kept[str, str](10, life), []

    async def ask() -> None:
        found.append(await kept.get("key", oracle))

    async def all_at_once() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(ask)

    run_virtual(all_at_once)
    assert (oracle.asked, set(found), len(found)) == (1, {"answer 1"}, 20)


def test_who_waits_hears_the_steps() -> None:
    """
    Also the last one before they came: a search gives up on servers of which it has not heard a word.
    """
    kept, heard = Kept[str, str](10, life), list[str]()

    async def late() -> None:
        await anyio.sleep(0.2)
        await kept.get("key", Oracle(), heard.append)

    async def both() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(kept.get, "key", Oracle())
            group.start_soon(late)

    run_virtual(both)
    assert heard == ["connect", "greeting"]


def test_if_the_one_who_asks_gives_up_the_next_one_asks() -> None:
    """
    A search that ends takes nobody's answer away.
    """
    oracle, kept, found = Oracle(), Kept[str, str](10, life), []

    async def patient() -> None:
        await anyio.sleep(0.1)
        found.append(await kept.get("key", oracle))

    async def both() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(patient)
            with anyio.move_on_after(0.7):
                await kept.get("key", oracle)

    run_virtual(both)
    assert found == ["answer 2"]


@pytest.mark.parametrize(("seconds", "asked"), [(9.0, 1), (11.0, 2)])
def test_an_answer_is_remembered_for_its_life(seconds: float, asked: int) -> None:
    """
    Ten seconds here.
    """
    oracle, kept = Oracle(), Kept[str, str](10, life)

    async def twice() -> None:
        await kept.get("key", oracle)
        await anyio.sleep(seconds)
        await kept.get("key", oracle)

    run_virtual(twice)
    assert oracle.asked == asked


@pytest.mark.parametrize(("kind", "asked"), [(Kind.REFUSED, 1), (Kind.BUDGET, 2)])
def test_a_failure_is_shared_unless_it_is_private(kind: Kind, asked: int) -> None:
    """
    A refusal is everybody's, an empty purse is not.
    """
    oracle, kept = Oracle(kind), Kept[str, str](10, life)

    async def twice() -> None:
        for _ in range(2):
            with pytest.raises(NetworkError, match="no"):
                await kept.get("key", oracle)

    run_virtual(twice)
    assert oracle.asked == asked


def test_the_least_recently_used_is_forgotten() -> None:
    """
    A provider that is asked for again and again stays, whatever comes in between.
    """
    kept = Kept[str, str](3, life)

    async def many() -> str:
        for key in ("often", "a", "b", "often", "c", "d", "often"):
            value = await kept.get(key, Oracle())
        return value

    oracle = Oracle()

    async def then() -> None:
        await many()
        await kept.get("often", oracle)

    run_virtual(then)
    assert (len(kept), oracle.asked) == (3, 0)


def test_nothing_is_left_of_questions_that_are_over() -> None:
    """
    The bound holds for what is under way, too.
    """
    kept = Kept[str, str](2, life)

    async def some() -> None:
        for key in "abcdef":
            await kept.get(key, Oracle())

    run_virtual(some)
    assert (len(kept), kept.under_way) == (2, 0)
