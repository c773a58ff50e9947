"""Autoconfig documents, as providers publish them for Thunderbird and others, versions 1.1 and 1.2.

    <clientConfig version="1.1">
      <emailProvider id="example.org">
        <domain>example.org</domain> <displayName>Example</displayName>
        <incomingServer type="imap"> … </incomingServer> <outgoingServer type="smtp"> … </outgoingServer>
      </emailProvider>
    </clientConfig>

Source: draft-ietf-mailmaint-autoconfig. Unknown elements are ignored, a broken section drops only itself, and
everything unusual becomes a note that names element and value. formats.clientconfig_writer writes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from mailsettings.errors import AddressError, DocumentError
from mailsettings.formats import text, xml
from mailsettings.formats.server import INCOMING, OUTGOING, DocumentServer, parse_server
from mailsettings.formats.service import service, service_at
from mailsettings.formats.xml import Element
from mailsettings.model import Hint, Link, Protocol, Service

# Sections beside mail, and the kind of those that do not state their own.
_SERVICE_SECTIONS = {
    "addressbook": "carddav",
    "calendar": "caldav",
    "fileshare": "webdav",
    "chatserver": "xmpp",
    "videoconference": "videoconference",
    "setupserver": "managesieve",
}
# Types of incoming servers that are no mail protocol of ours; exchange has URL elements of its own.
_GROUPWARE = ("exchange", "ews", "owa", "graph", "activesync")
_URLS = ("url", "ewsurl", "owaurl")
MAX_DOMAINS = 300  # kept of one document; the ISPDB's longest has 191
MAX_NON_ASCII = 20  # domains outside ASCII, each of which has to be encoded (IDNA)
MAX_SECTIONS = 20  # of one kind; the ISPDB's longest has 6
MAX_NOTES = 20


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """What one document states; servers in document order, which is the provider's order of preference."""

    id: str = ""
    name: str = ""
    short_name: str = ""
    domains: tuple[str, ...] = ()
    incoming: tuple[DocumentServer, ...] = ()
    outgoing: tuple[DocumentServer, ...] = ()
    hints: tuple[Hint, ...] = ()
    documentation: tuple[Link, ...] = ()
    webmail: str = ""
    issuer: str = ""  # selects an OAuth issuer; its endpoints are never taken from a document
    client_id: str = ""  # of the issuer, for all mail programs
    services: tuple[Service, ...] = ()
    notes: tuple[str, ...] = ()


def read(data: bytes, domain: str) -> ClientConfig:
    """Read an autoconfig document for an address at *domain* (A-labels, lower case).

    Raises DocumentError: NO_DOCUMENT if *data* is something else, INVALID_DOCUMENT if it is broken as a whole.
    """
    root = xml.read(data, "clientconfig")
    providers = tuple(root.all("emailprovider"))
    if not providers:
        raise DocumentError("clientConfig has no emailProvider")
    # Sections belong in one of two places, and documents confuse them: read both.
    everything = Element("", children=tuple(child for place in (*providers, root) for child in place.children))
    notes: list[str] = []
    return ClientConfig(
        id=text.single_line(providers[0].get("id"), text.MAX_USERNAME),
        name=text.name(everything.first("displayname").text, domain),
        short_name=text.name(everything.first("displayshortname").text, domain),
        domains=tuple(_domains(everything, domain, notes)),
        incoming=tuple(_servers(everything, "incomingserver", INCOMING, domain, notes)),
        outgoing=tuple(_servers(everything, "outgoingserver", OUTGOING, domain, notes)),
        hints=tuple(_hints(everything, domain, notes)),
        documentation=tuple(_documentation(everything, domain, notes)),
        webmail=_link(everything.first("webmail").first("loginpage").get("url"), domain, notes),
        issuer=_issuer(everything, domain, notes),
        client_id=_client_id(everything),
        services=tuple(dict.fromkeys(_services(everything, domain, notes))),
        notes=tuple(dict.fromkeys(notes))[:MAX_NOTES],
    )


def _domains(place: Element, domain: str, notes: list[str]) -> Iterator[str]:
    non_ascii = 0
    for element in islice(place.all("domain"), MAX_DOMAINS):
        non_ascii += not element.text.isascii()
        try:
            if non_ascii <= MAX_NON_ASCII or element.text.isascii():
                yield text.host(element.text, domain)
        except AddressError as error:
            notes.append(f"domain: {error}")


def _servers(
    place: Element, tag: str, types: dict[str, Protocol], domain: str, notes: list[str]
) -> Iterator[DocumentServer]:
    for section in islice(place.all(tag), MAX_SECTIONS):
        kind = section.get("type").lower()
        section_notes: list[str] = []
        try:
            if kind in types:
                yield parse_server(section, types[kind], domain, section_notes)
            elif kind not in _GROUPWARE:
                section_notes.append("type is not known")
        except (AddressError, DocumentError) as error:
            section_notes.append(f"ignored: {error}")
        notes += [f"{tag[:8]} {text.quoted(kind)}: {note}" for note in section_notes]


def _hints(place: Element, domain: str, notes: list[str]) -> Iterator[Hint]:
    """Yield what users have to enable first: <enable visiturl="…"><instruction>…</instruction></enable>."""
    for id_, inner, target in (("enable", "instruction", "visiturl"), ("instruction", "descr", "url")):
        for element in islice(place.all(id_), MAX_SECTIONS):
            written = _in_english(element.all(inner)).text
            sentence = text.single_line(text.expanded(written, domain))
            if sentence or not written:
                yield Hint(id_, sentence, _link(element.get(target), domain, notes))


def _in_english(elements: Iterator[Element]) -> Element:
    """Return the one in English, else the first, else an empty one."""
    found = tuple(elements)
    return next((one for one in found if one.get("lang").lower().startswith("en")), (*found, Element(""))[0])


def _documentation(place: Element, domain: str, notes: list[str]) -> Iterator[Link]:
    for element in islice(place.all("documentation"), MAX_SECTIONS):
        url = _link(element.get("url"), domain, notes)
        for descr in tuple(element.all("descr")) or (Element("descr"),):
            if url:
                yield Link(
                    url, text.single_line(text.expanded(descr.text, domain)), text.single_line(descr.get("lang"), 35)
                )


def _link(written: str, domain: str, notes: list[str]) -> str:
    """Return *written* if it may be shown as a link, else nothing; nothing, too, where a placeholder is left."""
    url = text.expanded(written, domain)
    try:
        return text.web_url(url) if url else ""
    except DocumentError as error:
        notes.append(f"link: {error}")
        return ""


def _issuer(place: Element, domain: str, notes: list[str]) -> str:
    issuer = place.first("oauth2").first("issuer").text
    # Documents name it as a host or as a URL (RFC 8414 §2).
    return _link(issuer if "://" in issuer or not issuer else f"https://{issuer}", domain, notes)


def _client_id(place: Element) -> str:
    """Return the client id that all mail programs may use (version 1.2), if it can be one (RFC 6749 appendix A.1)."""
    client = place.first("oauth2").first("clientid").text
    return client if client.isascii() and client.isprintable() and len(client) <= text.MAX_USERNAME else ""


def _services(place: Element, domain: str, notes: list[str]) -> Iterator[Service]:
    for section in islice(place.all("incomingserver", *_SERVICE_SECTIONS), MAX_SECTIONS):
        kind = section.get("type").lower() or _SERVICE_SECTIONS.get(section.tag, "")
        if section.tag == "incomingserver" and kind not in _GROUPWARE:
            continue
        urls = [url for tag in _URLS for url in section.texts(tag) if url]
        try:
            yield from (service(kind, expanded) for url in urls if (expanded := text.expanded(url, domain)))
            if not urls and section.first("hostname").text:
                host = text.host(section.first("hostname").text, domain)
                yield service_at(kind, host, section.first("port").text)
        except (AddressError, DocumentError) as error:
            notes.append(f"{section.tag}: ignored: {error}")
