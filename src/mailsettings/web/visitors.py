"""Who a visitor is, for the limits: an IPv4 address, or the /64 that an IPv6 address is in. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from mailsettings.policy import IPNetwork

UNKNOWN = "unknown"  # over a Unix socket there is no address: all share one allowance
_SITE = 64  # bits; what one household or server is given, so that changing the rest is no way around a limit


def visitor(peer: str, forwarded: Iterable[str], trusted: Iterable[IPNetwork]) -> str:
    """Return who asks: *peer*, or whom *peer* asks for where it is one of our own proxies.

    *forwarded* are the values of the proxy header, left to right. Everybody can write what they like into it, so it is
    read from the right, and only as far as *trusted* proxies have written it.
    """
    networks = tuple(trusted)
    hops = [hop.strip() for value in forwarded for hop in value.split(",") if hop.strip()]
    seen = peer
    while hops and _trusted(seen, networks):
        seen = hops.pop()
    return _site(seen)


def _trusted(text: str, networks: Iterable[IPNetwork]) -> bool:
    ip = _parsed(text)
    return ip is not None and any(ip in network for network in networks if network.version == ip.version)


def _site(text: str) -> str:
    ip = _parsed(text)
    if isinstance(ip, IPv6Address):
        return str(IPv6Network((ip, _SITE), strict=False))
    return str(ip) if ip else UNKNOWN


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Read `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        ip = ip_address(text)
    except ValueError:
        return None
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip
