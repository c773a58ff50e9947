"""What the guards must do at the edges where a small mistake would go unnoticed elsewhere (`make mutate`)."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

import pytest

from mailsettings import Policy
from mailsettings.decision.candidates import merge
from mailsettings.decision.trust import trust_of
from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Authority, Claim, Trust
from mailsettings.net.http import MAX_URL, check_url, next_url
from mailsettings.policy.ip_filter import embedded, objection_to
from tests.values import ADA, claim, verified

PUBLIC = ip_address("11.0.0.1")
INSIDE = "imap://imap.example.org:993"
OPENED = ("127.0.0.0/8", "192.168.7.0/24", "::1/128")
SERVICE_PORTS = {25, 110, 143, 443, 465, 587, 993, 995}


def test_a_service_contacts_eight_ports() -> None:
    """Those of mail, and 443 for documents; not 80, whose documents anybody can forge."""
    service = Policy.service()

    assert {port for port in range(65536) if service.objection(PUBLIC, port) is None} == SERVICE_PORTS


def test_a_person_may_also_ask_in_clear_and_on_2525() -> None:
    """Some providers have nothing else."""
    personal = Policy.personal()

    assert {port for port in range(65536) if personal.objection(PUBLIC, port) is None} == SERVICE_PORTS | {80, 2525}


def test_a_service_sends_no_address_and_asks_nothing_in_clear() -> None:
    """It acts for strangers, who may have typed somebody else's address."""
    service = Policy.service()

    assert (service.allow_private, service.send_address, service.allow_http) == (False, False, False)


def test_what_is_opened_by_name_is_open_on_the_ports_of_mail_only() -> None:
    """An intranet that is opened is not open for a port scan."""
    policy = Policy.service().replace(allow_networks=tuple(map(ip_network, OPENED)))

    assert policy.objection(ip_address("127.0.0.1"), 993) is None
    assert policy.objection(ip_address("::1"), 993) is None
    assert policy.objection(ip_address("127.0.0.1"), 22) is not None
    assert policy.objection(ip_address("10.0.0.1"), 993) is not None


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("inner", ["10.0.0.1", "192.168.0.1", "172.16.0.1"])
@pytest.mark.parametrize(
    "form", ["64:ff9b::{}", "::ffff:{}", "::{}", "::ffff:0:{}", "2a00::5efe:{}", "2a00::200:5efe:{}"]
)
def test_private_ipv4_inside_ipv6_is_nobodys_own_network(form: str, inner: str, *, private: bool) -> None:
    """No translator may be asked for private IPv4 (RFC 6052 §3.1), whatever the profile."""
    assert objection_to(ip_address(form.format(inner)), allow_private=private) is not None


@pytest.mark.parametrize("private", [True, False])
def test_public_ipv4_behind_a_translator_is_reached(*, private: bool) -> None:
    """A network without IPv4 has no other way (RFC 6052 §2.1)."""
    assert objection_to(ip_address("64:ff9b::11.0.0.1"), allow_private=private) is None


def trusted(*claims: Claim) -> Trust:
    """Return the trust of one verified server inside the address's own domain, for which *claims* were made."""
    (candidate,) = merge(claims)
    return trust_of(candidate, verified(INSIDE), ADA, registrable=lambda _: "example.org", in_table=lambda _: False)


@pytest.mark.parametrize(
    ("authority", "authentic"), [(Authority.DOMAIN, False), (Authority.ISPDB, True), (Authority.SRV, True)]
)
def test_only_the_domain_itself_over_a_safe_way_vouches(authority: Authority, *, authentic: bool) -> None:
    """The domain over a way that could be forged does not, nor does anybody else over a safe one."""
    assert trusted(claim(INSIDE, authority, authentic=authentic)) is Trust.SAME_DOMAIN


def test_one_good_word_among_others_is_enough() -> None:
    """What others say besides takes nothing from it."""
    good, guess = claim(INSIDE, Authority.DOMAIN, authentic=True), claim(INSIDE, Authority.GUESS)

    assert trusted(guess, good) is Trust.DOMAIN


def refusal(hops: list[str], location: str) -> NetworkError:
    """Return why nobody goes from the last of *hops* to *location*."""
    with pytest.raises(NetworkError) as caught:
        next_url([check_url(hop, Policy()) for hop in hops], location, Policy())
    return caught.value


def test_a_redirect_back_is_named() -> None:
    """It is not followed until their number is used up."""
    assert "lead back" in refusal(["https://a.example/x", "https://a.example/y"], "/x").seen


def test_what_is_no_url_is_a_failure_of_the_page() -> None:
    """And no mistake of ours."""
    assert refusal(["https://a.example/"], "https://[::1/x").kind is FailureKind.HTTP_FAILED


def test_the_longest_url_is_fetched() -> None:
    """As long as MAX_URL says."""
    url = "https://a.example/".ljust(MAX_URL, "x")

    assert str(check_url(url, Policy())) == url


@pytest.mark.parametrize("url", ["https://[::1", "https://a.example.org/\x00"])
def test_what_is_no_url_is_refused_as_such(url: str) -> None:
    """Whatever httpx has against it, the failure is one of ours."""
    with pytest.raises(NetworkError) as caught:
        check_url(url, Policy())

    assert caught.value.kind is FailureKind.HTTP_FAILED


def test_a_longer_url_is_refused_and_not_cut() -> None:
    """One character more."""
    assert refusal(["https://a.example/"], "https://a.example/".ljust(MAX_URL + 1, "x")).kind is FailureKind.DENIED


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("::", []),
        ("::1", []),
        ("::2", ["0.0.0.2"]),
        ("::127.0.0.1", ["127.0.0.1"]),
        ("::1:7f00:1", []),
        ("::ffff:127.0.0.1", ["127.0.0.1"]),
        ("::fffe:127.0.0.1", []),
        ("::ffff:0:127.0.0.1", ["127.0.0.1"]),
        ("::ffff:1:127.0.0.1", []),
        ("64:ff9b::127.0.0.1", ["127.0.0.1"]),
        ("64:ff9b::1:7f00:1", []),
        ("64:ff9b:1:b01:ff02:3ff::", ["0.0.0.0", "11.1.2.3"]),
        ("64:ff9b:1:7f00::1.2.3.4", ["1.2.3.4", "127.0.0.0"]),
        ("64:ff9b:2:b01:2:300::", []),
        ("2002:7f00:1:ffff::", ["127.0.0.1"]),
        ("2003:7f00:1::", []),
        ("2001:0:b01:203:ffff:ffff:80ff:fffe", ["11.1.2.3", "127.0.0.1"]),
        ("2001:1:7f00:1::", []),
        ("2a00::5efe:127.0.0.1", ["127.0.0.1"]),
        ("2a00::200:5efe:127.0.0.1", ["127.0.0.1"]),
        ("2a00::100:5efe:127.0.0.1", []),
        ("::200.0.0.1", ["200.0.0.1"]),
        ("::ffff:200.0.0.1", ["200.0.0.1"]),
        ("::ffff:0:200.0.0.1", ["200.0.0.1"]),
        ("64:ff9b::200.0.0.1", ["200.0.0.1"]),
        ("64:ff9b:1:c800::", ["0.0.0.0", "200.0.0.0"]),
        ("2001:0:c800:1:0:0:f4ff:fffe", ["200.0.0.1", "11.0.0.1"]),
    ],
)
def test_ipv4_is_found_where_it_is_and_nowhere_else(address: str, inside: list[str]) -> None:
    """Each form, and its neighbour that only looks like it (RFC 6052, 3056, 4380, 5214, 7915)."""
    assert [str(ip) for ip in embedded(IPv6Address(address))] == inside


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("::", "no address"),
        ("::1", "this machine"),
        ("::1:0:1", "not been given out"),
        ("::11.0.0.1", "IPv4-compatible"),
        ("::ffff:11.0.0.1", "IPv4-mapped"),
        ("::fffe:11.0.0.1", "not been given out"),
        ("::ffff:0:11.0.0.1", "IPv4-translated"),
        ("::ffff:1:11.0.0.1", "not been given out"),
        ("64:ff9b::1:b00:1", "not been given out"),
        ("64:ff9b:2::1", "not been given out"),
        ("100::1", "discard-only"),
        ("100:0:0:1::1", "a dummy prefix"),
        ("100:0:0:2::1", "not been given out"),
        ("2001:0:b00:1:0:0:f4ff:fffe", "Teredo"),
        ("2001:1::1", "for protocol assignments"),
        ("5f00::1", "for segment routing"),
        ("5e00::1", "not been given out"),
        ("5f01::1", "not been given out"),
        ("fe00::1", "not been given out"),
        ("fe80::1", "link-local"),
        ("fec0::1", "site-local"),
        ("ff00::1", "multicast"),
        ("fd00:ec2::1", "metadata"),
        ("224.0.0.1", "multicast"),
        ("240.0.0.1", "reserved"),
        ("::200.0.0.1", "IPv4-compatible"),
        ("::ffff:200.0.0.1", "IPv4-mapped"),
        ("::ffff:0:200.0.0.1", "IPv4-translated"),
        ("64:ff9b:1:c800::c800:1", "for translation inside a network"),
        ("100::8000:0:0:1", "discard-only"),
        ("100:0:0:1:8000::1", "a dummy prefix"),
        ("2001:0:c800:1:0:0:f4ff:fffe", "Teredo"),
        ("5f00:8000::1", "for segment routing"),
        ("fd00:ec2:8000::1", "metadata"),
        ("fea0::1", "link-local"),
        ("fee0::1", "site-local"),
        ("ff80::1", "multicast"),
    ],
)
def test_a_refusal_names_the_right_reason(address: str, reason: str) -> None:
    """Whoever reads it looks the address up: neighbours of a range are not said to be in it."""
    assert reason in str(objection_to(ip_address(address), allow_private=True))


@pytest.mark.parametrize("address", ["fd00:ec3::1", "fd00:ec1::1", "fc00::1", "fdff::1", "2000::1", "2001:200::1"])
def test_the_neighbours_of_what_is_refused_are_open(address: str) -> None:
    """A filter that is a bit too wide takes somebody's network away."""
    assert objection_to(ip_address(address), allow_private=True) is None
