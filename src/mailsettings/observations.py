"""What a second look at servers and network has shown, for a diagnosis and nothing else.

Nobody has verified any of it and nothing was sent over such a connection: it explains, it never vouches.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailsettings.model import Endpoint, Failure


@dataclass(frozen=True, slots=True)
class PresentedCertificate:
    """One certificate as it was shown. Remote text is escaped."""

    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()  # DNS names, lower case
    not_before: str = ""  # ISO 8601, UTC
    not_after: str = ""  # ISO 8601, UTC
    self_signed: bool = False  # subject and issuer are the same
    weak: str = ""  # what is too weak about it: "RSA of 1024 bits", "signed with SHA-1"; empty: nothing
    for_servers: bool = True  # no purpose that excludes it
    issuer_url: str = ""  # where its issuer's certificate is to be had (RFC 5280 §4.2.2.1)
    fingerprint: str = ""  # SHA-256, hexadecimal


@dataclass(frozen=True, slots=True)
class UnverifiedHandshake:
    """What a handshake that believes everything has shown."""

    version: str  # "TLSv1.1"
    cipher: str = ""
    chain: tuple[PresentedCertificate, ...] = ()  # the server's own first; empty if it could not be read


@dataclass(frozen=True, slots=True)
class Inspection:
    """One endpoint looked at: *shown*, or the *failure* that came before."""

    endpoint: Endpoint
    handshake: UnverifiedHandshake | None = None
    failure: Failure | None = None
    greeting: str = ""  # the first line said in clear, escaped

    @property
    def leaf(self) -> PresentedCertificate | None:
        """Return the server's own certificate."""
        return self.handshake.chain[0] if self.handshake and self.handshake.chain else None


@dataclass(frozen=True, slots=True)
class NetworkObservations:
    """All that was looked at, and what the network does with other names and ports."""

    now: datetime | None = None  # by this machine's clock; None: nobody has looked at it
    inspections: tuple[Inspection, ...] = ()
    nxdomain_addresses: tuple[str, ...] = ()  # addresses DNS gave for a name that nobody has registered
    misdirected_hosts: tuple[str, ...] = ()  # hosts that DNS leads to one of these addresses as well
    web_reachable: tuple[tuple[str, bool], ...] = ()  # host, and whether its port 443 accepted a connection
    dates: tuple[tuple[str, str], ...] = ()  # verified web server, and the date it said (RFC 9110 §6.6.1)

    def inspection_of(self, endpoint: Endpoint) -> Inspection | None:
        """Return the look at *endpoint*, if there was one."""
        return next((look for look in self.inspections if look.endpoint == endpoint), None)


NO_OBSERVATIONS = NetworkObservations()
