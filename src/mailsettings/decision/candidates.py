"""Claims into candidates: one per endpoint, with every claim about it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mailsettings.model import Candidate, Claim, Direction, Endpoint, Protocol, Security


def merge(claims: Iterable[Claim]) -> tuple[Candidate, ...]:
    """Gather *claims* by endpoint, the strongest claim of each first."""
    by_endpoint: dict[Endpoint, list[Claim]] = {}
    for claim in dict.fromkeys(claims):
        by_endpoint.setdefault(claim.endpoint, []).append(claim)
    return tuple(Candidate(endpoint, tuple(sorted(group, key=_strength))) for endpoint, group in by_endpoint.items())


def with_server_claims(candidate: Candidate, candidates: Iterable[Candidate]) -> Candidate:
    """Return *candidate* with all claims about its protocol on its host, whatever the port, strongest first.

    The user names that a document gives for a server, and its authority, hold for the server's other ports as well.
    """
    server = (candidate.endpoint.protocol, candidate.endpoint.host)
    same = (other for other in candidates if (other.endpoint.protocol, other.endpoint.host) == server)
    return Candidate(candidate.endpoint, tuple(sorted((c for other in same for c in other.claims), key=_strength)))


def _strength(claim: Claim) -> tuple[object, ...]:
    return (claim.evidence.authority, not claim.eager, claim.order, claim.evidence.source, claim.evidence.locator)


# Usual ports with TLS, per protocol, implicit TLS first (RFC 8314 §3).
SECURE_PORTS = {
    Protocol.IMAP: ((993, Security.TLS), (143, Security.STARTTLS)),
    Protocol.POP3: ((995, Security.TLS), (110, Security.STARTTLS)),
    Protocol.SMTP: ((465, Security.TLS), (587, Security.STARTTLS)),
}


# Added to the locator of the variants.
TLS_INSTEAD = ", which says plain; TLS tried on the same host"
# Added to the order of the variants, to rank them behind all servers a source states: no source states so many.
AFTER_ALL_STATED = 50


def secure_variants(claim: Claim) -> Iterator[Claim]:
    """Yield claims for the same host with TLS if *claim* is for plaintext, ordered behind all that the source states.

    Old lists and documents say "plain" of many servers that have offered TLS since.
    """
    old = claim.endpoint
    if old.security is not Security.PLAIN:
        return
    locator = claim.evidence.locator + TLS_INSTEAD
    evidence, order = replace(claim.evidence, locator=locator), claim.order + AFTER_ALL_STATED
    ports = dict(SECURE_PORTS.get(old.protocol, ()))
    ports.setdefault(old.port, Security.STARTTLS)
    for port, security in ports.items():
        endpoint = Endpoint(old.protocol, old.host, port, security)
        yield replace(claim, endpoint=endpoint, evidence=evidence, order=order)


def contradictions(claims: Iterable[Claim]) -> tuple[str, ...]:
    """Return one sentence per direction for which stated settings of different sources name different hosts.

    Two documents of one source are two sources.
    """
    stated: dict[Direction, dict[tuple[str, int], set[str]]] = {}
    for claim in claims:
        evidence = claim.evidence
        if evidence.authority.stated and claim.endpoint.security is not Security.PLAIN:
            sources = stated.setdefault(claim.endpoint.protocol.direction, {})
            sources.setdefault((evidence.source, evidence.place), set()).add(claim.endpoint.host)
    return tuple(
        _contradiction(direction, sources)
        for direction, sources in sorted(stated.items())
        if _name_different_hosts(sources)
    )


def _name_different_hosts(sources: dict[tuple[str, int], set[str]]) -> bool:
    hosts = list(sources.values())
    return any(one.isdisjoint(other) for index, one in enumerate(hosts) for other in hosts[index + 1 :])


def _contradiction(direction: Direction, sources: dict[tuple[str, int], set[str]]) -> str:
    parts = (f"{source} says {', '.join(sorted(hosts))}" for (source, _), hosts in sorted(sources.items()))
    return f"sources disagree on {direction} mail: {'; '.join(parts)}"
