"""How much one visitor, one target and the whole service take."""

from ipaddress import ip_network

import anyio
import pytest

from mailsettings.testing import HEAR, Script, run_virtual, scripted
from mailsettings.web import Settings
from mailsettings.web.admission import Capacity, visitor_key
from mailsettings.web.problems import Problem
from tests.support.web_service import Visitor, service, world

pytestmark = pytest.mark.anyio


def _silent() -> Script:
    yield HEAR


async def test_the_eleventh_request_of_a_minute_is_refused() -> None:
    """
    One visitor gets ten answers a minute, then 429 and the time to wait; another visitor is served.
    """
    async with service(world(), visitor_per_minute=10) as app:
        ada, bob = Visitor(app), Visitor(app)
        statuses = [(await ada.detect("ada@example.org")).status_code for _ in range(10)]
        refused = await ada.detect("ada@example.org")
        other = await bob.detect("bob@example.org")

    assert (statuses, refused.status_code, other.status_code) == ([200] * 10, 429, 200)
    assert 1 <= int(refused.headers["retry-after"]) <= 60


async def test_a_visitor_has_two_requests_at_once() -> None:
    """
    The third is refused at once while two are under way.
    """
    network = world()
    network.slow(0.3, "slow.example")
    statuses: list[int] = []
    async with service(network) as app:
        ada = Visitor(app)

        async def ask(domain: str) -> None:
            statuses.append((await ada.detect(f"ada@{domain}")).status_code)

        async with anyio.create_task_group() as group:
            for domain in ("a.slow.example", "b.slow.example", "c.slow.example"):
                group.start_soon(ask, domain)

    assert sorted(statuses) == [200, 200, 429]


async def test_addresses_of_one_ipv6_site_are_one_visitor() -> None:
    """
    The 18 quintillion addresses of a /64 share one limit.
    """
    async with service(world(), visitor_per_minute=1) as app:
        first = await Visitor(app, "2a00:1:2:3::4").detect("ada@example.org")
        second = await Visitor(app, "2a00:1:2:3:ffff::5").detect("ada@example.org")

    assert (first.status_code, second.status_code) == (200, 429)


async def test_one_domain_is_searched_for_six_times_a_minute() -> None:
    """
    Names below one registrable domain are one target, however many visitors ask for them.
    """
    async with service(world()) as app:
        statuses = [(await Visitor(app).detect(f"ada@n{number}.victim.example")).status_code for number in range(7)]

    assert statuses == [200] * 6 + [429]


async def test_without_capacity_requests_are_refused() -> None:
    """
    With one running and one waiting the third gets 503 and when to come back; then there is room again.
    """
    network = world()
    network.slow(0.3, "slow.example")
    responses = []
    async with service(network, running=1, waiting=1) as app:

        async def ask(domain: str) -> None:
            responses.append(await Visitor(app).detect(f"ada@{domain}"))

        async with anyio.create_task_group() as group:
            for domain in ("a.slow.example", "b.slow.example", "c.slow.example"):
                group.start_soon(ask, domain)
        later = await Visitor(app).detect("ada@example.org")

    refused = [response for response in responses if response.status_code == 503]
    assert (len(refused), refused[0].headers["retry-after"], later.status_code) == (1, "2", 200)


def test_too_many_at_once_are_refused_and_then_served() -> None:
    """
    A hundred visitors where 16 may work and 48 may wait: 64 are answered, the others get 503 and when to come back, at
    once; the next one after them is served as if nothing had been.
    """
    network = world()
    network.slow(1.0, "slow.example")
    responses: list[tuple[int, str, float]] = []

    async def crowd() -> float:
        async with service(network, running=16, waiting=48, domain_per_minute=1000) as app:

            async def one(number: int) -> None:
                response = await Visitor(app).detect(f"ada@c{number}.slow.example")
                responses.append((response.status_code, response.headers.get("retry-after", ""), anyio.current_time()))

            async with anyio.create_task_group() as group:
                for number in range(100):
                    group.start_soon(one, number)
            started = anyio.current_time()
            await Visitor(app).detect("ada@example.org")
            return anyio.current_time() - started

    after, _ = run_virtual(crowd)
    refused = {each for each in responses if each[0] != 200}

    assert (len(responses), refused) == (100, {(503, "2", 0.0)})
    assert sum(status == 200 for status, _, _ in responses) == 16 + 48
    assert (Settings().running, Settings().waiting) == (64, 256)
    assert after == 0.0


def seconds_among(tarpits: int, *, mute: bool = False) -> float:
    """Return how long a healthy domain takes, on a clock that jumps, beside so many *tarpits*, two of each visitor."""
    network = world()
    network.slow(0.02)
    for number in range(tarpits):
        network.host(f"imap.pit{number}.example").serve(scripted(993, _silent))
        if mute:
            network.mute(f"pit{number}.example")

    async def quick() -> float:
        async with service(network) as app, anyio.create_task_group() as group:
            visitors = [Visitor(app) for _ in range(tarpits // 2)]
            for number in range(tarpits):
                group.start_soon(visitors[number // 2].detect, f"ada@pit{number}.example")
            await anyio.sleep(0.05)
            started = anyio.current_time()
            await Visitor(app).detect("ada@example.org")
            took = anyio.current_time() - started
            group.cancel_scope.cancel()
        return took

    took, _ = run_virtual(quick)
    return took


@pytest.mark.parametrize("mute", [False, True])
def test_tarpits_of_one_visitor_do_not_delay_another(mute: bool) -> None:
    """
    Two servers, or two zones, that do not respond delay only the visitor who asked for them: others not by a
    millisecond, and not even those of thirty visitors do.
    """
    alone = seconds_among(0)

    assert {seconds_among(2, mute=mute), seconds_among(60, mute=mute)} == {alone}


async def test_a_client_that_disconnects_releases_its_lease() -> None:
    """
    A cancelled request counts for its minute, but no longer as one under way.
    """
    network = world()
    network.mute("mute.example")
    async with service(network) as app:
        ada = Visitor(app)
        for _ in range(3):
            with anyio.move_on_after(0.1):
                await ada.detect("ada@mute.example")
        response = await ada.detect("ada@example.org")

    assert (response.status_code, app.state.service.capacity.admitted) == (200, 0)


def test_capacity_counts_admitted_requests() -> None:
    """
    A request that ends, also by an error, makes room for another.
    """
    capacity = Capacity(running=1, waiting=0)
    with pytest.raises(ValueError, match="x"), capacity.admit():
        raise ValueError("x")

    with capacity.admit(), pytest.raises(Problem), capacity.admit():
        pass

    assert capacity.admitted == 0


_PROXIES = ("10.0.0.0/8", "2001:db8::/32")


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("12.0.0.1", [], "12.0.0.1"),
        ("12.0.0.1", ["13.0.0.1"], "12.0.0.1"),  # not a trusted proxy
        ("10.0.0.1", ["13.0.0.1"], "13.0.0.1"),
        ("10.0.0.1", ["1.1.1.1, 13.0.0.1"], "13.0.0.1"),  # the first is the visitor's own invention
        ("10.0.0.1", ["13.0.0.1, 10.0.0.2"], "13.0.0.1"),  # two proxies in a row
        ("10.0.0.1", ["13.0.0.1", "14.0.0.1"], "14.0.0.1"),  # two headers
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["nonsense"], "unknown"),
        ("10.0.0.1", ["13.0.0.1:5000"], "13.0.0.1"),
        ("2001:db8::1", ["[2a00:1:2:3::9]:5000"], "2a00:1:2:3::/64"),
        ("::ffff:12.0.0.1", [], "12.0.0.1"),
        ("", ["13.0.0.1"], "unknown"),
    ],
)
def test_who_a_visitor_is(peer: str, forwarded: list[str], expected: str) -> None:
    """
    The header counts as far as trusted proxies have written it, read from the right.
    """
    assert visitor_key(peer, forwarded, map(ip_network, _PROXIES)) == expected
