"""A starved process and good servers; in virtual time, always the same.

A run over 10,000 domains on a crowded machine had timed out on 104 good servers. So did each of these runs.
"""

from collections import Counter
from dataclasses import fields, replace

import anyio
import pytest

from mailsettings.bulk import Answered, BulkLimits
from mailsettings.bulk.loop_lag import LoopLag
from mailsettings.bulk.output import verdict
from mailsettings.policy import Policy, Timeouts
from mailsettings.testing import run_virtual
from tests.support.bulk_worlds import SlowTransport, collected, world

SIZE = 60  # domains of each kind


def verdicts(
    work: float, stalls: dict[int, float] | None = None, *, silent: bool = False, size: int = SIZE
) -> tuple[Counter[str], int]:
    """Run on a process that takes *work* seconds for each question and connection; return how many those were, too."""
    net = world(hosted=size, own=size)
    if silent:
        for number in range(size):
            net.host(f"imap.o{number}.example").hold(993)
    transport = SlowTransport(net.transport(Policy.service()), work, stalls)

    async def search() -> list[Answered]:
        names = [f"{kind}{number}.example" for number in range(size) for kind in "ho"]
        return await collected(names, transport, limits=BulkLimits.for_concurrency(64))

    answers, _ = run_virtual(search)
    return Counter(verdict(each.detection) for each in answers if each.detection), transport.count


@pytest.mark.parametrize(
    ("work", "stalls"),
    [
        (0.03, {}),
        (0.1, {}),
        (0.001, dict.fromkeys(range(100, 2000, 150), 3.0)),
        (0.001, dict.fromkeys(range(100, 2000, 400), 12.0)),
        (0.001, {1500: 3600.0}),
    ],
    ids=["slow", "very slow", "stalls of 3 s", "stalls of 12 s", "an hour asleep"],
)
def test_a_starved_process_reports_no_good_server_as_silent(work: float, stalls: dict[int, float]) -> None:
    """
    All good domains are verified, however long that takes.
    """
    found, _ = verdicts(work, stalls)

    assert found == {"verified": 2 * SIZE}


def test_a_process_that_stands_still_says_so() -> None:
    """
    Ten seconds for each question are too slow for any verdict: worth another try, as without a network.
    """
    found, _ = verdicts(10.0, size=2)

    assert set(found) <= {"verified", "no-network"}
    assert found["no-network"]


def test_a_responsive_process_trusts_timeouts() -> None:
    """
    It asks nothing twice because of servers that hang.
    """
    hanging, asked = verdicts(0.0, silent=True)
    _, all_well = verdicts(0.0)

    assert hanging == {"verified": SIZE, "unverified": SIZE}
    assert asked <= all_well + 5 * SIZE


def test_a_slower_policy_waits_longer_everywhere() -> None:
    """
    Seconds are stretched, and nothing else.
    """
    usual, slower = Policy(), Policy().slower(2)

    for field in fields(Timeouts):
        assert getattr(slower.timeouts, field.name) == 2 * getattr(usual.timeouts, field.name)
    assert replace(slower, timeouts=usual.timeouts) == usual


@pytest.mark.parametrize(("late", "begun"), [(0.0, 20), (0.5, 4)], ids=["in-time", "late"])
def test_nothing_begins_while_the_process_cannot_follow(late: float, begun: int) -> None:
    """
    But for a few, however late everything is: another process may be the cause.
    """
    loop_lag, running = LoopLag(0.1, 4.5), []

    async def work(number: int) -> None:
        async with loop_lag.admitted():
            running.append(number)
            await anyio.sleep(100)

    async def twenty() -> None:
        loop_lag.record(late)
        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(work, number)
            await anyio.sleep(50)
            group.cancel_scope.cancel()

    run_virtual(twenty)
    assert len(running) == begun


def test_lag_decays() -> None:
    """
    Two samples after half a second of lag, searches start again.
    """
    loop_lag = LoopLag(0.2, 4.5)

    async def then() -> float:
        loop_lag.record(0.5)
        async with anyio.create_task_group() as group:
            group.start_soon(loop_lag.measure)
            async with anyio.create_task_group() as inner:
                for _ in range(5):
                    inner.start_soon(hold)
            group.cancel_scope.cancel()
        return anyio.current_time()

    async def hold() -> None:
        async with loop_lag.admitted():
            await anyio.sleep(1)

    began, _ = run_virtual(then)
    assert 1.1 <= began <= 1.2
