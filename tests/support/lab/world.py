"""The vocabulary of the laboratory: services on hosts in zones, and the answer that is right for a world of them.

World("mail.example", "…", hosts=(Host("imap", (IMAPS,)), Host("smtp", (SUBMISSIONS,))), incoming="imap://…", …)
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailsettings.errors import FailureKind
from mailsettings.hostnames import parse_host
from mailsettings.model import Security


class Speaks(StrEnum):
    """What a port speaks."""

    IMAP = "imap"
    POP3 = "pop3"
    SMTP = "smtp"
    HTTP = "http"
    SSH = "ssh"
    SILENCE = "silence"  # a tarpit: accepts, reads and never responds
    NOTHING = "nothing"  # filtered: packets to this port are dropped


class Software(StrEnum):
    """Who speaks on a host: Postfix or Exim SMTP, Dovecot IMAP and POP3; Courier nothing but IMAP and POP3."""

    POSTFIX = "postfix"
    EXIM = "exim"
    COURIER = "courier"


class Fault(StrEnum):
    """What is wrong with a certificate, apart from its names."""

    NONE = "none"
    EXPIRED = "expired"
    SELF_SIGNED = "self-signed"
    UNKNOWN_CA = "unknown-ca"
    INCOMPLETE = "incomplete"  # the certificate between its own and the authority's is not sent


@dataclass(frozen=True, slots=True)
class Service:
    """What one port of a host does."""

    speaks: Speaks
    port: int
    security: Security = Security.PLAIN
    login: bool = True  # False: no AUTH is offered, as on the port 25 of a mail exchanger


IMAPS = Service(Speaks.IMAP, 993, Security.TLS)
IMAP = Service(Speaks.IMAP, 143, Security.STARTTLS)
PLAIN_IMAP = Service(Speaks.IMAP, 143)
POP3S = Service(Speaks.POP3, 995, Security.TLS)
POP3 = Service(Speaks.POP3, 110, Security.STARTTLS)
PLAIN_POP3 = Service(Speaks.POP3, 110)
SUBMISSIONS = Service(Speaks.SMTP, 465, Security.TLS)
SUBMISSION = Service(Speaks.SMTP, 587, Security.STARTTLS)
SUBMISSION_25 = Service(Speaks.SMTP, 25, Security.STARTTLS)
PLAIN_SUBMISSION = Service(Speaks.SMTP, 587)
EXCHANGER = Service(Speaks.SMTP, 25, Security.STARTTLS, login=False)
HTTP = Service(Speaks.HTTP, 80)
HTTPS = Service(Speaks.HTTP, 443, Security.TLS)
WEB = (HTTP, HTTPS)

MAIL_PORTS = (25, 110, 143, 465, 587, 993, 995)
FILTERED = tuple(Service(Speaks.NOTHING, port) for port in MAIL_PORTS)
TARPIT = tuple(Service(Speaks.SILENCE, port) for port in MAIL_PORTS)
WEB_FILTERED = tuple(Service(Speaks.NOTHING, port) for port in (80, 443))
WEB_TARPIT = tuple(Service(Speaks.SILENCE, port) for port in (80, 443))


@dataclass(frozen=True, slots=True)
class Certificate:
    """What a host shows; without *names* it is for the host's own name."""

    names: tuple[str, ...] = ()
    fault: Fault = Fault.NONE


@dataclass(frozen=True, slots=True)
class User:
    """One account."""

    name: str  # that is logged in with, to the letter
    password: str
    disabled: bool = False  # refused as a wrong password is
    off: bool = False  # refused with the server's own words for that
    broken: bool = False  # the server cannot read what it has about the account
    says: str = ""  # whatever the password is, the login is refused with this
    stored: str = "PLAIN"  # Dovecot's scheme for the password
    quota: int = 0  # octets; 0: as much as one likes
    holds: int = 0  # octets of mail


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who may log in on a host, and how; *name* tells them apart. Without any, all users have the same password."""

    name: str
    users: tuple[User, ...] = ()
    mechanisms: tuple[str, ...] = ("plain", "login")  # with XOAUTH2 or OAUTHBEARER the passwords are tokens
    connections: int = 10  # of one user from one address, to IMAP and to POP3

    @property
    def with_tokens(self) -> bool:
        return any("OAUTH" in name for name in self.mechanisms)


@dataclass(frozen=True, slots=True)
class Host:
    """A machine with addresses of its own. *name* is relative to its zone: "@" is the zone itself, "*" a wildcard."""

    name: str
    services: tuple[Service, ...]
    certificate: Certificate = Certificate()
    families: tuple[int, ...] = (4, 6)
    software: Software = Software.POSTFIX
    accounts: Accounts | None = None
    clients: int = 0  # connections of one client that SMTP takes, 0: all (Postfix only)
    owned: bool = False  # SMTP takes no sender from any user: each belongs to another one (Postfix only)
    delay: int = 0  # seconds before the SMTP greeting
    refuses: bool = False  # SMTP greets with 554 (Postfix only)
    old_tls: bool = False  # SMTP speaks TLS 1.0 and 1.1 only (Postfix only)
    pages: tuple[tuple[str, str], ...] = ()  # what HTTP serves: (path, document)
    rules: str = ""  # what else HTTP does, in nginx's words


class Delegation(StrEnum):
    """What the zone above says of a zone."""

    SERVED = "served"
    LAME = "lame"  # delegated to a server that has lost it: SERVFAIL
    ABSENT = "absent"  # NXDOMAIN
    SIGNED = "signed"  # with DNSSEC; the resolver has its key
    BOGUS = "bogus"  # signed with another key than the resolver has: SERVFAIL


@dataclass(frozen=True, slots=True)
class Zone:
    """A DNS zone with its hosts. *name* in A-labels.

    A record is a line of a master file without TTL and class (RFC 1035 §5), relative to the zone: `@ MX 10 mail`.
    One type is ours: `mail LIKE other.example.` gives a name the addresses of a host of the laboratory.
    """

    name: str
    hosts: tuple[Host, ...] = ()
    records: tuple[str, ...] = ()
    delegation: Delegation = Delegation.SERVED


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One mail domain, and the answer that is right for it. Endpoints are written as Endpoint prints itself."""

    domain: str  # as a user types it
    story: str
    hosts: tuple[Host, ...] = ()
    records: tuple[str, ...] = ()
    zone_name: str = ""  # the zone of *hosts*, where it is not *domain*
    delegation: Delegation = Delegation.SERVED
    incoming: str | None = None
    outgoing: str | None = None
    verified: bool = True  # of what is found
    incoming_verified: bool = True  # False: of what is found, the server for reading is not
    exit_code: int = 0
    kinds: frozenset[FailureKind] = frozenset()  # failures that must be told
    notes: tuple[str, ...] = ()  # words of notes that must be told
    confirm: tuple[str, ...] = ()  # hosts that the user has to agree to
    trust: str = ""  # of the best incoming choice; empty: not said
    learned: str = ""  # the authority and the source of its strongest claim, "domain autoconfig"; empty: not said
    tokens: tuple[str, bool] | None = None  # where tokens are to be had, and whether the table knows that place
    quiet: tuple[str, ...] = ()  # words that must not be among the notes
    options: tuple[str, ...] = ()  # of the command
    within: float = 5.0  # seconds by Detection.seconds, with room for a busy machine; tests/test_latency.py is exact

    @property
    def zone(self) -> Zone:
        """Return the zone this world adds to the DNS."""
        return Zone(self.zone_name or parse_host(self.domain), self.hosts, self.records, self.delegation)
