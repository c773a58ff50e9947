"""Give every host of the laboratory addresses of its own, in ranges that are private in the real world. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from tests.support.lab.world import Host, Service, Software, Speaks, Zone

CLIENT = (IPv4Address("10.77.0.1"), IPv6Address("fd77::1"))
GATEWAY = (IPv4Address("10.77.0.2"), IPv6Address("fd77::2"))
RESOLVER = (IPv4Address("10.77.0.53"), IPv6Address("fd77::53"))
AUTHORITATIVE = (IPv4Address("10.77.0.54"), IPv6Address("fd77::54"))
# Routed to the servers' namespace, where no host has them and nothing answers: for broken IPv6 or IPv4.
NOWHERE = (IPv4Address("10.77.255.1"), IPv6Address("fd77::dead:1"))

_FIRST = (IPv4Address("10.77.1.0"), IPv6Address("fd77::1:0"))


@dataclass(frozen=True, slots=True)
class Place:
    """A host with its full name and its addresses."""

    host: Host
    fqdn: str  # without the trailing dot
    number: int  # starts at 1; names the host's files
    addresses: tuple[IPv4Address | IPv6Address, ...]

    def where(self, speaks: Speaks) -> Iterator[tuple[str, Service]]:
        """Yield address and service for everything on this host that *speaks* so."""
        for service in self.host.services:
            if service.speaks is speaks:
                yield from ((str(address), service) for address in self.addresses)

    @property
    def certificate_names(self) -> tuple[str, ...]:
        """Return the names the host's certificate is for."""
        return self.host.certificate.names or (self.fqdn,)


def placed(zones: Iterable[Zone]) -> tuple[Place, ...]:
    """Return every host of *zones* with addresses, in order."""
    named = [(host, _full_name(host.name, zone.name)) for zone in zones for host in zone.hosts]
    return tuple(Place(host, fqdn, number, _addresses(host, number)) for number, (host, fqdn) in enumerate(named, 1))


def sockets(places: Iterable[Place]) -> frozenset[tuple[str, int]]:
    """Return every address and port at which something must accept connections."""
    spoken = [speaks for speaks in Speaks if speaks is not Speaks.NOTHING]
    return frozenset((ip, service.port) for place in places for speaks in spoken for ip, service in place.where(speaks))


def smtp_places(places: Iterable[Place], software: Software) -> tuple[Place, ...]:
    """Return the hosts whose SMTP is spoken by *software*."""
    return tuple(p for p in places if p.host.software is software and any(p.where(Speaks.SMTP)))


def _full_name(name: str, zone: str) -> str:
    return zone if name == "@" else f"{name}.{zone}"


def _addresses(host: Host, number: int) -> tuple[IPv4Address | IPv6Address, ...]:
    return tuple(first + number for first in _FIRST if first.version in host.families)
