"""Names of a server whose certificate is valid for other names: what the certificate, the server and DNS say."""

from collections.abc import Callable

import pytest

from mailsettings import Detection, Policy, Trust, detect
from mailsettings.net.network import open_network
from mailsettings.policy.proxy import parse_proxy
from mailsettings.testing import FakeNetwork, imap, pop3, run_virtual, smtp

D, IP, SERVER = "customer.example", "11.7.0.1", "srv7.hoster.example"
REVERSE = "1.0.7.11.in-addr.arpa"
WILDCARD = ("*.hoster.example", "hoster.example")
# More names than are tried, and the hoster's own is the last.
EXACT = (*(f"mail.shop{number}.example" for number in range(9)), SERVER)
FOUND = [f"imap://{SERVER}:993 (tls)", f"smtp://{SERVER}:465 (tls)"]

each_certificate = pytest.mark.parametrize(
    "certificate", [pytest.param(WILDCARD, id="wildcard"), pytest.param(EXACT, id="exact")]
)


def hosted(net: FakeNetwork, certificate: tuple[str, ...], *, named: str = f"mail.{D}", greeting: str = "") -> None:
    """Run the customer's mail on one machine of the hoster's, which calls itself *named* in its EHLO reply."""
    net.records(D, MX=f"10 mail.{D}")
    for name in (f"mail.{D}", SERVER):
        net.host(name, IP, certificate=certificate)
    texts = (greeting or "220 ready",) * 2
    net.host(named, IP, certificate=certificate).serve(
        imap(), imap(143), pop3(), smtp(greeting=texts[0]), smtp(587, greeting=texts[1]), smtp(25, greeting=texts[1])
    )


def search(net: FakeNetwork, policy: Policy | None = None, domain: str = D) -> Detection:
    async def find() -> Detection:
        rules = policy or Policy()
        async with open_network(rules, net.transport(rules)) as network:
            return await detect(f"ada@{domain}", policy=rules, net=network)

    detection, _ = run_virtual(find)
    assert net.open_streams == ()
    return detection


def servers(detection: Detection) -> list[str]:
    return [str(choice.endpoint) for choice in (*detection.incoming[:1], *detection.outgoing[:1]) if choice.verified]


def by_greeting(net: FakeNetwork, certificate: tuple[str, ...]) -> None:
    hosted(net, certificate, greeting=f"220 {SERVER} ESMTP Postfix")


def by_ehlo(net: FakeNetwork, certificate: tuple[str, ...]) -> None:
    hosted(net, certificate, named=SERVER)


def by_ptr(net: FakeNetwork, certificate: tuple[str, ...]) -> None:
    hosted(net, certificate)
    net.records(REVERSE, PTR=f"{SERVER}.")


@each_certificate
@pytest.mark.parametrize("build", [by_greeting, by_ehlo, by_ptr])
def test_the_name_that_a_server_has_for_itself(
    build: Callable[[FakeNetwork, tuple[str, ...]], None], certificate: tuple[str, ...]
) -> None:
    """
    The customer's exchanger is mail.customer.example; only the hoster's machine knows that it is srv7.hoster.example.
    """
    net = FakeNetwork(rtt=0.05)
    build(net, certificate)

    detection = search(net)

    assert servers(detection) == FOUND
    assert {choice.trust for choice in (detection.incoming[0], detection.outgoing[0])} == {Trust.CONFIRM}
    assert detection.confirm == (SERVER,)


@each_certificate
def test_without_a_name_nothing_is_found(certificate: tuple[str, ...]) -> None:
    """
    The control: the same machine, which says nothing about itself.
    """
    net = FakeNetwork(rtt=0.05)
    hosted(net, certificate)

    assert servers(search(net)) == []


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda net: net.host("imap.hoster.example", "11.7.0.9").serve(imap(), smtp()), id="elsewhere"),
        pytest.param(
            lambda net: net.host("imap.hoster.example", IP, "11.7.0.9").serve(imap()), id="there and elsewhere"
        ),
        pytest.param(lambda net: net.host("imap.hoster.example", "127.0.0.1"), id="this machine"),
        pytest.param(lambda net: None, id="nowhere"),
        pytest.param(lambda net: net.servfail("imap.hoster.example"), id="DNS fails"),
    ],
)
@pytest.mark.parametrize("hint", ["greeting", "PTR"])
def test_no_hint_makes_us_contact_a_new_machine(build: Callable[[FakeNetwork], object], hint: str) -> None:
    """
    The certificate covers the name, but it is not, or not only, the name of this machine.
    """
    net = FakeNetwork(rtt=0.05)
    hosted(net, WILDCARD, greeting="220 imap.hoster.example ready" if hint == "greeting" else "")
    if hint == "PTR":
        net.records(REVERSE, PTR="imap.hoster.example.")
    build(net)

    detection = search(net)

    assert servers(detection) == []
    assert {address.rpartition(":")[0] for address in net.connections} == {IP}


@pytest.mark.parametrize("hint", ["greeting", "PTR"])
def test_a_name_that_the_certificate_does_not_cover_is_not_even_resolved(hint: str) -> None:
    """
    A greeting may say what it likes.
    """
    net = FakeNetwork(rtt=0.05)
    hosted(net, WILDCARD, greeting="220 mail.other.example ready" if hint == "greeting" else "")
    if hint == "PTR":
        net.records(REVERSE, PTR="mail.other.example.")
    net.host("mail.other.example", IP).serve(imap())

    search(net)

    assert [question for question in net.questions if "other.example" in question] == []


def test_an_ipv6_address_has_a_name_too() -> None:
    """
    Under ip6.arpa, nibble by nibble (RFC 3596 §2.5).
    """
    net, ip = FakeNetwork(rtt=0.05), "2a00:1450::7"
    for name in (f"mail.{D}", SERVER):
        net.host(name, ip, certificate=WILDCARD).serve(imap(), smtp(greeting="220 ready"))
    zeros = ".".join("0" * 23)
    net.records(f"7.{zeros}.0.5.4.1.0.0.a.2.ip6.arpa", PTR=f"{SERVER}.")

    assert servers(search(net)) == FOUND


def test_a_machine_may_have_an_ipv6_address_that_the_customers_name_lacks() -> None:
    """
    The hoster's own name has both, and its IPv4 address is that of the customer.
    """
    net = FakeNetwork(rtt=0.05)
    by_ptr(net, WILDCARD)
    net.host(SERVER, "2a00:1450::7", certificate=WILDCARD).serve(imap(), smtp())

    assert servers(search(net)) == FOUND


@pytest.mark.parametrize(
    "names",
    [
        pytest.param([f"x{number}.hoster.example." for number in range(50)], id="50 names"),
        pytest.param([f"{'x' * 60}.{'y' * 60}.{'z' * 60}.hoster.example."], id="long"),
        pytest.param([f"{REVERSE}."], id="itself"),
        pytest.param(["localhost."], id="localhost"),
        pytest.param(["*.hoster.example."], id="a wildcard"),
    ],
)
def test_what_ptr_records_lead_to_is_bounded(names: list[str]) -> None:
    """
    At most six names of one address are resolved, and none of these is the server.
    """
    net = FakeNetwork(rtt=0.05)
    hosted(net, WILDCARD)
    net.records(REVERSE, PTR=names)

    assert servers(search(net)) == []
    assert len({question for question in net.questions if question.endswith(".hoster.example A")}) <= 6
    assert net.questions.count(f"{REVERSE} PTR") == 1


def test_a_classless_reverse_zone() -> None:
    """
    The record of a small network is an alias into the customer's own zone (RFC 2317).
    """
    net = FakeNetwork(rtt=0.05)
    hosted(net, WILDCARD)
    net.records(REVERSE, CNAME="1.0-63.0.7.11.in-addr.arpa.")
    net.records("1.0-63.0.7.11.in-addr.arpa", PTR=f"{SERVER}.")

    assert servers(search(net)) == FOUND


def test_a_reverse_zone_in_a_circle_costs_nothing_else() -> None:
    """
    The greeting still names the server.
    """
    net = FakeNetwork(rtt=0.05)
    by_greeting(net, WILDCARD)
    net.records(REVERSE, CNAME=f"x.{REVERSE}.")
    net.records(f"x.{REVERSE}", CNAME=f"{REVERSE}.")

    assert servers(search(net)) == FOUND


def test_a_reverse_zone_that_times_out_does_not_delay_the_greeting() -> None:
    """
    The two are asked separately.
    """
    net = FakeNetwork(rtt=0.05)
    by_greeting(net, WILDCARD)
    net.mute(REVERSE)

    detection = search(net)

    assert servers(detection) == FOUND
    assert detection.seconds < 3


def test_behind_a_proxy_names_are_asked_as_all_others() -> None:
    """
    The transport carries DNS and connections alike.
    """
    net = FakeNetwork(rtt=0.05)
    by_ptr(net, WILDCARD)

    assert servers(search(net, Policy(proxy=parse_proxy("socks5://proxy.example:1080")))) == FOUND


def test_names_of_addresses_are_guesses() -> None:
    """
    Where the caller forbids guesses no PTR record is asked for.
    """
    net = FakeNetwork(rtt=0.05)
    by_ptr(net, WILDCARD)
    net.records(f"_imaps._tcp.{D}", SRV=f"0 1 993 mail.{D}")

    detection = search(net, Policy(guess=False))

    assert servers(detection) == []
    assert f"{REVERSE} PTR" not in net.questions


def test_a_certificate_that_lists_all_its_names_asks_for_no_other() -> None:
    """
    Each of its few names is tried anyway.
    """
    net = FakeNetwork(rtt=0.05)
    hosted(net, (SERVER, "www.hoster.example"))

    assert servers(search(net)) == FOUND
    assert [question for question in net.questions if "arpa" in question] == []
