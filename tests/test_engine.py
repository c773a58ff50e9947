"""The whole path, from an address to a detection, in worlds of memory."""

from collections.abc import Callable
from datetime import date

import anyio
import pytest

from benchmarks.latency import search
from benchmarks.worlds import WORLDS, D, document, mail
from mailsettings import AddressError, Detection, FailureKind, Policy, Protocol, Trust, detect, detect_stream, plan
from mailsettings.events import Settled
from mailsettings.interfaces import Answer
from mailsettings.model import Question, SettledBy
from mailsettings.net.network import open_network
from mailsettings.sources.guess import guess
from mailsettings.testing import Certificate, FakeNetwork, imap, pop3, run_virtual, smtp
from tests.support.fake_net import Answers

ADA = f"ada@{D}"


def found(build: Callable[[FakeNetwork], None], address: str = ADA, policy: Policy | None = None) -> Detection:
    net = FakeNetwork(rtt=0.05)
    build(net)
    detection, _ = run_virtual(search, net, address, policy)
    assert net.open_streams == ()
    return detection


def servers(detection: Detection) -> list[str]:
    return [str(choice.endpoint) for choice in (*detection.incoming[:1], *detection.outgoing[:1]) if choice.verified]


def test_a_choice_tells_everything_about_its_server() -> None:
    """Endpoint, user name, login methods, what TLS showed, how long each step took, who said so and why it is here."""
    choice = found(lambda net: mail(net, f"imap.{D}", f"smtp.{D}")).incoming[0]

    assert choice.probe is not None
    assert choice.probe.hello is not None
    assert choice.probe.tls is not None
    assert (choice.username, choice.username_template) == (ADA, "%EMAILADDRESS%")
    assert choice.auth == ("password",)
    assert choice.probe.tls.names == (f"imap.{D}",)
    assert choice.probe.tls.not_after
    assert "IDLE" in choice.probe.hello.capabilities
    assert [step.name for step in choice.probe.steps] == ["resolve", "connect", "tls", "greeting", "capabilities"]
    assert choice.trust is Trust.SAME_DOMAIN
    assert any("TLSv1.3" in reason for reason in choice.reasons)


def test_a_table_hit_contacts_two_servers_and_asks_for_the_exchangers_only() -> None:
    """Two connections, five DNS questions, no document."""
    net = FakeNetwork(rtt=0.05)
    mail(net, "imap.gmail.com", "smtp.gmail.com")

    detection, _ = run_virtual(search, net, "ada@gmail.com")

    assert set(net.questions) == {
        "gmail.com MX",
        *(f"{host}.gmail.com {rdtype}" for host in ("imap", "smtp") for rdtype in ("A", "AAAA")),
    }
    assert len(net.connections) == 2
    assert net.requests == ()
    assert detection.provider is not None
    assert detection.provider.name == "Gmail"
    assert detection.incoming[0].trust is Trust.PROVIDER


def test_a_row_older_than_a_year_waits_for_what_the_domain_says() -> None:
    """The domain's document names another company: it comes first, and the old row is asked about."""
    net = FakeNetwork(rtt=0.05)
    mail(net, "imap.gmail.com", "smtp.gmail.com")
    mail(net, "imap.new.example", "smtp.new.example")
    net.page(
        "https://autoconfig.gmail.com/mail/config-v1.1.xml",
        document("imap.new.example", "smtp.new.example"),
    )

    async def on(today: date) -> Detection:
        policy = Policy()
        async with open_network(policy, net.transport(policy)) as network:
            return await detect("ada@gmail.com", policy=policy, net=network, today=today)

    recent, _ = run_virtual(on, date(2026, 12, 1))
    later, _ = run_virtual(on, date(2036, 1, 1))

    assert (recent.incoming[0].endpoint.host, recent.incoming[0].trust) == ("imap.gmail.com", Trust.PROVIDER)
    assert [(choice.endpoint.host, choice.trust) for choice in later.incoming[:2]] == [
        ("imap.new.example", Trust.CONFIRM),
        ("imap.gmail.com", Trust.CONFIRM),
    ]


def test_a_server_of_another_domain_must_be_confirmed() -> None:
    """The domain's own SRV record points elsewhere: verified, yet the user is asked about both hosts."""

    def build(net: FakeNetwork) -> None:
        net.records(f"_imaps._tcp.{D}", SRV="0 1 993 imap.de.hoster.example")
        net.records(f"_submissions._tcp.{D}", SRV="0 1 465 smtp.de.hoster.example")
        mail(net, "imap.de.hoster.example", "smtp.de.hoster.example")

    detection = found(build)

    assert detection.confirm == ("imap.de.hoster.example", "smtp.de.hoster.example")
    assert {each.group for each in detection.confirmations} == {"hoster.example"}
    assert not detection.incoming[0].trust.allows_password


def test_half_an_answer_is_an_answer() -> None:
    """Incoming found, outgoing not: the half that works is kept, the other one says why."""

    def build(net: FakeNetwork) -> None:
        net.host(f"mail.{D}").serve(imap())

    detection = found(build)

    assert servers(detection) == [f"imap://mail.{D}:993 (tls)"]
    assert detection.outgoing == ()
    assert any(failure.kind is FailureKind.REFUSED and "465" in failure.place for failure in detection.failures)


def test_an_smtp_server_without_login_is_no_submission_server() -> None:
    """Port 25 of the MX host takes mail for the domain; it does not send the user's."""

    def build(net: FakeNetwork) -> None:
        net.records(D, MX=f"10 mx.{D}")
        net.host(f"mx.{D}").serve(imap(), smtp(25, mechanisms=()))

    detection = found(build)

    assert detection.outgoing == ()
    assert any(failure.kind is FailureKind.NO_LOGIN for failure in detection.failures)


def test_submission_on_port_25_with_login_counts() -> None:
    """Some 3 % of providers have nothing else."""

    def build(net: FakeNetwork) -> None:
        net.host(f"mail.{D}").serve(imap(), smtp(25))

    assert servers(found(build)) == [f"imap://mail.{D}:993 (tls)", f"smtp://mail.{D}:25 (starttls)"]


@pytest.mark.parametrize(
    "problem",
    [FailureKind.CERTIFICATE_EXPIRED, FailureKind.CERTIFICATE_SELF_SIGNED, FailureKind.CERTIFICATE_UNKNOWN_CA],
)
def test_a_bad_certificate_is_shown_and_never_verified(problem: FailureKind) -> None:
    """The server is there, so it is listed; its password is nobody's."""

    def build(net: FakeNetwork) -> None:
        net.host(f"mail.{D}", certificate=Certificate((f"mail.{D}",), problem=problem)).serve(imap(), smtp())

    detection = found(build)

    assert [choice.verified for choice in detection.incoming] == [False]
    assert detection.incoming[0].trust is Trust.UNVERIFIED
    assert any(failure.kind is problem for failure in detection.failures)


def test_the_names_of_a_hosters_certificate_lead_to_the_hoster() -> None:
    """mail.<domain> shows srv7.hoster.example's certificate, and it is that machine."""
    detection = found(next(world for world in WORLDS if world.name == "certificate of the hoster").build)

    assert servers(detection) == ["imap://srv7.hoster.example:993 (tls)", "smtp://srv7.hoster.example:465 (tls)"]
    assert detection.confirm == ("srv7.hoster.example",)


def test_a_certificate_of_another_machine_leads_nowhere() -> None:
    """The name in the certificate resolves elsewhere: not the same server, not contacted."""

    def build(net: FakeNetwork) -> None:
        net.host("srv7.hoster.example", "11.7.0.9").serve(imap(), smtp())
        net.host(f"mail.{D}", "11.7.0.1", certificate=("srv7.hoster.example",)).serve(imap(), smtp())

    assert servers(found(build)) == []


@pytest.mark.parametrize("host", [f"srv1.{D}", f"pop.{D}", f"pop3.{D}"])
def test_a_machine_with_both_protocols_is_offered_with_imap(host: str) -> None:
    """Nothing but its name, or that it receives the mail, leads to it: neither speaks for POP3."""

    def build(net: FakeNetwork) -> None:
        net.records(D, MX=f"10 {host}")
        net.host(host).serve(imap(), imap(143), pop3(), smtp())

    assert servers(found(build)) == [f"imap://{host}:993 (tls)", f"smtp://{host}:465 (tls)"]


def test_only_the_wanted_protocol_is_found() -> None:
    """`--protocol pop3`: IMAP is neither contacted nor reported."""

    def build(net: FakeNetwork) -> None:
        net.host(f"mail.{D}").serve(imap(), pop3(), smtp())

    detection = found(build, policy=Policy(protocols=frozenset({Protocol.POP3, Protocol.SMTP})))

    assert servers(detection)[0] == f"pop3://mail.{D}:995 (tls)"


def test_nothing_is_guessed_where_the_caller_forbids_it() -> None:
    """Neither usual names nor the MX host nor names in certificates."""
    net = FakeNetwork(rtt=0.05)
    net.records(D, MX=f"10 mail.{D}")
    net.host(f"mail.{D}").serve(imap(), smtp())

    detection, _ = run_virtual(search, net, ADA, Policy(guess=False))

    assert detection.incoming == ()
    assert net.lines == ()


def test_sources_that_disagree_are_named() -> None:
    """The document and the SRV records name different hosts."""

    def build(net: FakeNetwork) -> None:
        net.page(f"https://autoconfig.{D}/mail/config-v1.1.xml", document(f"a.{D}", f"a.{D}"))
        net.records(f"_imaps._tcp.{D}", SRV=f"0 1 993 b.{D}")
        net.host(f"a.{D}").serve(imap(), smtp())
        net.host(f"b.{D}").drop()

    detection = found(build)

    assert servers(detection)[0] == f"imap://a.{D}:993 (tls)"
    assert any("sources disagree on incoming mail" in note.text for note in detection.notes)


def test_everything_can_be_collected_instead_of_settled() -> None:
    """`exhaustive`: all that works, not only the best."""

    def build(net: FakeNetwork) -> None:
        net.host(f"mail.{D}").serve(imap(), imap(143), pop3(), smtp(), smtp(587))

    detection = found(build, policy=Policy(exhaustive=True))

    assert {choice.endpoint.port for choice in detection.incoming if choice.verified} == {993, 143, 995}
    assert {choice.endpoint.port for choice in detection.outgoing if choice.verified} == {465, 587}


def test_a_domain_that_receives_no_mail_is_a_clear_answer() -> None:
    """Null MX, RFC 7505: no guess is contacted."""
    net = FakeNetwork(rtt=0.05)
    net.records(D, MX="0 .")
    mail(net, f"imap.{D}", f"smtp.{D}")

    detection, _ = run_virtual(search, net, ADA)

    assert servers(detection) == []
    assert detection.failures[0].kind is FailureKind.NO_MAIL
    assert detection.settled is SettledBy.NO_MAIL


@pytest.mark.anyio
async def test_both_event_loops_give_the_same_answer() -> None:
    """asyncio and trio."""
    net = FakeNetwork()
    mail(net, f"imap.{D}", f"smtp.{D}")

    assert servers(await search(net, ADA)) == [f"imap://imap.{D}:993 (tls)", f"smtp://smtp.{D}:465 (tls)"]


@pytest.mark.anyio
async def test_leaving_early_ends_all_work() -> None:
    """The caller has seen enough: every socket is closed, no task is left."""
    net = FakeNetwork()
    net.host(f"imap.{D}").hold(993)
    policy = Policy()

    async with (
        open_network(policy, transport=net.transport(policy)) as network,
        detect_stream(ADA, policy=policy, net=network) as events,
    ):
        async for _ in events:
            if net.open_streams:
                break

    assert net.open_streams == ()


@pytest.mark.anyio
async def test_cancelling_closes_every_socket() -> None:
    """A time-out of the caller's own."""
    net = FakeNetwork()
    net.host(f"imap.{D}").hold(993)

    with anyio.move_on_after(0.05) as scope:
        await search(net, ADA)

    assert scope.cancelled_caught
    assert net.open_streams == ()


@pytest.mark.anyio
async def test_the_answer_is_the_last_event_and_comes_once() -> None:
    """Whoever shows progress can rely on it."""
    net = FakeNetwork()
    mail(net, f"imap.{D}", f"smtp.{D}")
    policy = Policy()

    async with (
        open_network(policy, transport=net.transport(policy)) as network,
        detect_stream(ADA, policy=policy, net=network) as events,
    ):
        seen = [event async for event in events]

    assert [isinstance(event, Settled) for event in seen] == [False] * (len(seen) - 1) + [True]


@pytest.mark.anyio
async def test_a_bad_address_is_refused_before_anything_is_asked() -> None:
    """The only error detect() raises."""
    net = FakeNetwork()

    with pytest.raises(AddressError, match="no @"):
        await search(net, "ada")

    assert net.asked == ()


@pytest.mark.anyio
async def test_a_mistake_in_a_callers_source_costs_only_that_source() -> None:
    """docs/decisions/0005: it is one failure among others."""

    class Broken:
        authority = 3

        async def run(self, net: object) -> tuple[()]:
            raise ZeroDivisionError

        def __str__(self) -> str:
            return "the intranet's own source"

    net = FakeNetwork()
    policy = Policy()
    async with open_network(policy, transport=net.transport(policy)) as network:
        detection = await detect(ADA, sources=[lambda _: [Broken()]], policy=policy, net=network)  # type: ignore[list-item]  # broken on purpose

    assert [(failure.kind, failure.place) for failure in detection.failures] == [
        (FailureKind.INTERNAL, "the intranet's own source")
    ]


@pytest.mark.anyio
async def test_a_mistake_while_contacting_a_server_costs_only_that_probe() -> None:
    """docs/decisions/0005: the network of this test raises what no network should."""
    net = Answers(Answer(Question(f"imap.{D}", "A"), ("11.0.0.1",)))

    detection = await detect(ADA, sources=[guess], net=net)

    (mistake,) = [
        failure for failure in detection.failures if failure.kind is FailureKind.INTERNAL and ":993" in failure.place
    ]
    assert mistake.seen == "AssertionError while contacting it"


def test_a_plan_uses_no_network() -> None:
    """It lists every question in order of authority."""
    leads = [str(lead) for lead in plan(ADA)]

    assert leads.index(f"https://autoconfig.{D}/mail/config-v1.1.xml") < leads.index(f"imap.{D} A/AAAA")
    assert f"{D} MX" in leads


@pytest.mark.slow
@pytest.mark.parametrize("world", WORLDS, ids=[world.name.replace(" ", "-") for world in WORLDS])
def test_the_order_of_tasks_changes_nothing(world: object) -> None:
    """trio shuffles its tasks: five runs of one world are one JSON."""
    answers = {found(world.build, world.address).to_json() for _ in range(5)}  # type: ignore[attr-defined]  # a World

    assert len(answers) == 1
