"""The ISPDB: Thunderbird's public collection of autoconfig documents, which is sent the domain and nothing else."""

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
    """Return the source that queries another collection: *base* is its https URL, to which the domain is appended."""

    def ispdb(address: EmailAddress) -> Iterator[Lead]:
        provenance = Provenance("ispdb", Authority.ISPDB, urlsplit(base).hostname or "")
        yield ispdb_document(address.domain, provenance, address.domain, base=base)

    return ispdb


def ispdb_document(domain: str, provenance: Provenance, address_domain: str, *, base: str = ISPDB) -> Document:
    """Return the entry for *domain*; *address_domain* replaces its placeholders."""
    return Document(f"{base.removesuffix('/')}/{domain}", provenance, address_domain)
