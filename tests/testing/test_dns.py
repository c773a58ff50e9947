"""Fake DNS: the answers of a resolver, wildcards, CNAMEs and faults."""

import math

import pytest

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.interfaces import MX, SRV
from mailsettings.model import Question
from mailsettings.policy import Policy, Timeouts
from mailsettings.testing import FakeNetwork, run_virtual
from tests.support.fake_network_client import ask

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("type_", "text", "record"),
    [
        pytest.param("A", "192.0.2.1", "192.0.2.1", id="address"),
        pytest.param("AAAA", "2001:DB8:0::1", "2001:db8::1", id="address in another spelling"),
        pytest.param("MX", "10 MX.Example.org.", MX(10, "mx.example.org"), id="mail exchanger"),
        pytest.param("MX", "0 .", MX(0, ""), id="null MX"),
        pytest.param("SRV", "0 1 993 imap.example.org.", SRV(0, 1, 993, "imap.example.org"), id="service"),
        pytest.param("SRV", "0 0 0 .", SRV(0, 0, 0, ""), id="no such service"),
        pytest.param("TXT", "v=spf1 -all", "v=spf1 -all", id="text"),
        pytest.param("TXT", '"v=spf1 " "-all"', "v=spf1 -all", id="quoted strings are joined"),
    ],
)
async def test_records_are_written_as_in_a_zone_file(type_: str, text: str, record: object) -> None:
    """What the resolver hands out is what the records mean."""
    net = FakeNetwork()
    net.records("example.org", **{type_: text})

    assert (await ask(net, f"example.org {type_}")).records == (record,)


async def test_a_zone_is_lines() -> None:
    """TTL, class, dots at the end and comments may be there or not."""
    net = FakeNetwork()
    net.zone("""
        example.org.   300 IN MX 10 mx.example.org.   ; the first
        example.org            MX 20 mx2.example.org
        ; nothing here
    """)

    assert (await ask(net, "example.org MX")).records == (MX(10, "mx.example.org"), MX(20, "mx2.example.org"))


@pytest.mark.parametrize("line", ["example.org", "example.org MX", "example.org mx 10 x.example.org"])
def test_a_line_that_is_no_record_is_refused(line: str) -> None:
    """A typing error in a zone must not become an empty zone."""
    with pytest.raises(ValueError, match="not name, type and data"):
        FakeNetwork().zone(line)


@pytest.mark.parametrize(
    ("question", "exists"),
    [
        pytest.param("nobody.example.org A", False, id="no such name"),
        pytest.param("imap.example.org MX", True, id="another type"),
        pytest.param("_tcp.imap.example.org A", True, id="something below it"),
        pytest.param("org A", True, id="something far below it"),
        pytest.param("net A", False, id="nothing below it"),
    ],
)
async def test_no_such_name_and_no_such_record_differ(question: str, exists: bool) -> None:
    """A name exists if it or anything below it has records (RFC 8020)."""
    net = FakeNetwork()
    net.zone("""
        imap.example.org A 192.0.2.1
        _imaps._tcp.imap.example.org SRV 0 1 993 imap.example.org
    """)

    answer = await ask(net, question)

    assert (answer.records, answer.exists) == ((), exists)


async def test_aliases_are_followed() -> None:
    """The answer has the records of the last name and the names on the way."""
    net = FakeNetwork()
    net.zone("""
        imap.example.org CNAME mail.example.org
        mail.example.org CNAME mail.hoster.example
        mail.hoster.example A 192.0.2.1
    """)

    answer = await ask(net, "imap.example.org A")

    assert (answer.records, answer.aliases) == (("192.0.2.1",), ("mail.example.org", "mail.hoster.example"))


async def test_an_alias_of_nothing_does_not_exist() -> None:
    """NXDOMAIN is about the last name of the chain (RFC 6604 §2)."""
    net = FakeNetwork()
    net.records("imap.example.org", CNAME="gone.example.org")

    answer = await ask(net, "imap.example.org A")

    assert (answer.exists, answer.aliases) == (False, ("gone.example.org",))


async def test_aliases_in_a_circle_fail() -> None:
    """A resolver gives up on them."""
    net = FakeNetwork()
    net.records("a.example.org", CNAME="b.example.org")
    net.records("b.example.org", CNAME="a.example.org")

    with pytest.raises(NetworkError) as caught:
        await ask(net, "a.example.org A")

    assert caught.value.kind is FailureKind.DNS_FAILED


@pytest.mark.parametrize(
    ("question", "records"),
    [
        pytest.param("x7f3.example.org A", ("192.0.2.1",), id="one label"),
        pytest.param("a.b.example.org A", ("192.0.2.1",), id="two labels"),
        pytest.param("imap.example.org A", ("192.0.2.10",), id="not where the name exists"),
        pytest.param("imap.example.org TXT", (), id="not for its other types either"),
        pytest.param("x.imap.example.org A", (), id="not below it"),
    ],
)
async def test_a_wildcard_answers_where_no_name_exists(question: str, records: tuple[str, ...]) -> None:
    """It stands for names below its closest encloser only (RFC 4592 §3.3)."""
    net = FakeNetwork()
    net.zone("""
        *.example.org A 192.0.2.1
        *.example.org TXT parked
        imap.example.org A 192.0.2.10
    """)

    assert (await ask(net, question)).records == records


async def test_answers_can_change() -> None:
    """Rebinding: harmless when checked, something else afterwards, and that it stays."""
    net = FakeNetwork()
    net.records("evil.example", A="203.0.113.9")
    net.rebind("evil.example", A="127.0.0.1")

    answers = [(await ask(net, "evil.example A")).records for _ in range(3)]

    assert answers == [("203.0.113.9",), ("127.0.0.1",), ("127.0.0.1",)]


async def test_a_change_is_counted_by_question() -> None:
    """The first question for AAAA is not the second one for A."""
    net = FakeNetwork()
    net.records("evil.example", A="203.0.113.9")
    net.rebind("evil.example", A="127.0.0.1")
    await ask(net, "evil.example AAAA")

    assert (await ask(net, "evil.example A")).records == ("203.0.113.9",)


@pytest.mark.parametrize(
    ("name", "authentic"), [("example.org", True), ("a.example.org", True), ("alias.example.org", False)]
)
async def test_signed_zones_have_authentic_answers(name: str, authentic: bool) -> None:
    """An alias into an unsigned zone takes the AD bit away."""
    net = FakeNetwork()
    net.records("alias.example.org", CNAME="hoster.example")
    net.signed("example.org")

    assert (await ask(net, f"{name} A")).authentic is authentic


SCOPES = [
    pytest.param(("example.org", "MX"), {"example.org MX"}, id="a question"),
    pytest.param(("example.org", ""), {"example.org MX", "example.org A", "a.example.org A"}, id="a zone"),
    pytest.param(("", "A"), {"example.org A", "a.example.org A", "example.net A"}, id="a type"),
    pytest.param(("", ""), {"example.org MX", "example.org A", "a.example.org A", "example.net A"}, id="everything"),
]
QUESTIONS = ("example.org MX", "example.org A", "a.example.org A", "example.net A")


async def _failing(net: FakeNetwork, policy: Policy) -> dict[str, FailureKind]:
    failures = {}
    for text in QUESTIONS:
        name, _, type_ = text.partition(" ")
        try:
            await net.transport(policy).ask(Question(name, type_))
        except NetworkError as error:
            failures[text] = error.kind
    return failures


@pytest.mark.parametrize(("scope", "concerned"), SCOPES)
async def test_servfail_has_a_scope(scope: tuple[str, str], concerned: set[str]) -> None:
    """One question, a zone, a type or the whole resolver fails; the others go on."""
    net = FakeNetwork()
    net.servfail(*scope)

    assert await _failing(net, Policy()) == dict.fromkeys(concerned, FailureKind.DNS_FAILED)


@pytest.mark.parametrize(("scope", "concerned"), SCOPES)
def test_unanswered_questions_have_a_scope_and_take_a_lifetime(scope: tuple[str, str], concerned: set[str]) -> None:
    """Unanswered questions time out one after the other, as the policy says; the others are answered at once."""
    net = FakeNetwork()
    net.mute(*scope)

    failures, seconds = run_virtual(_failing, net, Policy(timeouts=Timeouts(dns_lifetime=3.0)))

    assert (failures, seconds) == (dict.fromkeys(concerned, FailureKind.DNS_TIMEOUT), 3.0 * len(concerned))


def test_a_later_fault_overrides_an_earlier_one() -> None:
    """The resolver is dead, but for one zone."""
    net = FakeNetwork()
    net.mute()
    net.slow(0.5, "example.org")

    _, seconds = run_virtual(ask, net, "www.example.org A")

    assert seconds == 0.5


def test_unanswered_questions_wait_for_ever_without_a_policy() -> None:
    """Who sets no time-out, waits."""
    net = FakeNetwork()
    net.slow(math.inf, "example.org")

    with pytest.raises(TimeoutError):
        run_virtual(ask, net, "example.org A", limit=1e6)
