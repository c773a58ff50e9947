"""Hosts of a FakeNetwork: what listens at their addresses, and what becomes of connections to the other ports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Self

from mailsettings.policy import IPAddress
from mailsettings.testing.certificates import Certificate, fake_certificate
from mailsettings.testing.scripts import Server, reset_script, scripted, silent_script

if TYPE_CHECKING:
    from mailsettings.testing.web import Site


class ConnectionFate(Enum):
    """How a connection fails."""

    REFUSED = "refused"
    DROPPED = "dropped"  # no answer at all: filtered, or nobody there
    UNREACHABLE = "unreachable"


@dataclass(slots=True)
class FakeMachine:
    """One IP address: what listens there, and the certificates it has for the names it is known by."""

    listeners: dict[int, PortListener | ConnectionFate] = field(default_factory=dict)
    otherwise: ConnectionFate = ConnectionFate.REFUSED
    certificates: dict[str, Certificate] = field(default_factory=dict)
    rtt: float | None = None  # seconds; None: the world's

    def at(self, port: int) -> PortListener | ConnectionFate:
        """Return what a connection to *port* meets."""
        return self.listeners.get(port, self.otherwise)


@dataclass(frozen=True, slots=True)
class PortListener:
    """A server at one place, where it calls itself *host*."""

    server: Server
    host: str
    place: FakeMachine
    certificate: Certificate | None = None

    def certificate_for(self, name: str) -> Certificate:
        """Return what is shown for the SNI *name*: other names of the same address have their own certificates."""
        return self.certificate or self.place.certificates.get(name) or self.place.certificates[self.host]


class Host:
    """A name, its addresses, and what is to be found there. Each method returns the host, for chains."""

    def __init__(self, name: str, places: tuple[FakeMachine, ...], site: Site, certificate: Certificate | None) -> None:
        self.name = name
        self._places = places
        self._site = site
        for place in places:
            place.certificates[name] = certificate or place.certificates.get(name) or Certificate((name,))

    def serve(self, *servers: Server, certificate: Certificate | Iterable[str] | None = None) -> Self:
        """Run *servers*; *certificate* is for these only, names alone mean a valid one."""
        shown = None if certificate is None else fake_certificate(certificate)
        for place in self._places:
            for server in servers:
                place.listeners[server.port] = PortListener(server, self.name, place, shown)
        return self

    def web(self, *ports: int) -> Self:
        """Run a web server for the world's pages; everything without a page is 404. Port 443 speaks TLS."""
        for place in self._places:
            for port in ports:
                # Names that share an address share its web server, and what a test has put there stays.
                if not isinstance(place.at(port), PortListener):
                    place.listeners[port] = PortListener(self._site.server(port), self.name, place)
        return self

    def refuse(self, *ports: int) -> Self:
        """Refuse connections to *ports*, without any to all that nothing was said about. This is the default."""
        return self._set(ConnectionFate.REFUSED, ports)

    def drop(self, *ports: int) -> Self:
        """Let connections to *ports*, or to all others, run into their time-out."""
        return self._set(ConnectionFate.DROPPED, ports)

    def unreachable(self, *ports: int) -> Self:
        """Answer connections to *ports*, or to all others, with "host unreachable"."""
        return self._set(ConnectionFate.UNREACHABLE, ports)

    def reset(self, *ports: int) -> Self:
        """Accept connections to *ports* and reset them at once."""
        return self.serve(*(scripted(port, reset_script) for port in ports))

    def hold(self, *ports: int) -> Self:
        """Accept connections to *ports* and never say a word: a tarpit."""
        return self.serve(*(scripted(port, silent_script) for port in ports))

    def _set(self, fate: ConnectionFate, ports: tuple[int, ...]) -> Self:
        for place in self._places:
            place.listeners.update(dict.fromkeys(ports, fate))
            place.otherwise = place.otherwise if ports else fate
        return self


def endpoint_text(ip: IPAddress, port: int) -> str:
    """Return *ip*:*port* as the world writes it down."""
    return f"[{ip}]:{port}" if isinstance(ip, IPv6Address) else f"{ip}:{port}"
