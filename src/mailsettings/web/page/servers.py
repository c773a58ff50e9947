"""The detected servers as HTML cards. Pure: all remote text passes through markup."""

from __future__ import annotations

from mailsettings.hostnames import unicode_host
from mailsettings.model import Auth, Authority, Choice, Detection, Evidence, Protocol, Security
from mailsettings.web.page.markup import Html, breakable, join, tag

_PROTOCOLS = {Protocol.IMAP: "IMAP", Protocol.POP3: "POP3", Protocol.SMTP: "SMTP", Protocol.JMAP: "JMAP"}
_SECURITY = {Security.TLS: "SSL/TLS", Security.STARTTLS: "STARTTLS", Security.PLAIN: "none"}
_AUTH = {
    Auth.OAUTH2: "through the provider’s own page (OAuth2)",
    Auth.PASSWORD: "with a password",
    Auth.ENCRYPTED: "with a password (“encrypted password”)",
    Auth.GSSAPI: "with Kerberos",
    Auth.NTLM: "with NTLM",
    Auth.CERTIFICATE: "with a certificate",
    Auth.NONE: "without a password",
}
_PROVENANCE_LABELS = {
    Authority.OWN_TABLE: "this service’s own list of providers",
    Authority.TABLE: "the list of known providers",
    Authority.DOMAIN: "{domain} itself",
    Authority.ISPDB: "the public database of mail providers",
    Authority.SRV: "the DNS of {domain} (unsigned)",
    Authority.MX_TABLE: "the provider that receives this domain’s mail",
    Authority.MX_DOCUMENT: "a document that this domain’s mail exchanger or a redirect leads to",
    Authority.HOSTING: "a pointer to the hosting provider in DNS",
    Authority.TRACE: "traces of the hosting provider in DNS",
    Authority.HTTP_DOCUMENT: "a document that could have been changed on its way",
    Authority.GUESS: "its usual name",
    Authority.CERTIFICATE: "the server’s certificate",
}
_MAX_ALTERNATIVES = 6  # few readers go beyond the sixth


def servers_html(detection: Detection) -> Html | None:
    """Return the best server of each direction; None if there is none at all."""
    if not detection.incoming and not detection.outgoing:
        return None
    return tag(
        "section",
        tag("h3", "Your settings", class_="above"),
        tag(
            "div",
            _card("Incoming mail", detection.incoming[:1]),
            _card("Outgoing mail", detection.outgoing[:1]),
            class_="servers",
        ),
    )


def _card(title: str, best: tuple[Choice, ...]) -> Html:
    if not best:
        return tag("section", tag("h4", title), tag("p", "No server found."), class_="server")
    choice = best[0]
    endpoint = choice.endpoint
    methods = " or ".join(_AUTH[auth] for auth in choice.auth) or _AUTH[Auth.PASSWORD]
    return tag(
        "section",
        tag("h4", title, " ", tag("span", _PROTOCOLS[endpoint.protocol], class_="kind")),
        _security_status(choice),
        tag(
            "dl",
            _fact("Server", endpoint.host, copy=True, wide=True),
            _fact("Port", str(endpoint.port), copy=True),
            _fact("Encryption", _SECURITY[endpoint.security]),
            _fact("User name", choice.username, copy=True, wide=True) if choice.username else None,
        ),
        tag("p", f"You sign in {methods}. Learned from {provenance_text(choice.claims[0].evidence)}.", class_="small"),
        class_="server",
    )


def _security_status(choice: Choice) -> Html:
    """Return how safe the server is, in text and colour; the text says it all without the colour."""
    if choice.verified:
        return tag("p", "Encrypted and verified", class_="lock good")
    if choice.endpoint.security is Security.PLAIN:
        return tag("p", "Not encrypted: never use it", class_="lock bad")
    kind = choice.probe.failure.kind if choice.probe and choice.probe.failure else None
    if kind is not None and kind.about_certificate:
        return tag("p", "Its certificate is not valid: do not log in", class_="lock bad")
    return tag("p", "Could not be checked", class_="lock warn")


def provenance_text(evidence: Evidence) -> str:
    """Return who states what *evidence* is for."""
    domain = unicode_host(evidence.domain) if evidence.domain else "the domain"
    return _PROVENANCE_LABELS[evidence.authority].format(domain=domain)


def _fact(term: str, value: str, *, copy: bool = False, wide: bool = False) -> Html:
    content = tag("span", breakable(value) if copy else value)
    return tag(
        "div",
        tag("dt", term),
        tag("dd", content, data_copy=term.lower() if copy else None),
        class_="wide" if wide else None,
    )


def alternatives_html(detection: Detection) -> Html | None:
    """Return the other servers of each direction, collapsed; None if there are none."""
    others = (*detection.incoming[1:], *detection.outgoing[1:])[:_MAX_ALTERNATIVES]
    if not others:
        return None
    return tag("details", tag("summary", "Other servers that were found"), tag("ul", *map(_alternative, others)))


def _alternative(choice: Choice) -> Html:
    endpoint = choice.endpoint
    host = tag("strong", breakable(endpoint.host))
    details = f"{_PROTOCOLS[endpoint.protocol]}, port {endpoint.port}, {_SECURITY[endpoint.security]}"
    state = "verified" if choice.verified else "not verified"
    return tag("li", host, join(tag("br"), tag("span", f"{details}; {state}", class_="small")))
