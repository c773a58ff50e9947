"""A server's refusal as findings: every cause that its words leave open. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from mailsettings.diagnosis.codes import CODES, finding
from mailsettings.diagnosis.replies import meanings
from mailsettings.model import Confidence, Finding, Protocol, Provider

# Which hint of the provider table has the page about a cause.
_PAGES = {
    "app-password-required": ("app_password", "app_password_2fa", "authorization_code", "mail_password"),
    "imap-disabled": ("enable_imap",),
    "access-disabled": ("enable_imap",),
    "pop-disabled": ("enable_pop", "enable_imap"),
    "basic-auth-disabled": ("oauth_only",),
    "smtp-auth-disabled": ("smtp_auth_off",),
    "too-many-connections": ("connection_limit",),
    "client-id-required": ("imap_id",),
}


def refused(
    text: str,
    protocol: Protocol,
    *,
    evidence: str = "",
    provider: Provider | None = None,
    usual: str = "greeting-refused",
) -> Iterator[Finding]:
    """Yield what the refusal *text* may mean, the likeliest first; *usual* where its words are not known."""
    hints = tuple(hint.id for hint in provider.hints) if provider else ()
    found = meanings(text, protocol, provider=provider.id if provider else "", hints=hints)
    for code, confidence in found or ((usual, Confidence.POSSIBLE),):
        yield finding(code, evidence or text, confidence, link=page(code, provider))


def page(code: str, provider: Provider | None) -> str:
    """Return the provider's own page about *code*, or its first page where none is about it."""
    if provider is None or CODES[code].group not in ("login", "passing"):
        return ""
    wanted = _PAGES.get(code, ())
    own = (hint.url for hint in provider.hints if hint.id in wanted and hint.url)
    return next(own, next((link.url for link in provider.documentation), ""))
