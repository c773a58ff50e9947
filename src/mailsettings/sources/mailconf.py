"""The domain's TXT record `mailconf=URL` (a convention of clients), which points at an autoconfig document anywhere.

example.org TXT "mailconf=https://hoster.example.net/autoconfig/mail/config-v1.1.xml"
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailsettings.address import EmailAddress
from mailsettings.errors import DocumentError
from mailsettings.formats.text import host_of, port_in, web_url
from mailsettings.hostnames import inside
from mailsettings.interfaces import Net
from mailsettings.leads import Lead
from mailsettings.model import Authority, Note, Question
from mailsettings.sources.documents import Document, Provenance

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
        # DNS can be forged, a certificate of the domain cannot: whatever pointed there, the domain itself responded.
        authentic = url.startswith("https://") and (signed or inside(host_of(url), self.domain))
        authority = Authority.DOMAIN if authentic else Authority.HTTP_DOCUMENT
        return Document(url, Provenance("mailconf", authority, self.domain, authentic, _ORDER), self.domain)


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
