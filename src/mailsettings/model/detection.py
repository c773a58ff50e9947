"""The values of a detection, from the claim of a source to the answer. All of them frozen, hashable, printable.

Claim (one source's word)  ->  Candidate (one endpoint, all its claims)  ->  Probe (what was seen there)
->  Choice (candidate, probe, trust, reasons)  ->  Detection (the answer)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum

from mailsettings.address import USUAL_TEMPLATES, EmailAddress, fill_all
from mailsettings.errors import AddressError, Detail, DocumentError, FailureKind, NetworkError
from mailsettings.hostnames import parse_host


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
    NONE = "none"  # no login wanted


class Authority(IntEnum):
    """Who vouches for a claim, the strongest word first. Rank compares these; trust looks at them too."""

    OWN_TABLE = 1  # the caller's or the user's own table
    TABLE = 2  # the bundled table, by exact domain
    DOMAIN = 3  # the domain's own https document, or its SRV records signed by DNSSEC
    ISPDB = 4
    SRV = 5  # SRV records that could be forged
    MX_TABLE = 6  # the bundled table, by the MX host
    MX_DOCUMENT = 7  # documents of the MX's domain
    HOSTING = 8  # traces of a hosting provider: SPF include, NS, CNAME of autodiscover.
    HTTP_DOCUMENT = 9  # a document that came in clear
    GUESS = 10
    CERTIFICATE = 11  # a name read from the certificate of a server that was found

    @property
    def guessed(self) -> bool:
        """True if the server was found by its name: nothing and no one states that it is the domain's."""
        return self in (Authority.GUESS, Authority.CERTIFICATE)

    @property
    def stated(self) -> bool:
        """True if two such sources that name different hosts for one domain are worth a note.

        Guesses state nothing, the user's own table overrides the others on purpose, and MX documents and hosting
        traces speak of another domain than the address's.
        """
        return self in (
            *(Authority.TABLE, Authority.DOMAIN, Authority.ISPDB, Authority.SRV),
            *(Authority.MX_TABLE, Authority.HTTP_DOCUMENT),
        )

    @property
    def by_exact_domain(self) -> bool:
        """True for the row that a table, own or bundled, has for the very domain: no DNS answer led to it."""
        return self in (Authority.OWN_TABLE, Authority.TABLE)

    @property
    def from_table(self) -> bool:
        """True for the bundled table, however the row was found.

        Not for the user's own table, whose trust is another one.
        """
        return self in (Authority.TABLE, Authority.MX_TABLE, Authority.HOSTING)

    @property
    def from_matching_row(self) -> bool:
        """True for the bundled table's row of the domain or of its MX host.

        Not for hosting traces: the company that serves a domain's web pages need not have its mailboxes, so its row is
        no proof that a server is the right one.
        """
        return self in (Authority.TABLE, Authority.MX_TABLE)

    @property
    def knows_usernames(self) -> bool:
        """True for rows whose user-name forms are worth a second login: own table, bundled table by domain or MX host.

        Not for hosting traces, which may lead to another company's row: a refused login there counts towards a lock.
        """
        return self is Authority.OWN_TABLE or self.from_matching_row

    @property
    def names_provider(self) -> bool:
        """True if it names who has the mailboxes: any table, also one that traces in DNS led to.

        A server that was found by its name cannot overrule these: some 5 % of the big providers' customers run a web
        panel with a live mail server and a valid certificate on mail.<domain>.
        """
        return self is Authority.OWN_TABLE or self.from_table


class Trust(StrEnum):
    """Whether a password may go to a server, and why."""

    OWN = "own"  # the caller said so
    PROVIDER = "provider"  # in the provider table
    DOMAIN = "domain"  # the domain says so over a way that cannot be forged, and the server is its own
    SAME_DOMAIN = "same-domain"  # found by other means, with a valid certificate for a name inside the address's domain
    CONFIRM = "confirm"  # verified, but of a domain the user has to agree to first
    UNVERIFIED = "unverified"  # never

    @property
    def allows_password(self) -> bool:
        """True if a password may be sent to the verified server without asking."""
        return self not in (Trust.CONFIRM, Trust.UNVERIFIED)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server listens, and when TLS starts there.

    imap://imap.example.org:993 (tls)
    """

    protocol: Protocol
    host: str  # A-labels, lower case, no trailing dot
    port: int
    security: Security

    def __post_init__(self) -> None:
        if parse_host(self.host) != self.host:
            raise AddressError(f"host {self.host!r} is not in its plain form {parse_host(self.host)!r}")
        if not 1 <= self.port <= 65535:
            raise AddressError(f"port {self.port!r} is not between 1 and 65535")

    def __str__(self) -> str:
        return f"{self.protocol}://{self.host}:{self.port} ({self.security})"


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Servers that a person has typed, which is their word for them: no confirmation is asked."""

    address: EmailAddress
    incoming: Endpoint | None = None
    outgoing: Endpoint | None = None
    username: str = ""  # empty: the address


@dataclass(frozen=True, slots=True)
class Question:
    """One DNS question. *name* is absolute, lower-case, without the trailing dot; *type* is A, AAAA, MX, SRV, TXT …"""

    name: str
    type: str

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a claim was learned."""

    authority: Authority
    source: str  # table, srv, mx, autoconfig …: the source's name
    locator: str  # the URL, DNS question or table row, as it can be looked up again
    authentic: bool = False  # True if nobody on the way could have changed it
    domain: str = ""  # whose word it is: the domain that vouches


@dataclass(frozen=True, slots=True)
class Claim:
    """One source's word for one server."""

    endpoint: Endpoint
    evidence: Evidence
    usernames: tuple[str, ...] = ()  # templates in the order to try, with %EMAILADDRESS% and the like
    auth: tuple[Auth, ...] = ()  # in the source's order
    order: int = 0  # the source's own order of preference, 0 first
    eager: bool = True  # False: contact it only when better claims have failed or kept silent


@dataclass(frozen=True, slots=True)
class Candidate:
    """One endpoint with every claim made for it, strongest first."""

    endpoint: Endpoint
    claims: tuple[Claim, ...]

    @property
    def authority(self) -> Authority:
        return self.claims[0].evidence.authority


@dataclass(frozen=True, slots=True)
class TLSFacts:
    """What TLS showed."""

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
    USER = "user"  # of the machine that searches; never the visitors of a service


class NoteKind(StrEnum):
    """What programs recognise a note by: they never read its text."""

    REMARK = "remark"
    UNPROTECTED_GREETING = "unprotected-greeting"  # true of every server with STARTTLS
    IPV4_BROKEN = "ipv4-broken"
    IPV6_BROKEN = "ipv6-broken"


@dataclass(frozen=True, slots=True)
class Note:
    """Something odd that a person should be told; prints as one line."""

    text: str  # remote text in it is escaped
    kind: NoteKind = NoteKind.REMARK
    about: Endpoint | None = None  # the server it was seen at
    audience: Audience = Audience.EVERYONE

    @property
    def public(self) -> bool:
        """True if the visitors of a service may read it: never what was seen at one server."""
        return self.audience is Audience.EVERYONE and self.about is None

    def __str__(self) -> str:
        return f"{self.about.host}:{self.about.port}: {self.text}" if self.about else self.text


@dataclass(frozen=True, slots=True)
class Hello:
    """What a server says of itself. After STARTTLS only what it said inside TLS counts."""

    greeting: str  # printable, at most 200 characters
    software: str = ""  # "Dovecot", "Postfix" …, where the greeting says so
    capabilities: tuple[str, ...] = ()
    mechanisms: tuple[str, ...] = ()  # SASL names, upper case, plus LOGIN, USER and APOP as commands of their own
    auth: tuple[Auth, ...] = ()
    tls: TLSFacts | None = None
    notes: tuple[Note, ...] = ()  # oddities


@dataclass(frozen=True, slots=True)
class URL:
    """A document that was asked for: `https://example.org/mail.xml`, `https://example.org/discover.xml (POST)`."""

    text: str
    method: str = "GET"

    @property
    def host(self) -> str:
        """Return the host's name; empty where there is none."""
        from urllib.parse import urlsplit

        try:
            return urlsplit(self.text).hostname or ""
        except ValueError:
            return ""

    def __str__(self) -> str:
        return self.text if self.method == "GET" else f"{self.text} ({self.method})"


@dataclass(frozen=True, slots=True)
class HostName:
    """A name whose addresses were asked for, of both kinds: `imap.example.org A/AAAA`."""

    host: str

    def __str__(self) -> str:
        return f"{self.host} A/AAAA"


@dataclass(frozen=True, slots=True)
class ProxyAddress:
    """A proxy without its login: `socks5://127.0.0.1:1080`."""

    scheme: str
    host: str  # a name or an IP address, without brackets
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Task:
    """A part of the work that is not one question to one place: `second look`, a caller's own lookup."""

    name: str

    def __str__(self) -> str:
        return self.name


Where = Endpoint | Question | URL | HostName | ProxyAddress | Task


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that was tried and did not work."""

    kind: FailureKind
    where: Where | None  # None: it is not shown, or there is no single place
    seen: str = ""  # in words, remote text escaped
    detail: Detail | None = None
    redacted: str = field(default="", compare=False, repr=False)  # *seen* without remote text; not part of the JSON

    @classmethod
    def of(cls, where: Where | None, error: NetworkError | DocumentError) -> Failure:
        """Return *error*, met at *where*, as a value."""
        if isinstance(error, DocumentError):
            return cls(error.kind, where, str(error))
        return cls(error.kind, where, error.seen, error.detail, error.redacted)

    @property
    def place(self) -> str:
        """Return *where* as text; empty where there is none."""
        return "" if self.where is None else str(self.where)


class Step(StrEnum):
    """What is being done at a server: the parts of a probe, and of a login behind it, in their usual order."""

    RESOLVE = "resolve"
    WAIT = "wait"  # until fewer connections to the same address are open
    CONNECT = "connect"
    TLS = "tls"
    GREETING = "greeting"
    CAPABILITIES = "capabilities"
    STARTTLS = "starttls"
    LOGIN = "login"
    MAILBOX = "mailbox"
    LOOK = "look"  # at the mailbox, once everything is verified
    FAREWELL = "farewell"


@dataclass(frozen=True, slots=True)
class Timing:
    """One step of a probe and the *seconds* it took."""

    name: Step
    seconds: float


@dataclass(frozen=True, slots=True)
class Probe:
    """What was seen when an endpoint was really contacted: a hello, or a failure. Never a login."""

    endpoint: Endpoint
    hello: Hello | None = None
    failure: Failure | None = None
    tls: TLSFacts | None = None  # also when the certificate was for other names
    address: str = ""  # the IP address that was talked to
    aliases: tuple[str, ...] = ()  # the CNAME targets of the host
    steps: tuple[Timing, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def verified(self) -> bool:
        """True if the mail protocol was spoken inside TLS with a valid certificate for the host's name."""
        secure = self.endpoint.security is not Security.PLAIN
        return secure and self.failure is None and self.hello is not None and self.hello.tls is not None


@dataclass(frozen=True, slots=True)
class Choice:
    """A candidate with what is known about it: one line of the answer."""

    endpoint: Endpoint
    username: str  # filled in
    username_template: str
    usernames: tuple[str, ...]  # every form worth trying, filled in, *username* first
    auth: tuple[Auth, ...]  # offered after TLS; what the source says where nothing was verified
    verified: bool
    trust: Trust
    reasons: tuple[str, ...]
    claims: tuple[Claim, ...]
    probe: Probe | None = None
    displaced: bool = False  # found by its name, behind the provider that keeps the mailboxes

    def for_address(self, address: EmailAddress) -> Choice:
        """Return the choice with the user names of *address*."""
        templates = next((claim.usernames for claim in self.claims if claim.usernames), USUAL_TEMPLATES)
        names = fill_all(templates, address)
        return replace(self, username=names[0], usernames=names)


@dataclass(frozen=True, slots=True)
class Hint:
    """Something the user has to do or know before a client can log in."""

    id: str  # enable_imap, app_password …: stable, for translation
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A page of the provider for its users."""

    url: str
    text: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """Something beside mail that the provider offers: reported, never contacted."""

    kind: str  # caldav, carddav, webdav, managesieve, ews, webmail …
    url: str  # as text; sieve://host:port where there is no URL


@dataclass(frozen=True, slots=True)
class OAuth:
    """Where to ask for a token. From the provider table, or from the metadata of an issuer; no client ids."""

    issuer: str
    auth_url: str
    token_url: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OAuthSource:
    """Where a token for the chosen servers is to be had, and whose word that is."""

    oauth: OAuth
    known: bool  # by the provider table; False: the domain's own word, which a user should look at before a login
    locator: str  # the row of the table, or the document that names the issuer


@dataclass(frozen=True, slots=True)
class Provider:
    """Who runs the mailbox, as far as the table or a document says."""

    id: str
    name: str
    kind: str = "mailbox"  # mailbox, hosting, isp, bridge, forwarder, filter, none
    hints: tuple[Hint, ...] = ()
    documentation: tuple[Link, ...] = ()
    oauth: OAuth | None = None


class Confidence(StrEnum):
    """How sure a finding is: seen, or the usual reason for what was seen, or one of several."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


class Responsible(StrEnum):
    """Who can do something about a finding."""

    USER = "user"
    PROVIDER = "provider"
    NETWORK = "network"  # whoever runs the network between the user and the server
    US = "us"  # a mistake of this program


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, or worth knowing, and the one thing to do next."""

    code: str  # one of diagnosis.codes.CODES: stable, for programs and translation
    confidence: Confidence
    evidence: str  # what was seen, and where; remote text escaped
    text: str
    advice: str
    whose: Responsible
    link: str = ""  # the provider's own page about it

    def suggesting(self, old: str, new: str) -> Finding:
        """Return the finding; if it asks "did you mean *old*?" it asks for *new* instead."""
        return replace(self, advice=self.advice.replace(old, new)) if old and self.code == "typo" else self


class SettledBy(StrEnum):
    """Why a search ended when it did."""

    VERIFIED = "verified"  # both directions, and nothing outstanding could be better
    VERIFIED_IMPATIENT = (
        "verified-impatient"  # better-ranked work did not respond within policy.timeouts.better_source_grace
    )
    NOTHING_LEFT = "nothing-left"  # everything was tried
    SILENCE = "silence"  # no server responded within policy.timeouts.first_response_timeout
    DEADLINE = "deadline"
    NO_MAIL = "no-mail"  # the domain receives none
    CLOSED_PROVIDER = "closed-provider"  # it lets no mail program in
    TABLE_ONLY = "table-only"  # offline: the provider table was read, and no server was contacted


@dataclass(frozen=True, slots=True)
class Detection:
    """The answer for one address: best choices first; `incoming[0]` and `outgoing[0]` are it."""

    address: str
    provider: Provider | None = None
    incoming: tuple[Choice, ...] = ()
    outgoing: tuple[Choice, ...] = ()
    confirm: tuple[str, ...] = ()  # registrable domains the user must agree to first
    hints: tuple[Hint, ...] = ()
    documentation: tuple[Link, ...] = ()
    notes: tuple[Note, ...] = ()
    failures: tuple[Failure, ...] = ()
    other_services: tuple[Service, ...] = ()  # calendar, address book, filters …: reported, not contacted
    settled_by: str = ""  # *settled* in words
    settled: SettledBy | None = None  # why the search ended when it did
    seconds: float = 0.0
    suggestion: str = ""  # "did you mean": another address, as a question
    shown_address: str = field(default="")  # with U-labels, where it differs from *address*
    oauth: tuple[OAuthSource, ...] = ()  # where tokens for the best choices are to be had, the table's word first
    findings: tuple[Finding, ...] = ()  # why a direction is missing, worst first

    @property
    def verified(self) -> bool:
        """True if the best choice of both directions was verified."""
        return all(choices and choices[0].verified for choices in (self.incoming, self.outgoing))

    def for_address(self, address: EmailAddress) -> Detection:
        """Return the detection, which was made for another address of the same domain, as that of *address*."""
        meant = self.suggestion.rpartition("@")[2]  # the typo is in the domain
        suggestion = f"{address.local}@{meant}" if meant else ""
        return replace(
            self,
            address=str(address),
            shown_address=f"{address.local}@{address.unicode_domain}",
            incoming=tuple(choice.for_address(address) for choice in self.incoming),
            outgoing=tuple(choice.for_address(address) for choice in self.outgoing),
            suggestion=suggestion,
            findings=tuple(item.suggesting(self.suggestion, suggestion) for item in self.findings),
        )

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the detection as a JSON document of schema 1 (ASCII only)."""
        from mailsettings.schema import to_json

        return to_json(self, indent=indent)
