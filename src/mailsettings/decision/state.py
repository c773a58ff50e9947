"""What a search knows so far about one address. Pure: the engine fills it in, scheduling and result read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from mailsettings.address import EmailAddress
from mailsettings.decision.candidates import merge, secure_variants
from mailsettings.decision.disputes import may_end_search
from mailsettings.decision.ranking import Documents, documents_of, in_direction
from mailsettings.errors import FailureKind
from mailsettings.leads import (
    FactValue,
    Lead,
    Lookup,
    NoMail,
    NotOffered,
    Remark,
    is_lookup,
    is_permitted,
)
from mailsettings.model import (
    Authority,
    Candidate,
    Claim,
    Direction,
    Endpoint,
    Fact,
    Failure,
    Note,
    Probe,
    Protocol,
    Provider,
    Security,
    Step,
)
from mailsettings.policy import Policy
from mailsettings.provider_table import table

V = TypeVar("V")

# Providers whose row says that no mail program can reach the mailboxes directly.
KINDS_WITHOUT_SERVERS = frozenset({"none", "bridge"})
# Failures that only a server that responded can cause.
RESPONSE_FAILURES = frozenset(
    {
        FailureKind.NOT_TLS,
        FailureKind.TLS_TOO_OLD,
        FailureKind.GREETING_REFUSED,
        FailureKind.WRONG_PROTOCOL,
        FailureKind.BAD_REPLY,
        FailureKind.PREAUTH,
        FailureKind.STARTTLS_NOT_OFFERED,
        FailureKind.STARTTLS_REFUSED,
        FailureKind.EARLY_BYTES,
        FailureKind.NO_LOGIN,
        FailureKind.ALPN,
    }
    | {kind for kind in FailureKind if kind.about_certificate}
)


@dataclass(slots=True)
class RunningProbe:
    """A probe that is under way. *started* is in seconds since the start of the detection."""

    started: float
    step: Step = Step.RESOLVE


@dataclass(slots=True)
class SearchState:
    """Claims, lookups, probes and facts of one detection."""

    address: EmailAddress
    policy: Policy
    claims: dict[Claim, None] = field(default_factory=dict)
    pending: dict[Lookup, None] = field(default_factory=dict)  # not started yet
    running_lookups: dict[Lookup, None] = field(default_factory=dict)
    added_lookups: set[Lookup] = field(default_factory=set)  # every lookup ever added
    running_probes: dict[Endpoint, RunningProbe] = field(default_factory=dict)
    probes: dict[Endpoint, Probe] = field(default_factory=dict)
    verified_at: dict[Direction, float] = field(default_factory=dict)  # first time something verified
    declined: dict[NotOffered, None] = field(default_factory=dict)  # records that refuse one form of a service
    named_by_srv: set[Protocol] = field(default_factory=set)  # other records name servers for these
    no_mail: Failure | None = None
    failures: dict[Failure, None] = field(default_factory=dict)
    notes: dict[Note, None] = field(default_factory=dict)
    facts: dict[Fact[FactValue], None] = field(default_factory=dict)
    server_responded: bool = False  # at least one mail server has
    starvation: float = 0.0  # seconds in which this process was too busy to read what servers had sent
    today: date | None = None  # decides whether the table's row is too old to end a search by itself; None: it is not
    _candidates: tuple[Candidate, ...] | None = None
    _documents: Documents | None = None

    def add(self, leads: Iterable[Lead]) -> tuple[Lookup, ...]:
        """Add *leads* and return the new lookups among them, which are now pending."""
        new: list[Lookup] = []
        for lead in leads:
            if isinstance(lead, Claim):
                self._add_claim(lead)
            elif isinstance(lead, Fact):
                self.facts[lead] = None
            elif not is_lookup(lead):
                self._add_remark(lead)
            elif lead not in self.added_lookups and is_permitted(lead, self.address, self.policy):
                self.added_lookups.add(lead)
                self.pending[lead] = None
                new.append(lead)
        self._candidates = self._documents = None
        return tuple(new)

    def _add_claim(self, claim: Claim) -> None:
        if claim.endpoint.protocol in self.policy.protocols:
            self.claims[claim] = None
            self.claims.update(dict.fromkeys(secure_variants(claim)))
        if claim.evidence.source == "srv":
            self.named_by_srv.add(claim.endpoint.protocol)
            self._report_declined()

    def _add_remark(self, remark: Remark) -> None:
        match remark:
            case Note():
                self.notes[remark] = None
            case NoMail(failure):
                self.no_mail = failure
            case NotOffered():
                self.declined[remark] = None
                self._report_declined()
            case Failure():
                self.failures[remark] = None

    @property
    def not_offered(self) -> frozenset[Protocol]:
        """The protocols that the domain does not offer in any form: `_imap` may be refused and `_imaps` be there."""
        return frozenset(each.protocol for each in self.declined) - self.named_by_srv

    def _report_declined(self) -> None:
        """Say of the protocols that are not offered that they are not, and of no other one."""
        for each in self.declined:
            text = f"{each.protocol.upper()} is not offered"
            note, failure = (
                Note(f"{each.question} says that {text}"),
                Failure(FailureKind.NOT_OFFERED, each.question, text),
            )
            if each.protocol in self.not_offered:
                self.notes[note] = self.failures[failure] = None
            else:
                self.notes.pop(note, None)
                self.failures.pop(failure, None)

    def facts_about(self, kind: type[V]) -> tuple[Fact[V], ...]:
        """Return the facts whose value is a *kind*, best authority first; their order of arrival does not matter."""
        found = (Fact(fact.value, fact.evidence) for fact in self.facts if isinstance(fact.value, kind))
        return tuple(sorted(found, key=_precedence))

    @property
    def providers(self) -> tuple[Fact[Provider], ...]:
        """The providers that sources name, best authority first."""
        return self.facts_about(Provider)

    @property
    def closed(self) -> bool:
        """True if the domain receives no mail or its provider lets no mail program in: nothing more to search for."""
        if self.no_mail is not None:
            return True
        providers = self.providers
        if not providers or providers[0].evidence.authority in (Authority.HOSTING, Authority.TRACE):
            return False
        return providers[0].value.kind in KINDS_WITHOUT_SERVERS

    @property
    def documents(self) -> Documents:
        """What the order of each direction takes from the statements about both."""
        if self._documents is None:
            self._documents = documents_of(claim for claim in self.claims if self._counts(claim))
        return self._documents

    @property
    def row_ends_search(self) -> bool:
        """True if the table's row for the exact domain may be the answer without what the domain itself says."""
        row = table.find_domain(self.address.domain)
        return not self.documents.row_disputed and (row is None or may_end_search(row, self.today))

    def candidates(self, direction: Direction) -> tuple[Candidate, ...]:
        """Return the candidates of *direction* that still count."""
        if self._candidates is None:
            self._candidates = merge(claim for claim in self.claims if self._counts(claim))
        return in_direction(self._candidates, direction)

    def _counts(self, claim: Claim) -> bool:
        authority = claim.evidence.authority
        if self.closed:
            return authority.by_exact_domain
        if authority.guessed and not self.policy.guess:
            return False
        return not (authority.guessed and claim.endpoint.protocol in self.not_offered)

    def record_probe(self, probe: Probe, now: float) -> None:
        """Record the result of a probe, at *now* seconds since the start."""
        self.running_probes.pop(probe.endpoint, None)
        self.probes[probe.endpoint] = probe
        if probe.verified:
            self.verified_at.setdefault(probe.endpoint.protocol.direction, now)
        if probe.verified or (probe.failure is not None and probe.failure.kind in RESPONSE_FAILURES):
            self.server_responded = True

    def record_step(self, endpoint: Endpoint, step: Step) -> None:
        """Record the progress of a probe: behind a TLS handshake or a greeting, the server has responded."""
        if (running := self.running_probes.get(endpoint)) is not None:
            running.step = step
        if step is Step.CAPABILITIES or (step is Step.GREETING and endpoint.security is Security.TLS):
            self.server_responded = True


def _precedence(fact: Fact[V]) -> tuple[bool, Authority, int, str]:
    """Order facts by authority, a document's name for its provider behind the table's; among equals by place."""
    evidence = fact.evidence
    # What is equal in all else is ordered by content: the order of arrival must not matter.
    return not evidence.authority.names_provider, evidence.authority, evidence.place, repr(fact)
