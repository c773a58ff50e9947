"""Hostile DNS: zones that point at us, at others, at everything and at themselves."""

from __future__ import annotations

import pytest

from mailsettings import FailureKind, Policy, Trust
from mailsettings.testing import FakeNetwork, imap, smtp
from tests.support.security.harness import ADA, DOMAIN, AttackResult, Build, detect_in

MAIL = f"mail.{DOMAIN}"
EVERYTHING = Policy(exhaustive=True)


def zone(text: str, policy: Policy | None = None) -> AttackResult:
    """Meet the zone *text*, in which D is the address's domain."""
    return detect_in(
        lambda net: net.zone(text.replace("D ", f"{DOMAIN} ").replace(".D", f".{DOMAIN}")), policy=policy or Policy()
    )


@pytest.mark.parametrize(
    "target",
    [
        "localhost", "localhost.localdomain", "imap", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1",
        "0x7f.1", "metadata.google.internal", "printer.local", "router.lan", "intranet", "x.onion", "a.home.arpa",
        "1.0.0.127.in-addr.arpa", "imap.invalid", "a_b.victim.example", "-a.victim.example", "a..victim.example",
        "x" * 64 + ".example", ".".join(["abc"] * 70),
    ],
)  # fmt: skip
@pytest.mark.parametrize("record", ["_imaps._tcp.D SRV 0 1 993 {}", "D MX 10 {}"], ids=["srv", "mx"])
def test_a_target_that_is_no_public_host_is_not_asked_for(record: str, target: str) -> None:
    """T10, T12, T13: names of this machine, addresses in disguise, single words: no question, no connection."""
    result = zone(record.format(target))

    assert not [
        question for question in result.net.questions if question.split()[0] in (target, f"autoconfig.{target}")
    ]
    assert result.net.connections == ()


@pytest.mark.parametrize("port", [22, 53, 80, 443, 2525, 3306, 6379, 8080, 9200, 0, 65535])
@pytest.mark.parametrize("label", ["_imaps", "_submission"])
def test_a_zone_is_no_port_scanner(label: str, port: int) -> None:
    """T9: what is no port of mail is not connected to, and the answer says so."""
    result = zone(f"{label}._tcp.D SRV 0 1 {port} {MAIL}\n{MAIL} A 11.9.0.1", Policy.service().replace(guess=False))

    assert not [each for each in result.net.connections if each.endswith(f":{port}") and port not in (80, 443)]
    assert result.verified == ()


def test_five_hundred_servers_are_not_all_contacted() -> None:
    """T9, T40: the budget of hosts ends it. It once ended the whole detection, with a ValueError."""
    result = zone(
        "\n".join(f"_imaps._tcp.D SRV 0 1 993 h{n}.D\nh{n}.D A 11.9.{n // 250}.{n % 250}" for n in range(500))
    )

    assert len(result.net.connections) <= Policy().limits.max_hosts


def test_hosts_that_fail_at_once_use_up_the_budget_and_no_more() -> None:
    """T40: every one of 500 hosts refuses; the 41st is a failure like any other."""

    def build(net: FakeNetwork) -> None:
        for number in range(500):
            net.records(f"_imaps._tcp.{DOMAIN}", SRV=f"{number} 1 993 h{number}.{DOMAIN}")
            net.host(f"h{number}.{DOMAIN}")

    result = detect_in(build)

    assert len({each.rpartition(":")[0] for each in result.net.connections}) <= Policy().limits.max_hosts
    assert FailureKind.BUDGET in result.kinds


def test_many_names_of_one_victim_are_few_connections() -> None:
    """T40: whoever runs the zone cannot make us knock at somebody's door more than a dozen times."""

    def build(net: FakeNetwork) -> None:
        net.host("elsewhere.example", "11.9.0.1").hold(25, 110, 143, 465, 587, 993, 995, 80, 443)
        net.zone(f"*.{DOMAIN} A 11.9.0.1\n{DOMAIN} A 11.9.0.1\n{DOMAIN} MX 10 mx.{DOMAIN}")
        for number in range(20):
            net.records(f"_imaps._tcp.{DOMAIN}", SRV=f"0 1 993 h{number}.{DOMAIN}")

    result = detect_in(build, policy=EVERYTHING)

    assert 0 < len(result.net.connections) <= Policy().limits.max_per_address


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("imap.D CNAME mail.D\nmail.D CNAME imap.D", id="two-names"),
        pytest.param("imap.D CNAME imap.D\nautoconfig.D CNAME autoconfig.D", id="itself"),
        pytest.param("\n".join(f"c{n}.D CNAME c{n + 1}.D" for n in range(60)) + "\nimap.D CNAME c0.D", id="sixty"),
        pytest.param("D CNAME D", id="the-domain-itself"),
    ],
)
def test_aliases_that_go_round_end(text: str) -> None:
    """T21: no answer, at once."""
    result = zone(text)

    assert result.verified == ()
    assert result.seconds < 1


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(lambda net: net.mute(), id="nothing-answers"),
        pytest.param(lambda net: net.mute(DOMAIN), id="the-zone-is-silent"),
        pytest.param(lambda net: net.servfail(), id="everything-fails"),
        pytest.param(lambda net: net.slow(2.9), id="just-in-time"),
        pytest.param(lambda net: net.offline(), id="no-network"),
    ],
)
def test_a_name_server_cannot_hold_the_answer_up(trouble: Build) -> None:
    """T21: the deadline holds whatever DNS does, and nothing is verified by silence."""
    result = detect_in(trouble)

    assert result.verified == ()
    assert result.seconds <= Policy().timeouts.deadline


def test_the_null_target_stops_guessing() -> None:
    """T8: "not offered" is an answer (RFC 2782)."""

    def build(net: FakeNetwork) -> None:
        net.records(f"_imaps._tcp.{DOMAIN}", SRV="0 0 0 .")
        net.host(f"imap.{DOMAIN}").serve(imap())

    assert detect_in(build, policy=Policy()).verified == ()


def test_a_foreign_target_must_be_confirmed() -> None:
    """T8: anybody on the way can write an SRV record; a password follows it only when the user agrees."""

    def build(net: FakeNetwork) -> None:
        net.records(f"_imaps._tcp.{DOMAIN}", SRV="0 1 993 imap.evil.example")
        net.host("imap.evil.example").serve(imap())

    result = detect_in(build)

    assert [choice.trust for choice in result.detection.incoming] == [Trust.CONFIRM]
    assert result.detection.confirm == ("imap.evil.example",)


@pytest.mark.parametrize("address", ["u@a.co.uk", "u@a.github.io", "u@a.b.c.com.br"])
def test_no_name_at_or_above_the_public_suffix_is_asked_for(address: str) -> None:
    """T1: autodiscover.<suffix> belongs to whoever bought it; 96,671 passwords were sent there."""
    result = detect_in(lambda _: None, policy=Policy(exhaustive=True), address=address)

    own = {"a.co.uk", "a.github.io", "b.c.com.br", "c.com.br"}
    asked = {question.split()[0] for question in result.net.questions} - {"com", "live.thunderbird.net"}
    assert asked
    assert all(any(name == domain or name.endswith(f".{domain}") for domain in own) for name in asked)


@pytest.mark.parametrize(
    ("mx", "forbidden"),
    [
        ("provider.co.uk", "co.uk"),
        ("mx.provider.co.uk", "co.uk"),
        ("com", "com"),
        ("a.github.io", "github.io"),
        ("mx.a.github.io", "github.io"),
    ],
)
def test_documents_of_an_exchanger_stay_below_its_suffix(mx: str, forbidden: str) -> None:
    """T2: autoconfig.<suffix> can be bought (CVE-2024-52508), and under a private suffix anybody has a name."""
    result = zone(f"D MX 10 {mx}", EVERYTHING)

    assert f"autoconfig.{forbidden} A" not in result.net.questions


def test_customers_of_one_hoster_are_two_domains() -> None:
    """T18: a.github.io and b.github.io are two people; the one's password does not go to the other unasked."""

    def build(net: FakeNetwork) -> None:
        net.records("_imaps._tcp.a.github.io", SRV="0 1 993 imap.b.github.io")
        net.host("imap.b.github.io").serve(imap())

    result = detect_in(build, address="u@a.github.io")

    assert result.detection.confirm == ("imap.b.github.io",)


def test_a_wildcard_alone_proves_nothing() -> None:
    """T14: every name resolves, one host answers with its own certificate: nothing is found, and it is said why."""

    def build(net: FakeNetwork) -> None:
        net.zone(f"*.{DOMAIN} A 11.9.0.1\n{DOMAIN} A 11.9.0.1")
        net.host("parked.example", "11.9.0.1").serve(imap(), smtp()).web(443)

    result = detect_in(build, policy=Policy())

    assert result.verified == ()
    assert any("a name alone proves nothing" in note.text for note in result.detection.notes)


def test_behind_a_wildcard_a_real_server_is_found() -> None:
    """T14: a certificate for the very name, and a greeting, prove enough."""

    def build(net: FakeNetwork) -> None:
        net.zone(f"*.{DOMAIN} A 11.9.0.1\n{DOMAIN} A 11.9.0.1")
        net.host(f"imap.{DOMAIN}", "11.9.0.2").serve(imap())

    assert detect_in(build, policy=Policy()).verified == (f"imap.{DOMAIN}:993",)


def test_no_search_list_and_no_relative_name() -> None:
    """T13: every question is for a name with a dot, ending in a domain that the address or its records name."""
    result = zone("D MX 10 mx.other.example\n_imaps._tcp.D SRV 0 1 993 imap.third.example", EVERYTHING)

    tails = (DOMAIN, "other.example", "third.example", "live.thunderbird.net", "com")
    assert all(question.split()[0].endswith(tails) for question in result.net.questions)


def test_the_local_part_is_in_no_question() -> None:
    """T20: DNS is read by everybody on the way."""
    result = zone("D MX 10 mx.D", EVERYTHING)

    assert ADA.startswith("ada@")
    assert not [question for question in result.net.questions if "ada" in question.split()[0].split(".")]
