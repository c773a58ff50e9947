"""A detection as a piece of the page. Pure: everything in it that came from elsewhere passes through markup."""

from __future__ import annotations

from collections.abc import Iterable

from mailsettings.address import shown_host
from mailsettings.model import Auth, Authority, Choice, Detection, Finding, Hint, Protocol, Security
from mailsettings.suggest import confusable_with
from mailsettings.web.forms import check_form, hand_form, search_form
from mailsettings.web.markup import Html, breakable, join, link, tag
from mailsettings.web.service import outcome_of

_PROTOCOLS = {Protocol.IMAP: "IMAP", Protocol.POP3: "POP3", Protocol.SMTP: "SMTP", Protocol.JMAP: "JMAP"}
_SECURITY = {Security.TLS: "SSL/TLS", Security.STARTTLS: "STARTTLS", Security.PLAIN: "none"}
_AUTH = {
    Auth.OAUTH2: "sign in with the provider (OAuth2)",
    Auth.PASSWORD: "password",
    Auth.ENCRYPTED: "encrypted password",
    Auth.GSSAPI: "Kerberos",
    Auth.NTLM: "NTLM",
    Auth.CERTIFICATE: "certificate",
    Auth.NONE: "none",
}
_LEARNED = {
    Authority.OWN_TABLE: "this service’s own list of providers",
    Authority.TABLE: "the list of known providers",
    Authority.DOMAIN: "{domain} itself",
    Authority.ISPDB: "the public database of mail providers",
    Authority.SRV: "the DNS of {domain}, unsigned",
    Authority.MX_TABLE: "the provider that receives this domain’s mail",
    Authority.MX_DOCUMENT: "{domain}, which receives this domain’s mail",
    Authority.HOSTING: "traces of the hosting provider in DNS",
    Authority.HTTP_DOCUMENT: "a document that could have been changed on its way",
    Authority.GUESS: "its usual name",
    Authority.CERTIFICATE: "the server’s certificate",
}
_HEADLINES = {
    "verified": ("good", "Found, and both servers answer"),
    "found": ("warn", "Found, but not all of it could be checked"),
    "nothing": ("bad", "No mail server found"),
}
_MOST = 6  # findings and alternatives: behind the sixth nobody reads on


def answer(detection: Detection, *, password: bool) -> Html:
    """Return what was found; *password*: one may be typed here, because the way is safe."""
    return join(
        _headline(detection),
        _question(detection),
        _confirmation(detection),
        _before(detection),
        _servers(detection),
        findings(item for item in detection.findings if item.code != "typo"),  # which is asked above
        check_form(detection, safe=password) if detection.incoming or detection.outgoing else None,
        _notes(detection),
        _alternatives(detection),
        hand_form(detection, safe=password),
        _pages(detection),
    )


def _headline(detection: Detection) -> Html:
    mood, title = _HEADLINES[outcome_of(detection)]
    address = detection.shown_address or detection.address
    both = f" ({detection.address})" if address != detection.address else ""
    provider = join(" · ", detection.provider.name) if detection.provider else None
    return tag(
        "header",
        tag("h2", title, tabindex="-1", id="title"),
        tag("p", tag("span", f"{address}{both}", class_="address"), provider),
        class_=f"headline {mood}",
    )


def _question(detection: Detection) -> Html | None:
    if not detection.suggestion:
        return None
    button = tag("button", f"Yes, look for {detection.suggestion}", type="submit")
    return tag(
        "section",
        tag("h3", "Did you mean ", tag("strong", detection.suggestion), "?"),
        search_form(detection.suggestion, button),
        class_="box ask",
    )


def _confirmation(detection: Detection) -> Html | None:
    """Name the domains to agree to, large and whole; what looks like another domain is said to."""
    if not detection.confirm:
        return None
    own = shown_host(detection.address.rpartition("@")[2])
    return tag(
        "section",
        tag("h3", "Does your mailbox live here?"),
        *(_domain(domain) for domain in detection.confirm),
        tag("p", f"This is another domain than {own}, and nothing that is safe from forgery names it. "
            "Enter your password only if you know this provider."),
        class_="box confirm",
    )  # fmt: skip


def _domain(domain: str) -> Html:
    shown = shown_host(domain)
    alike = confusable_with(domain)
    return join(
        tag("p", shown, class_="domain"),
        tag("p", "Spelled ", tag("code", domain)) if shown != domain else None,
        tag("p", f"This looks like {alike}, but is not {alike}.", class_="alarm") if alike else None,
    )


def _before(detection: Detection) -> Html | None:
    hints = [hint for hint in detection.hints if _concerns(hint, detection)]
    if not hints:
        return None
    return tag("section", tag("h3", "Do this first"), tag("ol", *map(_hint, hints)), class_="box first")


def _concerns(hint: Hint, detection: Detection) -> bool:
    """Say whether *hint* is about logging in to the servers shown: not about the other protocol, nor about limits."""
    words = hint.id.split("_")
    other = {Protocol.IMAP: "pop", Protocol.POP3: "imap"}
    wrong = [other.get(choice.endpoint.protocol) for choice in detection.incoming[:1]]
    return "limit" not in words and not any(word in wrong for word in words)


def _hint(hint: Hint) -> Html:
    page = join(" ", link(hint.url, "Show me where")) if hint.url else None
    return tag("li", hint.text, page)


def _servers(detection: Detection) -> Html | None:
    if not detection.incoming and not detection.outgoing:
        return None
    return tag(
        "div",
        _server("Incoming mail", detection.incoming[:1]),
        _server("Outgoing mail", detection.outgoing[:1]),
        class_="servers",
    )


def _server(title: str, best: tuple[Choice, ...]) -> Html:
    if not best:
        return tag("section", tag("h3", title), tag("p", "No server found."), class_="server")
    choice = best[0]
    endpoint = choice.endpoint
    return tag(
        "section",
        tag("h3", title),
        _lock(choice),
        tag(
            "dl",
            _fact("Server", endpoint.host, copy=True),
            _fact("Port", str(endpoint.port), copy=True),
            _fact("Protocol", _PROTOCOLS[endpoint.protocol]),
            _fact("Encryption", _SECURITY[endpoint.security]),
            _fact("User name", choice.username, copy=True),
            _fact("Login", ", ".join(_AUTH[auth] for auth in choice.auth) or "password"),
            _fact("Learned from", _learned(choice)),
        ),
        class_="server",
    )


def _lock(choice: Choice) -> Html:
    """Say in words and in colour how safe the server is; the words are what counts."""
    if choice.verified:
        return tag("p", "Encrypted and verified", class_="lock good")
    if choice.endpoint.security is Security.PLAIN:
        return tag("p", "Not encrypted: never use it", class_="lock bad")
    kind = choice.probe.failure.kind if choice.probe and choice.probe.failure else None
    if kind is not None and kind.about_certificate:
        return tag("p", "Its certificate is not valid: do not log in", class_="lock bad")
    return tag("p", "Could not be checked", class_="lock warn")


def _learned(choice: Choice) -> str:
    evidence = choice.claims[0].evidence
    domain = shown_host(evidence.domain) if evidence.domain else "the domain"
    return _LEARNED[evidence.authority].format(domain=domain)


def _fact(term: str, value: str, *, copy: bool = False) -> Html:
    value_ = tag("dd", tag("span", breakable(value) if copy else value), data_copy=term.lower() if copy else None)
    return tag("div", tag("dt", term), value_)


def findings(items: Iterable[Finding]) -> Html | None:
    """Return why something does not work, and what to do about it."""
    entries = tuple(tag("li", _finding(item)) for item in tuple(items)[:_MOST])
    if not entries:
        return None
    return tag("section", tag("h3", "What is wrong, and what helps"), tag("ul", *entries), class_="box findings")


def _finding(item: Finding) -> Html:
    page = join(" ", link(item.link, "The provider’s page about it")) if item.link else None
    return join(tag("strong", item.text), " ", item.advice, page)


def _notes(detection: Detection) -> Html | None:
    further = (_hint(hint) for hint in detection.hints if not _concerns(hint, detection))
    notes = (tag("li", note) for note in detection.notes)
    entries = (*further, *notes)[:_MOST]
    if not entries:
        return None
    return tag("details", tag("summary", "Worth knowing"), tag("ul", *entries))


def _alternatives(detection: Detection) -> Html | None:
    others = (*detection.incoming[1:], *detection.outgoing[1:])[:_MOST]
    if not others:
        return None
    return tag("details", tag("summary", "Other servers"), tag("ul", *map(_alternative, others)))


def _alternative(choice: Choice) -> Html:
    endpoint = choice.endpoint
    place = f"{endpoint.host}, port {endpoint.port}, {_SECURITY[endpoint.security]}"
    state = "verified" if choice.verified else "not verified"
    return tag("li", f"{_PROTOCOLS[endpoint.protocol]}: ", tag("strong", place), f" ({state})")


def _pages(detection: Detection) -> Html | None:
    named = {hint.url for hint in detection.hints}
    pages = [page for page in detection.documentation if page.url not in named][:3]
    if not pages:
        return None
    items = (tag("li", link(page.url, page.text or page.url)) for page in pages)
    return tag("section", tag("h3", "Pages of the provider"), tag("ul", *items), class_="notes")
