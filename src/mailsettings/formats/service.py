"""Services beside mail: the kinds that are reported, and the URL schemes that each may have.

    service("caldav", "https://dav.example.org/")     ->  Service("caldav", "https://dav.example.org/")
    service_at("managesieve", "sieve.example.org")    ->  Service("managesieve", "sieve://sieve.example.org")
    service("ms-word:ofe|u|https", "https://…")       ->  DocumentError

A closed list: programs open the URL of a service, and a scheme of the document's own choice may start any program.
"""

from __future__ import annotations

from collections.abc import Mapping

from mailsettings.errors import AddressError, DocumentError
from mailsettings.formats import text
from mailsettings.hostnames import parse_host
from mailsettings.model import Service

# Kinds whose URL a document states. Only https, since all want a login, except a page for people: their browser says
# that it is not encrypted.
_BY_URL: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("caldav", "carddav", "webdav", "jmap", "matrix", "videoconference"), ("https",)),
    **dict.fromkeys(("activesync", "ews", "exchange", "graph", "owa"), ("https",)),
    "webmail": ("https", "http"),
}
# Kinds that a document gives host and port of, and the scheme of the URL that is made of them.
_BY_HOST: Mapping[str, str] = {"managesieve": "sieve", "xmpp": "xmpp"}  # RFC 5804 §3, RFC 5122


def service(kind: str, url: str) -> Service:
    """Return the service *kind* at *url*. DocumentError if such a service is not known, or has no such URL."""
    if kind not in _BY_URL:
        raise DocumentError(f"type {text.quoted(kind)} is no service with a URL")
    return Service(kind, text.web_url(url, schemes=_BY_URL[kind]))


def service_at(kind: str, host: str, port: str = "") -> Service:
    """Return the service *kind* at *host* and *port*, as a document writes them. DocumentError or AddressError."""
    if kind not in _BY_HOST:
        raise DocumentError(f"type {text.quoted(kind)} is no service with host and port")
    return Service(kind, f"{_BY_HOST[kind]}://{parse_host(host)}" + (f":{text.port(port)}" if port else ""))


def host_of_service(found: Service) -> str:
    """Return the host of *found* as A-labels in lower case; nothing if its URL has none."""
    try:
        return text.host_of(found.url)
    except (AddressError, ValueError):
        return ""
