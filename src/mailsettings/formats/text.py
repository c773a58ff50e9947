"""Untrusted text, links, host names and user names, checked and made printable: short, one line."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from mailsettings.address import ADDRESS, DOMAIN, LOCAL_PART
from mailsettings.errors import AddressError, DocumentError
from mailsettings.escape import has_invisible, one_line
from mailsettings.hostnames import parse_host

MAX_NAME = 60  # characters of a provider's name (draft-ietf-mailmaint-autoconfig)
MAX_TEXT = 500  # characters of a sentence shown to users
MAX_URL = 2000
MAX_USERNAME = 255  # octets, the limit of SASL PLAIN's identities (RFC 4616 §2)
MAX_NON_ASCII_HOST = 63  # characters of a host name outside ASCII: encoding a long one (IDNA) takes a millisecond
MAX_QUOTED = 60  # characters of an untrusted value inside a note

PLACEHOLDERS = (ADDRESS, LOCAL_PART, DOMAIN)
_PLACEHOLDER = re.compile(r"%(?:EMAILADDRESS|EMAILLOCALPART|EMAILDOMAIN)%?|%[^%\s]*%|\$?\{[^{}]*\}", re.IGNORECASE)
# What a template of the document's author is left with. Percent-encoded characters (%C3%A9) are none of these.
_UNFILLED = re.compile(r"%(?![0-9A-Fa-f]{2})[A-Za-z][A-Za-z0-9_./-]*%|\$?\{[^{}]*\}")
_PORT = re.compile(r"[0-9]{1,5}")


def single_line(text: str, limit: int = MAX_TEXT) -> str:
    """Return *text* as one printable line of at most *limit* characters."""
    return one_line(text, limit)


def quoted(text: str) -> str:
    """Return an untrusted value quoted and shortened for a note."""
    return repr(single_line(text, MAX_QUOTED))


def web_url(text: str, *, schemes: tuple[str, ...] = ("https", "http")) -> str:
    """Return *text* if it is a plain web address: a known scheme, a public host, no user name in it.

    Raises DocumentError. Such a URL is shown to people, who have to see where it leads.
    """
    if len(text) > MAX_URL or not text.isascii() or has_invisible(text) or re.search(r"[\s\"'<>`\\]", text):
        raise DocumentError(f"{quoted(text)} is not a plain web address")
    try:
        parts = urlsplit(text)
        port = parts.port
        host = parse_host(parts.hostname or "")
    except ValueError as error:  # AddressError is one
        raise DocumentError(f"{quoted(text)} is not a web address: {error}") from error
    if parts.scheme not in schemes:
        raise DocumentError(f"{quoted(text)} begins with {parts.scheme!r}, not with one of {', '.join(schemes)}")
    if "@" in parts.netloc or port == 0 or not host:
        raise DocumentError(f"{quoted(text)} hides where it leads")
    return text


def host_of(url: str) -> str:
    """Return the host of a URL that web_url() has accepted, as A-labels in lower case."""
    return parse_host(urlsplit(url).hostname or "")


def host_in(locator: str) -> str:
    """Return the host of a *locator* that is a URL, as host_of() does; nothing for DNS questions and rows of tables."""
    try:
        return host_of(locator)
    except (AddressError, ValueError):
        return ""


def port_in(url: str) -> int:
    """Return the port of a URL that web_url() has accepted, or the usual one of its scheme."""
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)


def host(text: str, domain: str) -> str:
    """Return the host name *text*, with *domain* in place of %EMAILDOMAIN%.

    Only the domain: a local part in a host name would be disclosed to every resolver on the way.
    Raises AddressError for anything that is not the name of a public host.
    """
    if len(text) > (MAX_USERNAME if text.isascii() else MAX_NON_ASCII_HOST):
        raise AddressError(f"{quoted(text)} is too long for a host name")
    return parse_host(text.replace(DOMAIN, domain))


def expanded(text: str, domain: str) -> str:
    """Return *text* with *domain* in place of %EMAILDOMAIN%; nothing where another placeholder would be left."""
    found = text.replace(DOMAIN, domain)
    return "" if _UNFILLED.search(found) else found


def name(text: str, domain: str) -> str:
    """Return the name of the provider of *domain*; nothing where a placeholder would be left.

    Mail-in-a-Box calls itself "%EMAILADDRESS% (Mail-in-a-Box)" (2026-11). The name is the same for all users, so the
    domain stands for the address.
    """
    return single_line(expanded(text.replace(ADDRESS, domain), domain), MAX_NAME)


def port(text: str) -> int:
    """Return the port written as *text*. Raises DocumentError unless it is a number from 1 to 65535."""
    if not _PORT.fullmatch(text) or not 1 <= int(text) <= 65535:
        raise DocumentError(f"port is {quoted(text)}, not a number from 1 to 65535")
    return int(text)


def username(text: str) -> str:
    """Return a user-name template with its placeholders in canonical form; a truncated one is completed.

    Raises DocumentError for control characters, which could inject protocol commands, and unknown placeholders.
    """
    if not text or len(text.encode(errors="replace")) > MAX_USERNAME or has_invisible(text):
        raise DocumentError(f"user name {quoted(text)} is empty, too long or not printable")
    return _PLACEHOLDER.sub(_complete_placeholder, text)


def _complete_placeholder(found: re.Match[str]) -> str:
    # office365.com's entry in the ISPDB says %EMAILADDRESS without its last % (2026-03).
    completed = found[0].rstrip("%").upper() + "%"
    if completed not in PLACEHOLDERS:
        raise DocumentError(f"user name has the unknown placeholder {quoted(found[0])}")
    return completed
