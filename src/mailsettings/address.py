"""Email addresses and host names: read once, then trusted.

    parse_address("Ada@Bücher.example")  ->  EmailAddress(local='Ada', domain='xn--bcher-kva.example')

What could end up in a command, a log or a DNS question is refused here: control characters, bidi marks, numeric hosts
(glibc reads `2130706433` and `127.1` as 127.0.0.1), names that mean the local machine.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailsettings.errors import AddressError

MAX_ADDRESS = 254  # octets, RFC 5321 §4.5.3.1.3 less the angle brackets
MAX_LOCAL = 64  # octets, RFC 5321 §4.5.3.1.1
MAX_HOST = 253  # octets, RFC 1035 §2.3.4 less the root

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)+(?!0x)(?![0-9]+$){_LABEL}")
_ATEXT = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
# Control characters, line and paragraph separators, zero-width and bidi marks, lone surrogates.
_DANGEROUS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
# Names of this machine, this network or no host at all (RFC 6761, RFC 6762, RFC 8375, RFC 7686, ICANN .internal).
# `.example` and `.test` are ordinary names here: laboratories use them and no public zone answers for them.
LOCAL_NAMES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "localdomain", "onion", "invalid")
LOCAL_SUFFIXES = (*LOCAL_NAMES, "home.arpa", "in-addr.arpa", "ip6.arpa", "arpa")


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """An address as the user means it; *domain* is lower-case A-labels, as DNS and TLS want it."""

    local: str
    domain: str
    shown_domain: str  # U-labels, for people; equals *domain* when there is nothing to translate

    def __str__(self) -> str:
        return f"{self.local}@{self.domain}"


def parse_address(text: str) -> EmailAddress:
    """Read *text* as one email address.

    Raises AddressError with one sentence that names what was seen.
    Source: RFC 5321 §4.1.2 (dot-string), RFC 6531 (non-ASCII), UTS-46 for the domain.
    """
    local, domain = _halves(text)
    if not domain.isascii():
        domain_a, shown = _translate(domain)
    else:
        domain_a, shown = domain.lower(), None
    domain_a = parse_host(domain_a)
    if local.isascii() and not _ATEXT.fullmatch(local):
        raise AddressError(f"the part before the @ is {_short(local)}: no mailbox has such characters or dots")
    if not local.isascii():
        local = _check_foreign_local(local)
    if len(f"{local}@{domain_a}".encode()) > MAX_ADDRESS:
        raise AddressError(f"the address has more than {MAX_ADDRESS} octets")
    return EmailAddress(local, domain_a, shown or shown_host(domain_a))


def _halves(text: str) -> tuple[str, str]:
    """Cut *text* at its one @ after refusing what is dangerous anywhere in it."""
    if len(text) > 4 * MAX_ADDRESS:
        raise AddressError(f"the address has {len(text)} characters, more than {MAX_ADDRESS} octets can hold")
    text = text.strip(" \t\r\n")
    if not text:
        raise AddressError("the address is empty")
    if (found := _DANGEROUS.search(text)) is not None:
        raise AddressError(f"the address has the character U+{ord(found[0]):04X}, which no address may have")
    local, at, domain = text.rpartition("@")
    if not at:
        raise AddressError(f"{_short(text)} has no @; an address looks like name@example.org")
    if not local:
        raise AddressError(f"{_short(text)} has nothing before the @")
    if not domain:
        raise AddressError(f"{_short(text)} has nothing after the @")
    if "@" in local:
        raise AddressError(f"{_short(text)} has more than one @")
    if len(local.encode()) > MAX_LOCAL:
        raise AddressError(f"the part before the @ has {len(local.encode())} octets, more than {MAX_LOCAL}")
    return local, domain


def parse_host(text: str) -> str:
    """Read *text* as the name of a public host: lower-case A-labels, two or more, no trailing dot.

    Raises AddressError for addresses in disguise, for names of the local machine or network and for anything that is
    not letters, digits and hyphens (RFC 1123 §2.1).
    """
    host = text.lower().removesuffix(".")
    if not host.isascii():
        host, _ = _translate(host)
    if len(host) > MAX_HOST:
        raise AddressError(f"the host name has {len(host)} octets, more than {MAX_HOST}")
    if host.startswith("[") or ":" in host or re.fullmatch(r"[0-9.]+|0x[0-9a-fx.]+", host):
        raise AddressError(f"{_short(text)} is a network address, not a domain name")
    if host in LOCAL_SUFFIXES or host.rpartition(".")[2] in LOCAL_SUFFIXES or host.endswith(".home.arpa"):
        raise AddressError(f"{_short(text)} means this machine or its own network, not a mail domain")
    if "." not in host:
        raise AddressError(f"{_short(text)} is a single word; a mail domain has a dot, like example.org")
    if not _HOST.fullmatch(host):
        raise AddressError(f"{_short(text)} is not a domain name")
    return host


def shown_host(host: str) -> str:
    """Translate the A-labels of *host* to U-labels where that is possible, for people."""
    if "xn--" not in host:
        return host
    import idna  # noqa: PLC0415 - 15 ms that only names outside ASCII need

    try:
        return idna.decode(host)
    except idna.IDNAError:
        return host


def _translate(domain: str) -> tuple[str, str]:
    """Return *domain* as A-labels and as U-labels (UTS-46, non-transitional: ß stays ß)."""
    import idna  # noqa: PLC0415 - 15 ms that only names outside ASCII need

    try:
        ascii_form = idna.encode(domain, uts46=True).decode("ascii").lower()
        return ascii_form, idna.decode(ascii_form)
    except idna.IDNAError as error:
        raise AddressError(f"{_short(domain)} is not an international domain name: {error}") from error


def _check_foreign_local(local: str) -> str:
    """Return *local*, which is not ASCII, in the form servers compare (RFC 6532 §3.1: NFC)."""
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - 40 ms that few addresses need

    try:
        checked = validate_email(f"{local}@example.com", check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise AddressError(f"the part before the @ is {_short(local)}: {error}") from error
    return checked.local_part


def _short(text: str, limit: int = 60) -> str:
    """Quote *text* for a message, cut to *limit* characters."""
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")
