"""Virtual time in a fake network: one round trip for each step, exactly, and nothing besides."""

import math

import anyio
import pytest

from mailsettings.testing import TLS, FakeNetwork, Say, Script, Server, Sleep, imap, run_virtual, scripted, smtp
from tests.support.fake_network_client import ADDRESS, HOST, ask, dial, dial_tls, fetch, from_generator, talk, world

RTT = 0.25  # seconds; a power of two, so that sums are exact


def test_a_dns_answer_takes_a_round_trip() -> None:
    """Also one that says no."""
    net = world(rtt=RTT)

    assert [run_virtual(ask, net, name)[1] for name in (f"{HOST} A", "nobody.example A")] == [RTT, RTT]


def test_a_slow_answer_takes_longer() -> None:
    """On top of the round trip."""
    net = world(rtt=RTT)
    net.slow(2.0, HOST, "A")

    assert run_virtual(ask, net, f"{HOST} A")[1] == 2.0 + RTT


async def _steps(net: FakeNetwork) -> list[float]:
    """Return when connect, TLS, greeting and two replies were there."""
    stream = await dial(net, 993)
    times = [anyio.current_time()]
    await stream.start_tls(HOST, ())
    times.append(anyio.current_time())
    await stream.receive()
    times.append(anyio.current_time())
    for _ in range(2):
        await stream.send(b"a CAPABILITY\r\n")
        await stream.receive()
        times.append(anyio.current_time())
    return times


def test_each_step_of_a_conversation_takes_a_round_trip() -> None:
    """Connect, TLS, greeting, command, command."""
    times, _ = run_virtual(_steps, world(imap(), rtt=RTT))

    assert times == [RTT, 2 * RTT, 3 * RTT, 4 * RTT, 5 * RTT]


def test_pipelined_commands_share_a_round_trip() -> None:
    """Both replies are there after one."""

    async def pipeline() -> None:
        stream = await dial_tls(world(imap(), rtt=RTT), 993)
        await stream.receive()
        await stream.send(b"a NOOP\r\nb NOOP\r\n")
        await stream.receive()
        await stream.receive()

    assert run_virtual(pipeline)[1] == 4 * RTT


def test_commands_do_not_wait_for_the_greeting() -> None:
    """What is sent early lies there when the server has greeted: SMTP with an impatient client."""

    async def hasten() -> None:
        stream = await dial_tls(world(smtp(greeting_delay=8.0), rtt=RTT), 465)
        await stream.send(b"EHLO me.example\r\n")
        await stream.receive()
        await stream.receive()

    assert run_virtual(hasten)[1] == 2 * RTT + 8.0 + RTT


@pytest.mark.parametrize(
    ("server", "seconds"),
    [
        pytest.param(smtp(25, greeting_delay=6.0), 6.0, id="delay"),
        pytest.param(smtp(25, greeting="220 x", drip=1.0), 6.0, id="drip: five letters and a line end"),
        pytest.param(from_generator(25, Sleep(3), Say(b"2"), Sleep(3), Say(b"20 x\r\n")), 6.0, id="script"),
    ],
)
def test_servers_take_their_time(server: Server, seconds: float) -> None:
    """Beyond the round trips of connect and greeting."""

    async def read_line() -> bytes:
        stream, line = await dial(world(server, rtt=RTT), 25), b""
        while not line.endswith(b"\n"):
            line += await stream.receive()
        return line

    assert run_virtual(read_line)[1] == 2 * RTT + seconds


def test_a_delay_begins_when_tls_is_there() -> None:
    """The greeting of implicit TLS is delayed, not the handshake."""

    async def greet() -> float:
        stream = await dial_tls(world(imap(greeting_delay=6.0), rtt=RTT), 993)
        shaken = anyio.current_time()
        await stream.receive()
        return anyio.current_time() - shaken

    assert run_virtual(greet)[0] == 6.0 + RTT


def test_a_server_may_wait_before_tls() -> None:
    """The client's handshake waits with it."""
    net = world(from_generator(993, Sleep(2.0), TLS()), rtt=RTT)

    assert run_virtual(dial_tls, net, 993)[1] == RTT + 2.0 + RTT


def test_time_passes_for_servers_while_the_client_does_other_things() -> None:
    """A greeting that was delayed is there when the client comes back later."""

    async def dawdle() -> None:
        stream = await dial(world(smtp(25, greeting_delay=6.0), rtt=RTT), 25)
        await anyio.sleep(10.0)
        await stream.receive()

    assert run_virtual(dawdle)[1] == RTT + 10.0


def test_a_page_takes_connect_tls_and_one_more() -> None:
    """DNS, TCP, TLS, request: four round trips for a document."""
    net = FakeNetwork(rtt=RTT)
    net.page("https://example.org/a", "<a/>")

    assert run_virtual(fetch, net, "https://example.org/a")[1] == 4 * RTT


@pytest.mark.parametrize(
    ("options", "seconds"), [({"delay": 3.0}, 3.0), ({"drip": 0.5}, 2.0)], ids=["delay", "drip of four bytes"]
)
def test_pages_take_their_time(options: dict[str, float], seconds: float) -> None:
    """Before the answer, or before each byte of the body."""
    net = FakeNetwork(rtt=RTT)
    net.page("http://example.org/a", "<a/>", **options)  # type: ignore[arg-type]  # a dict has one type for all its values

    assert run_virtual(fetch, net, "http://example.org/a")[1] == 3 * RTT + seconds


def test_a_page_may_hang() -> None:
    """For ever, that is."""
    net = FakeNetwork()
    net.page("http://example.org/a", "<a/>", delay=math.inf)

    with pytest.raises(TimeoutError):
        run_virtual(fetch, net, "http://example.org/a", limit=1e6)


def test_a_host_may_be_farther_away() -> None:
    """A host may have a round trip of its own; DNS keeps that of the network."""
    net = FakeNetwork(rtt=RTT)
    net.host(HOST, ADDRESS, rtt=1.0).serve(smtp(25))

    async def greet() -> None:
        await ask(net, f"{HOST} A")
        await talk(await dial(net, 25))

    assert run_virtual(greet)[1] == RTT + 2.0


def test_waiting_for_nothing_ends_at_the_limit() -> None:
    """A test that hangs fails with TimeoutError."""
    with pytest.raises(TimeoutError):
        run_virtual(anyio.sleep_forever, limit=60.0)


def test_a_year_takes_no_time() -> None:
    """The clock jumps; a result comes with the seconds it took."""

    async def snooze(seconds: float) -> str:
        await anyio.sleep(seconds)
        return "awake"

    assert run_virtual(snooze, 31_536_000.0, limit=math.inf) == ("awake", 31_536_000.0)


@pytest.mark.anyio
async def test_real_clocks_work_too() -> None:
    """On either loop, with a round trip short enough to wait for."""
    assert (await _steps(world(imap(), rtt=0.001)))[-1] >= 0.005


def _unused() -> Script:
    yield Sleep(0)


def test_sleeping_not_at_all_changes_nothing() -> None:
    """A script may name a delay of nothing."""
    net = world(scripted(25, _unused), rtt=RTT)

    async def end() -> bytes:
        return await (await dial(net, 25)).receive()

    assert run_virtual(end) == (b"", 2 * RTT)
