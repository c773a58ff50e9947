"""From names to connections, in a world in memory with exact time: limiters, races, budgets."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing, suppress
from functools import partial
from ipaddress import ip_address

import anyio
import pytest

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.interfaces import Answer
from mailsettings.model import Endpoint, Note, NoteKind, Protocol, Question, Security
from mailsettings.net.dialer import CachedResolver, Connection, Dialer
from mailsettings.net.limiter import Budget
from mailsettings.policy import Limits, Policy, Timeouts
from mailsettings.policy.proxy import parse_proxy
from mailsettings.testing import FakeNetwork, imap, run_virtual

HOST = "imap.example.org"
V6, V4 = "2a00:1450::1", "11.0.0.1"


def dialer_in(net: FakeNetwork, policy: Policy | None = None) -> Dialer:
    policy = policy or Policy()
    transport, budget = net.transport(policy), Budget(policy)
    return Dialer(transport, policy, resolver=CachedResolver(transport, budget), budget=budget)


def dialled(
    net: FakeNetwork, policy: Policy | None = None, host: str = HOST, port: int = 993
) -> tuple[Connection, float]:
    """Dial once; return the connection, closed, and the virtual seconds it took."""

    async def dial() -> Connection:
        connection = await dialer_in(net, policy).dial(host, port)
        async with aclosing(connection.stream):
            return connection

    return run_virtual(dial)


def refusal(net: FakeNetwork, policy: Policy | None = None, host: str = HOST, port: int = 993) -> NetworkError:
    """Dial in vain; return why."""
    with pytest.raises(NetworkError) as caught:
        dialled(net, policy, host, port)
    return caught.value


async def dialled_server(host: str, port: int, policy: Policy | None = None) -> tuple[str, ...]:
    """Dial a mail server in a world where every address accepts; return the addresses that were tried."""
    net = FakeNetwork()
    for address in ("127.0.0.1", "::1", "192.168.1.10", V4):
        net.host(f"h{address.replace(':', '-').replace('.', '-')}.example.org", address)
    endpoint = Endpoint(Protocol.IMAP, host, port, Security.TLS)
    with suppress(NetworkError):
        connection = await dialer_in(net, policy).dial_server(endpoint)
        await connection.stream.aclose()
    return net.connections


@pytest.mark.parametrize(
    ("host", "first"),
    [
        ("127.0.0.1", "127.0.0.1:1143"),
        ("localhost", "127.0.0.1:1143"),
        ("::1", "[::1]:1143"),
        ("192.168.1.10", "192.168.1.10:1143"),
        (V4, f"{V4}:1143"),
    ],
)
def test_the_users_own_servers_are_contacted_for_a_person_only(host: str, first: str) -> None:
    """
    Nothing of them is asked in DNS, and a service contacts none.
    """
    personal, _ = run_virtual(partial(dialled_server, host, 1143))
    service, _ = run_virtual(partial(dialled_server, host, 993, Policy.service()))

    assert (personal[:1], service) == ((first,), ())


def test_a_name_of_the_own_network_is_the_systems_to_resolve() -> None:
    """
    DNS is not asked for it, and where everything goes through a proxy nothing is.
    """
    proxied = Policy(proxy=parse_proxy("socks5://127.0.0.1:1080"))
    dialer = dialer_in(FakeNetwork(), proxied)
    endpoint = Endpoint(Protocol.IMAP, "nas.local", 993, Security.TLS)

    with pytest.raises(NetworkError, match="proxy") as caught:
        run_virtual(partial(dialer.dial_server, endpoint))

    assert caught.value.kind is FailureKind.DENIED


@pytest.mark.anyio
async def test_the_system_resolves_what_only_it_knows() -> None:
    """
    A name that does not exist there either is no such name.
    """
    dialer = dialer_in(FakeNetwork())
    endpoint = Endpoint(Protocol.IMAP, "no-such-host.invalid", 993, Security.TLS)

    with pytest.raises(NetworkError) as caught:
        await dialer.dial_server(endpoint)

    assert caught.value.kind in (FailureKind.NO_SUCH_NAME, FailureKind.DNS_TIMEOUT)


def test_a_connection_says_where_it_goes() -> None:
    """
    The address that was checked is the one that is talked to.
    """
    net = FakeNetwork()
    net.host(HOST, V4).serve(imap())

    connection, _ = dialled(net)

    assert (connection.ip, net.connections) == (ip_address(V4), (f"{V4}:993",))


def test_ipv6_is_tried_first() -> None:
    """
    Both families answer: the newer one is taken (RFC 8305 §4).
    """
    net = FakeNetwork(rtt=0.05)
    net.host(HOST, V4, V6).serve(imap())

    connection, _ = dialled(net)

    assert connection.ip == ip_address(V6)


def test_a_refused_family_costs_no_delay_and_is_noted() -> None:
    """
    IPv6 without a route: IPv4 is tried at once, and the user is told.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(HOST, V4, V6).serve(imap())
    net.without_ipv6()

    connection, seconds = dialled(net)

    assert (str(connection.ip), round(seconds, 6), len(connection.notes)) == (V4, 0.1, 1)
    assert connection.notes[0].text.startswith(f"IPv6 does not work: {V6}: ")


def test_an_unanswered_family_costs_a_quarter_of_a_second() -> None:
    """
    IPv6 packets vanish: after the race's delay IPv4 wins (RFC 8305 §5).
    """
    net = FakeNetwork(rtt=0.05)
    net.host(HOST, V4).serve(imap())
    net.records(HOST, AAAA=V6)

    connection, seconds = dialled(net)

    assert (str(connection.ip), round(seconds, 6)) == (V4, 0.35)
    assert connection.notes == (Note(f"IPv6 does not work: {V6}: no answer in time", NoteKind.IPV6_BROKEN),)


def test_losers_are_closed() -> None:
    """
    A race leaves one connection, and the one who won closes that.
    """
    net = FakeNetwork(rtt=0.4)
    net.host(HOST, V4, V6).serve(imap())

    dialled(net)

    assert (len(net.connections), net.open_streams) == (2, ())


def test_late_ipv6_addresses_are_not_waited_for() -> None:
    """
    A name server that keeps silent about AAAA costs 50 ms (RFC 8305 §3).
    """
    net = FakeNetwork(rtt=0.1)
    net.host(HOST, V4).serve(imap())
    net.mute(HOST, "AAAA")

    _, seconds = dialled(net)

    assert seconds == pytest.approx(0.1 + 0.05 + 0.1)


def test_unanswered_addresses_time_out() -> None:
    """
    A filtered port is given up after the policy's time-out.
    """
    net = FakeNetwork()
    net.records(HOST, A=V4)

    assert refusal(net, Policy(timeouts=Timeouts(connect_timeout=3.0))).seen == "no answer within 3 s"


def test_several_failures_are_one() -> None:
    """
    All addresses failed: each is named, the telling kind is chosen, the causes are kept.
    """
    net = FakeNetwork()
    net.host(HOST, V4).serve(imap())
    net.records(HOST, A=("11.0.0.1", "11.9.9.9"))

    error = refusal(net, port=995)

    assert (error.kind, V4 in error.seen, "11.9.9.9" in error.seen) == (FailureKind.REFUSED, True, True)
    assert isinstance(error.__cause__, ExceptionGroup)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "[::1]",
        "imap",
        "printer.local",
        "a b.example.org",
        "x\r\n.org",
    ],
)
def test_bad_names_are_refused_before_any_question(host: str) -> None:
    """
    What is no public host name never reaches DNS.
    """
    net = FakeNetwork()

    assert (refusal(net, host=host).kind, net.asked) == (FailureKind.DENIED, ())


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "169.254.169.254", "100.64.0.1", "::1", "64:ff9b::7f00:1", "2002:7f00:1::"]
)
def test_denied_addresses_are_never_contacted(address: str) -> None:
    """
    A name of a stranger that points into this machine or its network leads nowhere.
    """
    net = FakeNetwork()
    net.host(HOST, address).serve(imap())

    assert (refusal(net).kind, net.connections) == (FailureKind.DENIED, ())


def test_of_mixed_addresses_only_the_public_are_contacted() -> None:
    """
    A public address beside a private one does not open the private one.
    """
    net = FakeNetwork(rtt=0.4)
    net.host(HOST, "10.0.0.1", V4, "fd00::1").serve(imap())

    dialled(net, Policy.service())

    assert net.connections == (f"{V4}:993",)


def test_rebinding_does_not_help() -> None:
    """
    The second answer to the same question is never asked for: what was checked is what is dialled.
    """
    net = FakeNetwork()
    net.host(HOST, V4).serve(imap())
    net.host("inside.example.org", "127.0.0.1").serve(imap())
    net.rebind(HOST, A="127.0.0.1")

    async def dial_twice() -> None:
        dialer = dialer_in(net)
        for _ in range(2):
            await (await dialer.dial(HOST, 993)).stream.aclose()

    run_virtual(dial_twice)

    assert net.connections == (f"{V4}:993",) * 2


def test_other_ports_are_refused() -> None:
    """
    SRV records cannot turn us into a port scanner.
    """
    net = FakeNetwork()
    net.host(HOST, V4).serve(imap())

    error = refusal(net, port=22)

    assert (error.kind, error.seen, net.connections) == (
        FailureKind.DENIED,
        "port 22 is not one of mail or documents",
        (),
    )


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        pytest.param(lambda net: None, FailureKind.NO_SUCH_NAME, id="no name"),
        pytest.param(lambda net: net.records(HOST, TXT="x"), FailureKind.NO_ADDRESS, id="no address"),
        pytest.param(lambda net: net.servfail(HOST), FailureKind.DNS_FAILED, id="broken zone"),
        pytest.param(lambda net: net.mute(HOST), FailureKind.DNS_TIMEOUT, id="silent zone"),
        pytest.param(lambda net: net.offline(), FailureKind.NO_NETWORK, id="no network"),
    ],
)
def test_names_fail_in_different_ways(build: Callable[[FakeNetwork], None], kind: FailureKind) -> None:
    """
    No such name, no address, a broken zone and silence are different things to a reader.
    """
    net = FakeNetwork()
    build(net)

    assert refusal(net).kind is kind


def many(net: FakeNetwork, policy: Policy, hosts: int, *, hold: float = 1.0) -> list[FailureKind]:
    """Dial that many hosts of one address at once and hold each connection; return the kinds of those that failed."""
    kinds: list[FailureKind] = []

    async def one(dialer: Dialer, host: str) -> None:
        try:
            connection = await dialer.dial(host, 993)
        except NetworkError as error:
            kinds.append(error.kind)
            return
        async with aclosing(connection.stream):
            await anyio.sleep(hold)

    async def all_of_them() -> None:
        dialer = dialer_in(net, policy)
        async with anyio.create_task_group() as group:
            for number in range(hosts):
                group.start_soon(one, dialer, f"h{number}.example.org")

    run_virtual(all_of_them)
    return kinds


def crowd(hosts: int) -> FakeNetwork:
    """Return a world in which *hosts* names point at one victim."""
    net = FakeNetwork(rtt=0.05)
    for number in range(hosts):
        net.host(f"h{number}.example.org", V4).serve(imap())
    return net


def test_one_address_is_not_flooded() -> None:
    """
    However many names point at it, an address sees two connections at once and twelve in all.
    """
    net = crowd(30)

    kinds = many(net, Policy(), 30)

    assert (len(net.connections), net.most_open, set(kinds)) == (12, 2, {FailureKind.BUDGET})


@pytest.mark.parametrize(
    ("policy", "connections"),
    [
        pytest.param(Policy(limits=Limits(max_tcp=5)), 5, id="connections"),
        pytest.param(Policy(limits=Limits(max_hosts=4)), 4, id="hosts"),
    ],
)
def test_budgets_end(policy: Policy, connections: int) -> None:
    """
    Connections and hosts are counted for the whole detection.
    """
    net = crowd(8)

    kinds = many(net, policy, 8)

    assert (len(net.connections), kinds) == (connections, [FailureKind.BUDGET] * (8 - connections))


def test_questions_end_too() -> None:
    """
    Each host costs two questions; a third host finds none left.
    """
    net = crowd(3)

    async def dial_in_turn() -> FailureKind:
        dialer = dialer_in(net, Policy(limits=Limits(max_dns=4)))
        for number in range(2):
            await (await dialer.dial(f"h{number}.example.org", 993)).stream.aclose()
        with pytest.raises(NetworkError) as caught:
            await dialer.dial("h2.example.org", 993)
        return caught.value.kind

    kind, _ = run_virtual(dial_in_turn)

    assert (kind, len(net.questions)) == (FailureKind.BUDGET, 4)


def test_no_more_than_so_many_connections_are_open_at_once() -> None:
    """
    Waiting for a slot is not part of the connect timeout.
    """
    net = FakeNetwork(rtt=0.05)
    for number in range(10):
        net.host(f"h{number}.example.org", f"11.0.0.{number + 1}").serve(imap())

    kinds = many(net, Policy(timeouts=Timeouts(connect_timeout=0.5), limits=Limits(max_parallel=3)), 10, hold=2.0)

    assert (kinds, net.most_open) == ([], 3)


@pytest.mark.anyio
@pytest.mark.parametrize("after", [0.0, 0.01, 0.03, 0.05, 0.08])
async def test_cancelling_leaves_nothing_open(after: float) -> None:
    """
    Whenever a dial is cancelled, nothing stays open and its slots are released.
    """
    net = FakeNetwork(rtt=0.02)
    net.host(HOST, V4, V6).serve(imap())
    policy = Policy(timeouts=Timeouts(connection_attempt_delay=0.01), limits=Limits(max_parallel=1))
    dialer = dialer_in(net, policy)

    with anyio.move_on_after(after):
        connection = await dialer.dial(HOST, 993)
        async with aclosing(connection.stream):
            await anyio.sleep(1)
    with anyio.fail_after(5):
        await (await dialer.dial(HOST, 993)).stream.aclose()

    assert net.open_streams == ()


async def ask_at_once(net: FakeNetwork, times: int) -> list[object]:
    """Ask one question that many times at once."""
    outcomes: list[object] = []
    resolver = CachedResolver(net.transport(Policy()), Budget(Policy()))

    async def one() -> None:
        try:
            outcomes.append(await resolver.ask(Question(HOST, "A")))
        except NetworkError as error:
            outcomes.append(error.kind)

    async with anyio.create_task_group() as group:
        for _ in range(times):
            group.start_soon(one)
    return outcomes


@pytest.mark.parametrize("broken", [False, True])
def test_a_question_is_asked_once(broken: bool) -> None:
    """
    Ten who ask at the same time get one answer, or one failure, from one question.
    """
    net = FakeNetwork(rtt=0.1)
    net.records(HOST, A=V4)
    if broken:
        net.servfail(HOST)

    outcomes, seconds = run_virtual(ask_at_once, net, 10)

    assert (net.questions, len(set(outcomes)), round(seconds, 6)) == ((f"{HOST} A",), 1, 0.1)


def test_who_waits_for_a_cancelled_question_asks_again() -> None:
    """
    The first to ask gives up; the second does not fail with it.
    """
    net = FakeNetwork(rtt=0.1)
    net.records(HOST, A=V4)

    answers: list[Answer] = []

    async def ask(resolver: CachedResolver, patience: float) -> None:
        with anyio.move_on_after(patience):
            answers.append(await resolver.ask(Question(HOST, "A")))

    async def two_ask() -> None:
        resolver = CachedResolver(net.transport(Policy()), Budget(Policy()))
        async with anyio.create_task_group() as group:
            group.start_soon(ask, resolver, 0.05)
            await anyio.sleep(0.01)
            group.start_soon(ask, resolver, 1.0)

    _, seconds = run_virtual(two_ask)

    assert ([answer.records for answer in answers], round(seconds, 6)) == ([(V4,)], 0.15)


def test_a_failure_of_the_proxy_says_nothing_about_any_address() -> None:
    """
    Whatever was seen at the others: it is said once, and the port behind it is not taken for closed.
    """
    net = FakeNetwork()
    net.host(HOST, V6, V4).serve(imap())
    net.fail_at(3, FailureKind.PROXY)  # behind A and AAAA
    net.fail_at(4, FailureKind.REFUSED)

    async def dial() -> tuple[NetworkError, Connection]:
        dialer = dialer_in(net)
        with pytest.raises(NetworkError) as caught:
            await dialer.dial(HOST, 993)
        connection = await dialer.dial(HOST, 993)
        async with aclosing(connection.stream):
            return caught.value, connection

    (error, connection), _ = run_virtual(dial)

    assert (error.kind, connection.ip) == (FailureKind.PROXY, ip_address(V6))


def test_with_a_proxy_a_server_has_as_much_time_as_without() -> None:
    """
    What it takes to reach the proxy comes on top.
    """
    net = FakeNetwork()
    net.host(HOST, V4, rtt=4.0).serve(imap())

    kind = refusal(net).kind
    connection, seconds = dialled(net, Policy(proxy=parse_proxy("socks5://127.0.0.1")))

    assert (kind, connection.ip, seconds) == (FailureKind.CONNECT_TIMEOUT, ip_address(V4), 4.0)
