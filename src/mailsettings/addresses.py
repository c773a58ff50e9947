"""Which IP addresses are not the public Internet (IANA special-purpose registries), embedded IPv4 included. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address


def objection_to(ip: IPv4Address | IPv6Address, *, allow_private: bool) -> str | None:
    """Say why *ip* is no address to contact, or None if it is one."""
    if ip.is_loopback:
        return f"{ip} is this machine"
    if ip.is_private and not allow_private:
        return f"{ip} is private"
    return None
