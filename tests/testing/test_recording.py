"""The recording: questions, connections, lines, requests, open streams; and faults planned by number."""

import subprocess
import sys

import anyio
import pytest

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.net.streams import Stream
from mailsettings.testing import Connect, FakeNetwork, Handshake, Line, imap, run_virtual
from tests.support.fake_network_client import ADDRESS, HOST, ask, dial, dial_tls, fetch, talk, world

pytestmark = pytest.mark.anyio


async def _one_of_each(net: FakeNetwork) -> None:
    await ask(net, f"{HOST} A")
    stream = await dial_tls(net, 993)
    await talk(stream, b"a1 CAPABILITY\r\n")
    await stream.aclose()
    await fetch(net, f"http://{HOST}/x")


def _world(rtt: float = 0.0) -> FakeNetwork:
    net = world(imap(), rtt=rtt)
    net.page(f"http://{HOST}/x", "")
    return net


def test_everything_is_remembered_in_order_with_its_time() -> None:
    """Seconds count from the first thing asked."""
    net = _world(rtt=0.25)
    run_virtual(_one_of_each, net)

    assert [(entry.at, str(entry)) for entry in net.asked] == [
        (0.0, f"{HOST} A"),
        (0.25, f"{ADDRESS}:993"),
        (0.5, f"TLS {HOST}"),
        (1.0, f"{ADDRESS}:993 < a1 CAPABILITY"),
        (1.25, f"{HOST} A"),
        (1.5, f"{ADDRESS}:80"),
        (1.75, f"GET http://{HOST}/x"),
    ]


async def test_each_sort_can_be_looked_at_by_itself() -> None:
    """As text, which is what tests compare."""
    net = _world()
    await _one_of_each(net)

    assert (net.questions, net.connections, net.lines, net.requests) == (
        (f"{HOST} A", f"{HOST} A"),
        (f"{ADDRESS}:993", f"{ADDRESS}:80"),
        (f"{ADDRESS}:993 < a1 CAPABILITY",),
        (f"GET http://{HOST}/x",),
    )


async def test_entries_are_values() -> None:
    """The time does not count when they are compared; the security of a line does."""
    net = world(imap())
    stream = await dial(net, 993)
    await stream.start_tls(HOST, ("imap",))
    await stream.send(b"a1 NOOP\r\na2 LOG")
    await stream.send(b"OUT\r\n")

    assert net.asked == (
        Connect(f"{ADDRESS}:993"),
        Handshake(f"{ADDRESS}:993", HOST, ("imap",)),
        Line(f"{ADDRESS}:993", b"a1 NOOP", secure=True),
        Line(f"{ADDRESS}:993", b"a2 LOGOUT", secure=True),
    )


async def test_lines_to_a_deaf_server_are_remembered_too() -> None:
    """A line is recorded even if the server never reads it."""
    net = world(imap(143, silent=True))
    await (await dial(net, 143)).send(b"a1 LOGIN ada secret\r\n")

    assert net.asked[1:] == (Line(f"{ADDRESS}:143", b"a1 LOGIN ada secret", secure=False),)


async def test_failed_attempts_are_remembered() -> None:
    """A refused connection was tried."""
    net = world()
    with pytest.raises(NetworkError):
        await dial(net, 25)

    assert net.connections == (f"{ADDRESS}:25",)


async def test_ipv6_addresses_have_brackets() -> None:
    """As in a URL."""
    net = FakeNetwork()
    net.host(HOST, "2001:db8::10").serve(imap())
    await dial(net, 993, "2001:db8::10")

    assert net.connections == ("[2001:db8::10]:993",)


async def test_open_streams_are_listed_until_closed() -> None:
    """A leak shows in one line; closing twice is no mistake."""
    net = world(imap())
    first, second = await dial(net, 993), await dial(net, 993)
    await first.aclose()
    await first.aclose()

    assert (net.open_streams, net.most_open) == ((second,), 2)


async def test_a_stream_says_where_it_leads() -> None:
    """So that the list of leaks is of use."""
    net = world(imap())
    await dial(net, 993)

    assert repr(net.open_streams) == f"(<FakeStream {ADDRESS}:993>,)"


async def _greet(net: FakeNetwork) -> None:
    await ask(net, f"{HOST} A")
    await talk(await dial_tls(net, 993), b"a1 CAPABILITY\r\n")


async def test_every_operation_can_fail_by_number() -> None:
    """Torture: question, connect, TLS, two receives and a send fail once each, and nothing comes after."""
    ends = []
    for step in range(1, 7):
        net = _world()
        net.fail_at(step, FailureKind.CLOSED)
        with pytest.raises(NetworkError, match=f"planned fault at step {step}"):
            await _greet(net)
        ends.append((net.steps, len(net.asked)))

    assert ends == [(1, 1), (2, 2), (3, 3), (4, 3), (5, 3), (6, 4)]


async def _reads(stream: Stream) -> list[bytes]:
    return [await stream.receive() for _ in range(3)]


async def test_any_read_can_be_cut_short() -> None:
    """Half of what has come, and then the end, as often as it is read."""
    whole, halved = _world(), _world()
    halved.cut_at(3)

    greeting = await (await dial_tls(whole, 993)).receive()
    heard = await _reads(await dial_tls(halved, 993))

    assert heard == [greeting[: len(greeting) // 2], b"", b""]


async def _patiently(net: FakeNetwork, seconds: float) -> bool:
    with anyio.move_on_after(seconds) as scope:
        await _greet(net)
    return scope.cancelled_caught


def test_every_operation_can_hang_by_number() -> None:
    """None of them ends, however long a test waits; the seventh would be the first beyond the last."""
    ends = []
    for step in range(1, 8):
        net = _world()
        net.hang_at(step)
        ends.append(run_virtual(_patiently, net, 3600.0))

    assert ends == [(True, 3600.0)] * 6 + [(False, 0.0)]


async def test_the_number_of_operations_is_known() -> None:
    """A peaceful run tells how often a tortured one has to be repeated."""
    net = _world()
    await _greet(net)

    assert net.steps == 6


def test_importing_is_cheap() -> None:
    """Neither trio nor an HTTP library is loaded until a fake network needs it."""
    code = (
        "import mailsettings.testing, sys; print(*{'trio', 'httpx', 'httpcore', 'h11', 'dns', 'ssl'} & {*sys.modules})"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == ""
