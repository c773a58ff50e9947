"""Endpoints: where a server listens, its protocol, when TLS starts, and how clients log in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailsettings.address import EmailAddress
from mailsettings.errors import AddressError
from mailsettings.hostnames import is_public_name, parse_own_host


class Protocol(StrEnum):
    """How mail is read (imap, pop3, jmap) or sent (smtp)."""

    IMAP = "imap"
    POP3 = "pop3"
    SMTP = "smtp"
    JMAP = "jmap"

    @property
    def direction(self) -> Direction:
        return Direction.OUTGOING if self is Protocol.SMTP else Direction.INCOMING


class Direction(StrEnum):
    INCOMING = "incoming"
    OUTGOING = "outgoing"


class Security(StrEnum):
    """When TLS starts: with the first byte, after STARTTLS/STLS, or never."""

    TLS = "tls"
    STARTTLS = "starttls"
    PLAIN = "plain"


class Auth(StrEnum):
    """Login methods in families, as a client chooses between them."""

    OAUTH2 = "oauth2"  # OAUTHBEARER (RFC 7628), XOAUTH2
    PASSWORD = "password"  # noqa: S105 - PLAIN, LOGIN, USER/PASS, IMAP LOGIN: the password itself, inside TLS
    ENCRYPTED = "password-encrypted"  # SCRAM-*, CRAM-MD5, DIGEST-MD5, APOP
    GSSAPI = "gssapi"
    NTLM = "ntlm"
    CERTIFICATE = "client-certificate"  # EXTERNAL
    NONE = "none"  # no login required


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server listens, and when TLS starts there.

    imap://imap.example.org:993 (tls)

    Only the user names servers that have an IP address or a name of the own network (`Claim` sees to that).
    """

    protocol: Protocol
    host: str  # A-labels, lower case, no trailing dot; an IPv6 address is without brackets
    port: int
    security: Security

    def __post_init__(self) -> None:
        if (plain := parse_own_host(self.host)) != self.host:
            raise AddressError(f"host {self.host!r} is not in its plain form {plain!r}")
        if not 1 <= self.port <= 65535:
            raise AddressError(f"port {self.port!r} is not between 1 and 65535")

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.protocol}://{host}:{self.port} ({self.security})"

    @property
    def is_public(self) -> bool:
        """True if the host is named as public hosts are; False for an IP address or a name of the own network."""
        return is_public_name(self.host)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Servers that the user has typed: trusted as such, without asking for confirmation."""

    address: EmailAddress
    incoming: Endpoint | None = None
    outgoing: Endpoint | None = None
    username: str = ""  # empty: the address
