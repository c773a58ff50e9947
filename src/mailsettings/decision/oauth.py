"""Who issues OAuth tokens for which servers. Pure.

issuer_in_table("https://accounts.google.com")  ->  OAuth(issuer='accounts.google.com', auth_url=…, token_url=…)
issuer_of_host("imap.gmail.com")                ->  the same; of every other host another one, or None

A known issuer, one of a provider table, is bound to the servers of its rows: a document cannot select it for others,
whose operator would get a token that opens the user's mailbox at the issuer's provider. Other issuers are what the
domain's own document says, and come without endpoints.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import urlsplit

from mailsettings.decision.facts import document_place
from mailsettings.errors import TableError
from mailsettings.formats.text import host_in
from mailsettings.hostnames import belongs_to, inside
from mailsettings.leads import OAuthIssuer
from mailsettings.model import Auth, Authority, Choice, Evidence, Fact, Note, OAuth, OAuthSource, Provider
from mailsettings.provider_table import table
from mailsettings.provider_table.rows import Row
from mailsettings.provider_table.table import Table


@dataclass(frozen=True, slots=True)
class TableIssuer:
    """An issuer as a row of a table has it."""

    oauth: OAuth
    row: str  # id of the provider
    name: str  # of the provider


def issuer_in_table(url: str) -> OAuth | None:
    """Return the endpoints of the issuer *url* from the first provider of the table that uses it, or None."""
    known = _in_table(url)
    return known.oauth if known else None


def issuer_of_host(host: str) -> OAuth | None:
    """Return the known issuer whose tokens *host* may get, or None: that of the row which names the host."""
    known = _bound(host)
    return known.oauth if known else None


def is_same_issuer(first: str, second: str) -> bool:
    """Say whether two spellings, as hosts or URLs, mean one issuer."""
    if _normalised(first) == _normalised(second):
        return True
    known, other = _in_table(first), _in_table(second)
    return known is not None and known == other


def issuer_host(issuer: str) -> str:
    """Return the host of *issuer*, a host or URL; empty if there is none."""
    try:
        return (urlsplit(f"https://{_normalised(issuer)}").hostname or "").removesuffix(".")
    except ValueError:
        return ""


def may_name_issuer(evidence: Evidence) -> bool:
    """Say whether a document with this *evidence* may name an issuer that the table does not know.

    Only the domain's own: where it was found at the end is within the registrable domain, and nothing that led there
    could be forged. A TXT record can point at any page that a user of the domain has written, and counts only if it is
    signed.
    """
    own = evidence.authority is Authority.DOMAIN and evidence.authentic
    host = host_in(evidence.locator) if evidence.locator.startswith("https://") else ""
    return own and bool(host) and belongs_to(host, evidence.domain)


def without_foreign_oauth(provider: Provider | None, best: Sequence[Choice]) -> Provider | None:
    """Return *provider*, without its issuer unless that is the one of every chosen server."""
    if provider is None or provider.oauth is None or _common_issuer(best, provider.oauth.issuer) is not None:
        return provider
    return replace(provider, oauth=None)


def oauth_sources(
    best: Sequence[Choice], provider: Provider | None, issuers: Iterable[Fact[OAuthIssuer]]
) -> tuple[OAuthSource, ...]:
    """Return where to get tokens for the *best* choices, each issuer once, the table's first.

    *provider* is one without_foreign_oauth(): of rows that share an issuer, its own has the scopes.
    """
    facts = tuple(fact for fact in issuers if may_name_issuer(fact.evidence) and _hosts(best, fact.evidence))
    found = (*_of_table(best, provider, facts), *_of_documents(best, facts))
    return tuple({_normalised(source.oauth.issuer): source for source in reversed(found)}.values())[::-1]


def _of_table(
    best: Sequence[Choice], provider: Provider | None, facts: Sequence[Fact[OAuthIssuer]]
) -> Iterator[OAuthSource]:
    """Yield the known issuer that every chosen server is bound to, with the scopes of *provider* if it is its own."""
    common = _common_issuer(best)
    if common is None:
        return
    oauth, row = common.oauth, common.row
    if provider is not None and provider.oauth is not None:  # the same issuer: see without_foreign_oauth()
        oauth, row = provider.oauth, provider.id
    clients = (fact.value.stated for fact in facts if is_same_issuer(fact.value.url, oauth.issuer))
    stated = next((client for client in clients if client.client_id), None)
    yield OAuthSource(oauth, True, f"provider table: {row}", "table", stated)


def _of_documents(best: Sequence[Choice], facts: Sequence[Fact[OAuthIssuer]]) -> Iterator[OAuthSource]:
    """Yield the issuers that are not known: their names, and beside them what they state."""
    for fact in facts:
        issuer, evidence = fact.value, fact.evidence
        unbound = all(_bound(host) is None for host in _hosts(best, evidence))
        if issuer.stated.token_endpoint and unbound and _in_table(issuer.url) is None:
            yield OAuthSource(OAuth(issuer.url, "", ""), False, evidence.locator, evidence.source, issuer.stated)


def oauth_notes(best: Sequence[Choice], issuers: Iterable[Fact[OAuthIssuer]]) -> tuple[Note, ...]:
    """Return why issuers are not in the answer, of documents that named a chosen server."""
    notes = dict.fromkeys(Note(text) for fact in issuers for text in _objections(best, fact))
    return tuple(notes) or tuple(map(Note, _divided(best)))


def _objections(best: Sequence[Choice], fact: Fact[OAuthIssuer]) -> Iterator[str]:
    """Yield why the issuer of *fact* is not used, if that is so, in our own words: its name may be a stranger's."""
    url, evidence, known = fact.value.url, fact.evidence, _in_table(fact.value.url)
    hosts, place = _hosts(best, evidence), _place(evidence)
    if known is not None and hosts:
        foreign = [choice.endpoint.host for choice in best if not _is(_bound(choice.endpoint.host), url)]
        for host in dict.fromkeys(foreign):
            yield (
                f"{place} names the sign-in of {known.name} ({known.oauth.issuer}) for {host}, "
                f"which is not a server of {known.name}: not used"
            )
    elif bound := next((found for host in hosts if (found := _bound(host))), None):
        yield (f"{place} names another issuer than {bound.oauth.issuer} for a server of {bound.name}: not used")
    elif not may_name_issuer(evidence) and _wants_tokens(best, evidence):
        yield (
            f"{place} names an issuer that the table does not have, which only the domain's own https "
            "document may: not used"
        )


def _place(evidence: Evidence) -> str:
    """Return where a document was found; of one that may be forged only the host: its path may be a stranger's text."""
    return evidence.locator if evidence.authentic else document_place(evidence)


def _divided(best: Sequence[Choice]) -> Iterator[str]:
    """Yield why there is no sign-in where only one of the chosen servers has a known issuer, or each another one."""
    bound = {choice.endpoint.host: _bound(choice.endpoint.host) for choice in best}
    known = {host: found for host, found in bound.items() if found}
    for host, found in known.items():
        others = [other for other, issuer in bound.items() if not _is(issuer, found.oauth.issuer)]
        if others and any(Auth.OAUTH2 in choice.auth for choice in best):
            yield f"tokens of {found.oauth.issuer} are for {host}, not for {others[0]}: its sign-in is not offered"


def _common_issuer(best: Sequence[Choice], issuer: str = "") -> TableIssuer | None:
    """Return the known issuer that every one of the *best* choices is bound to, if it is *issuer* or none is given."""
    bound = [_bound(choice.endpoint.host) for choice in best]
    first = bound[0] if bound else None
    if first is None or not all(_is(found, issuer or first.oauth.issuer) for found in bound):
        return None
    return first


def _wants_tokens(best: Sequence[Choice], evidence: Evidence) -> bool:
    """Say whether the very document of *evidence* names one of the *best* choices as a server with OAuth."""
    claims = (claim for choice in best for claim in choice.claims)
    return any(claim.evidence == evidence and Auth.OAUTH2 in claim.auth for claim in claims)


def _hosts(best: Sequence[Choice], evidence: Evidence) -> list[str]:
    """Return the hosts of the *best* choices that the very document of *evidence* names."""
    return [choice.endpoint.host for choice in best if any(claim.evidence == evidence for claim in choice.claims)]


def _is(known: TableIssuer | None, url: str) -> bool:
    return known is not None and is_same_issuer(known.oauth.issuer, url)


def _in_table(issuer: str) -> TableIssuer | None:
    """Return the issuer of a table that *issuer*, a host or URL, means: in tables it is a host, elsewhere a page."""
    return _issuers().get(issuer_host(issuer))


def _bound(host: str) -> TableIssuer | None:
    own = _own_table()
    rows = (own.host_provider(host) if own else None, table.host_provider(host))
    return next(filter(None, map(_issuer_of, filter(None, rows))), None)


@cache
def _issuers() -> Mapping[str, TableIssuer]:
    """Return all issuers of the tables, read once per process: a document may name many."""
    own = _own_table()
    # Of rows that share an issuer, the one whose domain it is in: login.yahoo.com is Yahoo's, not Cox's.
    rows = (*(own.all_providers() if own else ()), *sorted(table.all_providers(), key=_is_customer))
    issuers = [known for known in map(_issuer_of, reversed(rows)) if known]
    # Documents and tokens may also call an issuer by the host of an endpoint: it is the same company's.
    pages = {issuer_host(url): known for known in issuers for url in (known.oauth.auth_url, known.oauth.token_url)}
    return pages | {known.oauth.issuer: known for known in issuers}


def _issuer_of(row: Row) -> TableIssuer | None:
    oauth = row.provider.oauth
    return None if oauth is None else TableIssuer(oauth, row.provider.id, row.provider.name or row.provider.id)


def _is_customer(row: Row) -> bool:
    """Say whether the issuer of *row* is not of its own domains."""
    oauth = row.provider.oauth
    return oauth is None or not any(inside(issuer_host(oauth.issuer), domain) for domain in row.domains)


def _own_table() -> Table | None:
    try:
        return table.own_table()
    except TableError:
        return None  # reported by the source that reads it


def _normalised(issuer: str) -> str:
    """Return *issuer* as host and path: it is written with and without scheme and trailing slash."""
    return issuer.lower().removeprefix("https://").removesuffix("/")
