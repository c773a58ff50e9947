"""Metadata of servers that take OAuth tokens (RFC 9728)."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailsettings.errors import DocumentError, FailureKind
from mailsettings.formats.oauth_metadata import is_issuer
from mailsettings.formats.protected_resource import MAX_ISSUERS, read, resource_of
from tests.support.json_values import json_values

RESOURCE = "https://jmap.example.org"
ISSUER = "https://login.example.org"


def metadata(**changes: object) -> bytes:
    return json.dumps({"resource": RESOURCE, "authorization_servers": [ISSUER], **changes}).encode()


def test_the_issuers_are_read_in_their_order() -> None:
    """
    The first is the one to use; what is no https address is left out.
    """
    servers = ["http://a.example", "javascript:x", f"{ISSUER}?x", 7, "https://b.example", ISSUER, ISSUER]

    assert read(metadata(authorization_servers=servers), RESOURCE) == ("https://b.example", ISSUER)


def test_few_issuers_are_kept() -> None:
    """
    A list of a thousand does not become a thousand requests.
    """
    servers = [f"https://login{number}.example" for number in range(1000)]

    assert len(read(metadata(authorization_servers=servers), RESOURCE)) == MAX_ISSUERS


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        pytest.param(metadata(resource="https://example.org"), FailureKind.INVALID_DOCUMENT, id="another resource"),
        pytest.param(metadata(resource=None), FailureKind.INVALID_DOCUMENT, id="without a resource"),
        pytest.param(metadata(authorization_servers=[]), FailureKind.INVALID_DOCUMENT, id="no issuer"),
        pytest.param(metadata(authorization_servers={"a": 1}), FailureKind.INVALID_DOCUMENT, id="no list"),
        pytest.param(b"<html>", FailureKind.NO_DOCUMENT, id="a web page"),
        pytest.param(metadata()[:-1], FailureKind.INVALID_DOCUMENT, id="cut off"),
    ],
)
def test_what_is_no_metadata_of_this_server(data: bytes, kind: FailureKind) -> None:
    """
    A DocumentError says whether it is none or a bad one (RFC 9728 §3.3).
    """
    with pytest.raises(DocumentError) as caught:
        read(data, RESOURCE)

    assert caught.value.kind is kind


@pytest.mark.parametrize(
    ("url", "resource"),
    [
        ("https://jmap.example.org/.well-known/jmap", RESOURCE),
        ("https://JMAP.example.org:443/session?a=b", RESOURCE),
        ("https://jmap.example.org:8443/", f"{RESOURCE}:8443"),
    ],
)
def test_the_resource_is_the_server_as_a_whole(url: str, resource: str) -> None:
    """
    A port belongs to it, a path does not.
    """
    assert resource_of(url) == resource


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(st.dictionaries(st.sampled_from(["resource", "authorization_servers"]), json_values()))
def test_whatever_a_server_writes_is_bounded_or_refused(changes: dict[str, object]) -> None:
    """
    A few https addresses, or a DocumentError.
    """
    try:
        issuers = read(metadata(**changes), RESOURCE)
    except DocumentError:
        return
    assert 1 <= len(issuers) <= MAX_ISSUERS
    assert all(map(is_issuer, issuers))
