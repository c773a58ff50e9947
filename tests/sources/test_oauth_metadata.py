"""Issuers that documents name: known ones from the table, unknown ones from the domain's own document alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mailsettings.errors import DocumentError
from mailsettings.leads import Lead, OAuthIssuer
from mailsettings.model import Fact, Note, OAuth
from mailsettings.sources.autoconfig import autoconfig
from mailsettings.sources.oauth_metadata import IssuerMetadata
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


def named(issuer: str, auth: str = "OAuth2") -> bytes:
    """Return a document that names *issuer*."""
    return document(incoming(authentication=auth), f"<oAuth2><issuer>{issuer}</issuer></oAuth2>")


def metadata(host: str = "login.example.org", issuer: str = ISSUER) -> bytes:
    """Return the metadata of *issuer* with endpoints at *host*."""
    endpoints = {"authorization_endpoint": f"https://{host}/auth", "token_endpoint": f"https://{host}/token"}
    return json.dumps({"issuer": issuer, **endpoints}).encode()


def is_issuer(lead: Lead) -> TypeIs[Fact[OAuthIssuer]]:
    return isinstance(lead, Fact) and isinstance(lead.value, OAuthIssuer)


async def issuers(pages: dict[str, Reply]) -> tuple[Web, list[Lead]]:
    """Ask for the domain's documents, and return the net and what concerns issuers."""
    net = Web(pages)
    leads = await run_all(list(autoconfig(ADA)), net)
    return net, [lead for lead in leads if is_issuer(lead) or (isinstance(lead, Note) and "issuer" in lead.text)]


async def test_an_unknown_issuer_of_the_domains_own_document_is_asked() -> None:
    """
    Its endpoints come beside the name of the issuer.
    """
    _, leads = await issuers({MAIN: named(ISSUER), METADATA: metadata()})

    oauths = [lead.value.oauth for lead in leads if is_issuer(lead)]
    assert oauths == [None, OAuth(ISSUER, f"{ISSUER}/auth", f"{ISSUER}/token")]


async def test_a_known_issuer_is_not_asked() -> None:
    """
    How Google is talked to is in the table; a document may select it and no more.
    """
    net, leads = await issuers({MAIN: named("accounts.google.com")})

    assert [lead.value.url for lead in leads if is_issuer(lead)] == ["https://accounts.google.com"]
    assert not any("oauth-authorization-server" in request for request in net.requests)


async def test_an_issuer_named_in_clear_is_not_used() -> None:
    """
    A forged document would choose where the password is typed.
    """
    net, leads = await issuers({PLAINTEXT: named(ISSUER), METADATA: metadata()})

    assert f"GET {METADATA}" not in net.requests
    assert Note(f"{PLAINTEXT}: issuer {ISSUER!r} is not known, and not used") in leads


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
    _, leads = await issuers({MAIN: named(ISSUER), METADATA: metadata(host)})
    issuer = next(lead for lead in leads if is_issuer(lead))

    with pytest.raises(DocumentError, match="whose metadata names it"):
        await IssuerMetadata(issuer.value, issuer.evidence).run(net)
