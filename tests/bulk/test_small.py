"""The small parts: records, progress, turns, limiters, limits. Pure, or nearly."""

from ipaddress import ip_address

import anyio
import pytest

from mailsettings.bulk.destinations import KeyedSemaphore
from mailsettings.bulk.input import Answered, parse_entry
from mailsettings.bulk.limits import BulkLimits
from mailsettings.bulk.loop_lag import LoopLag
from mailsettings.bulk.output import record_of, verdict
from mailsettings.bulk.progress import RunProgress
from mailsettings.errors import AddressError, FailureKind
from mailsettings.model import Detection, Failure, Question
from mailsettings.net.limiter import FEW, AddressLimiters
from mailsettings.policy import Policy
from mailsettings.testing import run_virtual
from tests.bulk.worlds import run, world

ROW = {"verdict": "verified"}


def detection(domain: str) -> Detection:
    """Return what is found for the postmaster of a domain with servers of its own."""
    [answer] = run(world(own=1), [domain])
    assert answer.detection is not None
    return answer.detection


def test_a_record_has_what_a_mail_program_needs() -> None:
    """
    The best server of each direction, flat.
    """
    record = record_of(Answered(3, "o0.example", detection("o0.example")))

    assert (record["place"], record["input"], record["verdict"]) == (3, "o0.example", "verified")
    assert {name: record["incoming"][name] for name in ("host", "port", "security", "trust")} == {
        "host": "imap.o0.example",
        "port": 993,
        "security": "tls",
        "trust": "same-domain",
    }


def test_an_outage_is_no_verdict_on_the_domain() -> None:
    """
    "no-network" can be found in the output and tried again; "nothing" is an answer.
    """
    down = Failure(FailureKind.NO_NETWORK, Question("example.org", "MX"))

    assert (verdict(Detection("a@b.example", failures=(down,))), verdict(Detection("a@b.example"))) == (
        "no-network",
        "nothing",
    )


@pytest.mark.parametrize("text", ["", "foo", "a@b@c.example", "127.0.0.1", "2130706433", "localhost", "a b.example"])
def test_what_is_neither_address_nor_domain_is_refused(text: str) -> None:
    """
    By the rules for single addresses.
    """
    with pytest.raises(AddressError):
        parse_entry(text)


def test_progress_says_rate_share_and_what_remains() -> None:
    """
    Earlier runs count for the whole, not for the rate.
    """
    progress = RunProgress(9000, before=1000)
    for number in range(200):
        progress.count(ROW if number % 4 else {"verdict": "nothing"})

    assert progress.line(2.0) == "1,200 of 9,000  13 %  100/s  75 % verified  1:18 to go"
    assert progress.summary(3725) == "200 answered in 1:02:05: 50 nothing, 150 verified; 1,000 were there before"


def test_progress_without_a_total_promises_nothing() -> None:
    """
    A pipe does not say how much is to come; and at the start there is no rate.
    """
    assert RunProgress(None).line(0.0) == "0  0/s  0 % verified"


def test_turns_are_counted_for_each_key() -> None:
    """
    Two at a time for one destination, others at once; nothing is kept of who has left.
    """
    turns, inside, most = KeyedSemaphore(2), {"a": 0, "b": 0}, {"a": 0, "b": 0}

    async def visit(key: str) -> None:
        async with turns.acquire(key):
            inside[key] += 1
            most[key] = max(most[key], inside[key])
            await anyio.sleep(1)
            inside[key] -= 1

    async def all_of_them() -> None:
        async with anyio.create_task_group() as group:
            for key in "aaaaab":
                group.start_soon(visit, key)

    _, seconds = run_virtual(all_of_them)
    assert (most, seconds, len(turns)) == ({"a": 2, "b": 1}, 3.0, 0)


@pytest.mark.parametrize(("late", "begun"), [(0.0, 20), (0.5, 4)], ids=["in-time", "late"])
def test_nothing_begins_while_the_process_cannot_follow(late: float, begun: int) -> None:
    """
    But for a few, however late everything is: it may be somebody else's doing.
    """
    pulse, running = LoopLag(0.1, 4.5), []

    async def work(number: int) -> None:
        async with pulse.admitted():
            running.append(number)
            await anyio.sleep(100)

    async def twenty() -> None:
        pulse.record(late)
        async with anyio.create_task_group() as group:
            for number in range(20):
                group.start_soon(work, number)
            await anyio.sleep(50)
            group.cancel_scope.cancel()

    run_virtual(twenty)
    assert len(running) == begun


def test_being_late_is_forgotten() -> None:
    """
    Two beats after half a second too much work goes on.
    """
    pulse = LoopLag(0.2, 4.5)

    async def then() -> float:
        pulse.record(0.5)
        async with anyio.create_task_group() as group:
            group.start_soon(pulse.measure)
            async with anyio.create_task_group() as inner:
                for _ in range(5):
                    inner.start_soon(hold)
            group.cancel_scope.cancel()
        return anyio.current_time()

    async def hold() -> None:
        async with pulse.admitted():
            await anyio.sleep(1)

    began, _ = run_virtual(then)
    assert 1.1 <= began <= 1.2


def test_gates_that_nobody_uses_are_forgotten() -> None:
    """
    A million addresses contacted one after the other take no more memory than a thousand.
    """
    limiters = AddressLimiters(2, 0.3)
    first = int(ip_address("11.0.0.0"))

    async def visit_many() -> bool:
        held = await limiters.at(ip_address("11.255.0.1")).acquire()
        for number in range(5 * FEW):
            limiter = limiters.at(ip_address(first + number))
            limiter.release(await limiter.acquire())
        await limiters.at(ip_address("11.255.0.1")).acquire()
        full = limiters.is_full(ip_address("11.255.0.1"))
        limiters.at(ip_address("11.255.0.1")).release(held)
        return full

    full, _ = run_virtual(visit_many)
    assert (full, len(limiters) <= FEW) == (True, True)


@pytest.mark.parametrize(
    "wrong", [{"concurrency": 0}, {"per_address": 0}, {"concurrency": 9, "ahead": 8}, {"redis": "http://x"}], ids=str
)
def test_a_pace_that_cannot_be_kept_is_refused(wrong: dict[str, object]) -> None:
    """
    Before anything is contacted.
    """
    with pytest.raises(ValueError, match=r"start at 1|not at least|begins with"):
        BulkLimits(**wrong)  # type: ignore[arg-type]  # one of them is a text


def test_the_usual_pace_needs_few_files() -> None:
    """
    A process may have 4,096 open almost everywhere.
    """
    assert BulkLimits().max_files(Policy.service()) <= 4096
