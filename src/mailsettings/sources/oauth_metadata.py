"""OAuth issuers named by a document, and the metadata (RFC 8414) of those that are not in the table.

https://autoconfig.example.org/mail/config-v1.1.xml            <oAuth2><issuer>login.example.org</issuer></oAuth2>
https://login.example.org/.well-known/oauth-authorization-server   ->  its endpoints, on the domain's authority

The endpoints become part of the answer; no request is sent to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mailsettings.decision.oauth import issuer_in_table
from mailsettings.errors import DocumentError
from mailsettings.formats import oauth_metadata as metadata_format
from mailsettings.formats.clientconfig import ClientConfig
from mailsettings.formats.text import host_of
from mailsettings.hostnames import registrable
from mailsettings.interfaces import Net
from mailsettings.leads import Lead, OAuthIssuer
from mailsettings.model import URL, Auth, Authority, Evidence, Fact, Note


def issuer_of(config: ClientConfig, evidence: Evidence) -> Iterator[Lead]:
    """Yield what follows from the issuer that a document names."""
    if not config.issuer:
        return
    issuer = OAuthIssuer(config.issuer)
    yield Fact(issuer, evidence)
    if issuer_in_table(issuer.url) is None and _wants_oauth(config):
        own = evidence.authority is Authority.DOMAIN and evidence.authentic
        if own and issuer.url.startswith("https://"):
            yield IssuerMetadata(issuer, evidence)
        else:
            yield Note(f"{evidence.locator}: issuer {issuer.url!r} is not known, and not used")


def _wants_oauth(config: ClientConfig) -> bool:
    return any(Auth.OAUTH2 in server.auth for server in (*config.incoming, *config.outgoing))


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
        return URL(metadata_format.metadata_url(self.issuer.url))

    def __str__(self) -> str:
        return str(self.where)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return the issuer with its endpoints. DocumentError if one is outside the issuer's registrable domain."""
        page = await net.get(str(self))
        oauth = metadata_format.read(page.body, self.issuer.url)
        for url in (page.url, oauth.auth_url, oauth.token_url):
            self._check(url)
        return (Fact(replace(self.issuer, oauth=oauth), self.evidence),)

    def _check(self, url: str) -> None:
        if registrable(host_of(url)) != registrable(host_of(self.issuer.url)):
            raise DocumentError(f"{host_of(url)} is not of {host_of(self.issuer.url)}, whose metadata names it")
