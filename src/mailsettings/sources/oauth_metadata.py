"""OAuth issuers of the domain's document, and what those that are not in the table publish about themselves.

https://autoconfig.example.org/mail/config-v1.1.xml            <oAuth2><issuer>login.example.org</issuer></oAuth2>
https://login.example.org/.well-known/oauth-authorization-server   ->  its endpoints (RFC 8414)

A document that names a JMAP server with OAuth2 and no issuer:

https://jmap.example.org/.well-known/oauth-protected-resource      ->  its issuers (RFC 9728)

All of it becomes part of the answer as what it is, a statement; no request is sent to the endpoints.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mailsettings.decision.oauth import issuer_in_table, may_name_issuer
from mailsettings.formats import oauth_metadata, protected_resource
from mailsettings.formats.clientconfig import ClientConfig
from mailsettings.formats.text import host_of
from mailsettings.hostnames import belongs_to
from mailsettings.interfaces import Net
from mailsettings.leads import Lead, OAuthIssuer
from mailsettings.model import URL, Auth, Authority, Evidence, Fact, Protocol, StatedOAuth
from mailsettings.policy import Policy


def issuer_of(config: ClientConfig, evidence: Evidence) -> Iterator[Lead]:
    """Yield what follows from the issuer that a document names, or from its JMAP server if it names none."""
    servers = (*config.incoming, *config.outgoing)
    wanted = any(Auth.OAUTH2 in server.auth for server in servers) and may_name_issuer(evidence)
    if config.issuer:
        issuer = OAuthIssuer(config.issuer, StatedOAuth(client_id=config.client_id, document=evidence.locator))
        yield Fact(issuer, evidence)
        if wanted:
            yield from _metadata_of(issuer, evidence)
    elif wanted:
        urls = (server.url for server in servers if server.url and Auth.OAUTH2 in server.auth)
        yield from (ResourceMetadata(protected_resource.resource_of(url), evidence) for url in _own(urls, evidence))


def _metadata_of(issuer: OAuthIssuer, evidence: Evidence) -> Iterator[Lead]:
    if issuer_in_table(issuer.url) is None and oauth_metadata.is_issuer(issuer.url):
        yield IssuerMetadata(issuer, evidence)


def _own(urls: Iterator[str], evidence: Evidence) -> list[str]:
    """Return the first of *urls* that is within the registrable domain of the document, in a list."""
    return [url for url in urls if belongs_to(host_of(url), evidence.domain)][:1]


@dataclass(frozen=True, slots=True)
class IssuerMetadata:
    """The metadata of an issuer that the domain's own https document names (RFC 8414 §3)."""

    issuer: OAuthIssuer
    evidence: Evidence  # of the document that names it

    @property
    def authority(self) -> Authority:
        # Awaited like a better server, for timeouts.better_source_grace at most: a login with oauth2 needs it.
        return Authority.TABLE

    @property
    def where(self) -> URL:
        return URL(oauth_metadata.metadata_url(self.issuer.url))

    def __str__(self) -> str:
        return str(self.where)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return the issuer with its endpoints. DocumentError if one is outside the issuer's registrable domain."""
        page = await net.get(str(self))
        oauth_metadata.require_same_domain(page.url, self.issuer.url)
        found, before = oauth_metadata.read(page.body, self.issuer.url), self.issuer.stated
        stated = replace(found, client_id=before.client_id, document=before.document, resource=before.resource)
        return (Fact(replace(self.issuer, stated=stated), self.evidence),)


@dataclass(frozen=True, slots=True)
class ResourceMetadata:
    """The metadata of a JMAP server that the domain's own https document names with OAuth2 (RFC 9728 §3)."""

    resource: str  # https://jmap.example.org
    evidence: Evidence  # of the document that names the server

    @property
    def authority(self) -> Authority:
        return Authority.TABLE  # awaited as the issuer's own is

    def sends(self, policy: Policy) -> str | None:
        """Return an empty text: nothing else is sent. None if *policy* excludes JMAP."""
        return "" if Protocol.JMAP in policy.protocols else None

    @property
    def where(self) -> URL:
        return URL(f"{self.resource}{protected_resource.WELL_KNOWN}")

    def __str__(self) -> str:
        return str(self.where)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return the first issuer, and the lookup of its metadata. DocumentError if it is about another server."""
        page = await net.get(str(self))
        oauth_metadata.require_same_domain(page.url, self.resource)
        stated = StatedOAuth(document=self.evidence.locator, resource=str(self.where))
        issuer = OAuthIssuer(protected_resource.read(page.body, self.resource)[0], stated)
        return (Fact(issuer, self.evidence), *_metadata_of(issuer, self.evidence))
