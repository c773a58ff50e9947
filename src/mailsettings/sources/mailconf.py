"""The domain's TXT record `mailconf=URL` (a convention of clients), which points at an autoconfig document anywhere.

example.org TXT "mailconf=https://hoster.example.net/autoconfig/mail/config-v1.1.xml"

A record that DNSSEC signs is the domain's own statement. One without a signature may be forged, and then it can name
any page that a stranger may write, inside the domain as well: an upload, a home page, an open redirect. Its document
counts like an unsigned SRV record, and no OAuth issuer is taken from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailsettings.address import EmailAddress
from mailsettings.errors import DocumentError
from mailsettings.formats.text import host_of, port_in, web_url
from mailsettings.hostnames import belongs_to
from mailsettings.interfaces import Net
from mailsettings.leads import Lead, OAuthIssuer
from mailsettings.model import URL, Authority, Fact, Note, Question
from mailsettings.policy import Policy
from mailsettings.sources.documents import Document, Place, Provenance
from mailsettings.sources.oauth_metadata import IssuerMetadata

_ORDER = 60  # after the documents at fixed URLs
MAX_URLS = 2  # followed; a domain has one
_PREFIX = "mailconf="


def mailconf(address: EmailAddress) -> Iterator[Lead]:
    """Yield the question for the record."""
    yield MailconfRecord(address.domain)


@dataclass(frozen=True, slots=True)
class MailconfRecord:
    """The TXT records of the domain; other sources share the question, so that it costs nothing."""

    domain: str

    @property
    def authority(self) -> Authority:
        return Authority.DOMAIN

    @property
    def place(self) -> int:
        return Place.MAILCONF

    @property
    def question(self) -> Question:
        return Question(self.domain, "TXT")

    @property
    def then(self) -> str:
        return "the document that a record mailconf=URL names"

    @property
    def where(self) -> Question:
        return self.question

    def __str__(self) -> str:
        return str(self.question)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return the documents that the records point at."""
        answer = await net.ask(self.question)
        records = tuple(record for record in answer.records if isinstance(record, str))
        urls = mailconf_urls(records)[:MAX_URLS]
        return [self._follow(url, signed=answer.authentic, allow_http=net.policy.allow_http) for url in urls]

    def _follow(self, url: str, *, signed: bool, allow_http: bool) -> Lead:
        if url.startswith("http://") and not allow_http:
            return Note(f"{self}: a URL for mailconf is plain http, which the policy does not allow")
        authority = self._authority(url, signed=signed)
        place = Place.MAILCONF if signed else Place.UNSIGNED_MAILCONF
        document = Document(url, Provenance("mailconf", authority, self.domain, signed, _ORDER, place), self.domain)
        return document if signed else UnsignedDocument(document)

    def _authority(self, url: str, *, signed: bool) -> Authority:
        """Return how much a document at *url* can count, if no redirect leads away from there."""
        if not url.startswith("https://"):
            return Authority.HTTP_DOCUMENT
        if signed:
            return Authority.DOMAIN
        return Authority.SRV if belongs_to(host_of(url), self.domain) else Authority.HTTP_DOCUMENT


@dataclass(frozen=True, slots=True)
class UnsignedDocument:
    """The document that an unsigned record points at: its servers are worth contacting, its issuer is not."""

    document: Document

    @property
    def authority(self) -> Authority:
        return self.document.authority

    @property
    def place(self) -> int:
        return self.document.place

    @property
    def where(self) -> URL:
        return self.document.where

    def __str__(self) -> str:
        return str(self.document)

    def sends(self, policy: Policy) -> str | None:
        """Say what is sent besides the URL, as the document itself does."""
        return self.document.sends(policy)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return what the document states, without an OAuth issuer."""
        return [lead for lead in await self.document.run(net) if not names_issuer(lead)]


def names_issuer(lead: Lead) -> bool:
    """Return True if *lead* states who issues OAuth tokens, or asks for that issuer's metadata."""
    if isinstance(lead, Fact):
        return isinstance(lead.value, OAuthIssuer)
    return isinstance(lead, IssuerMetadata)


def mailconf_urls(records: tuple[str, ...]) -> tuple[str, ...]:
    """Return the web addresses that TXT *records* of this kind name, without repetition; others are skipped."""
    texts = (record.strip() for record in records)
    urls = (text[len(_PREFIX) :].strip() for text in texts if text.lower().startswith(_PREFIX))
    return tuple(dict.fromkeys(url for url in urls if _may_be_followed(url)))


def _may_be_followed(url: str) -> bool:
    """Say whether *url* is a plain web address at one of the usual ports."""
    try:
        return port_in(web_url(url)) in (443, 80)
    except DocumentError:
        return False
