"""The IP filter: which addresses are not on the public Internet, IPv4 inside IPv6 included. Pure.

`ipaddress.is_global` and `is_private` do not suffice: on Python 3.11 they call NAT64 and 6to4 of 127.0.0.1, multicast
and site-local addresses global. Hence a deny list for IPv4, and an allow list with exceptions for IPv6.

Sources: the IANA special-purpose address registries for IPv4 and IPv6 (as of 2026-11; entries that IANA calls reachable
but that no mail server has, such as AS112 and anycast relays, are refused too), RFC 6890, RFC 6052, RFC 3056, RFC 4380,
RFC 5214, RFC 7915; the metadata addresses are from the cloud providers' own documentation.

There are two profiles. With *allow_private*, private networks are allowed: 10/8, 172.16/12, 192.168/16 and fc00::/7.
Loopback and link-local are never allowed (services of this machine and of its hypervisor), 100.64/10 (the access
provider's network or an overlay; Alibaba's metadata service lives there) and metadata addresses.
`Policy.allow_networks` allows more, by network.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

PRIVATE_V4 = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
PRIVATE_V6 = IPv6Network("fc00::/7")

METADATA = frozenset(
    {
        IPv4Address("168.63.129.16"),  # Azure, in public address space
        IPv4Address("100.100.100.200"),  # Alibaba
        IPv4Address("192.0.0.192"),  # Oracle
        IPv4Address("169.254.169.254"),  # nearly all
        IPv6Address("fd20:ce::254"),  # Google
        IPv6Address("fd00:42::42"),  # Scaleway
    }
)
METADATA_V6 = IPv6Network("fd00:ec2::/32")  # Amazon: metadata, DNS, time, container roles

SPECIAL_V4 = tuple(
    (IPv4Network(network), what)
    for network, what in (
        ("0.0.0.0/8", "this network"),
        ("100.64.0.0/10", "shared by an access provider"),
        ("127.0.0.0/8", "this machine"),
        ("169.254.0.0/16", "link-local"),
        ("192.0.0.0/24", "for protocol assignments"),
        ("192.0.2.0/24", "for documentation"),
        ("192.31.196.0/24", "an AS112 sink"),
        ("192.52.193.0/24", "for multicast tunnels"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.175.48.0/24", "an AS112 sink"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved or broadcast"),
    )
)

PUBLIC_V6 = IPv6Network("2000::/3")  # all that has been allocated (RFC 4291 §2.4)
NAT64 = IPv6Network("64:ff9b::/96")  # how a network without IPv4 reaches IPv4 hosts (RFC 6052 §2.1)
LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # the same, numbered by the network itself (RFC 8215)
EMBEDDED_IN_LOW_BITS = (*map(IPv6Network, ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96")), LOCAL_NAT64)
SIX_TO_FOUR = IPv6Network("2002::/16")
TEREDO = IPv6Network("2001::/32")
ISATAP_MARKS = (0x0000_5EFE, 0x0200_5EFE)  # bits 64 to 95 (RFC 5214 §6.1)

# The first match gives the reason, so networks come before those that contain them.
SPECIAL_V6 = tuple(
    (IPv6Network(network), what)
    for network, what in (
        ("::/128", "no address"),
        ("::1/128", "this machine"),
        ("::/96", "IPv4-compatible"),
        ("::ffff:0:0/96", "IPv4-mapped"),
        ("::ffff:0:0:0/96", "IPv4-translated"),
        ("64:ff9b:1::/48", "for translation inside a network"),
        ("100::/64", "discard-only"),
        ("100:0:0:1::/64", "a dummy prefix"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "for protocol assignments"),
        ("2001:db8::/32", "for documentation"),
        ("2620:4f:8000::/48", "an AS112 sink"),
        ("3fff::/20", "for documentation"),
        ("5f00::/16", "for segment routing"),
        ("fd00:ec2::/32", "a cloud's metadata service"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)


def objection_to(ip: IPv4Address | IPv6Address, *, allow_private: bool) -> str | None:
    """Say why *ip* must not be contacted, or None if it may be."""
    if ip in METADATA:
        return f"{ip} is a cloud's metadata service"
    if isinstance(ip, IPv4Address):
        return _objection_v4(ip, allow_private=allow_private)
    return _objection_v6(ip, allow_private=allow_private)


def _objection_v4(ip: IPv4Address, *, allow_private: bool) -> str | None:
    if any(ip in network for network in PRIVATE_V4):
        return None if allow_private else f"{ip} is private"
    return next((f"{ip} is {what}" for network, what in SPECIAL_V4 if ip in network), None)


def _objection_v6(ip: IPv6Address, *, allow_private: bool) -> str | None:
    if ip.scope_id is not None:
        return f"{ip} has a zone: it means something on one machine only"
    for inner in embedded(ip):
        # Never with allow_private: a translator must not be used for private IPv4 addresses (RFC 6052 §3.1).
        if objection := objection_to(inner, allow_private=False):
            return f"{ip} contains {objection}"
    if ip in PRIVATE_V6 and ip not in METADATA_V6:
        return None if allow_private else f"{ip} is private"
    what = next((what for network, what in SPECIAL_V6 if ip in network), None)
    if what is None and ip not in NAT64 and ip not in PUBLIC_V6:
        what = "in a range that has not been given out"
    return what and f"{ip} is {what}"


def embedded(ip: IPv6Address) -> Iterator[IPv4Address]:
    """Yield every IPv4 address that *ip* would be translated or tunnelled to."""
    bits = int(ip)
    if ip in SIX_TO_FOUR:
        yield IPv4Address(bits >> 80 & 0xFFFF_FFFF)
    if ip in TEREDO:
        yield IPv4Address(bits >> 64 & 0xFFFF_FFFF)  # the server
        yield IPv4Address(~bits & 0xFFFF_FFFF)  # the client, all bits inverted (RFC 4380 §4)
    if bits >> 32 & 0xFFFF_FFFF in ISATAP_MARKS or ip in NAT64 or _is_embedded_in_low_bits(ip):
        yield IPv4Address(bits & 0xFFFF_FFFF)
    if ip in LOCAL_NAT64:
        yield IPv4Address((bits >> 64 & 0xFFFF) << 16 | bits >> 40 & 0xFFFF)  # around bits 64 to 71 (RFC 6052 §2.2)


def _is_embedded_in_low_bits(ip: IPv6Address) -> bool:
    """Say whether the prefix of *ip* makes its last 32 bits an IPv4 address; those of :: and ::1 are none."""
    return int(ip) > 1 and any(ip in network for network in EMBEDDED_IN_LOW_BITS)
