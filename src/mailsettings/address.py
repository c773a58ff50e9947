"""Email addresses, parsed once, then trusted, and the user names that are made of them.

    parse_address("Ada@Bücher.example")  ->  EmailAddress(local='Ada', domain='xn--bcher-kva.example')

What would be dangerous in a command, a log or a DNS question is rejected here: control characters, bidi marks, numeric
hosts (glibc reads `2130706433` and `127.1` as 127.0.0.1), names of the local machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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

    Raises AddressError with one sentence that names what was seen.
    Source: RFC 5321 §4.1.2 (dot-string), RFC 6531 (non-ASCII), UTS-46 for the domain.
    """
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
    """Return the user names that *templates* give for *address*, in order, without duplicates."""
    return tuple(dict.fromkeys(fill(template, address) for template in templates or USUAL_TEMPLATES))


def without_words(template: str) -> bool:
    """Say whether *template* consists of placeholders and punctuation, and so tells users nothing but their address."""
    return _WITHOUT_WORDS.fullmatch(template) is not None
