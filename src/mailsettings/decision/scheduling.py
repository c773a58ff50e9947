"""What to do next, and when an answer is settled. Pure: findings and the time in, a decision out.

A direction is settled when nothing that is still outstanding could beat its best verified choice, or when that choice
has waited `timeouts.better_source_grace` for better-ranked work that has not responded. Contacting servers follows the
same order: best first, the next one as soon as the better one has failed or not responded for
`timeouts.next_server_delay`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from mailsettings.decision.ranking import RankingContext, RankKey, ranking_context
from mailsettings.decision.state import SearchState
from mailsettings.leads import Lookup
from mailsettings.model import Candidate, Direction, Endpoint, Security, SettledBy, Step

# The steps of a probe before the server has shown that it is there.
STEPS_BEFORE_CONNECTION = frozenset({Step.RESOLVE, Step.WAIT, Step.CONNECT})
# So many less likely guesses of one direction are contacted side by side.
MAX_PARALLEL_GUESSES = 4


@dataclass(frozen=True, slots=True)
class Decision:
    """What the engine shall do. *settled* is the reason to end; None: go on, and decide again at *wake*."""

    start_lookups: tuple[Lookup, ...] = ()
    start_probes: tuple[Endpoint, ...] = ()
    cancel_probes: tuple[Endpoint, ...] = ()  # not answered yet, and no longer of use
    settled: SettledBy | None = None
    wake_at: float = 0.0  # seconds since the start


@dataclass(frozen=True, slots=True)
class DirectionView:
    """One direction at one moment."""

    state: SearchState
    direction: Direction
    order: RankingContext
    candidates: tuple[Candidate, ...]  # best first, as far as claims decide

    @property
    def best(self) -> Candidate | None:
        """Return the best verified candidate. A displaced guess is none: the provider's own servers are the answer."""
        probes = self.state.probes
        for candidate in self.candidates:
            probe = probes.get(candidate.endpoint)
            if probe is not None and probe.verified and not self.order.is_displaced(candidate):
                return candidate
        return None

    @property
    def contenders(self) -> Iterator[Candidate]:
        """Yield the candidates that could still become, or beat, the best one, best first."""
        exhaustive = self.state.policy.exhaustive
        limit = None if self.best is None or exhaustive else self.order.key(self.best)
        for candidate in self.candidates:
            done = candidate.endpoint in self.state.probes
            plain = candidate.endpoint.security is Security.PLAIN
            displaced = self.order.is_displaced(candidate) and not exhaustive
            if not done and not plain and not displaced and (limit is None or self.order.key(candidate) < limit):
                yield candidate

    def pending_lookups(self) -> Iterator[Lookup]:
        """Yield the lookups that could still bring something better."""
        best = self.best
        for lookup in (*self.state.running_lookups, *self.state.pending):
            if best is None or lookup.authority < best.authority or self.state.policy.exhaustive:
                yield lookup

    @property
    def finished(self) -> bool:
        """True if nothing outstanding can change this direction's answer."""
        waiting = () if self.state.closed else self.pending_lookups()
        return next(iter(waiting), None) is None and next(iter(self.contenders), None) is None


def direction_view(findings: SearchState, direction: Direction, partner: str = "") -> DirectionView:
    """Put the candidates of *direction* in order."""
    candidates = findings.candidates(direction)
    order = ranking_context(candidates, findings.probes, partner)
    return DirectionView(findings, direction, order, tuple(sorted(candidates, key=order.key)))


def direction_views(findings: SearchState) -> tuple[DirectionView, DirectionView]:
    """Look at both directions; the outgoing guesses are ordered by what the best incoming server is."""
    incoming = direction_view(findings, Direction.INCOMING)
    best = incoming.best
    return incoming, direction_view(findings, Direction.OUTGOING, best.endpoint.host if best else "")


def decide(findings: SearchState, now: float) -> Decision:
    """Say what to do at *now*, in seconds since the start."""
    both = direction_views(findings)
    if (settled := _settled(findings, both, now)) is not None:
        return Decision(settled=settled)
    start = tuple(findings.pending) if not _table_row_has_priority(findings, both, now) else ()
    dial = _interleaved(*(_endpoints_to_contact(each, now) for each in both))
    return Decision(start, dial, tuple(_superfluous_probes(findings, both)), wake_at=min(_wake_times(findings, now)))


def _interleaved(*queues: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    """Take from the directions in turns: both want their best server first, and an address takes two at a time."""
    return tuple(endpoint for row in zip_longest(*queues) for endpoint in row if endpoint is not None)


def _settled(findings: SearchState, both: Iterable[DirectionView], now: float) -> SettledBy | None:
    """Return why the search is over, None if it is not."""
    policy = findings.policy
    if all(each.finished for each in both):
        return _finished(findings, both)
    if not policy.exhaustive and all(each.finished or _grace_expired(each, now) for each in both):
        return SettledBy.VERIFIED_IMPATIENT
    if (
        not findings.server_responded
        and now >= policy.timeouts.first_response_timeout + findings.starvation
        and not policy.exhaustive
    ):
        return SettledBy.SILENCE
    if now >= policy.timeouts.deadline and not (
        _greeting_awaited(findings) and now < policy.timeouts.greeting_deadline
    ):
        return SettledBy.DEADLINE
    return None


def _finished(findings: SearchState, both: Iterable[DirectionView]) -> SettledBy:
    """Return why nothing is left to do."""
    if findings.closed:
        return SettledBy.NO_MAIL if findings.no_mail else SettledBy.CLOSED_PROVIDER
    return SettledBy.VERIFIED if all(each.best is not None for each in both) else SettledBy.NOTHING_LEFT


def _grace_expired(each: DirectionView, now: float) -> bool:
    """True if this direction's verified choice has waited long enough for better work that keeps silent."""
    since = each.state.verified_at.get(each.direction)
    patience = each.state.policy.timeouts.better_source_grace
    if each.best is None or since is None:
        return False
    return now >= since + patience or _only_unresponsive_left(each, now)


def _only_unresponsive_left(each: DirectionView, now: float) -> bool:
    """True if all that is waited for are servers that have not even accepted a connection in all this time."""
    if next(each.pending_lookups(), None) is not None:
        return False
    attempts = [each.state.running_probes.get(candidate.endpoint) for candidate in each.contenders]
    return all(
        attempt is not None
        and attempt.step in STEPS_BEFORE_CONNECTION
        and now >= attempt.started + each.state.policy.timeouts.better_source_grace
        for attempt in attempts
    )


def _greeting_awaited(findings: SearchState) -> bool:
    return any(attempt.step is Step.GREETING for attempt in findings.running_probes.values())


def _table_row_has_priority(findings: SearchState, both: Iterable[DirectionView], now: float) -> bool:
    """True while the table's own row for the domain may answer alone: nobody else is asked for so long."""
    policy = findings.policy
    if findings.closed:
        return True
    if policy.exhaustive or now >= policy.timeouts.better_source_grace:
        return False
    return all(
        any(candidate.authority.by_exact_domain for candidate in each.contenders)
        or (each.best is not None and each.best.authority.by_exact_domain)
        for each in both
    )


def _endpoints_to_contact(each: DirectionView, now: float) -> Iterator[Endpoint]:
    """Yield the endpoints of one direction to contact now."""
    findings, policy = each.state, each.state.policy
    better: list[RankKey] = []  # better candidates, contacted a moment ago and not heard of yet
    late = 0  # less likely guesses among them
    for candidate in each.contenders:
        guessed = candidate.authority.guessed
        eager = candidate.claims[0].eager
        attempt = findings.running_probes.get(candidate.endpoint)
        if attempt is not None:
            fresh = now < attempt.started + policy.timeouts.next_server_delay
            better += [each.order.key(candidate)] * (fresh and not guessed)
            late += fresh and guessed and not eager
            continue
        if better and not policy.exhaustive:
            continue
        if guessed and not eager and (late >= MAX_PARALLEL_GUESSES or not _may_guess(findings, now)):
            continue
        better += [each.order.key(candidate)] * (not guessed)
        late += guessed and not eager
        yield candidate.endpoint


def _superfluous_probes(findings: SearchState, both: Iterable[DirectionView]) -> Iterator[Endpoint]:
    """Yield the servers that have not answered yet and could no longer be the answer."""
    useful = {candidate.endpoint for each in both for candidate in each.contenders}
    for endpoint, attempt in findings.running_probes.items():
        if endpoint not in useful and attempt.step in STEPS_BEFORE_CONNECTION:
            yield endpoint


def _may_guess(findings: SearchState, now: float) -> bool:
    """True once the published sources have all said no, or have had their time."""
    lookups = (*findings.running_lookups, *findings.pending)
    return now >= findings.policy.timeouts.guess_after or all(lookup.authority.guessed for lookup in lookups)


def _wake_times(findings: SearchState, now: float) -> Iterator[float]:
    """Yield the times at which a new decision may be due without any news."""
    policy = findings.policy
    times = [
        policy.timeouts.guess_after,
        policy.timeouts.first_response_timeout + findings.starvation,
        policy.timeouts.deadline,
        policy.timeouts.greeting_deadline,
        policy.timeouts.better_source_grace,
    ]
    times += [
        at.started + wait
        for at in findings.running_probes.values()
        for wait in (policy.timeouts.next_server_delay, policy.timeouts.better_source_grace)
    ]
    # What is dialled at this moment may be overtaken a stagger later.
    times += [now + policy.timeouts.next_server_delay]
    times += [at + policy.timeouts.better_source_grace for at in findings.verified_at.values()]
    yield from (time for time in times if time > now)
