"""Runs over many addresses, in fake networks."""

import gc
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import anyio
import pytest

from benchmarks.latency import search
from benchmarks.worlds import WORLDS, World, document
from mailsettings.bulk import BulkLimits, Entry, detect_many
from mailsettings.errors import FailureKind
from mailsettings.interfaces import Answer
from mailsettings.model import Detection, Question
from mailsettings.net.streams import Stream, Transport
from mailsettings.policy import IPAddress, Policy
from mailsettings.testing import FakeNetwork, imap, run_virtual, smtp
from tests.support.bulk_worlds import collected, incoming, run, world


def test_every_address_is_answered_once_with_its_own_user_name() -> None:
    """
    Two people of one domain get the same servers, each with their own name.
    """
    answers = run(world(own=1), ["ada@o0.example", "eve@o0.example"])

    assert sorted((each.place, each.detection.incoming[0].username) for each in answers if each.detection) == [
        (1, "ada@o0.example"),
        (2, "eve@o0.example"),
    ]


def test_one_search_serves_all_addresses_of_a_domain() -> None:
    """
    However many they are, each of the domain's questions is asked once.
    """
    net = world(own=1)
    run(net, [f"person{number}@o0.example" for number in range(50)])

    assert max(Counter(net.questions).values()) == 1


def test_a_server_of_many_domains_is_contacted_once() -> None:
    """
    Thirty domains of one provider: one connection to each of its servers.
    """
    net = world(hosted=30)
    answers = run(net, [f"ada@h{number}.example" for number in range(30)])

    assert {incoming(each) for each in answers} == {"imap.gmail.com"}
    assert len(net.connections) == 2


def test_names_are_not_guessed_where_the_table_knows_the_provider() -> None:
    """
    Guesses cannot win there, and would be most of all DNS questions.
    """
    net = world(hosted=1)
    run(net, ["ada@h0.example"])

    assert [question for question in net.questions if question.startswith(("mail.h0", "imap.h0", "pop."))] == []


@pytest.mark.parametrize(
    ("records", "questions"),
    [pytest.param((), 2, id="no-such-domain"), pytest.param(("0 .",), 1, id="null-mx")],
)
def test_a_dead_domain_costs_next_to_nothing(records: tuple[str, ...], questions: int) -> None:
    """
    Its MX record says so; besides, the only question is whether the name exists at all.
    """
    net = world()
    if records:
        net.records("dead.example", MX=records)
    [answer] = run(net, ["ada@dead.example"])

    assert answer.detection is not None
    assert answer.detection.failures[0].kind in (FailureKind.NO_SUCH_NAME, FailureKind.NO_MAIL)
    assert len(net.questions) == questions


def test_names_are_guessed_where_the_known_provider_fails() -> None:
    """
    A row of the table whose servers are dead does not hide a server that works.
    """
    net = FakeNetwork(rtt=0.05)
    net.records("h0.example", MX="10 aspmx.l.google.com")
    net.host("imap.h0.example").serve(imap())
    net.host("smtp.h0.example").serve(smtp())

    assert [incoming(each) for each in run(net, ["ada@h0.example"])] == ["imap.h0.example"]


@pytest.mark.parametrize("address", ["ada@h0.example", "ada@o0.example", "ada@nobody.example"])
def test_a_run_finds_what_a_single_search_finds(address: str) -> None:
    """
    Sharing changes who asks, not what comes out.
    """
    alone, _ = run_virtual(search, world(hosted=2, own=2), address, Policy.service())
    many = {each.text: each.detection for each in run(world(hosted=2, own=2), ["eve@h1.example", address])}
    found = many[address]

    assert found is not None
    assert (found.provider, found.confirm, found.hints) == (alone.provider, alone.confirm, alone.hints)
    for ours, theirs in ((found.incoming, alone.incoming), (found.outgoing, alone.outgoing)):
        assert [(each.endpoint, each.username, each.verified, each.trust) for each in ours] == [
            (each.endpoint, each.username, each.verified, each.trust) for each in theirs
        ]


@pytest.mark.parametrize("each", WORLDS, ids=[each.name.replace(" ", "-") for each in WORLDS])
def test_a_run_finds_in_every_world_what_a_single_search_finds(each: World) -> None:
    """
    Documents, MX, SRV, guesses, hosts that time out: whatever is left out as superfluous was superfluous.
    """
    alone, together = FakeNetwork(rtt=0.05), FakeNetwork(rtt=0.05)
    each.build(alone)
    each.build(together)
    single, _ = run_virtual(search, alone, each.address, Policy.service())
    [answer] = run(together, [each.address])

    assert answer.detection is not None
    assert best(answer.detection) == best(single)


def best(detection: Detection) -> list[tuple[str, str, bool, str]]:
    return [
        (str(choice.endpoint), choice.username, choice.verified, choice.trust)
        for choice in (*detection.incoming[:1], *detection.outgoing[:1])
    ]


def test_a_document_of_another_domain_is_fetched_once() -> None:
    """
    The hoster's autoconfig document serves all its customers, and so does the lack of one in the ISPDB.
    """
    net = FakeNetwork(rtt=0.05)
    net.page(
        "https://autoconfig.hoster.example/mail/config-v1.1.xml", document("imap.hoster.example", "smtp.hoster.example")
    )
    net.host("imap.hoster.example").serve(imap())
    net.host("smtp.hoster.example").serve(smtp())
    for number in range(10):
        net.records(f"c{number}.example", MX="10 mx1.hoster.example")
    answers = run(net, [f"ada@c{number}.example" for number in range(10)])

    assert {incoming(each) for each in answers} == {"imap.hoster.example"}
    assert net.requests == ("GET https://autoconfig.hoster.example/mail/config-v1.1.xml",)


def test_no_server_is_sent_a_persons_address() -> None:
    """
    A domain is searched as its postmaster, even where the policy lets the address be sent.
    """
    net = world()
    net.page("https://autodiscover.o0.example/autodiscover/autodiscover.xml", "", status=400)
    net.page("https://autoconfig.o0.example/mail/config-v1.1.xml", "", status=400)
    run(net, ["secret.person@o0.example"], policy=Policy())

    told = str(net.asked)
    assert ("postmaster" in told, "secret.person" in told) == (True, False)


def test_a_bad_address_is_an_answer() -> None:
    """
    It says what is wrong and stops nothing.
    """
    answers = sorted(run(world(own=1), ["foo", "ada@o0.example"]), key=lambda each: each.place)

    assert (answers[0].detection, "no @" in answers[0].error, incoming(answers[1])) == (None, True, "imap.o0.example")


def test_a_domain_stands_for_its_postmaster() -> None:
    """
    A list of domains is as good as one of addresses.
    """
    [answer] = run(world(own=1), ["O0.example."])

    assert answer.detection is not None
    assert (answer.text, answer.detection.incoming[0].username) == ("O0.example.", "postmaster@o0.example")


def test_answers_come_in_the_order_of_completion() -> None:
    """
    A domain that times out does not hold up the others.
    """
    net = world(own=2)
    net.mute("silent.example")

    assert [each.place for each in run(net, ["ada@silent.example", "ada@o0.example", "ada@o1.example"])][-1] == 1


def test_input_is_read_only_so_far_ahead() -> None:
    """
    An endless input needs no endless memory: nothing is taken that there is no room for.
    """
    taken = []

    def endless() -> Iterator[str]:
        for number in range(10**9):
            taken.append(number)
            yield f"ada@h{number % 20}.example"

    async def some() -> None:
        async with detect_many(
            endless(), limits=BulkLimits(concurrency=4, read_ahead=16), transport=world(hosted=20).transport()
        ) as stream:
            for _ in range(40):
                await stream.receive()

    run_virtual(some)

    # What was handed out, what there is room for, and the one that waits for it.
    assert len(taken) <= 40 + 16 + 1


def test_memory_does_not_grow_with_the_input() -> None:
    """
    Five times as many domains, and the most that is in memory at a time is the same once its bounds are reached.
    """
    limits = BulkLimits(concurrency=8, read_ahead=16, max_detections=20, max_answers=50, max_pages=20, max_probes=20)
    transport = world().transport()

    async def peak(size: int) -> int:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        names = (f"gone{number}.example" for number in range(size))
        async with detect_many(names, limits=limits, transport=Answering(transport)) as stream:
            async for each in stream:
                # Cycles wait the longer for the collector the more else there is in the process.
                if each.place % 25 == 0:
                    gc.collect()
                del each
        return tracemalloc.get_traced_memory()[1] - before

    async def both() -> list[int]:
        await peak(100)  # what is loaded and compiled once
        return [await peak(size) for size in (150, 750)]

    tracemalloc.start()
    try:
        [few, many], _ = run_virtual(both)
    finally:
        tracemalloc.stop()
    assert many < 1.25 * few


class Answering:
    """A transport in which no name exists; unlike a FakeNetwork it records nothing."""

    def __init__(self, below: Transport) -> None:
        self._below = below

    async def ask(self, question: Question) -> Answer:
        await anyio.sleep(0.01)
        return Answer(question, exists=False)

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        return await self._below.connect(ip, port)

    async def aclose(self) -> None:
        """What is below stays open."""


def test_a_destination_gets_few_searches_at_a_time() -> None:
    """
    Domains on one machine are searched four at a time, whatever the concurrency.
    """
    net = FakeNetwork(rtt=0.05)
    for number in range(30):
        net.records(f"c{number}.example", MX=f"10 mail.c{number}.example")
        net.host(f"mail.c{number}.example", "11.9.9.9").serve(imap(), smtp(), smtp(587))
    answers = run(net, [f"ada@c{number}.example" for number in range(30)])

    assert {incoming(each) for each in answers} == {f"mail.c{number}.example" for number in range(30)}
    assert net.most_open <= BulkLimits().per_address


def test_a_busy_destination_does_not_keep_others_waiting() -> None:
    """
    The first twenty domains share a slow machine; the one behind them is answered before most of them.
    """
    net = world(own=1)
    for number in range(20):
        net.records(f"c{number}.example", MX=f"10 mail.c{number}.example")
        net.host(f"mail.c{number}.example", "11.9.9.9").serve(imap(greeting_delay=3), smtp(greeting_delay=3))
    limits = BulkLimits(concurrency=8, read_ahead=64)
    answers = run(net, [*(f"ada@c{number}.example" for number in range(20)), "ada@o0.example"], limits=limits)

    assert [each.place for each in answers].index(21) < 4


def test_what_failed_is_tried_again_after_a_while() -> None:
    """
    A refusal is remembered for a minute, not for the rest of the night.
    """
    net = world(hosted=2)
    net.host("imap.gmail.com").refuse(993)

    async def addresses() -> AsyncIterator[str]:
        yield "ada@h0.example"
        await anyio.sleep(BulkLimits().failure_ttl + 20)
        net.host("imap.gmail.com").serve(imap())
        yield "ada@h1.example"

    async def both() -> list[str]:
        return [incoming(each) for each in await collected(addresses(), net.transport())]

    found, _ = run_virtual(both)
    assert found[1] == "imap.gmail.com"


def test_a_timeout_is_not_cached_for_long() -> None:
    """
    A provider's server that timed out once would otherwise be missing from the answers of hundreds of customers.
    """
    net = world(hosted=2)
    net.host("imap.gmail.com").hold(993)

    async def addresses() -> AsyncIterator[str]:
        yield "ada@h0.example"
        await anyio.sleep(30)
        net.host("imap.gmail.com").serve(imap())
        yield "ada@h1.example"

    async def both() -> list[str]:
        return [incoming(each) for each in await collected(addresses(), net.transport(Policy.service()))]

    found, _ = run_virtual(both)
    assert found == ["", "imap.gmail.com"]


def test_an_outage_is_not_cached() -> None:
    """
    What failed for want of a network is not remembered at all.
    """
    net = world(hosted=2)
    net.offline()

    async def addresses() -> AsyncIterator[str]:
        yield "ada@gmail.com"
        await anyio.sleep(20)
        net.is_offline = False
        yield "ada@h1.example"

    async def both() -> list[str]:
        return [incoming(each) for each in await collected(addresses(), net.transport())]

    found, _ = run_virtual(both)
    assert found == ["", "imap.gmail.com"]


def test_places_given_with_the_addresses_are_kept() -> None:
    """
    A caller that resumes in the middle of a list numbers its entries itself.
    """

    async def two() -> list[int]:
        entries = [Entry(17, "foo"), Entry(4, "bar")]
        return [each.place for each in await collected(entries, world().transport())]

    places, _ = run_virtual(two)
    assert sorted(places) == [4, 17]


@pytest.mark.anyio
async def test_leaving_early_ends_all_work() -> None:
    """
    On both event loops: no task and no connection is left behind.
    """
    net = world(own=30, rtt=0.0)
    async with detect_many([f"ada@o{number}.example" for number in range(30)], transport=net.transport()) as stream:
        await stream.receive()

    assert net.open_streams == ()


@pytest.mark.anyio
async def test_a_run_on_either_event_loop() -> None:
    """
    asyncio and trio: the same answers.
    """
    addresses = [f"ada@h{number}.example" for number in range(5)]
    answers = await collected(addresses, world(hosted=5, rtt=0.0).transport())

    assert {(each.text, incoming(each)) for each in answers} == {(text, "imap.gmail.com") for text in addresses}


def test_torture() -> None:
    """
    Whatever operation of the network fails, every address is answered.
    """
    addresses = ["ada@h0.example", "eve@h1.example", "ada@o0.example"]
    quiet = world(hosted=2, own=1)
    run(quiet, addresses)
    for step in range(1, quiet.steps + 1, 3):
        net = world(hosted=2, own=1)
        net.fail_at(step, FailureKind.CLOSED)

        assert len(run(net, addresses)) == 3
