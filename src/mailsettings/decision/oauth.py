"""Who issues OAuth tokens: well-known issuers are talked to as the provider table says, and as nobody else does. Pure.

known_issuer("https://accounts.google.com")  ->  OAuth(issuer='accounts.google.com', auth_url=…, token_url=…)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

from mailsettings.leads import OAuthIssuer
from mailsettings.model import Choice, OAuth, OAuthSource, Provider
from mailsettings.provider_table import table


def issuer_in_table(url: str) -> OAuth | None:
    """Return how the issuer *url* is talked to, by the first provider of the table that uses it; None if none does."""
    return _issuers().get(_normalised(url))


@cache
def _issuers() -> Mapping[str, OAuth]:
    """Read the issuers of the whole table, once per process: a stranger's documents may name many."""
    known = (row.provider.oauth for row in reversed(table.all_providers()))
    return {_normalised(oauth.issuer): oauth for oauth in known if oauth is not None}


def oauth_sources(
    best: Sequence[Choice], provider: Provider | None, issuers: Iterable[OAuthIssuer]
) -> tuple[OAuthSource, ...]:
    """Return where tokens for the *best* choices are to be had, each issuer once, by the table first."""
    words = (*_of_table(best, provider), *_of_documents(best, issuers))
    return tuple({_normalised(word.oauth.issuer): word for word in reversed(words)}.values())[::-1]


def _of_table(best: Sequence[Choice], provider: Provider | None) -> Iterator[OAuthSource]:
    """Yield what the table says of the provider, and of the hosts of the choices: a document may lead to them, too."""
    rows = (table.host_provider(choice.endpoint.host) for choice in best)
    for known in (provider, *(row.provider for row in rows if row is not None)):
        if known is not None and known.oauth is not None:
            yield OAuthSource(known.oauth, True, f"provider table: {known.id}")


def _of_documents(best: Sequence[Choice], issuers: Iterable[OAuthIssuer]) -> Iterator[OAuthSource]:
    """Yield what documents say whose servers are among the choices."""
    sources = {(claim.evidence.source, claim.evidence.domain) for choice in best for claim in choice.claims}
    for issuer in issuers:
        if (issuer.evidence.source, issuer.evidence.domain) not in sources:
            continue
        if (known := issuer_in_table(issuer.url)) is not None:
            yield OAuthSource(known, True, issuer.evidence.locator)
        elif issuer.oauth is not None:
            yield OAuthSource(issuer.oauth, False, issuer.evidence.locator)


def _normalised(issuer: str) -> str:
    """Return *issuer* as host and path: tables and documents write it with and without scheme and last slash."""
    return issuer.lower().removeprefix("https://").removesuffix("/")
