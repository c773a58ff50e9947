"""What inspections of servers and of the network have seen, only to explain failures.

None of it is verified, and nothing was sent over such a connection: it explains, it never vouches.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailsettings.model import Endpoint, Failure


@dataclass(frozen=True, slots=True)
class PresentedCertificate:
    """One certificate as the server presented it. Remote text is escaped."""

    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()  # DNS names, lower case
    not_before: str = ""  # ISO 8601, UTC
    not_after: str = ""  # ISO 8601, UTC
    self_signed: bool = False  # subject and issuer are the same
    weak: str = ""  # what is too weak about it: "RSA of 1024 bits", "signed with SHA-1"; empty: nothing
    for_servers: bool = True  # no purpose that excludes it
    issuer_url: str = ""  # of its issuer's certificate (RFC 5280 §4.2.2.1)
    fingerprint: str = ""  # SHA-256, hexadecimal


@dataclass(frozen=True, slots=True)
class UnverifiedHandshake:
    """What was seen in an unverified TLS handshake."""

    version: str  # "TLSv1.1"
    cipher: str = ""
    chain: tuple[PresentedCertificate, ...] = ()  # the server's own first; empty if it could not be parsed


@dataclass(frozen=True, slots=True)
class Inspection:
    """One inspected endpoint: its *handshake*, or the *failure* that came before."""

    endpoint: Endpoint
    handshake: UnverifiedHandshake | None = None
    failure: Failure | None = None
    greeting: str = ""  # the first line in plaintext, escaped

    @property
    def leaf(self) -> PresentedCertificate | None:
        """Return the server's own certificate."""
        return self.handshake.chain[0] if self.handshake and self.handshake.chain else None


@dataclass(frozen=True, slots=True)
class NetworkObservations:
    """All inspections, and how the network treats other names and ports."""

    now: datetime | None = None  # by this machine's clock; None: not read
    inspections: tuple[Inspection, ...] = ()
    nxdomain_addresses: tuple[str, ...] = ()  # addresses DNS returned for a name that is not registered
    misdirected_hosts: tuple[str, ...] = ()  # hosts that DNS resolves to one of these addresses as well
    web_reachable: tuple[tuple[str, bool], ...] = ()  # host, and whether its port 443 accepted a connection
    dates: tuple[tuple[str, str], ...] = ()  # verified web server, and its Date header (RFC 9110 §6.6.1)

    def inspection_of(self, endpoint: Endpoint) -> Inspection | None:
        """Return the inspection of *endpoint*, or None."""
        return next((each for each in self.inspections if each.endpoint == endpoint), None)


NO_OBSERVATIONS = NetworkObservations()
