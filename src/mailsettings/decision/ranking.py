"""The order of candidates, before and after they were probed. Pure: lexicographic keys, no scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailsettings.decision.disputes import claims_exchangers_row, is_disputed
from mailsettings.errors import FailureKind
from mailsettings.model import (
    Authority,
    Candidate,
    Claim,
    Direction,
    Endpoint,
    Evidence,
    Probe,
    Protocol,
    Security,
)

PREFERENCE = (Protocol.IMAP, Protocol.POP3, Protocol.JMAP, Protocol.SMTP)
SECURITY = (Security.TLS, Security.STARTTLS, Security.PLAIN)

RankKey = tuple[object, ...]
# Whose statements come in documents or sets of records, of which one may lack a direction.
_PUBLISHED = frozenset(
    {Authority.DOMAIN, Authority.ISPDB, Authority.SRV, Authority.MX_DOCUMENT, Authority.HTTP_DOCUMENT}
)
# Authority, source, place, domain: of one document, or one set of records.
DocumentKey = tuple[Authority, str, int, str]


def document_key(evidence: Evidence) -> DocumentKey:
    """Return what the statements of one document, or of one set of records, have in common."""
    return evidence.authority, evidence.source, evidence.place, evidence.domain


@dataclass(frozen=True, slots=True)
class Documents:
    """What the order of the servers of one direction takes from the statements about both."""

    whole: frozenset[DocumentKey] = frozenset()  # name servers for reading and for sending
    row_disputed: bool = False  # the row of the exact domain contradicts what the domain itself says

    def lacks_direction(self, evidence: Evidence) -> bool:
        """Return True if the document of *evidence*, as far as it is one, names servers for one direction only."""
        return evidence.authority in _PUBLISHED and document_key(evidence) not in self.whole

    def is_whole(self, evidence: Evidence) -> bool:
        """Return True if the document of *evidence* has both directions, or no document of its authority has."""
        return document_key(evidence) in self.whole or evidence.authority not in {key[0] for key in self.whole}


def documents_of(claims: Iterable[Claim]) -> Documents:
    """Return what *claims* of both directions tell the order of each."""
    by_direction: dict[Direction, set[DocumentKey]] = {direction: set() for direction in Direction}
    stated = tuple(claims)
    for claim in stated:
        if claim.evidence.authority in _PUBLISHED:
            by_direction[claim.endpoint.protocol.direction].add(document_key(claim.evidence))
    incoming, outgoing = by_direction.values()
    return Documents(frozenset(incoming & outgoing), is_disputed(stated))


@dataclass(frozen=True, slots=True)
class RankingContext:
    """What the keys of one direction's candidates depend on besides the candidates themselves."""

    provider_by: Authority | None  # the strongest authority by which a table names servers for this direction
    row_in_force: bool  # the row of the exact domain does, is not disputed, and its hosts exist
    first_claims: Mapping[tuple[Authority, Protocol], int]  # the lowest Claim.order
    stated_hosts: Mapping[tuple[Protocol, str], Authority]  # the best authority for a protocol on a host
    safe_hosts: frozenset[str]  # named by a table's row, or by a source that cannot be forged
    documents: Documents
    partner: str = ""  # the host of the incoming choice, for the outgoing direction

    def key(self, candidate: Candidate) -> RankKey:
        """Return the sort key of *candidate* as far as claims decide; smaller is better."""
        claim, endpoint = candidate.claims[0], candidate.endpoint
        authority = self.authority(candidate)
        return (
            # A server found by its name never comes before those of a provider that a table names.
            self.is_displaced(candidate),
            # Plaintext is never chosen.
            endpoint.security is Security.PLAIN,
            # Who names it. What a domain says itself comes before a row that it contradicts.
            self._rank(claim, authority) if self.documents.row_disputed else authority,
            # Reading and sending come from one document where one has both, and from the first place of several.
            not self.documents.is_whole(claim.evidence),
            claim.evidence.place,
            # The likeliest guesses before the others, whatever their port.
            candidate.authority.guessed and not claim.eager,
            # A source's own order between protocols (document order, SRV priority), then IMAP before POP3. Guesses have
            # no such order: that pop. exists says nothing against IMAP on it.
            0 if authority.guessed else self.first_claims.get((authority, endpoint.protocol), claim.order),
            PREFERENCE.index(endpoint.protocol),
            # TLS from the first byte before STARTTLS (RFC 8314 §3.3).
            SECURITY.index(endpoint.security),
            # imap. goes with smtp., mail. with mail. (77 % and 89 % of the providers that have them).
            not self.is_smtp_partner(candidate),
            # The source's own order.
            claim.order,
            str(endpoint),
        )

    def authority(self, candidate: Candidate) -> Authority:
        """Return who vouches for the server of *candidate*.

        If one source names a host with STARTTLS and a weaker one with TLS, it is the same server, and TLS wins.
        """
        if candidate.authority.guessed:
            return candidate.authority
        return self.stated_hosts.get((candidate.endpoint.protocol, candidate.endpoint.host), candidate.authority)

    @staticmethod
    def _rank(claim: Claim, authority: Authority) -> Authority:
        """Return where *claim* stands if the row is disputed: behind the exchangers' row, however that was found."""
        if claims_exchangers_row(claim):
            return Authority.MX_TABLE
        return Authority.MX_DOCUMENT if authority is Authority.TABLE else authority

    def is_displaced(self, candidate: Candidate) -> bool:
        """True if *candidate* stays behind servers that a table names, even where these could not be verified.

        That is one found by its name where a table names who hosts the mailboxes, and one that only a forgeable source
        names where the table has the domain itself.
        """
        if candidate.authority.guessed:
            return self.provider_by is not None
        return self.row_in_force and candidate.endpoint.host not in self.safe_hosts

    def is_alternative(self, candidate: Candidate) -> bool:
        """True if *candidate* is contacted although it is displaced: the provider is known from a CNAME record only."""
        return self.provider_by is Authority.HOSTING and candidate.authority.guessed and candidate.claims[0].eager

    def is_smtp_partner(self, candidate: Candidate) -> bool:
        """True if a guessed outgoing host is the one that goes with the incoming choice."""
        host = candidate.endpoint.host
        return not candidate.authority.guessed or host in (self.partner, smtp_partner(self.partner))


def smtp_partner(incoming_host: str) -> str:
    """Return the outgoing name that goes with *incoming_host*: imap.example.org -> smtp.example.org."""
    label, _, rest = incoming_host.partition(".")
    return f"smtp.{rest}" if label in ("imap", "pop", "pop3") else incoming_host


def ranking_context(
    candidates: Iterable[Candidate], probes: Mapping[Endpoint, Probe], documents: Documents, partner: str = ""
) -> RankingContext:
    """Return what the keys of *candidates*, all of one direction, depend on."""
    first: dict[tuple[Authority, Protocol], int] = {}
    stated: dict[tuple[Protocol, str], Authority] = {}
    known: set[str] = set()
    naming: set[Authority] = set()
    for candidate in candidates:
        # A row that is out of date, or without TLS, does not hold back other servers.
        server = (candidate.endpoint.protocol, candidate.endpoint.host)
        stated[server] = min(candidate.authority, stated.get(server, candidate.authority))
        stale = _host_vanished(probes.get(candidate.endpoint)) or candidate.endpoint.security is Security.PLAIN
        for claim in candidate.claims:
            naming |= {claim.evidence.authority} if claim.evidence.authority.names_provider and not stale else set()
            known |= {candidate.endpoint.host} if is_safe_statement(claim) else set()
            group = (claim.evidence.authority, claim.endpoint.protocol)
            first[group] = min(claim.order, first.get(group, claim.order))
    in_force = Authority.TABLE in naming and not documents.row_disputed
    return RankingContext(min(naming, default=None), in_force, first, stated, frozenset(known), documents, partner)


def is_safe_statement(claim: Claim) -> bool:
    """Return True if *claim* may come before the table's row for the domain: a row, or what cannot be forged."""
    authority = claim.evidence.authority
    unforgeable = authority in (Authority.DOMAIN, Authority.ISPDB) and claim.evidence.authentic
    return unforgeable or authority is Authority.OWN_TABLE or authority.from_matching_row


def _host_vanished(probe: Probe | None) -> bool:
    """True if the host no longer exists: some 8 % of the rows of any table are out of date."""
    return (
        probe is not None
        and probe.failure is not None
        and probe.failure.kind in (FailureKind.NO_SUCH_NAME, FailureKind.NO_ADDRESS)
    )


def _asks_for_login(probe: Probe | None) -> bool:
    """True if only a login would show whether the server is one of mail (JMAP): it comes after all others."""
    return probe is not None and probe.failure is not None and probe.failure.kind is FailureKind.LOGIN_REQUIRED


def in_direction(candidates: Iterable[Candidate], direction: Direction) -> tuple[Candidate, ...]:
    """Return the candidates for reading or for sending."""
    return tuple(candidate for candidate in candidates if candidate.endpoint.protocol.direction is direction)


def ranked(
    candidates: Sequence[Candidate], probes: Mapping[Endpoint, Probe], documents: Documents, partner: str = ""
) -> tuple[Candidate, ...]:
    """Return *candidates* of one direction, best first, given what the probes saw."""
    context = ranking_context(candidates, probes, documents, partner)

    def key(candidate: Candidate) -> RankKey:
        probe = probes.get(candidate.endpoint)
        # Verified servers come first; a displaced guess stays behind even if it is verified.
        verified = probe is not None and probe.verified
        return (_asks_for_login(probe), context.is_displaced(candidate), not verified, *context.key(candidate))

    return tuple(sorted(candidates, key=key))
