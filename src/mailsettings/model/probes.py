"""Probes: what was seen when a server was contacted, up to its capabilities, and how long each step took."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailsettings.model.endpoints import Auth, Endpoint, Security
from mailsettings.model.failures import Failure


class Step(StrEnum):
    """What is being done at a server: the parts of a probe, and of a login behind it, in their usual order."""

    RESOLVE = "resolve"
    WAIT = "wait"  # for the limiter: until fewer connections to the same address are open
    CONNECT = "connect"
    TLS = "tls"
    GREETING = "greeting"
    CAPABILITIES = "capabilities"
    STARTTLS = "starttls"
    LOGIN = "login"
    MAILBOX = "mailbox"
    LOOK = "look"  # inspect the mailbox, once everything is verified
    FAREWELL = "farewell"


@dataclass(frozen=True, slots=True)
class Timing:
    """One step of a probe and the *seconds* it took."""

    name: Step
    seconds: float


@dataclass(frozen=True, slots=True)
class TLSFacts:
    """What a verified TLS handshake negotiated, and the server's certificate."""

    version: str  # "TLSv1.3"
    names: tuple[str, ...] = ()  # DNS names of the certificate (subjectAltName)
    issuer: str = ""
    subject: str = ""
    not_before: str = ""  # ISO 8601, UTC
    not_after: str = ""  # ISO 8601, UTC
    alpn: str = ""


class Audience(StrEnum):
    """Who may read a note."""

    EVERYONE = "everyone"
    USER = "user"  # of the machine that searches; never the clients of a service


class NoteKind(StrEnum):
    """What programs recognise a note by, instead of its text."""

    REMARK = "remark"
    UNPROTECTED_GREETING = "unprotected-greeting"  # true of every server with STARTTLS
    PREAUTH = "preauth"  # the server counts the connection as logged in before any login
    ALERT = "alert"  # a text that the server wants to be shown
    IPV4_BROKEN = "ipv4-broken"
    IPV6_BROKEN = "ipv6-broken"


@dataclass(frozen=True, slots=True)
class Note:
    """Something unusual that the user should know; prints as one line."""

    text: str  # remote text in it is escaped
    kind: NoteKind = NoteKind.REMARK
    about: Endpoint | None = None  # the server it was seen at
    audience: Audience = Audience.EVERYONE

    @property
    def public(self) -> bool:
        """True if the clients of a service may read it: never what was seen at one server."""
        return self.audience is Audience.EVERYONE and self.about is None

    def __str__(self) -> str:
        return f"{self.about.host}:{self.about.port}: {self.text}" if self.about else self.text


@dataclass(frozen=True, slots=True)
class Hello:
    """How a server introduces itself. With STARTTLS only what it sent inside TLS counts."""

    greeting: str  # printable, at most 200 characters
    software: str = ""  # "Dovecot", "Postfix" …, where the greeting says so
    capabilities: tuple[str, ...] = ()
    mechanisms: tuple[str, ...] = ()  # SASL names, upper case, plus LOGIN, USER and APOP as commands of their own
    auth: tuple[Auth, ...] = ()
    tls: TLSFacts | None = None
    notes: tuple[Note, ...] = ()  # anything unusual

    @property
    def preauthenticated(self) -> bool:
        """True if the server counts the connection as logged in already: nothing there can verify a login."""
        return any(note.kind is NoteKind.PREAUTH for note in self.notes)


@dataclass(frozen=True, slots=True)
class Probe:
    """What was seen when an endpoint was contacted: a hello, or a failure. Never a login."""

    endpoint: Endpoint
    hello: Hello | None = None
    failure: Failure | None = None
    tls: TLSFacts | None = None  # also when the certificate was for other names
    address: str = ""  # the IP address of the connection
    aliases: tuple[str, ...] = ()  # the CNAME targets of the host
    steps: tuple[Timing, ...] = ()
    notes: tuple[Note, ...] = ()
    # With a certificate for other names: those the server gave itself in plaintext, before TLS, that it is valid for.
    own_names: tuple[str, ...] = ()

    @property
    def verified(self) -> bool:
        """True if the server spoke its protocol inside TLS, with a valid certificate for the host's name."""
        if self.endpoint.security is Security.PLAIN or self.failure is not None or self.hello is None:
            return False
        return self.hello.tls is not None and not self.hello.preauthenticated
