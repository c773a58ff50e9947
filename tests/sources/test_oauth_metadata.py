"""Issuers that documents name: known ones from the table, unknown ones from the domain's own document alone."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from mailsettings.decision.oauth import may_name_issuer
from mailsettings.errors import DocumentError
from mailsettings.interfaces import Page
from mailsettings.leads import Lead, OAuthIssuer
from mailsettings.model import Authority, Evidence, Fact, Protocol, StatedOAuth
from mailsettings.policy import Policy
from mailsettings.sources.autoconfig import autoconfig
from mailsettings.sources.oauth_metadata import IssuerMetadata, ResourceMetadata
from tests.support.documents import autoconfig as document
from tests.support.documents import incoming
from tests.support.fake_net import Reply, Web, run_all
from tests.support.values import ADA

if TYPE_CHECKING:
    from typing_extensions import TypeIs

pytestmark = pytest.mark.anyio

MAIN = "https://autoconfig.example.org/mail/config-v1.1.xml"
PLAINTEXT = MAIN.replace("https", "http")
ISSUER = "https://login.example.org"
METADATA = f"{ISSUER}/.well-known/oauth-authorization-server"

STATED = StatedOAuth(f"{ISSUER}/auth", f"{ISSUER}/token", document=MAIN, metadata=METADATA)


def named(issuer: str, auth: str = "OAuth2") -> bytes:
    """Return a document that names *issuer*."""
    return document(incoming(authentication=auth), f"<oAuth2><issuer>{issuer}</issuer></oAuth2>")


def metadata(host: str = "login.example.org", issuer: str = ISSUER) -> bytes:
    """Return the metadata of *issuer* with endpoints at *host*."""
    endpoints = {"authorization_endpoint": f"https://{host}/auth", "token_endpoint": f"https://{host}/token"}
    return json.dumps({"issuer": issuer, **endpoints}).encode()


def is_issuer(lead: Lead) -> TypeIs[Fact[OAuthIssuer]]:
    return isinstance(lead, Fact) and isinstance(lead.value, OAuthIssuer)


async def issuers(pages: dict[str, Reply]) -> tuple[Web, list[Fact[OAuthIssuer]]]:
    """Ask for the domain's documents, and return the net and what concerns issuers."""
    net = Web(pages)
    leads = await run_all(list(autoconfig(ADA)), net)
    return net, [lead for lead in leads if is_issuer(lead)]


async def test_an_unknown_issuer_of_the_domains_own_document_is_asked() -> None:
    """
    Its endpoints come beside the name of the issuer.
    """
    _, leads = await issuers({MAIN: named(ISSUER), METADATA: metadata()})

    stated = [lead.value.stated for lead in leads]
    assert stated == [StatedOAuth(document=MAIN), STATED]


async def test_a_known_issuer_is_not_asked() -> None:
    """
    How Google is talked to is in the table; a document may select it and no more.
    """
    net, leads = await issuers({MAIN: named("accounts.google.com")})

    assert [lead.value.url for lead in leads] == ["https://accounts.google.com"]
    assert not any("oauth-authorization-server" in request for request in net.requests)


async def test_an_issuer_named_in_clear_is_not_used() -> None:
    """
    A forged document would choose where the password is typed.
    """
    net, leads = await issuers({PLAINTEXT: named(ISSUER), METADATA: metadata()})

    assert f"GET {METADATA}" not in net.requests
    assert [may_name_issuer(lead.evidence) for lead in leads] == [False]


async def test_an_issuer_for_nothing_is_not_asked() -> None:
    """
    Where no server wants OAuth2, no token is needed.
    """
    net, _ = await issuers({MAIN: named(ISSUER, auth="password-cleartext"), METADATA: metadata()})

    assert f"GET {METADATA}" not in net.requests


@pytest.mark.parametrize("host", ["evil.example", "login.example.org.evil.example", "example.com"])
async def test_endpoints_elsewhere_are_refused(host: str) -> None:
    """
    An issuer speaks for its own registrable domain only.
    """
    net = Web({METADATA: metadata(host)})
    _, (issuer,) = await issuers({MAIN: named(ISSUER), METADATA: metadata(host)})

    with pytest.raises(DocumentError, match="whose metadata names it"):
        await IssuerMetadata(issuer.value, issuer.evidence).run(net)


async def test_metadata_that_is_found_elsewhere_is_refused() -> None:
    """
    A redirect to another domain, whose pages do not speak for the issuer.
    """
    page = Page("https://evil.example/m", 200, "application/json", metadata(), (METADATA,))
    _, leads = await issuers({MAIN: named(ISSUER), METADATA: page})

    assert [lead.value.stated for lead in leads] == [StatedOAuth(document=MAIN)]


JMAP = "https://jmap.example.org/.well-known/jmap"
RESOURCE = "https://jmap.example.org"
PROTECTED = f"{RESOURCE}/.well-known/oauth-protected-resource"


def jmap_document(url: str = JMAP, auth: str = "OAuth2", beside: str = "") -> bytes:
    """Return a document that names a JMAP server, and no issuer but what stands *beside*."""
    section = f'<incomingServer type="jmap"><url>{url}</url><authentication>{auth}</authentication></incomingServer>'
    return document(section, beside)


def protected(resource: str = RESOURCE, *issuers: str) -> bytes:
    """Return what *resource* says about who issues tokens for it."""
    return json.dumps({"resource": resource, "authorization_servers": issuers or [ISSUER]}).encode()


async def test_a_jmap_server_names_its_issuer_where_the_document_does_not() -> None:
    """
    RFC 9728, and then RFC 8414; all on the evidence of the document that names the server.
    """
    _, leads = await issuers({MAIN: jmap_document(), PROTECTED: protected(), METADATA: metadata()})

    assert [lead.value.stated for lead in leads] == [
        StatedOAuth(document=MAIN, resource=PROTECTED),
        replace(STATED, resource=PROTECTED),
    ]
    assert {lead.evidence.locator for lead in leads} == {MAIN}


@pytest.mark.parametrize(
    ("name", "pages"),
    [
        ("a server elsewhere", {MAIN: jmap_document("https://jmap.hoster.example/.well-known/jmap")}),
        ("passwords", {MAIN: jmap_document(auth="password-cleartext")}),
        ("a document over http", {PLAINTEXT: jmap_document()}),
        ("a document with an issuer", {MAIN: jmap_document(beside="<oAuth2><issuer>x.example.org</issuer></oAuth2>")}),
    ],
)
async def test_no_other_server_is_asked_who_issues_its_tokens(name: str, pages: dict[str, Reply]) -> None:
    """
    Only one within the domain, that takes tokens, named by the domain's own document.
    """
    net, _ = await issuers({**pages, PROTECTED: protected()})

    assert [request for request in net.requests if "oauth-protected-resource" in request] == [], name


@pytest.mark.parametrize("resource", ["https://example.org", "https://jmap.example.org.evil.example", ""])
async def test_a_resource_speaks_for_itself_only(resource: str) -> None:
    """
    RFC 9728 §3.3.
    """
    _, leads = await issuers({MAIN: jmap_document(), PROTECTED: protected(resource), METADATA: metadata()})

    assert leads == []


async def test_without_jmap_its_server_is_not_asked() -> None:
    """
    The policy decides which protocols matter.
    """
    lookup = ResourceMetadata(RESOURCE, Evidence(Authority.DOMAIN, "autoconfig", MAIN, True, "example.org"))

    assert lookup.sends(Policy()) == ""
    assert lookup.sends(Policy(protocols=frozenset({Protocol.IMAP, Protocol.SMTP}))) is None
