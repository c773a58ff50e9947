"""Metadata of OAuth issuers (RFC 8414)."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailsettings.errors import DocumentError, FailureKind
from mailsettings.formats.oauth_metadata import MAX_WORDS, is_issuer, metadata_url, read
from mailsettings.formats.text import host_of
from mailsettings.hostnames import belongs_to
from mailsettings.model import StatedOAuth
from tests.support.json_values import json_values

ISSUER = "https://login.example.org"
ENDPOINTS = {"authorization_endpoint": f"{ISSUER}/auth", "token_endpoint": f"{ISSUER}/token"}


def metadata(**changes: object) -> bytes:
    return json.dumps({"issuer": ISSUER, **ENDPOINTS, **changes}).encode()


def test_a_document_with_what_it_must_have() -> None:
    """
    The issuer, and where its tokens come from.
    """
    assert read(metadata(), ISSUER) == StatedOAuth(f"{ISSUER}/auth", f"{ISSUER}/token", metadata=metadata_url(ISSUER))


def test_what_mail_programs_need_besides_is_read() -> None:
    """
    Registration (RFC 7591), sign-in on another device (RFC 8628), PKCE (RFC 7636) and scopes.
    """
    stated = read(
        metadata(
            registration_endpoint=f"{ISSUER}/register",
            device_authorization_endpoint="https://device.example.org/",
            code_challenge_methods_supported=["S256", "plain", "S256"],
            scopes_supported=["urn:ietf:params:oauth:scope:mail", "offline_access"],
        ),
        ISSUER,
    )

    assert (stated.registration_endpoint, stated.device_authorization_endpoint) == (
        f"{ISSUER}/register",
        "https://device.example.org/",
    )
    assert stated.code_challenge_methods_supported == ("S256", "plain")
    assert stated.scopes_supported == ("urn:ietf:params:oauth:scope:mail", "offline_access")


@pytest.mark.parametrize("url", ["http://login.example.org/r", "https://evil.example/r", "javascript:x", 7, [ISSUER]])
@pytest.mark.parametrize("name", ["registration", "device_authorization"])
def test_what_is_not_needed_drops_only_itself(name: str, url: object) -> None:
    """
    Plain http, another domain, no address: the endpoints that a sign-in needs stay.
    """
    assert read(metadata(**{f"{name}_endpoint": url}), ISSUER) == read(metadata(), ISSUER)


@pytest.mark.parametrize(
    "words", [["a b", "", "\x1b[31m", 'a"b', "ü", "x" * 201, 7, None, ["mail"]], 7, {"mail": "mail"}, None]
)
def test_what_cannot_be_a_scope_is_left_out(words: object) -> None:
    """
    A scope is printable ASCII without spaces and quotes (RFC 6749 appendix A.4), and not endless.
    """
    assert read(metadata(scopes_supported=words), ISSUER).scopes_supported == ()


def test_lists_are_short() -> None:
    """
    Ten thousand scopes are not passed on.
    """
    many = [f"scope{number}" for number in range(10_000)]

    assert read(metadata(scopes_supported=many), ISSUER).scopes_supported == tuple(many[:MAX_WORDS])


@pytest.mark.parametrize(
    ("url", "valid"),
    [
        (ISSUER, True),
        (f"{ISSUER}/realms/a", True),
        (f"{ISSUER}?a=b", False),
        (f"{ISSUER}#a", False),
        ("http://a.b", False),
    ],
)
def test_an_issuer_has_neither_query_nor_fragment(url: str, valid: bool) -> None:
    """
    RFC 8414 §2.
    """
    assert is_issuer(url) is valid


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
        pytest.param(
            metadata(token_endpoint="https://evil.example/t"), FailureKind.INVALID_DOCUMENT, id="another domain's"
        ),
        pytest.param(metadata(token_endpoint=f"{ISSUER}/t#x"), FailureKind.INVALID_DOCUMENT, id="a fragment"),
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


MEMBERS = [
    *("issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint", "device_authorization_endpoint"),
    *("code_challenge_methods_supported", "scopes_supported"),
]
URLS = st.from_regex(r"(https?|ftp)://([a-z0-9.@:\[\]%-]{0,30})(/[ -~]{0,10})?", fullmatch=True)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(st.dictionaries(st.sampled_from(MEMBERS), st.text() | URLS | json_values()))
def test_whatever_an_issuer_writes_is_bounded_or_refused(changes: dict[str, object]) -> None:
    """
    Metadata inside the issuer's domain, over https, in short printable ASCII; or a DocumentError.
    """
    try:
        stated = read(metadata(**changes), ISSUER)
    except DocumentError:
        return
    urls = [value for name, value in asdict(stated).items() if name.endswith("_endpoint") and value]
    texts = [*urls, *stated.scopes_supported, *stated.code_challenge_methods_supported]
    assert all(url.startswith("https://") and belongs_to(host_of(url), "example.org") for url in urls)
    assert all(text.isascii() and text.isprintable() and len(text) <= 2000 for text in texts)
    assert len(texts) <= 2 * MAX_WORDS + len(urls)
