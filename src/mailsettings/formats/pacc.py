"""PACC, the JSON successor of autoconfig, and the TXT record that vouches for it (draft-ietf-mailmaint-pacc).

    {"protocols": {"imap": {"host": "imap.example.org"}, "smtp": {"host": "smtp.example.org"}},
     "authentication": {"password": true}, "info": {"provider": {"name": "Example"}}}

    _ua-auto-config.example.org TXT "v=UAAC1; a=sha256; d=<base64 of the SHA-256 of the document>"

Ports are fixed, TLS starts with the first byte, the user name is the address.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from mailsettings.address import ADDRESS
from mailsettings.errors import AddressError, DocumentError
from mailsettings.formats import json, text
from mailsettings.formats.clientconfig import ClientConfig
from mailsettings.formats.server import DocumentServer
from mailsettings.formats.service import service, service_at
from mailsettings.model import Auth, Endpoint, Link, Protocol, Security, Service

# Both spellings of the sending side have been in drafts: smtp and submit.
_SERVERS = (
    ("imap", Protocol.IMAP, 993),
    ("pop3", Protocol.POP3, 995),
    ("smtp", Protocol.SMTP, 465),
    ("submit", Protocol.SMTP, 465),
)
_WEB = ("caldav", "carddav", "webdav")
MAX_RECORDS = 10  # digests considered; a rollover needs two


def digests(records: tuple[str, ...]) -> tuple[bytes, ...]:
    """Return the SHA-256 digests that TXT *records* publish; other records are skipped."""
    return tuple(digest for record in records if (digest := _digest(record)))[:MAX_RECORDS]


def _digest(record: str) -> bytes:
    """Return the digest of one record, or nothing."""
    pairs = (tag.partition("=") for tag in record.split(";"))
    tags = {name.strip().lower(): value.strip() for name, equals, value in pairs if equals}
    if tags.get("v") != "UAAC1" or tags.get("a", "").lower() != "sha256":
        return b""
    try:
        return base64.b64decode(tags.get("d", ""), validate=True)
    except ValueError:
        return b""


def digest_of(data: bytes) -> bytes:
    """Return the digest that a provider publishes for the document *data*."""
    import hashlib

    return hashlib.sha256(data).digest()


def read(data: bytes, published: tuple[bytes, ...]) -> ClientConfig:
    """Read a document that one of the *published* digests vouches for.

    Raises DocumentError if none does, or if *data* is not such a document.
    """
    document = json.read(data)
    found = digest_of(data)
    if found not in published:  # both are public: no need for a comparison in constant time
        raise DocumentError("document does not have the digest that DNS publishes for it")
    notes: list[str] = []
    servers = tuple(_servers(document, notes))
    return ClientConfig(
        name=text.single_line(json.string(document, "info", "provider", "name"), text.MAX_NAME),
        short_name=text.single_line(json.string(document, "info", "provider", "shortName"), text.MAX_NAME),
        incoming=tuple(one for one in servers if one.endpoint.protocol is not Protocol.SMTP),
        outgoing=tuple(one for one in servers if one.endpoint.protocol is Protocol.SMTP),
        documentation=tuple(_links(document, notes)),
        issuer=_url(document, notes, "authentication", "oauth-public", "issuer"),
        services=tuple(_services(document, notes)),
        notes=tuple(notes),
    )


def _servers(document: object, notes: list[str]) -> Iterator[DocumentServer]:
    auth = tuple(_auth(document))
    for name, protocol, port in _SERVERS:
        if json.member(document, "protocols", name) is None:
            continue
        try:
            host = text.host(json.string(document, "protocols", name, "host"), "")
            yield DocumentServer(Endpoint(protocol, host, port, Security.TLS), (ADDRESS,), auth)
        except AddressError as error:
            notes.append(f"{name}: ignored: {error}")
    if url := _url(document, notes, "protocols", "jmap", "url"):
        yield DocumentServer(Endpoint(Protocol.JMAP, text.host_of(url), 443, Security.TLS), (ADDRESS,), auth, url)


def _auth(document: object) -> Iterator[Auth]:
    if json.member(document, "authentication", "oauth-public") is not None:
        yield Auth.OAUTH2
    if json.member(document, "authentication", "password") is True:
        yield Auth.PASSWORD


def _url(document: object, notes: list[str], *names: str) -> str:
    """Return the https URL under *names*, default port only; empty if there is none."""
    url = json.string(document, *names)
    try:
        checked = text.web_url(url, schemes=("https",)) if url else ""
    except DocumentError as error:
        notes.append(f"{names[-2]}: ignored: {error}")
        return ""
    if checked and text.port_in(checked) != 443:
        notes.append(f"{names[-2]}: ignored: url {text.quoted(url)} has a port")
        return ""
    return checked


def _links(document: object, notes: list[str]) -> Iterator[Link]:
    if url := _url(document, notes, "info", "help", "documentation"):
        yield Link(url)


def _services(document: object, notes: list[str]) -> Iterator[Service]:
    for name in _WEB:
        if url := _url(document, notes, "protocols", name, "url"):
            yield service(name, url)
    if host := json.string(document, "protocols", "managesieve", "host"):
        try:
            yield service_at("managesieve", text.host(host, ""))
        except AddressError as error:
            notes.append(f"managesieve: ignored: {error}")
