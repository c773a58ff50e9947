"""The forms of the page. Each works without JavaScript: the response to it is a whole page."""

from __future__ import annotations

from mailsettings.model import Auth, Choice, Detection, Security
from mailsettings.web.page.markup import Html, Part, join, tag

_UNSAFE = "This page was not opened over https, so it does not ask for a password. Copy the settings instead."
SIGN_IN = "sign-in"  # the form's id, for the checkboxes of hosts to agree to, which are outside it


def address_form(address: str = "", error: str = "") -> Html:
    """Return the form for the address, with *error* below the field."""
    field = tag(
        "input", id="address", name="address", type="email", value=address, required=True, autofocus=not address,
        autocomplete="email", inputmode="email", spellcheck="false", autocapitalize="none", maxlength="320",
        placeholder="name@example.org", aria_describedby="error" if error else "promise",
        aria_invalid="true" if error else None,
    )  # fmt: skip
    return tag(
        "form",
        tag("label", "Your email address", for_="address"),
        tag("div", field, tag("button", "Find my settings", type="submit", id="go"), class_="row"),
        tag("p", error, class_="error", id="error", role="alert") if error else None,
        method="post",
        action="./",
        id="search",
        novalidate=True,  # a browser knows only that it is no address, and not which one was meant
    )


def search_form(address: str, button: Html) -> Html:
    """Return a form with nothing but *button*, which searches for *address*."""
    hidden = tag("input", type="hidden", name="address", value=address)
    return tag("form", hidden, button, method="post", action="./", data_search=True)


def can_sign_in(detection: Detection) -> bool:
    """Tell whether a password is any use: the best servers are verified, and one of them accepts passwords."""
    best = (*detection.incoming[:1], *detection.outgoing[:1])
    password = any(auth in (Auth.PASSWORD, Auth.ENCRYPTED) for choice in best for auth in choice.auth)
    return password and all(choice.verified for choice in best)


def sign_in_form(detection: Detection, *, safe: bool) -> Html | None:
    """Return the form for name and password; None where a password is no use and the hints say how to sign in."""
    if not can_sign_in(detection):
        return None
    title = tag("h3", "Sign in")
    if not safe:
        return tag("section", title, tag("p", _UNSAFE), class_="box try")
    best = (*detection.incoming[:1], *detection.outgoing[:1])
    hosts = " and ".join(dict.fromkeys(choice.endpoint.host for choice in best))
    form = _login_form(
        detection,
        _field("Your name", "name", "", autocomplete="name", maxlength="200", note="as others see it; may be left out"),
        _field("Password", "password", "", type_="password", autocomplete="off", required=True),
        tag("button", "Check and finish", type="submit"),
        id_=SIGN_IN,
    )
    promise = f"Your password is tried once at {hosts}, over an encrypted connection, and then forgotten."
    return tag("section", title, form, tag("p", promise, class_="small promise"), class_="box try")


def _login_form(detection: Detection, *parts: Part, id_: str | None = None) -> Html:
    hidden = tag("input", type="hidden", name="address", value=detection.address)
    result = tag("div", class_="result", aria_live="polite")
    return tag("form", hidden, *parts, result, method="post", action="./check", data_check=True, id=id_)


def manual_form(detection: Detection, *, safe: bool) -> Html:
    """Return the form for entering servers by hand, prefilled with the detected ones."""
    parts = (
        _server_fields("Incoming mail", "incoming", ("imap", "pop3"), detection.incoming[:1], 993),
        _server_fields("Outgoing mail", "outgoing", ("smtp",), detection.outgoing[:1], 465),
        _field("User name", "username", _username(detection), id_="hand-username", autocomplete="off"),
    )
    password = _field("Password", "password", "", type_="password", id_="hand-password", autocomplete="off")
    button = tag("button", "Try these settings", type="submit")
    end = (password, _typed_servers_checkbox(), button) if safe else (tag("p", _UNSAFE),)
    return tag(
        "details",
        tag("summary", "Enter the settings by hand"),
        _login_form(detection, *parts, *end),
        class_="hand",
        open=not detection.incoming and not detection.outgoing and not detection.suggestion,
    )


def _typed_servers_checkbox() -> Html:
    box = tag("input", type="checkbox", name="typed", value="yes", required=True)
    return tag("label", box, tag("span", "I know these servers and want to send my password there"), class_="agree")


def _username(detection: Detection) -> str:
    best = (*detection.incoming[:1], *detection.outgoing[:1])
    return best[0].username if best else detection.address


def _server_fields(title: str, name: str, protocols: tuple[str, ...], best: tuple[Choice, ...], port: int) -> Html:
    endpoint = best[0].endpoint if best else None
    protocol = endpoint.protocol.value if endpoint else protocols[0]
    security = endpoint.security if endpoint else Security.TLS
    return tag(
        "fieldset",
        tag("legend", title),
        _field("Server", f"{name}-host", endpoint.host if endpoint else "", autocapitalize="none", wide=True),
        _select("Protocol", f"{name}-protocol", tuple((each, each.upper()) for each in protocols), protocol),
        _field("Port", f"{name}-port", str(endpoint.port if endpoint else port), inputmode="numeric"),
        _select("Encryption", f"{name}-security", (("tls", "SSL/TLS"), ("starttls", "STARTTLS")), security.value),
    )


def _field(
    label: str,
    name: str,
    value: str,
    *,
    type_: str = "text",
    id_: str = "",
    wide: bool = False,
    note: str = "",
    **more: str | bool,
) -> Html:
    key = id_ or f"field-{name}"
    field = tag("input", id=key, name=name, type=type_, value=value or None, spellcheck="false", **more)
    aside = join(" ", tag("span", note, class_="note")) if note else None
    return tag("p", tag("label", label, aside, for_=key), field, class_="field wide" if wide else "field")


def _select(label: str, name: str, options: tuple[tuple[str, str], ...], selected: str) -> Html:
    key = f"field-{name}"
    entries = (tag("option", text, value=value, selected=value == selected) for value, text in options)
    return tag("p", tag("label", label, for_=key), tag("select", join(*entries), id=key, name=name), class_="field")
