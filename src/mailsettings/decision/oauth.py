"""Who issues OAuth tokens: the endpoints of well-known issuers come from the provider table only. Pure.

issuer_in_table("https://accounts.google.com")  ->  OAuth(issuer='accounts.google.com', auth_url=…, token_url=…)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from mailsettings.leads import OAuthIssuer
from mailsettings.model import Choice, Fact, OAuth, OAuthSource, Provider
from mailsettings.provider_table import table


def issuer_in_table(url: str) -> OAuth | None:
    """Return the endpoints of the issuer *url* from the first provider of the table that uses it, or None."""
    return _issuers().get(_normalised(url))


@cache
def _issuers() -> Mapping[str, OAuth]:
    """Return all issuers of the table, read once per process: a document may name many."""
    all_oauth = (row.provider.oauth for row in reversed(table.all_providers()))
    return {_normalised(oauth.issuer): oauth for oauth in all_oauth if oauth is not None}


def oauth_sources(
    best: Sequence[Choice], provider: Provider | None, issuers: Iterable[Fact[OAuthIssuer]]
) -> tuple[OAuthSource, ...]:
    """Return where to get tokens for the *best* choices, each issuer once, the table's first."""
    found = (*_of_table(best, provider), *_of_documents(best, issuers))
    return tuple({_normalised(source.oauth.issuer): source for source in reversed(found)}.values())[::-1]


def _of_table(best: Sequence[Choice], provider: Provider | None) -> Iterator[OAuthSource]:
    """Yield the table's issuers for *provider* and for the hosts of the choices, which a document may have named."""
    rows = (table.host_provider(choice.endpoint.host) for choice in best)
    for found in (provider, *(row.provider for row in rows if row is not None)):
        if found is not None and found.oauth is not None:
            yield OAuthSource(found.oauth, True, f"provider table: {found.id}")


def _of_documents(best: Sequence[Choice], issuers: Iterable[Fact[OAuthIssuer]]) -> Iterator[OAuthSource]:
    """Yield the issuers that documents name, of documents that also named a chosen server."""
    sources = {(claim.evidence.source, claim.evidence.domain) for choice in best for claim in choice.claims}
    for fact in issuers:
        issuer = fact.value
        if (fact.evidence.source, fact.evidence.domain) not in sources:
            continue
        if (oauth := issuer_in_table(issuer.url)) is not None:
            yield OAuthSource(oauth, True, fact.evidence.locator)
        elif issuer.oauth is not None:
            yield OAuthSource(issuer.oauth, False, fact.evidence.locator)


def _normalised(issuer: str) -> str:
    """Return *issuer* as host and path: it is written with and without scheme and trailing slash."""
    return issuer.lower().removeprefix("https://").removesuffix("/")
