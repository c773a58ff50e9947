"""Metadata of an OAuth issuer (RFC 8414 §2): its URL, and what it states about itself.

{"issuer": "https://login.example.org", "authorization_endpoint": "https://login.example.org/auth",
 "token_endpoint": "https://login.example.org/token", "registration_endpoint": "https://login.example.org/register",
 "code_challenge_methods_supported": ["S256"], "scopes_supported": ["urn:ietf:params:oauth:scope:mail"]}

Apart from sources.oauth_metadata, its only user, because every document format is parsed here, tested and fuzzed as
bytes without a lookup or a network.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from urllib.parse import urlsplit

from mailsettings.errors import DocumentError
from mailsettings.formats import json, text
from mailsettings.hostnames import belongs_to
from mailsettings.model import StatedOAuth

WELL_KNOWN = "/.well-known/oauth-authorization-server"
MAX_WORDS = 50  # of one list; Microsoft's and Google's have four scopes, Keycloak's a dozen
_WORD = re.compile(r"[!#-\[\]-~]{1,200}")  # a scope (RFC 6749 appendix A.4); names of methods are shorter still


def metadata_url(issuer: str) -> str:
    """Return the URL of the metadata of *issuer*, an https URL, whose path comes last (RFC 8414 §3.1)."""
    parts = urlsplit(issuer)
    return f"https://{parts.netloc}{WELL_KNOWN}{parts.path.rstrip('/')}"


def is_issuer(url: str) -> bool:
    """Say whether *url*, a web address, can be an issuer: https, without query and fragment (RFC 8414 §2)."""
    return url.startswith("https://") and not {"?", "#"} & set(url)


def read(data: bytes, issuer: str) -> StatedOAuth:
    """Read the metadata of *issuer*. What is not needed to sign in is left out where it is not valid.

    Raises DocumentError: NO_DOCUMENT if *data* is something else, INVALID_DOCUMENT if it is another issuer's
    (RFC 8414 §3.3), names no https endpoints, or some outside the issuer's registrable domain.
    """
    document = json.read(data)
    stated = json.string(document, "issuer")
    if stated.rstrip("/") != issuer.rstrip("/"):
        raise DocumentError(f"issuer is {text.quoted(stated)}, not {text.quoted(issuer)}")
    return StatedOAuth(
        authorization_endpoint=_endpoint(document, "authorization", issuer),
        token_endpoint=_endpoint(document, "token", issuer),
        registration_endpoint=_optional(document, "registration", issuer),
        device_authorization_endpoint=_optional(document, "device_authorization", issuer),
        code_challenge_methods_supported=_words(document, "code_challenge_methods_supported"),
        scopes_supported=_words(document, "scopes_supported"),
        metadata=metadata_url(issuer),
    )


def _endpoint(document: Mapping[str, object], name: str, issuer: str) -> str:
    url = text.web_url(json.string(document, f"{name}_endpoint"), schemes=("https",))
    if "#" in url:  # RFC 6749 §3.1 and §3.2
        raise DocumentError(f"{name} endpoint {text.quoted(url)} has a fragment")
    require_same_domain(url, issuer)
    return url


def _optional(document: Mapping[str, object], name: str, issuer: str) -> str:
    with suppress(DocumentError):
        return _endpoint(document, name, issuer)
    return ""


def require_same_domain(url: str, issuer: str) -> None:
    """Raise DocumentError if *url* is outside the registrable domain of *issuer*: it speaks for that one only."""
    if not belongs_to(text.host_of(url), text.host_of(issuer)):
        raise DocumentError(f"{text.host_of(url)} is not of {text.host_of(issuer)}, whose metadata names it")


def _words(document: Mapping[str, object], name: str) -> tuple[str, ...]:
    """Return the words of a list, each once; what cannot be a scope or the name of a method is left out."""
    valid = (word for word in json.strings(document, name) if _WORD.fullmatch(word))
    return tuple(islice(dict.fromkeys(valid), MAX_WORDS))
