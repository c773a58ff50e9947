"""Metadata of an OAuth issuer (RFC 8414 §2): where it is, and what it says of its endpoints.

{"issuer": "https://login.example.org", "authorization_endpoint": "https://login.example.org/auth",
 "token_endpoint": "https://login.example.org/token"}
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from mailsettings.errors import DocumentError
from mailsettings.formats import json, text
from mailsettings.model import OAuth

WELL_KNOWN = "/.well-known/oauth-authorization-server"


def metadata_url(issuer: str) -> str:
    """Return where the metadata of *issuer*, an https URL, lies: its path comes last (RFC 8414 §3.1)."""
    parts = urlsplit(issuer)
    return f"https://{parts.netloc}{WELL_KNOWN}{parts.path.rstrip('/')}"


def read(data: bytes, issuer: str) -> OAuth:
    """Read the metadata of *issuer*. No scopes: what they would open is for the provider table to say.

    Raises DocumentError: NO_DOCUMENT if *data* is something else, INVALID_DOCUMENT if it is another issuer's
    (RFC 8414 §3.3) or names no https endpoints.
    """
    document = json.read(data)
    said = json.string(document, "issuer")
    if said.rstrip("/") != issuer.rstrip("/"):
        raise DocumentError(f"issuer is {text.quoted(said)}, not {text.quoted(issuer)}")
    return OAuth(issuer, _endpoint(document, "authorization"), _endpoint(document, "token"))


def _endpoint(document: Mapping[str, object], name: str) -> str:
    return text.web_url(json.string(document, f"{name}_endpoint"), schemes=("https",))
