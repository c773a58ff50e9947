"""The ISPDB: Thunderbird's public collection of autoconfig documents. It is told the domain and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from mailsettings.address import EmailAddress
from mailsettings.leads import Lead, Source
from mailsettings.model import Authority
from mailsettings.sources.documents import Document, Provenance

ISPDB = "https://live.thunderbird.net/autoconfig/v1.1/"  # the domain is appended


def ispdb(address: EmailAddress) -> Iterator[Lead]:
    """Yield the ISPDB's document for the domain."""
    yield from ispdb_at(ISPDB)(address)


def ispdb_at(base: str) -> Source:
    """Return the source that asks another collection: *base* is its https URL, to which the domain is appended."""

    def ispdb(address: EmailAddress) -> Iterator[Lead]:
        word = Provenance("ispdb", Authority.ISPDB, urlsplit(base).hostname or "")
        yield ispdb_document(address.domain, word, address.domain, base=base)

    return ispdb


def ispdb_document(domain: str, word: Provenance, own: str, *, base: str = ISPDB) -> Document:
    """Return the entry for *domain*; *own* is the address's domain, which fills placeholders."""
    return Document(f"{base.removesuffix('/')}/{domain}", word, own)
