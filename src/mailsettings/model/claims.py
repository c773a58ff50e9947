"""What sources state about servers: claims with their evidence, gathered into candidates."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

from mailsettings.errors import AddressError
from mailsettings.model.endpoints import Auth, Endpoint
from mailsettings.model.trust import ConfirmReason

T_co = TypeVar("T_co", covariant=True)


class Authority(IntEnum):
    """How much the source of a claim counts, strongest first: ranking and trust depend on it."""

    OWN_TABLE = 1  # the caller's or the user's own table
    TABLE = 2  # the bundled table, by exact domain
    DOMAIN = 3  # the domain's own https document, or its SRV records signed by DNSSEC
    ISPDB = 4
    SRV = 5  # SRV records that could be forged
    MX_TABLE = 6  # the bundled table, by the MX host
    MX_DOCUMENT = 7  # documents of the MX's domain
    HOSTING = 8  # the bundled table, by a CNAME of autodiscover. or autoconfig. at the provider
    HTTP_DOCUMENT = 9  # a document fetched without TLS
    GUESS = 10
    CERTIFICATE = 11  # a name read from the certificate of a server that was found
    # The bundled table, by weaker traces: SPF, NS, a CNAME of mail., a less preferred exchanger, or one whose name is
    # not known to be the provider's machine.
    TRACE = 12

    @property
    def guessed(self) -> bool:
        """True if the server was found by its name: no source states that it is the domain's."""
        return self in (Authority.GUESS, Authority.CERTIFICATE)

    @property
    def stated(self) -> bool:
        """True if it is worth a note that two such sources name different hosts for one domain.

        Guesses state nothing, the user's own table overrides the others on purpose, and MX documents and hosting
        traces are about another domain than the address's.
        """
        return self in (
            *(Authority.TABLE, Authority.DOMAIN, Authority.ISPDB, Authority.SRV),
            *(Authority.MX_TABLE, Authority.HTTP_DOCUMENT),
        )

    @property
    def by_exact_domain(self) -> bool:
        """True for the row that a table, own or bundled, has for the exact domain: no DNS answer led to it."""
        return self in (Authority.OWN_TABLE, Authority.TABLE)

    @property
    def from_table(self) -> bool:
        """True for the bundled table, however the row was found.

        Not for the user's own table, which is trusted differently.
        """
        return self in (Authority.TABLE, Authority.MX_TABLE, Authority.HOSTING, Authority.TRACE)

    @property
    def words_of_table(self) -> bool:
        """True if names, hints and links with it are those of a table, own or bundled: no document has written them."""
        return self is Authority.TRACE or self.names_provider

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

        Not for hosting traces, which may lead to another company's row: a refused login there may lock the account.
        """
        return self is Authority.OWN_TABLE or self.from_matching_row

    @property
    def names_provider(self) -> bool:
        """True if it names who hosts the mailboxes: any table, also by the CNAME of autodiscover. or autoconfig.

        A server that was found by its name cannot overrule these: some 5 % of the big providers' customers run a web
        panel with a live mail server and a valid certificate on mail.<domain>. Weaker traces name nothing: SPF lists
        who may send, and a domain's name servers are often another company's.
        """
        return self is Authority.OWN_TABLE or (self.from_table and self is not Authority.TRACE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a claim was learned."""

    authority: Authority
    source: str  # the source's name: table, srv, mx, autoconfig …
    locator: str  # the URL, DNS question or table row, as it can be looked up again
    authentic: bool = False  # True if it could not have been changed in transit
    domain: str = ""  # the domain that vouches for it
    place: int = 0  # where it stands among the documents of the same authority, 0 first
    confirm_reason: ConfirmReason | None = None  # why the user has to be asked if nothing else vouches for the server


@dataclass(frozen=True, slots=True)
class Fact(Generic[T_co]):
    """Something besides servers that a source states, such as a Provider, a Hint, a Link or a Service.

    It is part of the answer only with a chosen server from the same source.
    """

    value: T_co
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Claim:
    """What one source states about one server."""

    endpoint: Endpoint
    evidence: Evidence
    usernames: tuple[str, ...] = ()  # templates in the order to try, with %EMAILADDRESS% and the like
    auth: tuple[Auth, ...] = ()  # in the source's order
    order: int = 0  # the source's own order of preference, 0 first
    eager: bool = True  # False: contact it only when better claims have failed or not responded

    def __post_init__(self) -> None:
        """Refuse a server of the user's own network that the user has not named. AddressError."""
        if self.evidence.authority is not Authority.OWN_TABLE and not self.endpoint.is_public:
            raise AddressError(f"{self.endpoint.host!r} is no public host, and the user has not named it")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One endpoint with all claims about it, strongest first."""

    endpoint: Endpoint
    claims: tuple[Claim, ...]

    @property
    def authority(self) -> Authority:
        return self.claims[0].evidence.authority
