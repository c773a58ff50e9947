"""Which addresses may be contacted: every range at its edges, every way of hiding IPv4 in IPv6."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsettings.policy.ip_filter import embedded, objection_to

DENIED = (
    "0.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    "::/96",
    "::ffff:0:0/96",
    "::ffff:0:0:0/96",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fd00:ec2::/32",
    "fe80::/10",
    "fec0::/10",
    "ff00::/8",
)
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")

PUBLIC = (
    "1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 "
    "168.63.129.15 168.63.129.17 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 "
    "192.0.1.255 192.0.3.0 192.31.195.255 192.31.197.0 192.52.192.255 192.52.194.0 192.88.98.255 192.88.100.0 "
    "192.167.255.255 192.169.0.0 192.175.47.255 192.175.49.0 198.17.255.255 198.20.0.0 198.51.99.255 198.51.101.0 "
    "203.0.112.255 203.0.114.0 223.255.255.255 "
    "2000:: 2001:200:: 2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db9:: 2003:: 2620:4f:7fff:ffff:ffff:ffff:ffff:ffff "
    "2620:4f:8001:: 2a00:1450:4001:830::200e 2606:4700:4700::1111 3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff 3fff:1000:: "
    "64:ff9b::8.8.8.8 2002:808:808::1 2a00:1450::5efe:8.8.8.8 2a00:1450::5eff:10.0.0.1"
)

HIDDEN = (
    "0.0.0.1 127.0.0.1 127.255.255.254 100.64.0.1 100.100.100.200 168.63.129.16 169.254.0.1 169.254.169.254 "
    "169.254.170.2 192.0.0.1 192.0.0.8 192.0.0.9 192.0.0.170 192.0.0.192 192.0.2.1 192.88.99.1 192.88.99.2 198.18.0.1 "
    "198.19.255.255 198.51.100.1 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 "
    ":: ::1 ::2 ::127.0.0.1 ::8.8.8.8 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:8.8.8.8 "
    "::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8 64:ff9b::127.0.0.1 64:ff9b::10.0.0.1 64:ff9b::192.168.1.1 "
    "64:ff9b::169.254.169.254 64:ff9b::a83f:8110 64:ff9b:1::7f00:1 64:ff9b:1:7f00:0:100:: 64:ff9b:1::808:808 "
    "64:ff9b:2::808:808 100::1 100:0:0:1::1 2001::1 2001:0:808:808::f7f7:f7f7 2001:0:7f00:1::f7f7:f7f7 "
    "2001:0:808:808::80ff:fffe 2001:2::1 2001:3::1 2001:4:112::1 2001:10::1 2001:20::1 2001:30::1 2001:db8::1 "
    "2002:7f00:1:: 2002:a00:1::1 2002:a9fe:a9fe::1 2620:4f:8000::1 2a00::5efe:127.0.0.1 2a00::200:5efe:10.0.0.1 "
    "3fff::1 3fff:fff::1 4000::1 5f00::1 8000::1 c000::1 fd00:ec2::254 fd00:ec2::253 fd20:ce::254 fd00:42::42 fe80::1 "
    "fe80::1%eth0 2a00:1450::1%lo febf::1 fec0::1 feff::1 ff02::1 ff0e::1"
)


@pytest.mark.parametrize("text", HIDDEN.split())
def test_special_addresses_are_refused_even_at_home(text: str) -> None:
    """
    No profile contacts special addresses, however they are written.
    """
    assert objection_to(ip_address(text), allow_private=True)


@pytest.mark.parametrize("text", PUBLIC.split())
def test_public_addresses_are_allowed(text: str) -> None:
    """
    What only looks like a special range, or lies one beside it, is the Internet.
    """
    assert objection_to(ip_address(text), allow_private=False) is None


@pytest.mark.parametrize("cidr", DENIED)
@pytest.mark.parametrize("end", [0, -1], ids=["first", "last"])
def test_ranges_are_refused_from_end_to_end(cidr: str, end: int) -> None:
    """
    The first and the last address of a special range belong to it.
    """
    assert objection_to(ip_network(cidr)[end], allow_private=True)


@pytest.mark.parametrize("cidr", PRIVATE)
@pytest.mark.parametrize("end", [0, -1], ids=["first", "last"])
def test_private_networks_are_open_only_at_home(cidr: str, end: int) -> None:
    """
    A service refuses private networks, a program of the user does not.
    """
    ip = ip_network(cidr)[end]

    assert (objection_to(ip, allow_private=True), bool(objection_to(ip, allow_private=False))) == (None, True)


def test_the_reason_names_what_is_hidden() -> None:
    """
    A reader sees which IPv4 address was inside.
    """
    reason = objection_to(ip_address("64:ff9b::127.0.0.1"), allow_private=True)

    assert reason == "64:ff9b::7f00:1 contains 127.0.0.1 is this machine"


def test_both_addresses_of_teredo_are_read() -> None:
    """
    Teredo carries its server as it is and its client with all bits inverted (RFC 4380 §4).
    """
    inside = tuple(map(str, embedded(IPv6Address("2001:0:4136:e378:8000:63bf:3fff:fdd2"))))

    assert inside == ("65.54.227.120", "192.0.2.45")


def embeddings(ip: IPv4Address) -> tuple[IPv6Address, ...]:
    """Return *ip* in every form in which an IPv6 address may carry it."""
    bits = int(ip)
    turned = ~bits & 0xFFFF_FFFF
    prefixes = (
        "::",
        "::ffff:0:0",
        "::ffff:0:0:0",
        "64:ff9b::",
        "64:ff9b:1::",
        "2a00:1450::5efe:0:0",
        "2a00::200:5efe:0:0",
    )
    return (
        *(IPv6Address(int(IPv6Address(prefix)) | bits) for prefix in prefixes),
        IPv6Address(0x2002 << 112 | bits << 80 | 1),
        IPv6Address(0x2001_0000 << 96 | bits << 64 | 0xF7F7_F7F7),
        IPv6Address(0x2001_0000 << 96 | 0x0808_0808 << 64 | turned),
        IPv6Address(0x0064_FF9B_0001 << 80 | (bits >> 16) << 64 | (bits & 0xFFFF) << 40),
    )


RANGES_V4 = [IPv4Network(cidr) for cidr in (*DENIED, *PRIVATE) if ":" not in cidr]
denied_v4 = st.sampled_from(RANGES_V4).flatmap(
    lambda network: st.integers(int(network[0]), int(network[-1])).map(IPv4Address)
)


@pytest.mark.parametrize("network", RANGES_V4, ids=str)
def test_no_embedding_opens_the_ends_of_a_range(network: IPv4Network) -> None:
    """
    The first and the last address of what is closed stay closed inside IPv6.
    """
    outer = (*embeddings(network[0]), *embeddings(network[-1]))

    assert [str(ip) for ip in outer if objection_to(ip, allow_private=True) is None] == []


@pytest.mark.slow
@settings(max_examples=10_000, deadline=None)
@given(denied_v4)
def test_no_embedding_opens_what_is_closed(ip: IPv4Address) -> None:
    """
    An IPv4 address that may not be contacted may not be contacted inside IPv6 either, not even at home.
    """
    let_through = [str(outer) for outer in embeddings(ip) if objection_to(outer, allow_private=True) is None]

    assert let_through == []


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("inner", ["10.0.0.1", "192.168.0.1", "172.16.0.1"])
@pytest.mark.parametrize(
    "form", ["64:ff9b::{}", "::ffff:{}", "::{}", "::ffff:0:{}", "2a00::5efe:{}", "2a00::200:5efe:{}"]
)
def test_private_ipv4_inside_ipv6_is_not_the_users_network(form: str, inner: str, *, private: bool) -> None:
    """No translator may be asked for private IPv4 (RFC 6052 §3.1), whatever the profile."""
    assert objection_to(ip_address(form.format(inner)), allow_private=private) is not None


@pytest.mark.parametrize("private", [True, False])
def test_public_ipv4_behind_a_translator_is_reached(*, private: bool) -> None:
    """A network without IPv4 has no other way (RFC 6052 §2.1)."""
    assert objection_to(ip_address("64:ff9b::11.0.0.1"), allow_private=private) is None


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
