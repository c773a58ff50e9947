"""What a mail server's refusal means, with all possible causes where its text is ambiguous. Pure.

    meanings("NO [AUTHENTICATIONFAILED] Invalid credentials", "imap")  ->  (("bad-credentials", LIKELY),)

A reply has codes (RFC 5530, RFC 3206, RFC 2449, enhanced and basic status codes) and a text. The text is more exact
than the codes; where the two are about different subjects, both meanings are returned. Many causes are in the text
alone, so this module, and no other, interprets what servers write for people.

replies.json holds phrases in lower case, to be found in this order. They are not regular expressions: the time is
linear in the length of the text. Every row has its source and the date on which it was compiled.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mailsettings.diagnosis.catalogue import FINDINGS_BY_CODE, finding
from mailsettings.escape import excerpt
from mailsettings.model import Confidence, Finding, Protocol, Provider

MAX_TEXT = 65536  # characters of a reply; the rest is ignored

Meaning = tuple[str, Confidence]


@dataclass(frozen=True, slots=True)
class ReplyRule:
    """Phrases of a reply and their meanings, the likeliest first. Without *providers* they apply to every server."""

    providers: frozenset[str]
    protocols: frozenset[str]
    phrases: tuple[str, ...]
    whole: bool  # the text is the phrase and nothing else, behind the status
    means: tuple[str, ...]
    source: str
    checked: str

    def applies(self, text: str, protocol: str) -> bool:
        """Say whether the phrases occur, in their order, in *text*, which is in lower case."""
        if protocol not in self.protocols and protocol != "any":
            return False
        if self.whole:
            return text.partition(" ")[2].strip().removesuffix(".") == self.phrases[0].removesuffix(".")
        start = 0
        for phrase in self.phrases:
            if (found := text.find(phrase, start)) < 0:
                return False
            start = found + len(phrase)
        return True


@cache
def rules() -> tuple[ReplyRule, ...]:
    """Return all rules, in the order of replies.json."""
    rows = json.loads(Path(__file__).with_name("replies.json").read_text(encoding="utf-8"))
    return tuple(
        ReplyRule(
            frozenset(row["providers"]),
            frozenset(row["protocols"]),
            tuple(row["phrases"]),
            row["whole"],
            tuple(row["means"]),
            row["source"],
            row["checked"],
        )
        for row in rows
    )


# Response codes: their meaning, and the groups of findings (FindingType.group) that agree with them.
_CODES = {
    "AUTHENTICATIONFAILED": ("bad-credentials", {"login"}),  # RFC 5530 §3, and so on to OVERQUOTA
    "AUTHORIZATIONFAILED": ("bad-credentials", {"login"}),
    "EXPIRED": ("password-expired", {"login"}),
    "PRIVACYREQUIRED": ("tls-required", {"tls"}),
    "CONTACTADMIN": ("policy-blocked", {"login"}),
    "UNAVAILABLE": ("server-fault", {"passing"}),
    "SERVERBUG": ("server-fault", {"passing"}),
    "CLIENTBUG": ("client-quoting", {"client"}),
    "INUSE": ("mailbox-locked", {"passing"}),
    "LIMIT": ("too-many-connections", {"passing"}),
    "OVERQUOTA": ("over-quota", {"quota"}),
    "IN-USE": ("mailbox-locked", {"passing"}),  # RFC 2449 §8.1.2
    "LOGIN-DELAY": ("rate-limited", {"passing"}),  # RFC 2449 §8.1.1
    "SYS/TEMP": ("server-fault", {"passing"}),  # RFC 3206 §4
    "SYS/PERM": ("policy-blocked", {"login", "passing"}),
    "AUTH": ("bad-credentials", {"login", "tls"}),
    "WEBALERT": ("web-login-required", {"login"}),
}
# Enhanced status codes (RFC 3463, RFC 4954 §6, RFC 5248 registry).
_STATUS = {
    "5.7.8": ("bad-credentials", {"login", "route"}),
    "5.7.9": ("mechanism-required", {"login"}),
    "5.7.11": ("tls-required", {"tls"}),
    "5.7.14": ("web-login-required", {"login"}),
    "5.7.3": ("bad-credentials", {"login"}),
    "5.7.4": ("mechanism-not-offered", {"login"}),
    "5.7.54": ("not-authenticated", {"login"}),
    "5.2.2": ("over-quota", {"quota"}),
    "4.7.0": ("server-fault", {"passing", "login"}),
    "4.7.12": ("password-expired", {"login"}),
    "4.3.2": ("server-fault", {"passing"}),
}
# Basic status codes, for servers that have no others (RFC 4954 §6, RFC 5321 §4.2.3).
_BASIC = {
    "421": ("server-closed", {"passing", "route", "client"}),
    "432": ("password-expired", {"login"}),
    "454": ("server-fault", {"passing", "login"}),
    "504": ("mechanism-not-offered", {"login"}),
    "530": ("not-authenticated", {"login", "tls"}),
    "534": ("mechanism-required", {"login"}),
    "535": ("bad-credentials", {"login"}),
    "538": ("tls-required", {"tls"}),
}
_CODE = re.compile(r"\[([A-Za-z-]{1,20}(?:/[A-Za-z]{1,8})?)[ \]]")
_ENHANCED = re.compile(r"(?:^|\n)[245][0-9]{2}[ -]#?([245]\.[0-9]{1,3}\.[0-9]{1,3})\b")
_BASIC_CODE = re.compile(r"[245][0-9]{2}(?=[ -])")


def meanings(
    text: str, protocol: Protocol | str, *, provider: str = "", hints: Iterable[str] = ()
) -> tuple[Meaning, ...]:
    """Return what *text*, a refusal, may mean, the likeliest first; empty where neither text nor code is recognised.

    *provider* is an id of the provider table, *hints* are the ids of its hints for users: where a provider that
    requires app passwords refuses a password, that is the likelier cause.
    """
    normalised = " ".join(text[:MAX_TEXT].lower().split())
    by_phrase = _phrase_meanings(normalised, str(protocol), provider)
    code, fitting = _code(text[:MAX_TEXT])
    found = _with_hints(by_phrase or ((code,) if code else ()), str(protocol), frozenset(hints))
    groups = {FINDINGS_BY_CODE[name].group for name in found}
    # Text and code are about different subjects: either may be right.
    more = (code,) if code and by_phrase and not groups & fitting else ()
    return tuple(_with_confidence((*found, *more)))


def _phrase_meanings(text: str, protocol: str, provider: str) -> tuple[str, ...]:
    """Return what the phrases in *text* mean: by this provider's rules first, others only for further subjects."""
    applying = [rule for rule in rules() if rule.applies(text, protocol)]
    own = [rule for rule in applying if provider in rule.providers]
    everywhere = [rule for rule in applying if not rule.providers]
    found: list[str] = []
    matched = ""  # phrases, a line each
    for rule in (*own, *everywhere):
        if all(phrase in matched for phrase in rule.phrases):
            continue  # "temporary authentication failure" has matched, so "authentication failure" does not
        matched += "\n".join((*rule.phrases, ""))
        groups = {FINDINGS_BY_CODE[name].group for name in found}
        if not found or not groups & {FINDINGS_BY_CODE[name].group for name in rule.means}:
            found += rule.means
    return tuple(dict.fromkeys(found))


def _code(text: str) -> tuple[str, set[str]]:
    """Return what the first known code of *text* means, and the groups of findings that agree with it."""
    for name in _CODE.findall(text[:1000]):
        if name.upper() in _CODES:
            return _CODES[name.upper()]
    for status in _ENHANCED.findall(text[:4000]):
        if status in _STATUS:
            return _STATUS[status]
    basic = _BASIC_CODE.match(text)
    return _BASIC.get(basic[0] if basic else "", ("", set()))


def _with_hints(found: tuple[str, ...], protocol: str, hints: frozenset[str]) -> tuple[str, ...]:
    """Add the causes that the provider table suggests for a plain "wrong password"."""
    if "bad-credentials" not in found:
        return found
    likelier = [code for hint, code in _HINTED_CAUSES.items() if hint in hints]
    return tuple(dict.fromkeys((*likelier, *found, *_alternatives(protocol, hints))))


def _alternatives(protocol: str, hints: frozenset[str]) -> Iterator[str]:
    """Yield the causes that servers do not distinguish from a wrong password, at providers with these *hints*."""
    yield from (code for hint, code in _HINTED_ALTERNATIVES.items() if hint in hints)
    yield from (code for hint, code in _SWITCHED_OFF.get(protocol, {}).items() if hint in hints)


def _causes_of_refusal(protocol: str, hints: frozenset[str]) -> tuple[str, ...]:
    """Return what a refusal in unknown words may mean at a provider with these *hints*, the likeliest first."""
    refused = _with_hints(("bad-credentials",), protocol, hints)
    sending = ("smtp-auth-disabled",) if protocol == "smtp" and "smtp_auth_off" in hints else ()
    limited = ("too-many-connections",) if "connection_limit" in hints else ()
    return (*refused, *sending, *limited)


_HINTED_CAUSES = {
    "oauth_only": "basic-auth-disabled",
    "app_password": "app-password-required",
    "authorization_code": "app-password-required",
    "mail_password": "app-password-required",
}
_HINTED_ALTERNATIVES = {"app_password_2fa": "app-password-required", "mailbox_needed": "mailbox-needed"}
# What users have to switch on first: GMX and WEB.DE answer as to a wrong password while it is off (2026-11).
_SWITCHED_OFF = {
    "imap": {"enable_imap": "imap-disabled"},
    "pop3": {"enable_pop": "pop-disabled", "enable_imap": "access-disabled"},
}


def _with_confidence(codes: tuple[str, ...]) -> Iterator[Meaning]:
    """Yield each code with its confidence: the first is likely, the others are possible."""
    for number, code in enumerate(dict.fromkeys(codes)):
        yield code, Confidence.LIKELY if number == 0 else Confidence.POSSIBLE


# The hints of the provider table whose page is about a cause.
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


def refusal_findings(
    text: str,
    protocol: Protocol,
    *,
    evidence: str = "",
    provider: Provider | None = None,
    usual: str = "greeting-refused",
) -> Iterator[Finding]:
    """Yield what the refusal *text* may mean, the likeliest first; *usual* where it is not recognised."""
    hints = tuple(hint.id for hint in provider.hints) if provider else ()
    found = meanings(text, protocol, provider=provider.id if provider else "", hints=hints)
    for code, confidence in found or ((usual, Confidence.POSSIBLE),):
        yield finding(code, evidence or text, confidence, about=excerpt(text.encode()), link=help_page(code, provider))


def login_refusal_findings(
    text: str, protocol: Protocol, *, evidence: str = "", provider: Provider | None = None, accepted: bool = False
) -> Iterator[Finding]:
    """Yield what *text* may mean, which refuses a login or, where the login was *accepted*, the mailbox.

    A text that is not recognised is quoted, and is no statement about the password: what may be the cause at this
    provider is named as possible. A wrong password is among it where the status is that of a refused login.
    """
    hints = frozenset(hint.id for hint in provider.hints) if provider else frozenset[str]()
    if meanings(text, protocol, provider=provider.id if provider else ""):
        yield from refusal_findings(text, protocol, evidence=evidence, provider=provider)
        return
    words = excerpt(" ".join(text.split()).encode()) or "an empty line"
    yield finding("server-refused", evidence or text, about=words, link=help_page("server-refused", provider))
    for code in _causes_of_refusal(str(protocol), hints):
        if code != "bad-credentials" or (not accepted and is_verdict(text)):
            yield finding(code, evidence or text, Confidence.POSSIBLE, link=help_page(code, provider))


# RFC 9051 §6.2.3 and RFC 1939 §7: NO and -ERR refuse the user name or password; BAD is about the command. In SMTP
# only 535 is about the credentials (RFC 4954 §6).
_VERDICT = re.compile(r"(?:NO|-ERR|535)(?=[ -]|$)", re.IGNORECASE)


def is_verdict(text: str) -> bool:
    """Say whether the status of *text*, a refused login, is the one for refused credentials."""
    return _VERDICT.match(text.strip().rpartition("\n")[2]) is not None


def help_page(code: str, provider: Provider | None) -> str:
    """Return the URL of the provider's page about *code*, or of its first page; empty where it has none."""
    if provider is None or FINDINGS_BY_CODE[code].group not in ("login", "passing"):
        return ""
    wanted = _PAGES.get(code, ())
    own = (hint.url for hint in provider.hints if hint.id in wanted and hint.url)
    return next(own, next((link.url for link in provider.documentation), ""))
