"""What sources state besides servers, into the answer: only with a chosen server from the same source. Pure.

A forged MX record leads to a document whose servers are refused, and whose hints would stand beside the domain's own:

    Claim(imap.example.org, guess)                         ->  the chosen server
    Fact(Provider(hints=("Unlock your mailbox at …",)), mx-document)  ->  not in the answer

What is in the answer carries its evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from mailsettings.decision.candidates import TLS_INSTEAD
from mailsettings.decision.state import SearchState
from mailsettings.formats.service import host_of_service
from mailsettings.formats.text import host_in
from mailsettings.hostnames import belongs_to
from mailsettings.model import Authority, Choice, Evidence, Fact, Hint, Link, Note, Provider, Service
from mailsettings.provider_table import table

V = TypeVar("V")
W = TypeVar("W", Hint, Link, Service)
# The DNS records of a domain are one statement, whatever the label under which each was asked for.
_RECORDS = "srv"

Origin = tuple[Authority, str, str, str]  # what two statements of one source have in common


def from_chosen(facts: Iterable[Fact[V]], best: Iterable[Choice]) -> tuple[Fact[V], ...]:
    """Return those of *facts* whose source also names one of the chosen servers *best*."""
    origins = {_origin(claim.evidence) for choice in best for claim in choice.claims}
    return tuple(fact for fact in facts if _origin(fact.evidence) in origins)


def _origin(evidence: Evidence) -> Origin:
    document = "" if evidence.source == _RECORDS else evidence.locator.removesuffix(TLS_INSTEAD)
    return (evidence.authority, evidence.source, document, evidence.domain)


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """The facts that are part of the answer, each with its evidence."""

    provider: Provider | None = None
    hints: tuple[Hint, ...] = ()
    documentation: tuple[Link, ...] = ()
    services: tuple[Service, ...] = ()
    notes: tuple[Note, ...] = ()


def answer_facts(state: SearchState, best: Sequence[Choice]) -> AnswerFacts:
    """Return what of the facts in *state* belongs in an answer with the chosen servers *best*."""
    stated = _stated_provider(state, best)
    row = None if stated is not None and stated.evidence.authority.words_of_table else _row_of(state, best)
    providers = [_with_evidence(fact) for fact in (stated, row) if fact is not None]
    links = (replace(fact.value, evidence=fact.evidence) for fact in from_chosen(state.facts_about(Link), best))
    return AnswerFacts(
        provider=next((provider for provider in providers if provider.name), next(iter(providers), None)),
        hints=_each_once(hint for provider in providers for hint in provider.hints),
        documentation=_each_once((*(link for provider in providers for link in provider.documentation), *links)),
        services=_each_once(_services(state, best)),
        notes=tuple(dict.fromkeys(_notes(state, best))),
    )


def _stated_provider(state: SearchState, best: Sequence[Choice]) -> Fact[Provider] | None:
    """Return who hosts the mailboxes: who names a chosen server, or the table where there is none to choose."""
    if best and not state.closed:
        return next(iter(from_chosen(state.providers, best)), None)
    return next((fact for fact in state.providers if _speaks_alone(fact.evidence.authority)), None)


def _speaks_alone(authority: Authority) -> bool:
    """True for a row of the domain or of its exchanger: it may say that there is no server to choose, and why."""
    return authority.by_exact_domain or authority is Authority.MX_TABLE


def _row_of(state: SearchState, best: Sequence[Choice]) -> Fact[Provider] | None:
    """Return the provider of the table's row that names the hosts of all chosen servers, whatever led to them."""
    rows = [table.host_provider(choice.endpoint.host) for choice in best]
    if not rows or rows[0] is None or any(row is None or row.provider.id != rows[0].provider.id for row in rows):
        return None
    domain, row = state.address.domain, rows[0]
    locator = f"{table.bundled().name}: {row.provider.id}, which names {best[0].endpoint.host}"
    provider = row.provider if domain in row.domains else row.for_custom_domain().provider
    return Fact(provider, Evidence(Authority.TRACE, "table", locator, domain=domain))


def _with_evidence(fact: Fact[Provider]) -> Provider:
    """Return the provider of *fact* with its evidence, and its hints and links with the same."""
    provider, evidence = fact.value, fact.evidence
    return replace(
        provider,
        hints=tuple(replace(hint, evidence=evidence) for hint in provider.hints),
        documentation=tuple(replace(link, evidence=evidence) for link in provider.documentation),
        evidence=evidence,
    )


def _services(state: SearchState, best: Sequence[Choice]) -> Iterator[Service]:
    """Yield the services of the chosen servers' sources that are at a domain which one of the two vouches for."""
    for fact in from_chosen(state.facts_about(Service), best):
        host = host_of_service(fact.value)
        if fact.evidence.authority is Authority.OWN_TABLE or any(belongs_to(host, near) for near in _near(fact, best)):
            yield replace(fact.value, evidence=fact.evidence)


def _near(fact: Fact[Service], best: Sequence[Choice]) -> Iterator[str]:
    yield from (choice.endpoint.host for choice in best)
    # The public collection's documents are about other domains than its own.
    if fact.evidence.authority is not Authority.ISPDB:
        yield fact.evidence.domain


def _notes(state: SearchState, best: Sequence[Choice]) -> Iterator[Note]:
    """Yield the notes that quote the chosen servers' sources; of other sources only that they are not used."""
    facts = state.facts_about(Note)
    used = set(from_chosen(facts, best))
    for fact in facts:
        yield fact.value if fact in used else Note(f"{document_place(fact.evidence)} names no server that is used")


def document_place(evidence: Evidence) -> str:
    """Return where *evidence* was found, without what a redirect may have put into the path."""
    host = host_in(evidence.locator)
    return f"the document at {host}" if host else evidence.source


def _each_once(values: Iterable[W]) -> tuple[W, ...]:
    """Return *values* without repetitions; what several sources say has the evidence of the first."""
    found: dict[W, W] = {}
    for value in values:
        found.setdefault(replace(value, evidence=None), value)
    return tuple(found.values())
