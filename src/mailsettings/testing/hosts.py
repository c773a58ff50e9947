"""Hosts of a fake network: what listens at their addresses, and how connections to the other ports fail."""

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
    DROPPED = "dropped"  # times out: filtered, or there is no such machine
    UNREACHABLE = "unreachable"


@dataclass(slots=True)
class FakeMachine:
    """The machine at one IP address: what listens there, and the certificates for its names."""

    listeners: dict[int, PortListener | ConnectionFate] = field(default_factory=dict)
    otherwise: ConnectionFate = ConnectionFate.REFUSED
    certificates: dict[str, Certificate] = field(default_factory=dict)
    rtt: float | None = None  # seconds; None: that of the network

    def at(self, port: int) -> PortListener | ConnectionFate:
        """Return what listens on *port*, or how a connection to it fails."""
        return self.listeners.get(port, self.otherwise)


@dataclass(frozen=True, slots=True)
class PortListener:
    """A server on one port of a machine; it calls itself *host*."""

    server: Server
    host: str
    machine: FakeMachine
    certificate: Certificate | None = None

    def certificate_for(self, name: str) -> Certificate:
        """Return the certificate for the SNI *name*: other names of the same address have their own."""
        return self.certificate or self.machine.certificates.get(name) or self.machine.certificates[self.host]


class Host:
    """A name, the machines at its addresses, and their servers. Each method returns the host, for chaining."""

    def __init__(
        self, name: str, machines: tuple[FakeMachine, ...], site: Site, certificate: Certificate | None
    ) -> None:
        self.name = name
        self._machines = machines
        self._site = site
        for machine in machines:
            machine.certificates[name] = certificate or machine.certificates.get(name) or Certificate((name,))

    def serve(self, *servers: Server, certificate: Certificate | Iterable[str] | None = None) -> Self:
        """Run *servers*; *certificate* is for these only, a list of names makes a valid one."""
        own_certificate = None if certificate is None else fake_certificate(certificate)
        for machine in self._machines:
            for server in servers:
                machine.listeners[server.port] = PortListener(server, self.name, machine, own_certificate)
        return self

    def web(self, *ports: int) -> Self:
        """Run a web server for the pages of the network; any other URL is 404. Port 443 speaks TLS."""
        for machine in self._machines:
            for port in ports:
                # Names that share an address share its web server, and a server of the test's own stays.
                if not isinstance(machine.at(port), PortListener):
                    machine.listeners[port] = PortListener(self._site.server(port), self.name, machine)
        return self

    def refuse(self, *ports: int) -> Self:
        """Refuse connections to *ports*, or to all others. This is the default."""
        return self._set(ConnectionFate.REFUSED, ports)

    def drop(self, *ports: int) -> Self:
        """Let connections to *ports*, or to all others, time out."""
        return self._set(ConnectionFate.DROPPED, ports)

    def unreachable(self, *ports: int) -> Self:
        """Answer connections to *ports*, or to all others, with "host unreachable"."""
        return self._set(ConnectionFate.UNREACHABLE, ports)

    def reset(self, *ports: int) -> Self:
        """Accept connections to *ports* and reset them at once."""
        return self.serve(*(scripted(port, reset_script) for port in ports))

    def hold(self, *ports: int) -> Self:
        """Accept connections to *ports* and never respond: a tarpit."""
        return self.serve(*(scripted(port, silent_script) for port in ports))

    def _set(self, fate: ConnectionFate, ports: tuple[int, ...]) -> Self:
        for machine in self._machines:
            machine.listeners.update(dict.fromkeys(ports, fate))
            machine.otherwise = machine.otherwise if ports else fate
        return self


def endpoint_text(ip: IPAddress, port: int) -> str:
    """Return *ip*:*port* as the network records it."""
    return f"[{ip}]:{port}" if isinstance(ip, IPv6Address) else f"{ip}:{port}"
