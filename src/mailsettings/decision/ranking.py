"""The order of candidates, before and after they were probed. Pure: lexicographic keys, no scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mailsettings.errors import FailureKind
from mailsettings.model import Authority, Candidate, Direction, Endpoint, Probe, Protocol, Security

PREFERENCE = (Protocol.IMAP, Protocol.POP3, Protocol.JMAP, Protocol.SMTP)
SECURITY = (Security.TLS, Security.STARTTLS, Security.PLAIN)

RankKey = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class RankingContext:
    """What the keys of one direction's candidates depend on besides the candidates themselves."""

    provider_in_table: bool  # a table names servers for this direction
    first_claims: Mapping[tuple[Authority, Protocol], int]  # the lowest Claim.order
    stated_hosts: Mapping[tuple[Protocol, str], Authority]  # the best authority for a protocol on a host
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
            # Who names it.
            authority,
            # The likeliest guesses before the others, whatever their port.
            candidate.authority.guessed and not claim.eager,
            # A source's own order between protocols (document order, SRV priority), then IMAP before POP3.
            self.first_claims.get((authority, endpoint.protocol), claim.order),
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

    def is_displaced(self, candidate: Candidate) -> bool:
        """True if *candidate* was found by its name although a table names who hosts the mailboxes."""
        return self.provider_in_table and candidate.authority.guessed

    def is_smtp_partner(self, candidate: Candidate) -> bool:
        """True if a guessed outgoing host is the one that goes with the incoming choice."""
        host = candidate.endpoint.host
        return not candidate.authority.guessed or host in (self.partner, smtp_partner(self.partner))


def smtp_partner(incoming_host: str) -> str:
    """Return the outgoing name that goes with *incoming_host*: imap.example.org -> smtp.example.org."""
    label, _, rest = incoming_host.partition(".")
    return f"smtp.{rest}" if label in ("imap", "pop", "pop3") else incoming_host


def ranking_context(
    candidates: Iterable[Candidate], probes: Mapping[Endpoint, Probe], partner: str = ""
) -> RankingContext:
    """Return what the keys of *candidates*, all of one direction, depend on."""
    first: dict[tuple[Authority, Protocol], int] = {}
    stated: dict[tuple[Protocol, str], Authority] = {}
    in_table = False
    for candidate in candidates:
        # A row that is out of date, or without TLS, does not hold back other servers.
        server = (candidate.endpoint.protocol, candidate.endpoint.host)
        stated[server] = min(candidate.authority, stated.get(server, candidate.authority))
        stale = _host_vanished(probes.get(candidate.endpoint)) or candidate.endpoint.security is Security.PLAIN
        for claim in candidate.claims:
            in_table = in_table or (claim.evidence.authority.names_provider and not stale)
            group = (claim.evidence.authority, claim.endpoint.protocol)
            first[group] = min(claim.order, first.get(group, claim.order))
    return RankingContext(in_table, first, stated, partner)


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
    candidates: Sequence[Candidate], probes: Mapping[Endpoint, Probe], partner: str = ""
) -> tuple[Candidate, ...]:
    """Return *candidates* of one direction, best first, given what the probes saw."""
    context = ranking_context(candidates, probes, partner)

    def key(candidate: Candidate) -> RankKey:
        probe = probes.get(candidate.endpoint)
        # Verified servers come first; a displaced guess stays behind even if it is verified.
        verified = probe is not None and probe.verified
        return (_asks_for_login(probe), context.is_displaced(candidate), not verified, *context.key(candidate))

    return tuple(sorted(candidates, key=key))
