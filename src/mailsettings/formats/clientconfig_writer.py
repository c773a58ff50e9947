"""Write an autoconfig document: a detection's servers in the form that a provider can publish (version 1.1).

Reading it back with formats.clientconfig gives the same values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from mailsettings.address import without_words
from mailsettings.formats.auth_names import AUTOCONFIG_NAMES
from mailsettings.formats.clientconfig import ClientConfig
from mailsettings.formats.server import DocumentServer
from mailsettings.formats.xml import escape_text, quote_attribute
from mailsettings.model import Authority, Choice, Detection, Evidence, Hint, Link, Protocol, Security, Service

_SOCKET_TYPES = {Security.TLS: "SSL", Security.STARTTLS: "STARTTLS", Security.PLAIN: "plain"}
_SECTIONS = {
    "caldav": "calendar",
    "carddav": "addressBook",
    "webdav": "fileShare",
    "managesieve": "setupServer",
    "videoconference": "videoConference",
}
_GROUPWARE = ("exchange", "ews", "owa", "graph", "activesync")


def config_of(detection: Detection) -> ClientConfig:
    """Return the verified servers of *detection* as the content of a document, for all users of the domain.

    Nothing is published that a document has said: no names, hints and links but the provider table's, and no server
    that a user would have to agree to. Of sources that contradict each other only the best is published, and of each
    protocol one host.
    """
    domain = detection.address.rpartition("@")[2]
    provider = detection.provider
    return ClientConfig(
        id=domain,
        name=provider.name if provider and _is_ours(provider.evidence) else domain,
        domains=(domain,),
        incoming=tuple(map(_server, _agreeing(detection.incoming))),
        outgoing=tuple(map(_server, _agreeing(detection.outgoing))),
        hints=tuple(hint for hint in detection.hints if _is_ours(hint.evidence)),
        documentation=tuple(link for link in detection.documentation if _is_ours(link.evidence)),
        issuer=next((f"https://{source.oauth.issuer}" for source in detection.oauth if source.known), ""),
    )


def _is_ours(evidence: Evidence | None) -> bool:
    return evidence is not None and evidence.authority.words_of_table


def _agreeing(choices: Iterable[Choice]) -> Iterator[Choice]:
    """Yield the publishable choices with the same authority as the best, on the first host of each protocol.

    None if the user has to agree to the best one first: the next would contradict it.
    """
    verified = [choice for choice in choices if choice.verified]
    if not verified or not verified[0].trust.allows_password:
        return
    hosts: dict[Protocol, str] = {}
    for choice in (choice for choice in verified if choice.trust.allows_password):
        protocol, host = choice.endpoint.protocol, choice.endpoint.host
        if _authority(choice) == _authority(verified[0]) and hosts.setdefault(protocol, host) == host:
            yield choice


def _authority(choice: Choice) -> Authority:
    return min((claim.evidence.authority for claim in choice.claims), default=Authority.GUESS)


def _server(choice: Choice) -> DocumentServer:
    template = choice.username_template
    known = bool(template) and (without_words(template) or _is_in_table(template, choice))
    usernames = (template,) if known else ()
    return DocumentServer(choice.endpoint, usernames, choice.auth)


def _is_in_table(template: str, choice: Choice) -> bool:
    return any(template in claim.usernames and _is_ours(claim.evidence) for claim in choice.claims)


def write(config: ClientConfig) -> str:
    """Return *config* as an XML document."""
    lines = chain(
        ['<?xml version="1.0" encoding="UTF-8"?>', '<clientConfig version="1.1">'],
        [f"  <emailProvider id={quote_attribute(config.id)}>"],
        ("    " + line for line in _provider(config)),
        ["  </emailProvider>"],
        ("  " + line for line in _outside_provider(config)),
        ["</clientConfig>", ""],
    )
    return "\n".join(lines)


def _element(tag: str, text: str) -> Iterator[str]:
    """Yield nothing for an empty text: an absent element and an empty one mean the same here."""
    if text:
        yield f"<{tag}>{escape_text(text)}</{tag}>"


def _provider(config: ClientConfig) -> Iterator[str]:
    for domain in config.domains:
        yield from _element("domain", domain)
    yield from _element("displayName", config.name)
    yield from _element("displayShortName", config.short_name)
    yield from _servers("incomingServer", config.incoming)
    yield from _servers("outgoingServer", config.outgoing)
    for hint in config.hints:
        yield from _hint(hint)
    for link in config.documentation:
        yield from _link(link)


def _servers(tag: str, servers: Iterable[DocumentServer]) -> Iterator[str]:
    for server in servers:
        yield f'<{tag} type="{server.endpoint.protocol}">'
        yield from ("  " + line for line in chain(_endpoint(server), _login(server)))
        yield f"</{tag}>"


def _endpoint(server: DocumentServer) -> Iterator[str]:
    endpoint = server.endpoint
    if endpoint.protocol is Protocol.JMAP:
        yield from _element("url", server.url or f"https://{endpoint.host}:{endpoint.port}/.well-known/jmap")
    else:
        yield from _element("hostname", endpoint.host)
        yield from _element("port", str(endpoint.port))
        yield from _element("socketType", _SOCKET_TYPES[endpoint.security])


def _login(server: DocumentServer) -> Iterator[str]:
    for username in server.usernames:
        yield from _element("username", username)
    for auth in server.auth:
        yield from _element("authentication", AUTOCONFIG_NAMES[auth])


def _hint(hint: Hint) -> Iterator[str]:
    if hint.id == "instruction":
        yield f"<instruction url={quote_attribute(hint.url)}>"
        yield from ("  " + line for line in _element("descr", hint.text))
        yield "</instruction>"
    else:
        yield f"<enable visiturl={quote_attribute(hint.url)}>"
        yield from ("  " + line for line in _element("instruction", hint.text))
        yield "</enable>"


def _link(link: Link) -> Iterator[str]:
    language = f" lang={quote_attribute(link.language)}" if link.language else ""
    yield f"<documentation url={quote_attribute(link.url)}>"
    yield f"  <descr{language}>{escape_text(link.text)}</descr>"
    yield "</documentation>"


def _outside_provider(config: ClientConfig) -> Iterator[str]:
    """Yield the elements that belong outside emailProvider."""
    if config.webmail:
        yield f"<webMail><loginPage url={quote_attribute(config.webmail)}/></webMail>"
    if config.issuer:
        yield f"<oAuth2><issuer>{escape_text(config.issuer)}</issuer></oAuth2>"
    for service in config.services:
        yield from _service(service)


def _service(service: Service) -> Iterator[str]:
    tag = "incomingServer" if service.kind in _GROUPWARE else _SECTIONS.get(service.kind, "chatServer")
    yield f"<{tag} type={quote_attribute(service.kind)}>"
    if service.url.startswith(("https://", "http://")):
        yield from _element("url", service.url)
    else:
        host, _, port = service.url.partition("://")[2].partition(":")
        yield from _element("hostname", host)
        yield from _element("port", port)
    yield f"</{tag}>"
