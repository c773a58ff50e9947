"""Metadata of a server that takes OAuth tokens (RFC 9728 §2): who issues them.

{"resource": "https://jmap.example.org", "authorization_servers": ["https://login.example.org"]}
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from mailsettings.errors import DocumentError
from mailsettings.formats import json, text
from mailsettings.formats.oauth_metadata import is_issuer

WELL_KNOWN = "/.well-known/oauth-protected-resource"
MAX_ISSUERS = 3  # kept of one resource; a mail server has one


def resource_of(url: str) -> str:
    """Return the resource that the server of *url*, an accepted web address, is as a whole: https and its host."""
    port = text.port_in(url)
    return f"https://{text.host_of(url)}{'' if port == 443 else f':{port}'}"


def read(data: bytes, resource: str) -> tuple[str, ...]:
    """Read who issues tokens for *resource*: https URLs, in the order of the document.

    Raises DocumentError: NO_DOCUMENT if *data* is something else, INVALID_DOCUMENT if it is about another resource
    (RFC 9728 §3.3) or names no issuer.
    """
    document = json.read(data)
    stated = json.string(document, "resource")
    if stated.rstrip("/") != resource:
        raise DocumentError(f"resource is {text.quoted(stated)}, not {text.quoted(resource)}")
    issuers = tuple(islice(dict.fromkeys(_issuers(document)), MAX_ISSUERS))
    if not issuers:
        raise DocumentError("authorization_servers names no https URL")
    return issuers


def _issuers(document: object) -> Iterator[str]:
    for url in json.strings(document, "authorization_servers"):
        with suppress(DocumentError):
            if is_issuer(text.web_url(url, schemes=("https",))):
                yield url
