"""The answer for one address: choices with trust and reasons, the provider, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from mailsettings.address import USUAL_TEMPLATES, EmailAddress, fill_all
from mailsettings.model.claims import Claim
from mailsettings.model.endpoints import Auth, Endpoint
from mailsettings.model.failures import Failure
from mailsettings.model.probes import Note, Probe


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
