"""Questions to name servers on loopback: answers, forgeries, failures and silence."""

from __future__ import annotations

import errno

import anyio
import dns.flags
import dns.message
import dns.rcode
import pytest

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.interfaces import MX, SRV, Answer, Record
from mailsettings.model import Question
from mailsettings.net.dns.message import Query, Response
from mailsettings.net.dns.nameservers import Nameserver, Scheme
from mailsettings.net.dns.resolver import Resolver
from mailsettings.net.tcp import os_fault
from mailsettings.policy import Limits, Policy
from tests.support.nameserver import QUICK, Message, Zone, answering, resolver

A = Question("imap.example.org", "A")


async def ask(zone: Zone, question: Question, *, trusted: bool = True) -> Answer:
    """Ask a server with *zone*. A failure is raised outside the server's task group, which would wrap it."""
    async with answering(lambda query: [zone.response(query).to_wire()]) as port:
        try:
            return await resolver(port, trusted=trusted).ask(question)
        except NetworkError as error:
            failure = error
    raise failure


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("type_", "lines", "records"),
    [
        pytest.param("A", ["1.2.3.4"], ("1.2.3.4",), id="A"),
        pytest.param("AAAA", ["2a00::1"], ("2a00::1",), id="AAAA"),
        pytest.param("MX", ["9 b.x.org.", "5 A.X.org."], (MX(5, "a.x.org"), MX(9, "b.x.org")), id="MX"),
        pytest.param("MX", ["0 ."], (MX(0, ""),), id="null MX"),
        pytest.param("MX", ["1 127.0.0.1.", "1 localhost.", "2 mx.x.org."], (MX(2, "mx.x.org"),), id="bad MX"),
        pytest.param("SRV", ["0 1 993 imap.example.org."], (SRV(0, 1, 993, "imap.example.org"),), id="SRV"),
        pytest.param("SRV", ["0 0 0 ."], (SRV(0, 0, 0, ""),), id="not offered"),
        pytest.param("TXT", ['"v=spf1 " "-all"'], ("v=spf1 -all",), id="TXT"),
        pytest.param("NS", ["ns1.example.net."], ("ns1.example.net",), id="NS"),
        pytest.param("CNAME", ["mail.example.net."], ("mail.example.net",), id="CNAME"),
        pytest.param("A", [], (), id="no record"),
    ],
)  # fmt: skip
async def test_records_become_values(type_: str, lines: list[str], records: tuple[Record, ...]) -> None:
    """
    Each type has its value; hosts are lower case without dot, those that cannot be are dropped, the best come first.
    """
    zone = Zone("\n".join(f"name.example.org. {type_} {line}" for line in lines))

    answer = await ask(zone, Question("name.example.org", type_))

    assert (answer.records, answer.exists) == (records, True)


@pytest.mark.anyio
async def test_no_such_name_is_an_answer() -> None:
    """
    NXDOMAIN is told from a name that merely has no such record.
    """
    answer = await ask(Zone(rcode=dns.rcode.NXDOMAIN), A)

    assert (answer.records, answer.exists) == ((), False)


@pytest.mark.anyio
async def test_aliases_are_followed_in_order() -> None:
    """
    The names on the way say who runs the server.
    """
    chain = "imap.example.org. CNAME mail.hoster.example.\nmail.hoster.example. CNAME m1.hoster.example."

    answer = await ask(Zone(f"{chain}\nm1.hoster.example. A 1.2.3.4"), A)

    assert (answer.records, answer.aliases) == (("1.2.3.4",), ("mail.hoster.example", "m1.hoster.example"))


@pytest.mark.anyio
async def test_alias_loops_end() -> None:
    """
    Two names that are aliases of each other are a broken zone.
    """
    loop = "imap.example.org. CNAME b.example.org.\nb.example.org. CNAME imap.example.org."

    with pytest.raises(NetworkError) as caught:
        await ask(Zone(loop), A)

    assert caught.value.kind is FailureKind.DNS_FAILED


@pytest.mark.anyio
async def test_long_lists_are_cut() -> None:
    """
    A zone with hundreds of records does not make us try hundreds of hosts.
    """
    zone = Zone("\n".join(f"imap.example.org. MX {n} mx{n}.example.org." for n in range(30)))

    answer = await ask(zone, Question("imap.example.org", "MX"))

    assert answer.records == tuple(MX(n, f"mx{n}.example.org") for n in range(QUICK.limits.max_mx))


@pytest.mark.anyio
@pytest.mark.parametrize("trusted", [True, False])
async def test_the_authentic_bit_counts_only_from_trusted_resolvers(trusted: bool) -> None:
    """
    Whoever is between us and a distant resolver can set a bit.
    """
    answer = await ask(Zone("imap.example.org. A 1.2.3.4", authentic=True), A, trusted=trusted)

    assert answer.authentic is trusted


@pytest.mark.anyio
@pytest.mark.parametrize("rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED], ids=dns.rcode.to_text)
async def test_servers_that_cannot_answer_fail(rcode: dns.rcode.Rcode) -> None:
    """
    A broken zone or signature is a failure, not an absence.
    """
    with pytest.raises(NetworkError) as caught:
        await ask(Zone(rcode=rcode), A)

    assert (caught.value.kind, caught.value.seen) == (
        FailureKind.DNS_FAILED,
        f"the name server says {dns.rcode.to_text(rcode)}",
    )


@pytest.mark.anyio
async def test_servers_that_cannot_read_edns_are_asked_without() -> None:
    """
    FORMERR to the extended question is followed by the plain one (RFC 6891 §7).
    """
    zone = Zone("imap.example.org. A 1.2.3.4")

    def reply(query: Message) -> list[bytes]:
        response = zone.response(query)
        if query.edns >= 0:
            response.set_rcode(dns.rcode.FORMERR)
        return [response.to_wire()]

    async with answering(reply) as port:
        answer = await resolver(port).ask(A)

    assert answer.records == ("1.2.3.4",)


@pytest.mark.anyio
async def test_forged_packets_are_ignored() -> None:
    """
    Garbage, another id, another question, a question instead of an answer: the true answer still counts.
    """
    zone = Zone("imap.example.org. A 1.2.3.4")

    def reply(query: Message) -> list[bytes]:
        wire = zone.response(query).to_wire()
        other = dns.message.make_query("evil.example.org.", "A", id=query.id)
        return [b"", b"\0", wire[:20], wrong_id(wire), query.to_wire(), zone.response(other).to_wire(), wire]

    async with answering(reply) as port:
        answer = await resolver(port).ask(A)

    assert answer.records == ("1.2.3.4",)


def wrong_id(wire: bytes) -> bytes:
    return bytes((wire[0] ^ 1,)) + wire[1:]


@pytest.mark.anyio
async def test_long_answers_come_over_tcp() -> None:
    """
    A cut answer is asked for again over TCP.
    """
    zone = Zone("\n".join(f"imap.example.org. A 1.2.{n}.4" for n in range(100)))

    def cut(query: Message) -> list[bytes]:
        response = zone.response(query)
        response.answer.clear()
        response.flags |= dns.flags.TC
        return [response.to_wire()]

    async with answering(cut, tcp=lambda query: zone.response(query).to_wire(max_size=65535)) as port:
        answer = await resolver(port).ask(A)

    assert len(answer.records) == QUICK.limits.max_addresses


@pytest.mark.anyio
async def test_silence_is_a_time_out() -> None:
    """
    A server that never answers is asked again and again, until the question's time is up.
    """
    zone = Zone()
    async with answering(lambda query: [zone.response(query).to_wire()][1:]) as port:
        with pytest.raises(NetworkError) as caught:
            await resolver(port).ask(A)

    assert (caught.value.kind, len(zone.asked)) == (FailureKind.DNS_TIMEOUT, 3)


@pytest.mark.anyio
async def test_the_next_server_is_asked() -> None:
    """
    A closed port and a server that refuses do not keep us from the third one.
    """
    good, bad = Zone("imap.example.org. A 1.2.3.4"), Zone(rcode=dns.rcode.REFUSED)
    async with answering(lambda query: []) as closed:
        pass
    async with (
        answering(lambda query: [bad.response(query).to_wire()]) as refusing,
        answering(lambda query: [good.response(query).to_wire()]) as port,
    ):
        answer = await resolver(closed, refusing, port).ask(A)

    assert answer.records == ("1.2.3.4",)


@pytest.mark.anyio
async def test_without_name_servers_there_is_no_network() -> None:
    """
    A machine without resolvers is offline.
    """
    with pytest.raises(NetworkError) as caught:
        await resolver().ask(A)

    assert caught.value.kind is FailureKind.NO_NETWORK


@pytest.mark.anyio
async def test_questions_share_a_limited_number_of_sockets() -> None:
    """
    Three hundred questions at once are all answered, whatever the limit of open files.
    """
    zone = Zone("imap.example.org. A 1.2.3.4")
    answers: list[Answer] = []
    async with answering(lambda query: [zone.response(query).to_wire()]) as port, anyio.create_task_group() as group:
        asking = resolver(port, policy=QUICK.replace(dns_timeout=5.0, dns_lifetime=10.0))

        async def one() -> None:
            answers.append(await asking.ask(A))

        for _ in range(300):
            group.start_soon(one)

    assert [answer.records for answer in answers] == [("1.2.3.4",)] * 300


def test_running_out_of_sockets_is_not_the_servers_fault() -> None:
    """
    EMFILE is about this process; taken for a silent resolver it would hide what is wrong.
    """
    assert os_fault(OSError(errno.EMFILE, "Too many open files")).kind is FailureKind.BUDGET


def test_a_name_server_prints_as_what_was_typed() -> None:
    """
    Messages name the server.
    """
    assert str(Nameserver(Scheme.UDP, "192.0.2.1", 53)) == "udp://192.0.2.1 port 53"


@pytest.mark.anyio
async def test_sockets_are_bounded_by_the_policy() -> None:
    """
    With three sockets the fourth question waits for one of them; who has a bound of its own does not wait.
    """
    asked: list[Question] = []

    class Silent:
        round_trips = 1

        async def exchange(self, query: Query) -> Response:
            asked.append(A)
            await anyio.sleep_forever()
            raise AssertionError(query)

        async def aclose(self) -> None:
            """Nothing is open."""

    few, own = (Resolver((Silent(),), Policy(limits=Limits(dns_sockets=number)), trusted=False) for number in (3, 4))
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(few.ask, A)
        await anyio.wait_all_tasks_blocked()
        shared = len(asked)
        group.start_soon(own.ask, A)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()

    assert (shared, len(asked)) == (3, 4)
