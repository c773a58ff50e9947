"""PACC: digests in DNS, and the document they vouch for."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from mailsettings.errors import DocumentError, FailureKind
from mailsettings.formats import pacc
from mailsettings.formats.clientconfig import ClientConfig
from mailsettings.formats.server import DocumentServer
from mailsettings.model import Auth, Endpoint, Link, Protocol, Security, Service

PROTOCOLS: dict[str, object] = {"imap": {"host": "imap.example.org"}, "smtp": {"host": "smtp.example.org"}}


def document(protocols: dict[str, object] = PROTOCOLS, **beside: object) -> bytes:
    return json.dumps({"protocols": protocols, "info": {"provider": {"name": "Example"}}} | beside).encode()


def digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def read(data: bytes) -> ClientConfig:
    return pacc.read(data, (digest(data),))


D = base64.b64encode(digest(b"x")).decode()


@pytest.mark.parametrize(
    ("records", "count"),
    [
        pytest.param((f"v=UAAC1; a=sha256; d={D}",), 1, id="as specified"),
        pytest.param((f"d={D};a=SHA256;v=UAAC1;",), 1, id="other order, no blanks"),
        pytest.param((f"v=UAAC1; a=sha256; d={D}; new=1",), 1, id="unknown tag"),
        pytest.param((f"v=UAAC1; a=sha256; d={D}", f"v=UAAC1; a=sha256; d={D}"), 2, id="rollover"),
        pytest.param((f"v=UAAC2; a=sha256; d={D}",), 0, id="another version"),
        pytest.param((f"v=UAAC1; a=md5; d={D}",), 0, id="another digest"),
        pytest.param(("v=UAAC1; a=sha256; d=???",), 0, id="no base64"),
        pytest.param(("v=UAAC1; a=sha256",), 0, id="no digest"),
        pytest.param(("v=spf1 -all", "", ";;=;"), 0, id="something else"),
        pytest.param((f"v=UAAC1; a=sha256; d={D}",) * 99, 10, id="too many"),
    ],
)
def test_digests(records: tuple[str, ...], count: int) -> None:
    """
    Records of the right kind give their digest; all others are passed over.
    """
    assert pacc.digests(records) == (digest(b"x"),) * count


def test_a_minimal_document() -> None:
    """
    Ports are fixed, TLS starts with the first byte, the user name is the address.
    """
    assert read(
        document(authentication={"oauth-public": {"issuer": "https://login.example.org"}, "password": True})
    ) == (
        ClientConfig(
            name="Example",
            incoming=(
                DocumentServer(
                    Endpoint(Protocol.IMAP, "imap.example.org", 993, Security.TLS),
                    ("%EMAILADDRESS%",),
                    (Auth.OAUTH2, Auth.PASSWORD),
                ),
            ),
            outgoing=(
                DocumentServer(
                    Endpoint(Protocol.SMTP, "smtp.example.org", 465, Security.TLS),
                    ("%EMAILADDRESS%",),
                    (Auth.OAUTH2, Auth.PASSWORD),
                ),
            ),
            issuer="https://login.example.org",
        )
    )


@pytest.mark.parametrize("name", ["smtp", "submit"])
def test_both_names_of_submission(name: str) -> None:
    """
    Drafts have spelled it both ways.
    """
    config = read(document({name: {"host": "smtp.example.org"}}))

    assert [str(server.endpoint) for server in config.outgoing] == ["smtp://smtp.example.org:465 (tls)"]


def test_everything_beside_mail() -> None:
    """
    Services with URLs or hosts, and the page with help, are kept.
    """
    config = read(
        document(
            {
                "jmap": {"url": "https://jmap.example.org/"},
                "caldav": {"url": "https://dav.example.org/"},
                "managesieve": {"host": "sieve.example.org"},
            },
            info={"provider": {"name": "E"}, "help": {"documentation": "https://example.org/help"}},
        )
    )

    assert (config.incoming[0].url, config.services, config.documentation) == (
        "https://jmap.example.org/",
        (Service("caldav", "https://dav.example.org/"), Service("managesieve", "sieve://sieve.example.org")),
        (Link("https://example.org/help"),),
    )


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"imap": {"host": "10.0.0.1"}}, id="address"),
        pytest.param({"imap": {"host": 1}}, id="number"),
        pytest.param({"imap": "imap.example.org"}, id="no object"),
        pytest.param({"imap": {"host": "a" * 70000}}, id="endless"),
        pytest.param({"jmap": {"url": "http://jmap.example.org/"}}, id="plain http"),
        pytest.param({"jmap": {"url": "https://jmap.example.org:8443/"}}, id="port"),
        pytest.param({"managesieve": {"host": "sieve\r\n.example.org"}}, id="line break"),
    ],
)
def test_a_broken_section_drops_only_itself(broken: dict[str, object]) -> None:
    """
    What cannot be used is noted, and the rest is kept.
    """
    config = read(document({"smtp": {"host": "smtp.example.org"}} | broken))

    assert (config.incoming, len(config.outgoing), len(config.notes)) == ((), 1, 1)


def test_a_document_without_its_digest_is_invalid() -> None:
    """
    Not one byte may differ from what DNS vouches for.
    """
    data = document()

    with pytest.raises(DocumentError) as caught:
        pacc.read(data + b" ", (digest(data),))

    assert caught.value.kind is FailureKind.INVALID_DOCUMENT


def test_one_of_several_digests_is_enough() -> None:
    """
    While a document changes, DNS names the old and the new one.
    """
    data = document()

    assert pacc.read(data, (digest(b"old"), digest(data))).name == "Example"


@pytest.mark.parametrize("data", [b"<html>", b"", b"[]"])
def test_no_document(data: bytes) -> None:
    """
    A web page in its place is no document, whatever its digest.
    """
    with pytest.raises(DocumentError) as caught:
        read(data)

    assert caught.value.kind is FailureKind.NO_DOCUMENT
