"""Connections of a fake network: accepted, refused, dropped, and how each ends for the client."""

from collections.abc import Callable

import anyio
import pytest

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Question
from mailsettings.testing import (
    CLOSE,
    HEAR,
    HEAR_SOME,
    RESET,
    FakeNetwork,
    Host,
    Say,
    Script,
    imap,
    run_virtual,
    scripted,
)
from tests.support.fake_network_client import ADDRESS, HOST, ask, dial, from_generator, world

pytestmark = pytest.mark.anyio


async def _kind(net: FakeNetwork, port: int, address: str = ADDRESS) -> FailureKind | None:
    """Return how a connection fails, None if it does not."""
    try:
        stream = await dial(net, port, address)
    except NetworkError as error:
        return error.kind
    await stream.aclose()
    return None


async def test_a_host_has_its_addresses_in_the_dns() -> None:
    """One call makes the name and the machine."""
    net = FakeNetwork()
    net.host(HOST, "192.0.2.10", "2001:db8::10")

    records = [(await ask(net, f"{HOST} {type_}")).records for type_ in ("A", "AAAA")]

    assert records == [("192.0.2.10",), ("2001:db8::10",)]


async def test_hosts_without_an_address_get_different_ones() -> None:
    """A test names an address only where it matters."""
    net = FakeNetwork()
    net.host("a.example.org")
    net.host("b.example.org")

    first, second = [(await ask(net, f"{name}.example.org A")).records for name in "ab"]

    assert len({*first, *second}) == 2


async def test_a_chosen_address_is_free() -> None:
    """Also where a test has used one of those that would be chosen."""
    net = FakeNetwork()
    net.host("a.example.org", "11.0.0.2")
    net.host("b.example.org")
    net.host("c.example.org")

    chosen = [(await ask(net, f"{name}.example.org A")).records for name in "abc"]

    assert chosen == [("11.0.0.2",), ("11.0.0.1",), ("11.0.0.3",)]


async def test_naming_a_host_again_adds_nothing_to_the_dns() -> None:
    """A host can be given more servers without a second address."""
    net = world()
    net.host(HOST).serve(imap())
    net.host(HOST, ADDRESS).serve(imap(143))

    assert (await ask(net, f"{HOST} A")).records == (ADDRESS,)
    assert [await _kind(net, port) for port in (993, 143)] == [None, None]


Change = Callable[[Host], Host]
FATES = [
    pytest.param(lambda host: host, 25, FailureKind.REFUSED, 1.0, id="nothing listens"),
    pytest.param(lambda host: host.refuse(993), 993, FailureKind.REFUSED, 1.0, id="refused"),
    pytest.param(lambda host: host.unreachable(993), 993, FailureKind.UNREACHABLE, 1.0, id="unreachable"),
    pytest.param(lambda host: host.drop(993), 993, FailureKind.CONNECT_TIMEOUT, 127.0, id="filtered"),
    pytest.param(lambda host: host.drop(), 25, FailureKind.CONNECT_TIMEOUT, 127.0, id="all others filtered"),
    pytest.param(lambda host: host.drop(), 993, None, 1.0, id="all others filtered, this one not"),
    pytest.param(lambda host: host.reset(993), 993, None, 1.0, id="accepted at first"),
    pytest.param(lambda host: host.hold(993), 993, None, 1.0, id="tarpit"),
]


@pytest.mark.parametrize(("change", "port", "kind", "seconds"), FATES)
def test_ports_have_a_fate(change: Change, port: int, kind: FailureKind | None, seconds: float) -> None:
    """A connection is made, or fails in its own time; what is filtered lasts as long as the system is patient."""
    net = world(imap(), rtt=1.0)
    change(net.host(HOST))

    assert run_virtual(_kind, net, port) == (kind, seconds)


def test_connecting_to_an_unknown_address_times_out() -> None:
    """There is no machine that could refuse."""
    assert run_virtual(_kind, world(), 993, "192.0.2.99") == (FailureKind.CONNECT_TIMEOUT, 127.0)


async def test_ipv6_can_be_broken() -> None:
    """No route, whatever host has the address."""
    net = FakeNetwork()
    net.host(HOST, "192.0.2.10", "2001:db8::10").serve(imap())
    net.without_ipv6()

    assert [await _kind(net, 993, address) for address in ("192.0.2.10", "2001:db8::10")] == [
        None,
        FailureKind.UNREACHABLE,
    ]


async def test_offline_neither_names_nor_connections_work() -> None:
    """The cable is out."""
    net = world(imap())
    net.offline()

    with pytest.raises(NetworkError) as caught:
        await net.transport().ask(Question(HOST, "A"))

    assert (caught.value.kind, await _kind(net, 993)) == (FailureKind.NO_NETWORK, FailureKind.NO_NETWORK)


async def test_behind_a_broken_proxy_nothing_works() -> None:
    """An application can see what its users will see then."""
    net = world(imap())
    net.proxy_fails("it is on holiday")

    with pytest.raises(NetworkError) as caught:
        await net.transport().ask(Question(HOST, "A"))

    assert (caught.value.kind, await _kind(net, 993)) == (FailureKind.PROXY, FailureKind.PROXY)
    assert "on holiday" in caught.value.seen


async def test_a_reset_connection_says_so() -> None:
    """Accepted, then reset before the first byte."""
    net = world()
    net.host(HOST).reset(993)
    stream = await dial(net, 993)

    with pytest.raises(NetworkError) as caught:
        await stream.receive()

    assert caught.value.kind is FailureKind.CLOSED


async def test_the_end_is_empty_again_and_again() -> None:
    """As with a socket."""
    stream = await dial(world(from_generator(143, Say(b"* BYE\r\n"), CLOSE)), 143)

    assert [await stream.receive() for _ in range(3)] == [b"* BYE\r\n", b"", b""]


async def test_a_script_that_returns_closes() -> None:
    """The end of the script is the end of the connection."""
    stream = await dial(world(from_generator(143)), 143)

    assert await stream.receive() == b""


@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_sending_to_a_closed_connection_fails(end: object) -> None:
    """Sockets may or may not notice at once; here it is always noticed."""
    stream = await dial(world(from_generator(143, end)), 143)

    with pytest.raises(NetworkError) as caught:
        await stream.send(b"a1 NOOP\r\n")

    assert caught.value.kind is FailureKind.CLOSED


async def test_a_closed_stream_is_of_no_use() -> None:
    """Reading after `aclose` is a mistake that shows."""
    stream = await dial(world(imap(143)), 143)
    await stream.aclose()

    with pytest.raises(NetworkError) as caught:
        await stream.receive()

    assert caught.value.kind is FailureKind.CLOSED


async def test_closing_wakes_who_reads() -> None:
    """A task that waits for a server does not outlive the stream."""
    net = world()
    net.host(HOST).hold(993)
    stream = await dial(net, 993)
    kinds = []

    async def read() -> None:
        try:
            await stream.receive()
        except NetworkError as error:
            kinds.append(error.kind)

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        await stream.aclose()

    assert kinds == [FailureKind.CLOSED]


async def test_one_task_may_send_while_another_reads() -> None:
    """What is sent wakes the reader, when the server answers to it."""
    stream = await dial(world(scripted(143, _echo)), 143)
    heard = []

    async def read() -> None:
        heard.append(await stream.receive())

    async with anyio.create_task_group() as group:
        group.start_soon(read)
        await anyio.wait_all_tasks_blocked()
        await stream.send(b"hello\r\n")

    assert heard == [b"hello"]


def _echo() -> Script:
    while True:
        yield Say((yield HEAR))


async def test_commands_may_come_together() -> None:
    """Each line of one segment is received separately."""
    stream = await dial(world(scripted(143, _echo)), 143)
    await stream.send(b"one\r\ntwo\nth")
    await stream.send(b"ree\r\n")

    assert [await stream.receive() for _ in range(3)] == [b"one", b"two", b"three"]


async def test_a_script_can_hear_bytes() -> None:
    """Not everything is lines."""

    def echo() -> Script:
        yield Say((yield HEAR_SOME))

    stream = await dial(world(scripted(143, echo)), 143)
    await stream.send(b"\x00no line")

    assert await stream.receive() == b"\x00no line"


async def test_what_is_said_apart_comes_apart() -> None:
    """One Say is one segment: a test decides where the stream is cut."""
    stream = await dial(world(from_generator(143, Say(b"* O"), Say(b""), Say(b"K\r\n"))), 143)

    assert [await stream.receive() for _ in range(3)] == [b"* O", b"K\r\n", b""]


async def test_no_more_is_received_than_asked_for() -> None:
    """The rest stays for the next time."""
    stream = await dial(world(from_generator(143, Say(b"* OK\r\n"))), 143)

    assert [await stream.receive(4), await stream.receive(4), await stream.receive(4)] == [b"* OK", b"\r\n", b""]


async def test_a_network_can_cut_everything_into_bytes() -> None:
    """The hardest segmentation there is, for any server."""
    net = FakeNetwork(segment=1)
    net.host(HOST, ADDRESS).serve(from_generator(143, Say(b"* OK")))
    stream = await dial(net, 143)

    assert [await stream.receive() for _ in range(5)] == [b"*", b" ", b"O", b"K", b""]


async def test_an_endless_script_waits_for_its_reader() -> None:
    """A window of 64 KiB: a server that talks for ever costs no more memory than that."""
    said = 0

    def chatter() -> Script:
        nonlocal said
        while True:
            said += 1
            yield Say(b"x" * 1024)

    stream = await dial(world(scripted(143, chatter)), 143)
    for _ in range(10):
        await stream.receive()

    assert said <= 10 + 64 + 1
