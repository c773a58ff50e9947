"""Autoconfig: documents that the domain, or the operator of its MX, publishes (draft-ietf-mailmaint-autoconfig §3).

https://autoconfig.example.org/mail/config-v1.1.xml
https://example.org/.well-known/autoconfig/mail/config-v1.1.xml
https://example.org/.well-known/mail-v1.xml
… each again with ?emailaddress=, if the response was no document and the policy allows it
http://autoconfig.example.org/mail/config-v1.1.xml, if none of these returned one and the policy allows it
"""

from __future__ import annotations

from collections.abc import Iterator

from mailsettings.address import EmailAddress
from mailsettings.errors import AddressError
from mailsettings.hostnames import is_public_suffix, parse_host, registrable
from mailsettings.leads import Lead
from mailsettings.model import Authority
from mailsettings.sources.documents import Document, Place, PlaintextDocument, Provenance
from mailsettings.sources.ispdb import ISPDB, ispdb_document

PATH = "/mail/config-v1.1.xml"
# In the draft's order, and whether each may be sent the address: servers that require it predate mail-v1.xml.
_URLS = (
    (f"https://autoconfig.{{domain}}{PATH}", True),
    (f"https://{{domain}}/.well-known/autoconfig{PATH}", True),
    ("https://{domain}/.well-known/mail-v1.xml", False),
)
_ORDER_STEP = 20  # places between the servers of one document and those of the next


def autoconfig(address: EmailAddress) -> Iterator[Lead]:
    """Yield the documents that the domain itself may publish."""
    documents = tuple(_own_documents(address))
    yield from documents
    provenance = Provenance("autoconfig", Authority.HTTP_DOCUMENT, address.domain, authentic=False)
    yield PlaintextDocument(f"http://autoconfig.{address.domain}{PATH}", provenance, address.domain, documents)


def _own_documents(address: EmailAddress) -> Iterator[Document]:
    for place, (url, may_send_address) in enumerate(_URLS):
        provenance = Provenance(
            "autoconfig", Authority.DOMAIN, address.domain, order=place * _ORDER_STEP, place=Place.AUTOCONFIG + place
        )
        to_send = address if may_send_address else None
        yield Document(url.format(domain=address.domain), provenance, address.domain, to_send)


def documents_of(mx_host: str, address: EmailAddress, *, authentic: bool = False, ispdb: str = ISPDB) -> Iterator[Lead]:
    """Yield the documents of the provider behind *mx_host*, which receives the domain's mail. None is sent the address.

    *authentic*: the MX record could not have been forged. *ispdb* is a base URL as in sources.ispdb, or empty to omit
    it.
    """
    for number, domain in enumerate(_domains_of(mx_host, address.domain)):
        own, listed = 2 * number, 2 * number + 1  # places
        provenance = Provenance("autoconfig", Authority.MX_DOCUMENT, domain, authentic, own * _ORDER_STEP, own)
        yield Document(f"https://autoconfig.{domain}{PATH}", provenance, address.domain)
        if ispdb:
            provenance = Provenance("ispdb", Authority.MX_DOCUMENT, domain, authentic, listed * _ORDER_STEP, listed)
            yield ispdb_document(domain, provenance, address.domain, base=ispdb)


def _domains_of(mx_host: str, address_domain: str) -> tuple[str, ...]:
    """Return the MX host without its first label, and its registrable domain; nothing at or above a public suffix."""
    try:
        host = parse_host(mx_host)
    except AddressError:
        return ()
    base = registrable(host)
    if is_public_suffix(base):
        return ()  # autoconfig.co.uk is for sale (CVE-2024-52508)
    full = host.partition(".")[2]
    # example.com.pl as MX: the part after its first label is a suffix, so only what is longer than base may be asked.
    longer = (full,) if full.endswith(f".{base}") else ()
    return tuple(domain for domain in (*longer, base) if domain != address_domain)
