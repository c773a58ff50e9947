"""Email addresses, parsed once, then trusted, and the user names that are made of them.

    parse_address("Ada@Bücher.example")  ->  EmailAddress(local='Ada', domain='xn--bcher-kva.example')

What would be dangerous in a command, a log or a DNS question is rejected here: control characters, bidi marks, numeric
hosts (glibc reads `2130706433` and `127.1` as 127.0.0.1), names of the local machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from mailsettings.errors import AddressError
from mailsettings.escape import short_repr
from mailsettings.hostnames import parse_host, to_a_and_u_labels, unicode_host

MAX_ADDRESS = 254  # octets, RFC 5321 §4.5.3.1.3 less the angle brackets
MAX_LOCAL = 64  # octets, RFC 5321 §4.5.3.1.1

# Placeholders of user-name templates, as autoconfig documents write them.
ADDRESS = "%EMAILADDRESS%"
LOCAL_PART = "%EMAILLOCALPART%"
DOMAIN = "%EMAILDOMAIN%"
# RFC 6186 §4: the full address first, then the part before the @.
USUAL_TEMPLATES = (ADDRESS, LOCAL_PART)
_PLACEHOLDER = re.compile(f"{ADDRESS}|{LOCAL_PART}|{DOMAIN}")
# Placeholders with ASCII punctuation between them: no word of the document that has the template.
_WITHOUT_WORDS = re.compile(rf"(?:[!-/:-@\[-`{{-~]*(?:{_PLACEHOLDER.pattern}))+[!-/:-@\[-`{{-~]*")

_ATEXT = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
# Control characters, line and paragraph separators, zero-width and bidi marks, lone surrogates.
_DANGEROUS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)

_MAX_PASTED = 1000  # characters; a longer text is no address with something around it
# What comes along when text is copied from a web page or a chat, and what no address has.
_UNSEEN = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_LINK = re.compile(r"\s*<?\s*mailto:\s*", re.IGNORECASE)
_ANGLES = re.compile(r"[^<>]*<([^<>]+)>[\s.,;:!?]*")
_SEPARATORS = re.compile('[\\s<>()\\[\\]{},;"\u00ab\u00bb\u2018-\u201f\u2039\u203a]+')
_AT = re.compile(r"\s*[(\[{<]\s*(?:at|@)\s*[)\]}>]\s*|\s+at\s+|\uff20|\ufe6b", re.IGNORECASE)
_DOT = re.compile(r"\s*[(\[{<]\s*(?:dot|\.)\s*[)\]}>]\s*|\s+dot\s+", re.IGNORECASE)
_BLANKS = re.compile(r"[^\S\r\n]*([@.]+)[^\S\r\n]*")
_COMMAS = re.compile(r"(?<=\w)[.,;]+(?=\w)")
_LABELLED = re.compile(r"\s*(?:[^\W\d_-]|[ -])+:\s*")


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address as the user means it; *domain* is lower-case A-labels, as DNS and TLS require."""

    local: str
    domain: str
    unicode_domain: str  # U-labels, for people; equals *domain* if that is ASCII anyway

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def parse_address(text: str) -> EmailAddress:
    """Parse *text* as one email address.

    Raises AddressError with one sentence that names what was seen, and the address that was probably meant.
    Source: RFC 5321 §4.1.2 (dot-string), RFC 6531 (non-ASCII), UTS-46 for the domain.
    """
    try:
        return _parse(text)
    except AddressError as error:
        raise (_explained(text, error) if len(text) <= _MAX_PASTED else error) from error.__cause__


def _parse(text: str) -> EmailAddress:
    local, domain = _halves(text)
    if not domain.isascii():
        a_labels, u_labels = to_a_and_u_labels(domain)
    else:
        a_labels, u_labels = domain.lower(), None
    a_labels = parse_host(a_labels)
    if not local.isascii():
        local = _normalised_local(local)
    # The Kelvin sign becomes a K: what is ASCII is known only now.
    if local.isascii() and not _ATEXT.fullmatch(local):
        raise AddressError(f"the part before the @ is {short_repr(local)}: no mailbox has such characters or dots")
    if len(f"{local}@{a_labels}".encode()) > MAX_ADDRESS:
        raise AddressError(f"the address has more than {MAX_ADDRESS} octets")
    return EmailAddress(local, a_labels, u_labels or unicode_host(a_labels))


def _halves(text: str) -> tuple[str, str]:
    """Split *text* at its one @; raise AddressError if anything in it is dangerous."""
    if len(text) > 4 * MAX_ADDRESS:
        raise AddressError(f"the address has {len(text)} characters, more than {MAX_ADDRESS} octets can hold")
    text = text.strip(" \t\r\n")
    if not text:
        raise AddressError("the address is empty")
    if (found := _DANGEROUS.search(text)) is not None:
        raise AddressError(f"the address has the character U+{ord(found[0]):04X}, which no address may have")
    local, at, domain = text.rpartition("@")
    if not at:
        raise AddressError(f"{short_repr(text)} has no @; an address looks like name@example.org")
    if not local:
        raise AddressError(f"{short_repr(text)} has nothing before the @")
    if not domain:
        raise AddressError(f"{short_repr(text)} has nothing after the @")
    if "@" in local:
        raise AddressError(f"{short_repr(text)} has more than one @")
    if len(local.encode()) > MAX_LOCAL:
        raise AddressError(f"the part before the @ has {len(local.encode())} octets, more than {MAX_LOCAL}")
    return local, domain


def _explained(text: str, error: AddressError) -> AddressError:
    """Return why *text* is no address, with the address that was probably meant if there is one.

    The messages that come with one repeat nothing of *text*: the service promises that.
    """
    if len({word.casefold() for word in _words(text) if _is_address(word)}) > 1:
        return AddressError("there is more than one address; please give one at a time")
    mended = text
    for reason, mend in _MENDINGS:
        before, mended = mended, mend(mended)
        if mended != before and _is_address(mended):
            parsed = _parse(mended)
            return AddressError(reason or str(error), meant=f"{parsed.local}@{parsed.unicode_domain}")
    return error


def _words(text: str) -> list[str]:
    """Return the words of *text*, each without the mailto: of a link."""
    return [_without_link(word) for word in _SEPARATORS.split(_without_link(text)) if word]


def _is_address(text: str) -> bool:
    try:
        _parse(text)
    except AddressError:
        return False
    return True


def _without_link(text: str) -> str:
    """Return the address of a mailto: link (RFC 6068), without subject and other headers."""
    from urllib.parse import unquote

    found = _LINK.match(text)
    return unquote(text[found.end() :].partition("?")[0].rstrip("<> \t\r\n")) if found else text


def _between_angles(text: str) -> str:
    """Return the address of `Ada <ada@example.org>` (RFC 5322 §3.4)."""
    found = _ANGLES.fullmatch(text.strip())
    return _without_link(found[1]) if found else text


def _bare(text: str) -> str:
    """Return the one address in *text*, without the quotes, brackets and punctuation around it.

    Words before it may be its beginning, separated by a mistake: `ada lovelace@example.org` stays.
    """
    words = [word.strip("'`*_.,;:!?") for word in _words(_LABELLED.sub("", text, count=1))]
    return words[0] if words and _is_address(words[0]) else text


def _without_commas(text: str) -> str:
    """Return *text* with a dot for a comma, a semicolon or several dots in the domain."""
    local, at, domain = text.partition("@")
    return local + at + _COMMAS.sub(".", domain)


# Applied one after the other; the first that leads to an address says what was wrong, "" what was seen first.
_MENDINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("", lambda text: _UNSEEN.sub("", text)),
    ("that is a link, and only the address in it is needed", _without_link),
    ("that is a name and an address, and only the address is needed", _between_angles),
    ("the address is written in words", lambda text: _DOT.sub(".", _AT.sub("@", text))),
    ("the address has blanks in it, or two @ in a row", lambda text: _BLANKS.sub(r"\1", text).replace("@@", "@")),
    ("the domain has a comma, or two dots, where a dot belongs", _without_commas),
    ("there is something around the address", _bare),
)


def _normalised_local(local: str) -> str:
    """Return *local*, which is not ASCII, in the form that servers compare (RFC 6532 §3.1: NFC)."""
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(f"{local}@example.com", check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise AddressError(f"the part before the @ is {short_repr(local)}: {error}") from error
    return checked.local_part


def fill(template: str, address: EmailAddress) -> str:
    """Return *template* with its placeholders replaced by the parts of *address*.

    In one pass: a local part may look like a placeholder, and is not filled in turn.
    """
    values = {ADDRESS: str(address), LOCAL_PART: address.local, DOMAIN: address.domain}
    return _PLACEHOLDER.sub(lambda found: values[found[0]], template)


def fill_all(templates: tuple[str, ...], address: EmailAddress) -> tuple[str, ...]:
    """Return the user names that *templates* give for *address*, in order, without duplicates.

    With an international domain each that contains it has two spellings: what an account is stored as depends on how
    the administrator has typed the domain. A-labels come first, which are what more servers have.
    """
    spellings = (address, replace(address, domain=address.unicode_domain))
    return tuple(dict.fromkeys(fill(each, one) for each in templates or USUAL_TEMPLATES for one in spellings))


def without_words(template: str) -> bool:
    """Say whether *template* consists of placeholders and punctuation, and so tells users nothing but their address."""
    return _WITHOUT_WORDS.fullmatch(template) is not None
