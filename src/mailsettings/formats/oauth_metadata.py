"""Metadata of an OAuth issuer (RFC 8414 §2): its URL and the endpoints it states.

{"issuer": "https://login.example.org", "authorization_endpoint": "https://login.example.org/auth",
 "token_endpoint": "https://login.example.org/token"}

Apart from sources.oauth_metadata, its only user, because every document format is parsed here, tested and fuzzed as
bytes without a lookup or a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from mailsettings.errors import DocumentError
from mailsettings.formats import json, text
from mailsettings.model import OAuth

WELL_KNOWN = "/.well-known/oauth-authorization-server"


def metadata_url(issuer: str) -> str:
    """Return the URL of the metadata of *issuer*, an https URL, whose path comes last (RFC 8414 §3.1)."""
    parts = urlsplit(issuer)
    return f"https://{parts.netloc}{WELL_KNOWN}{parts.path.rstrip('/')}"


def read(data: bytes, issuer: str) -> OAuth:
    """Read the metadata of *issuer*. No scopes: only the provider table states which ones give access to mail.

    Raises DocumentError: NO_DOCUMENT if *data* is something else, INVALID_DOCUMENT if it is another issuer's
    (RFC 8414 §3.3) or names no https endpoints.
    """
    document = json.read(data)
    stated = json.string(document, "issuer")
    if stated.rstrip("/") != issuer.rstrip("/"):
        raise DocumentError(f"issuer is {text.quoted(stated)}, not {text.quoted(issuer)}")
    return OAuth(issuer, _endpoint(document, "authorization"), _endpoint(document, "token"))


def _endpoint(document: Mapping[str, object], name: str) -> str:
    return text.web_url(json.string(document, f"{name}_endpoint"), schemes=("https",))
