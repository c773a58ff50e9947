"""The detection, which is the answer for one address: choices, the provider, findings, failures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from mailsettings.address import USUAL_TEMPLATES, EmailAddress, fill_all
from mailsettings.model.claims import Claim, Evidence
from mailsettings.model.endpoints import Auth, Endpoint
from mailsettings.model.failures import Failure
from mailsettings.model.probes import Note, Probe
from mailsettings.model.trust import Confirmation, ConfirmReason, Trust


@dataclass(frozen=True, slots=True)
class Choice:
    """One server of the answer: a candidate with its probe, its trust, and the user names to log in with."""

    endpoint: Endpoint
    username: str  # filled in
    username_template: str
    usernames: tuple[str, ...]  # every form worth trying, filled in, *username* first
    auth: tuple[Auth, ...]  # offered inside TLS; what the source states if the server was not verified
    verified: bool
    trust: Trust
    reasons: tuple[str, ...]
    claims: tuple[Claim, ...]
    probe: Probe | None = None
    displaced: bool = False  # found by its name, so ranked behind the provider that hosts the mailboxes
    confirm_reason: ConfirmReason | None = None  # with Trust.CONFIRM: why the user has to agree first

    def for_address(self, address: EmailAddress) -> Choice:
        """Return the choice with the user names of *address*."""
        templates = next((claim.usernames for claim in self.claims if claim.usernames), USUAL_TEMPLATES)
        names = fill_all(templates, address)
        return replace(self, username=names[0], usernames=names)


@dataclass(frozen=True, slots=True)
class Hint:
    """Something the user has to do or know before a mail program can log in."""

    id: str  # enable_imap, app_password …: stable, for translation
    text: str
    url: str = ""
    evidence: Evidence | None = None  # in a detection: who says so


@dataclass(frozen=True, slots=True)
class Link:
    """A page of the provider for its users."""

    url: str
    text: str = ""
    language: str = ""
    evidence: Evidence | None = None  # in a detection: who names it


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the provider besides mail: reported, never contacted."""

    kind: str  # caldav, carddav, webdav, managesieve, ews, webmail …
    url: str  # as text; sieve://host:port where there is no URL
    evidence: Evidence | None = None  # in a detection: who names it


@dataclass(frozen=True, slots=True)
class OAuth:
    """Where to request a token, as the provider table has it; no client ids."""

    issuer: str
    auth_url: str
    token_url: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StatedOAuth:
    """What the domain's own document and an issuer say about a sign-in: to be shown to people, not to be opened.

    Fields are named as in RFC 8414 §2, so that no program mistakes them for the endpoints of a known issuer.
    """

    authorization_endpoint: str = ""
    token_endpoint: str = ""
    registration_endpoint: str = ""  # RFC 7591
    device_authorization_endpoint: str = ""  # RFC 8628
    code_challenge_methods_supported: tuple[str, ...] = ()  # RFC 7636
    scopes_supported: tuple[str, ...] = ()
    client_id: str = ""  # that the document gives to all mail programs
    document: str = ""  # URL of the document that names the issuer, or the server that does
    resource: str = ""  # URL of the server's metadata that name the issuer (RFC 9728), where the document does not
    metadata: str = ""  # URL of the issuer's metadata (RFC 8414), which state everything else


@dataclass(frozen=True, slots=True)
class OAuthSource:
    """Where to get a token for the chosen servers, and where that was learned.

    Only a known issuer has endpoints and scopes in *oauth*, and only where its rows name every chosen server.
    """

    oauth: OAuth  # of an issuer that is not known the name alone
    known: bool  # True: in the provider table; False: only the domain names it, so the user should check it first
    locator: str  # the row of the table, or the document that names the issuer
    source: str = ""  # the source that found it: table, autoconfig, pacc …
    stated: StatedOAuth | None = None  # what is not from the table; nothing here was opened


@dataclass(frozen=True, slots=True)
class Provider:
    """Who hosts the mailboxes, as far as the table or a document states it."""

    id: str
    name: str
    kind: str = "mailbox"  # mailbox, hosting, isp, bridge, forwarder, filter, none
    hints: tuple[Hint, ...] = ()
    documentation: tuple[Link, ...] = ()
    oauth: OAuth | None = None
    evidence: Evidence | None = None  # in a detection: who names it


class Confidence(StrEnum):
    """How sure a finding is: seen, or the usual cause of what was seen, or one of several causes."""

    CERTAIN = "certain"
    LIKELY = "likely"
    POSSIBLE = "possible"


class Responsible(StrEnum):
    """Who can fix what a finding reports."""

    USER = "user"
    PROVIDER = "provider"
    NETWORK = "network"  # the operator of the network between the user and the server
    US = "us"  # a bug in this program


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, or worth knowing, and the one thing to do next."""

    code: str  # one of diagnosis.catalogue.FINDINGS_BY_CODE: stable, for programs and translation
    confidence: Confidence
    evidence: str  # what was seen, and where; remote text escaped
    text: str
    advice: str
    whose: Responsible
    link: str = ""  # the provider's own page about it

    def suggesting(self, old: str, new: str) -> Finding:
        """Return the finding with *new* instead of *old* in the advice, if it is about a typo."""
        return replace(self, advice=self.advice.replace(old, new)) if old and self.code == "typo" else self


class SettledBy(StrEnum):
    """Why a search ended when it did."""

    VERIFIED = "verified"  # both directions, and nothing outstanding could be better
    # Better-ranked work did not respond within policy.timeouts.better_source_grace.
    VERIFIED_IMPATIENT = "verified-impatient"
    NOTHING_LEFT = "nothing-left"  # everything was tried
    SILENCE = "silence"  # no server responded within policy.timeouts.first_response_timeout
    DEADLINE = "deadline"
    NO_MAIL = "no-mail"  # the domain receives no mail
    CLOSED_PROVIDER = "closed-provider"  # the provider lets no mail program in
    TABLE_ONLY = "table-only"  # offline: the provider table was read, and no server was contacted


@dataclass(frozen=True, slots=True)
class Detection:
    """The answer for one address: `incoming[0]` and `outgoing[0]` are the servers to use, the others alternatives."""

    address: str
    provider: Provider | None = None
    incoming: tuple[Choice, ...] = ()
    outgoing: tuple[Choice, ...] = ()
    confirm: tuple[str, ...] = ()  # hosts (A-labels) the user must agree to first, each once: those of *confirmations*
    hints: tuple[Hint, ...] = ()
    documentation: tuple[Link, ...] = ()
    notes: tuple[Note, ...] = ()
    failures: tuple[Failure, ...] = ()
    other_services: tuple[Service, ...] = ()  # calendar, address book, filters …
    settled_by: str = ""  # *settled* as a sentence
    settled: SettledBy | None = None  # why the search ended when it did
    seconds: float = 0.0
    suggestion: str = ""  # "did you mean": another address, as a question
    shown_address: str = ""  # with U-labels, where it differs from *address*
    oauth: tuple[OAuthSource, ...] = ()  # where to get tokens for the best choices, the table's first
    findings: tuple[Finding, ...] = ()  # why a direction is missing, worst first
    confirmations: tuple[Confirmation, ...] = ()  # what the user has to agree to before a password is sent

    @property
    def verified(self) -> bool:
        """True if the best choice of both directions was verified."""
        return all(choices and choices[0].verified for choices in (self.incoming, self.outgoing))

    def for_address(self, address: EmailAddress) -> Detection:
        """Return this detection, made for another address of the same domain, for *address*."""
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

    def with_username(self, name: str) -> Detection:
        """Return this detection with the user name *name* for every server.

        For an alias or a shared mailbox, whose login has another name than the address. Documents to publish keep the
        templates. ValueError if *name* is empty or has characters that no protocol allows in it.
        """
        if not name.strip() or any(ord(char) < 32 or ord(char) == 127 for char in name):
            raise ValueError("a user name is not empty, and has no control characters")
        incoming, outgoing = (
            tuple(replace(choice, username=name, usernames=(name,)) for choice in choices)
            for choices in (self.incoming, self.outgoing)
        )
        return replace(self, incoming=incoming, outgoing=outgoing)

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the detection as a JSON document of schema 1 (ASCII only)."""
        from mailsettings.schema import to_json

        return to_json(self, indent=indent)
