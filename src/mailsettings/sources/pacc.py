"""PACC (draft-ietf-mailmaint-pacc): a JSON document of the domain, valid only with its digest in DNS.

_ua-auto-config.example.org TXT -> https://ua-auto-config.example.org/.well-known/user-agent-configuration.json
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailsettings.address import EmailAddress
from mailsettings.formats import pacc as pacc_format
from mailsettings.interfaces import Net
from mailsettings.leads import Lead
from mailsettings.model import URL, Authority, Question
from mailsettings.sources.documents import Place, Provenance, leads_of

_ORDER = 100  # after autoconfig's documents


def pacc(address: EmailAddress) -> Iterator[Lead]:
    """Yield the question for the digest; the document is fetched only if there is one."""
    yield PaccDigest(address.domain)


@dataclass(frozen=True, slots=True)
class PaccDigest:
    """The TXT records that vouch for the document. One question, and for most domains the only one."""

    domain: str

    @property
    def authority(self) -> Authority:
        return Authority.DOMAIN

    @property
    def place(self) -> int:
        return Place.PACC

    @property
    def question(self) -> Question:
        return Question(f"_ua-auto-config.{self.domain}", "TXT")

    @property
    def then(self) -> str:
        return f"{PaccDocument(self.domain, ())}, if there is a digest of it"

    @property
    def where(self) -> Question:
        return self.question

    def __str__(self) -> str:
        return str(self.question)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return the lookup of the document, if a digest of it is published."""
        answer = await net.ask(self.question)
        digests = pacc_format.digests(tuple(record for record in answer.records if isinstance(record, str)))
        return (PaccDocument(self.domain, digests),) if digests else ()


@dataclass(frozen=True, slots=True)
class PaccDocument:
    """The document, at its fixed URL."""

    domain: str
    digests: tuple[bytes, ...]  # SHA-256; one of them must match

    @property
    def authority(self) -> Authority:
        return Authority.DOMAIN

    @property
    def place(self) -> int:
        return Place.PACC

    @property
    def where(self) -> URL:
        return URL(f"https://ua-auto-config.{self.domain}/.well-known/user-agent-configuration.json")

    def __str__(self) -> str:
        return str(self.where)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return what the document states. DocumentError if DNS does not vouch for it."""
        page = await net.get(str(self))
        config = pacc_format.read(page.body, self.digests)
        provenance = Provenance("pacc", Authority.DOMAIN, self.domain, order=_ORDER, place=Place.PACC)
        return tuple(leads_of(config, page, provenance))
