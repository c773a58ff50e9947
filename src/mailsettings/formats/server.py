"""One server section of an autoconfig document: read tolerantly, never repaired towards weaker security.

<incomingServer type="imap">
  <hostname>imap.example.org</hostname> <port>993</port> <socketType>SSL</socketType>
  <username>%EMAILADDRESS%</username> <authentication>password-cleartext</authentication>
</incomingServer>
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from mailsettings.errors import DocumentError
from mailsettings.formats import text
from mailsettings.formats.auth_names import autoconfig_auth
from mailsettings.formats.xml import Element
from mailsettings.model import Auth, Endpoint, Protocol, Security

SOCKET_TYPES = {"ssl": Security.TLS, "starttls": Security.STARTTLS, "plain": Security.PLAIN}
INCOMING = {"imap": Protocol.IMAP, "pop3": Protocol.POP3, "pop": Protocol.POP3, "jmap": Protocol.JMAP}
OUTGOING = {"smtp": Protocol.SMTP}


@dataclass(frozen=True, slots=True)
class DocumentServer:
    """One server as the document states it."""

    endpoint: Endpoint
    usernames: tuple[str, ...] = ()  # templates
    auth: tuple[Auth, ...] = ()
    url: str = ""  # of a JMAP session; every other protocol is found by host and port


def parse_server(section: Element, protocol: Protocol, domain: str, notes: list[str]) -> DocumentServer:
    """Read *section*, adding to *notes* what is unusual; *domain* replaces the placeholder in host names.

    Raises DocumentError or AddressError if the section names no server that could be contacted.
    """
    url = ""
    if protocol is Protocol.JMAP or (section.first("url").text and not section.first("hostname").text):
        url, endpoint = _by_url(section, protocol, domain, notes)
    else:
        endpoint = _by_host(section, protocol, domain, notes)
    notes += [f"restriction is {text.quoted(value)}" for value in section.texts("restriction") if value]
    auth = _auth(section, notes)
    return DocumentServer(endpoint, _usernames(section, auth, notes), auth, url)


def _by_host(section: Element, protocol: Protocol, domain: str, notes: list[str]) -> Endpoint:
    host = text.host(section.first("hostname").text, domain)
    stated = _socket_type(section, notes)
    if section.first("port").text:
        port = text.port(section.first("port").text)
    else:
        port = usual_port(protocol, stated or Security.TLS)
        notes.append(f"port is missing; {port} is usual for {protocol}")
    security = stated or usual_security(port)
    if stated is None:
        notes.append(f"port {port} decides instead: {security}")
    _note_unusual(protocol, port, security, notes)
    return Endpoint(protocol, host, port, security)


def _socket_type(section: Element, notes: list[str]) -> Security | None:
    """Return the first known socketType, or None if there is none: then the port decides."""
    values = section.texts("sockettype")
    notes += [f"socketType is {text.quoted(value)}" for value in values if value.lower() not in SOCKET_TYPES]
    if not values:
        notes.append("socketType is missing")
    return next((SOCKET_TYPES[value.lower()] for value in values if value.lower() in SOCKET_TYPES), None)


def _note_unusual(protocol: Protocol, port: int, security: Security, notes: list[str]) -> None:
    """Note what is unusual; it may be right all the same, which the probe shows."""
    usual = USUAL_SECURITY[protocol]
    if port not in usual:
        notes.append(f"port {port} is unusual for {protocol}")
    elif security is Security.PLAIN:
        notes.append(f"{protocol} on port {port} is offered without TLS")
    elif usual[port] is not security:
        notes.append(f"{security} is unusual on port {port}")


def _by_url(section: Element, protocol: Protocol, domain: str, notes: list[str]) -> tuple[str, Endpoint]:
    """Read a section that has a URL instead of host and port, as JMAP's do."""
    url = text.web_url(section.first("url").text.replace("%EMAILDOMAIN%", domain), schemes=("https",))
    port = urlsplit(url).port
    if port is not None:
        notes.append(f"url {text.quoted(url)} has a port")
    if protocol is not Protocol.JMAP:
        raise DocumentError(f"url {text.quoted(url)} stands where {protocol} needs hostname and port")
    return url, Endpoint(protocol, text.host_of(url), port or 443, Security.TLS)


def _auth(section: Element, notes: list[str]) -> tuple[Auth, ...]:
    found: list[Auth] = []
    for element in section.all("authentication"):
        family = autoconfig_auth(element.text, element.get("system"))
        if family is None:
            notes.append(f"authentication is {text.quoted(element.text)}")
        elif family is Auth.NONE and element.text.lower() != "none":
            notes.append(f"authentication is {text.quoted(element.text)}: the server looks at where you are")
        found += [family] if family is not None else []
    return tuple(dict.fromkeys(found))


def _usernames(section: Element, auth: tuple[Auth, ...], notes: list[str]) -> tuple[str, ...]:
    found = []
    for given in filter(None, section.texts("username")):
        try:
            found.append(text.username(given))
        except DocumentError as error:  # host and port may be right all the same
            notes.append(f"username ignored: {error}")
            continue
        if found[-1] != given:
            notes.append(f"username {text.quoted(given)} is read as {found[-1]!r}")
    if not any(section.texts("username")) and auth != (Auth.NONE,):
        notes.append("username is missing")
    return tuple(dict.fromkeys(found))


# RFC 8314 §3, RFC 6409 §3.1; 25 is accepted for submission where a server still requires it.
USUAL_SECURITY = {
    Protocol.IMAP: {993: Security.TLS, 143: Security.STARTTLS},
    Protocol.POP3: {995: Security.TLS, 110: Security.STARTTLS},
    Protocol.SMTP: {465: Security.TLS, 587: Security.STARTTLS, 25: Security.STARTTLS},
}
_BY_PORT = {port: security for ports in USUAL_SECURITY.values() for port, security in ports.items()}


def usual_security(port: int, default: Security = Security.TLS) -> Security:
    """Return how TLS starts on *port*, and *default* for an unusual one. Never plain unless that is."""
    return _BY_PORT.get(port, default)


def usual_port(protocol: Protocol, security: Security) -> int:
    """Return the usual port of *protocol*; plain mail shares the one of STARTTLS."""
    wanted = Security.TLS if security is Security.TLS else Security.STARTTLS
    ports = USUAL_SECURITY[protocol]
    # 465 before 587 before 25: the table is in order of preference.
    return next(port for port, usual in ports.items() if usual is wanted)
