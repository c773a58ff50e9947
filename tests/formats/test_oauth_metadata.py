"""Metadata of OAuth issuers (RFC 8414)."""

from __future__ import annotations

import json

import pytest

from mailsettings.errors import DocumentError, FailureKind
from mailsettings.formats.oauth_metadata import metadata_url, read
from mailsettings.model import OAuth

ISSUER = "https://login.example.org"
ENDPOINTS = {"authorization_endpoint": f"{ISSUER}/auth", "token_endpoint": f"{ISSUER}/token"}


def metadata(**changes: object) -> bytes:
    return json.dumps({"issuer": ISSUER, **ENDPOINTS, "scopes_supported": ["everything"], **changes}).encode()


def test_endpoints_are_read_and_scopes_are_not() -> None:
    """
    What a token opens is not for a stranger to say.
    """
    assert read(metadata(), ISSUER) == OAuth(ISSUER, f"{ISSUER}/auth", f"{ISSUER}/token")


@pytest.mark.parametrize(
    ("issuer", "url"),
    [
        ("https://login.example.org", "https://login.example.org/.well-known/oauth-authorization-server"),
        ("https://login.example.org/", "https://login.example.org/.well-known/oauth-authorization-server"),
        ("https://example.org/tenant", "https://example.org/.well-known/oauth-authorization-server/tenant"),
    ],
)
def test_the_path_of_an_issuer_comes_last(issuer: str, url: str) -> None:
    """
    RFC 8414 §3.1.
    """
    assert metadata_url(issuer) == url


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(metadata(issuer="https://evil.example"), FailureKind.INVALID_DOCUMENT, id="another issuer's"),
        pytest.param(metadata(issuer=None), FailureKind.INVALID_DOCUMENT, id="without an issuer"),
        pytest.param(
            metadata(token_endpoint="http://login.example.org/t"), FailureKind.INVALID_DOCUMENT, id="plain http"
        ),
        pytest.param(metadata(authorization_endpoint=""), FailureKind.INVALID_DOCUMENT, id="no endpoint"),
        pytest.param(metadata(token_endpoint="javascript:alert(1)"), FailureKind.INVALID_DOCUMENT, id="a script"),
        pytest.param(
            metadata(token_endpoint="https://a@evil.example/"), FailureKind.INVALID_DOCUMENT, id="hidden host"
        ),
        pytest.param(b"<html>", FailureKind.NO_DOCUMENT, id="a web page"),
        pytest.param(metadata()[:-1], FailureKind.INVALID_DOCUMENT, id="cut off"),
    ],
)
def test_what_is_no_metadata_of_this_issuer(data: bytes, kind: FailureKind) -> None:
    """
    A DocumentError says whether it is none or a bad one.
    """
    with pytest.raises(DocumentError) as caught:
        read(data, ISSUER)

    assert caught.value.kind is kind


def test_what_is_cut_off_is_never_read() -> None:
    """
    At whatever place it ends.
    """
    for length in range(len(metadata())):
        with pytest.raises(DocumentError):
            read(metadata()[:length], ISSUER)
