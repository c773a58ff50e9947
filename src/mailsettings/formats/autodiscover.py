"""Microsoft Autodiscover: the plain-XML dialogue (MS-OXDSCLI) and the JSON look-up that followed it.

<Autodiscover><Response><Account><AccountType>email</AccountType><Action>settings</Action>
  <Protocol><Type>IMAP</Type><Server>imap.example.org</Server><Port>993</Port><SSL>on</SSL></Protocol>
</Account></Response></Autodiscover>
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mailsettings.errors import AddressError, DocumentError, FailureKind
from mailsettings.formats import json, text, xml
from mailsettings.formats.server import DocumentServer, usual_port, usual_security
from mailsettings.formats.service import service
from mailsettings.formats.xml import Element
from mailsettings.model import Auth, Endpoint, Protocol, Security, Service

_REQUEST = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
_RESPONSE = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
CONTENT_TYPE = "text/xml; charset=utf-8"  # outlook.com accepts exactly this spelling

_PROTOCOLS = {"imap": Protocol.IMAP, "pop3": Protocol.POP3, "pop": Protocol.POP3, "smtp": Protocol.SMTP}
# Sections of Exchange itself, and the kind of service that each describes.
_EXCHANGE = {"exch": "ews", "expr": "ews", "exhttp": "ews", "web": "owa"}
_ON, _OFF = frozenset({"on", "true", "yes", "1"}), frozenset({"off", "false", "no", "0"})
MAX_PROTOCOLS = 20


@dataclass(frozen=True, slots=True)
class AutodiscoverSettings:
    """Action `settings`: the servers in document order."""

    incoming: tuple[DocumentServer, ...] = ()
    outgoing: tuple[DocumentServer, ...] = ()
    services: tuple[Service, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RedirectAddress:
    """Action `redirectAddr`: send the request for this address instead."""

    address: str


@dataclass(frozen=True, slots=True)
class RedirectURL:
    """Action `redirectUrl`: send the request there instead."""

    url: str


AutodiscoverResponse = AutodiscoverSettings | RedirectAddress | RedirectURL


def request_body(address: str) -> bytes:
    """Return the body of the request for *address*."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<Autodiscover xmlns="{_REQUEST}"><Request>'
        f"<EMailAddress>{xml.escape_text(address)}</EMailAddress>"
        f"<AcceptableResponseSchema>{_RESPONSE}</AcceptableResponseSchema></Request></Autodiscover>\n"
    ).encode()


def read(data: bytes) -> AutodiscoverResponse:
    """Read a response.

    Raises DocumentError: NO_DOCUMENT if *data* is something else or the server states that it has no settings,
    INVALID_DOCUMENT if it is broken.
    """
    response = xml.read(data, "autodiscover").first("response")
    account = response.first("account")
    action = account.first("action").text.lower()
    if action == "redirectaddr" or (account.first("redirectaddr").text and not action):
        return RedirectAddress(text.single_line(account.first("redirectaddr").text, text.MAX_USERNAME))
    if action == "redirecturl" or (account.first("redirecturl").text and not action):
        return RedirectURL(text.web_url(account.first("redirecturl").text, schemes=("https",)))
    if not account.children:
        error = response.first("error")
        seen = f"{error.first('errorcode').text} {error.first('message').text}"
        raise DocumentError(f"server has no settings: {text.quoted(seen)}", FailureKind.NO_DOCUMENT)
    return _settings(account)


def _settings(account: Element) -> AutodiscoverSettings:
    notes: list[str] = []
    found: list[DocumentServer] = []
    services: list[Service] = []
    for section in tuple(account.all("protocol"))[:MAX_PROTOCOLS]:
        kind = section.first("type").text.lower() or section.get("type").lower()
        if kind in _EXCHANGE:
            services += _services(section, _EXCHANGE[kind])
        elif kind in _PROTOCOLS:
            found += _server(section, _PROTOCOLS[kind], notes)
        else:
            notes.append(f"Type is {text.quoted(kind)}")
    return AutodiscoverSettings(
        incoming=tuple(one for one in found if one.endpoint.protocol is not Protocol.SMTP),
        outgoing=tuple(one for one in found if one.endpoint.protocol is Protocol.SMTP),
        services=tuple(dict.fromkeys(services)),
        notes=tuple(dict.fromkeys(notes)),
    )


def _server(section: Element, protocol: Protocol, notes: list[str]) -> Iterator[DocumentServer]:
    section_notes: list[str] = []
    try:
        host = text.host(section.first("server").text, "")
        stated = _security(section, section_notes)
        port_text = section.first("port").text
        port = text.port(port_text) if port_text else usual_port(protocol, stated or Security.TLS)
        usernames = _usernames(section, section_notes)
        yield DocumentServer(
            Endpoint(protocol, host, port, _resolve_security(stated, port, section_notes)), usernames, _auth(section)
        )
    except (AddressError, DocumentError) as error:
        section_notes.append(f"ignored: {error}")
    notes += [f"{protocol}: {note}" for note in section_notes]


def _security(section: Element, notes: list[str]) -> Security | None:
    """Return the security that is stated; None leaves it to the port. Encryption overrides SSL (MS-OXDSCLI)."""
    encryption, ssl = section.first("encryption").text.lower(), section.first("ssl").text.lower()
    match encryption:
        case "none":
            return Security.PLAIN
        case "ssl":
            return Security.TLS
        case "tls":
            return Security.STARTTLS
        case "auto":
            return None
        case "":
            if ssl in _OFF:
                return Security.PLAIN
            if ssl and ssl not in _ON:
                notes.append(f"SSL is {text.quoted(ssl)}")
        case _:
            notes.append(f"Encryption is {text.quoted(encryption)}")
    return None


def _resolve_security(stated: Security | None, port: int, notes: list[str]) -> Security:
    """Return the security of *port*: templates set SSL=on for 143 and 587 as well, so the port takes precedence."""
    usual = usual_security(port)
    if stated is Security.PLAIN and usual is not Security.TLS:
        notes.append(f"port {port} is offered without TLS")
        return Security.PLAIN
    if stated not in (None, usual):
        notes.append(f"{stated} is unusual on port {port}; taken for {usual}")
    return usual


def _auth(section: Element) -> tuple[Auth, ...]:
    """Return the login methods. SPA is NTLM; templates enable it where it is missing: a password goes with it."""
    spa = section.first("spa").text.lower()
    if section.first("authrequired").text.lower() in _OFF:
        return (Auth.NONE,)
    if spa in _OFF:
        return (Auth.PASSWORD,)
    return (Auth.NTLM, Auth.PASSWORD) if spa in _ON else ()


def _usernames(section: Element, notes: list[str]) -> tuple[str, ...]:
    name, domain = section.first("loginname").text, section.first("domainname").text
    if not name:
        return ()
    if section.first("domainrequired").text.lower() in _ON and domain and "@" not in name and "\\" not in name:
        name = f"{domain}\\{name}"
    try:
        return (text.username(name),)
    except DocumentError as error:
        notes.append(f"LoginName ignored: {error}")
        return ()


def _services(section: Element, kind: str) -> Iterator[Service]:
    """Yield Exchange's URLs; WEB nests them in Internal and External."""
    external = section.first("external")
    elements = (section, external, external.first("protocol"), section.first("internal"))
    for url in (url for element in elements for tag in ("ewsurl", "asurl", "owaurl") for url in element.texts(tag)):
        try:
            yield service(kind, url)
        except DocumentError:
            continue  # a URL of the company's internal network, useless outside


def read_v2(data: bytes) -> str:
    """Return the URL that the JSON look-up names: {"Protocol": "ActiveSync", "Url": "https://…"}.

    Raises DocumentError, NO_DOCUMENT where the server names none.
    """
    document = json.read(data)
    if not (url := json.string(document, "Url")):
        code = json.string(document, "ErrorCode")
        raise DocumentError(f"server names no URL: {text.quoted(code)}", FailureKind.NO_DOCUMENT)
    return text.web_url(url, schemes=("https",))
