"""What to do next, and when an answer is settled. Pure: state and time in, a decision out.

A direction is settled when nothing outstanding could beat its best verified choice, or when that choice
has waited `timeouts.better_source_grace` for better-ranked work that has not responded. Contacting servers follows the
same order: best first, the next one as soon as the better one has failed or not responded for
`timeouts.next_server_delay`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from mailsettings.decision.ranking import RankingContext, RankKey, ranking_context
from mailsettings.decision.state import SearchState
from mailsettings.leads import Lookup, may_dispute_row, place_of
from mailsettings.model import Authority, Candidate, Direction, Endpoint, Security, SettledBy, Step
from mailsettings.provider_table import table

# The steps of a probe before the server has responded at all.
STEPS_BEFORE_CONNECTION = frozenset({Step.RESOLVE, Step.WAIT, Step.CONNECT})
# Less likely guesses of one direction that are contacted at the same time.
MAX_PARALLEL_GUESSES = 4
# Seconds to the next decision about a search that was starved. Deciding takes a millisecond, which counts as starvation
# and so puts the timeout off by as much: without a minimum the search would decide a thousand times a second until its
# deadline and never time out.
MIN_STARVED_WAIT = 0.01


@dataclass(frozen=True, slots=True)
class Decision:
    """What the engine is to do. *settled* is the reason to end; None: go on, and decide again at *wake_at*."""

    start_lookups: tuple[Lookup, ...] = ()
    start_probes: tuple[Endpoint, ...] = ()
    cancel_probes: tuple[Endpoint, ...] = ()  # not connected yet, and no longer of use
    settled: SettledBy | None = None
    wake_at: float = 0.0  # seconds since the start


@dataclass(frozen=True, slots=True)
class DirectionView:
    """The search state as seen from one direction, incoming or outgoing mail."""

    state: SearchState
    direction: Direction
    order: RankingContext
    candidates: tuple[Candidate, ...]  # best first, as far as claims decide

    @property
    def best(self) -> Candidate | None:
        """Return the best verified candidate. A displaced guess does not count: the provider's own servers do."""
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
            probed = candidate.endpoint in self.state.probes
            plain = candidate.endpoint.security is Security.PLAIN
            if not probed and not plain and (exhaustive or self._is_worth_contacting(candidate, limit)):
                yield candidate

    def _is_worth_contacting(self, candidate: Candidate, limit: RankKey | None) -> bool:
        """Return True unless a better one was verified, or *candidate* is displaced and not to be shown even so."""
        if self.order.is_displaced(candidate):
            row_failed = self.order.row_in_force and not candidate.authority.guessed and self._row_has_failed
            return self.order.is_alternative(candidate) or row_failed
        return limit is None or self.order.key(candidate) < limit

    @property
    def _row_has_failed(self) -> bool:
        """True if no server of the table's row for the exact domain is left to be contacted, and none was verified."""
        probes = self.state.probes
        of_row = (candidate for candidate in self.candidates if candidate.authority.by_exact_domain)
        return self.best is None and all(
            candidate.endpoint in probes or candidate.endpoint.security is Security.PLAIN for candidate in of_row
        )

    def pending_lookups(self) -> Iterator[Lookup]:
        """Yield the lookups that could still bring something better."""
        for lookup in (*self.state.running_lookups, *self.state.pending):
            if self.best is None or self.state.policy.exhaustive or self._may_beat(lookup, self.best):
                yield lookup

    def _may_beat(self, lookup: Lookup, best: Candidate) -> bool:
        """Return True if *lookup* may bring a better authority or place, or change the trust in the best candidate.

        The exchangers may contradict the table's row for the domain, or show that a known provider has the mailboxes.
        """
        if best.authority is Authority.TABLE:
            own = lookup.authority is Authority.DOMAIN and not self.state.row_ends_search
            return may_dispute_row(lookup) or own
        evidence = best.claims[0].evidence
        if may_dispute_row(lookup) and best.authority > Authority.DOMAIN and _is_in_table(best):
            return True
        # Another document of the same authority may have both directions.
        place = math.inf if self.order.documents.lacks_direction(evidence) else evidence.place
        return (lookup.authority, place_of(lookup)) < (best.authority, place)

    @property
    def finished(self) -> bool:
        """True if nothing outstanding can change this direction's answer."""
        lookups = () if self.state.closed else self.pending_lookups()
        return next(iter(lookups), None) is None and next(iter(self.contenders), None) is None


def _is_in_table(candidate: Candidate) -> bool:
    """Return True if a row of the table names the host of *candidate*."""
    return table.host_provider(candidate.endpoint.host) is not None


def direction_view(state: SearchState, direction: Direction, partner: str = "") -> DirectionView:
    """Return *direction* with its candidates in order; *partner* is the host of the best incoming server."""
    candidates = state.candidates(direction)
    order = ranking_context(candidates, state.probes, state.documents, partner)
    return DirectionView(state, direction, order, tuple(sorted(candidates, key=order.key)))


def direction_views(state: SearchState) -> tuple[DirectionView, DirectionView]:
    """Return both directions; the order of outgoing guesses depends on the best incoming server."""
    incoming = direction_view(state, Direction.INCOMING)
    best = incoming.best
    return incoming, direction_view(state, Direction.OUTGOING, best.endpoint.host if best else "")


def decide(state: SearchState, now: float) -> Decision:
    """Say what to do at *now*, in seconds since the start."""
    views = direction_views(state)
    if (settled := _settled(state, views, now)) is not None:
        return Decision(settled=settled)
    return Decision(
        start_lookups=tuple(_lookups_to_start(state, views, now)),
        start_probes=_interleaved(*(_endpoints_to_contact(view, now) for view in views)),
        cancel_probes=tuple(_superfluous_probes(state, views)),
        wake_at=min(_wake_times(state, now)),
    )


def _interleaved(*queues: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    """Alternate between the directions, best servers first: one IP address accepts two connections at a time."""
    return tuple(endpoint for row in zip_longest(*queues) for endpoint in row if endpoint is not None)


def _settled(state: SearchState, views: Iterable[DirectionView], now: float) -> SettledBy | None:
    """Return why the search is over, None if it is not."""
    policy = state.policy
    if all(view.finished for view in views):
        return _finished(state, views)
    if not policy.exhaustive and all(view.finished or _grace_expired(view, now) for view in views):
        return SettledBy.VERIFIED_IMPATIENT
    if (
        not state.server_responded
        and now >= policy.timeouts.first_response_timeout + state.starvation
        and not policy.exhaustive
    ):
        return SettledBy.SILENCE
    if now >= policy.timeouts.deadline and not (_greeting_awaited(state) and now < policy.timeouts.greeting_deadline):
        return SettledBy.DEADLINE
    return None


def _finished(state: SearchState, views: Iterable[DirectionView]) -> SettledBy:
    """Return why nothing is left to do."""
    if state.closed:
        return SettledBy.NO_MAIL if state.no_mail else SettledBy.CLOSED_PROVIDER
    return SettledBy.VERIFIED if all(view.best is not None for view in views) else SettledBy.NOTHING_LEFT


def _grace_expired(view: DirectionView, now: float) -> bool:
    """True if this direction's verified choice has waited long enough for better-ranked work without a response."""
    since = view.state.verified_at.get(view.direction)
    grace = view.state.policy.timeouts.better_source_grace
    if view.best is None or since is None:
        return False
    return now >= since + grace or _only_unresponsive_left(view, now)


def _only_unresponsive_left(view: DirectionView, now: float) -> bool:
    """True if the only outstanding work is servers that have not accepted a connection within the grace period."""
    if next(view.pending_lookups(), None) is not None:
        return False
    attempts = [view.state.running_probes.get(candidate.endpoint) for candidate in view.contenders]
    return all(
        attempt is not None
        and attempt.step in STEPS_BEFORE_CONNECTION
        and now >= attempt.started + view.state.policy.timeouts.better_source_grace
        for attempt in attempts
    )


def _greeting_awaited(state: SearchState) -> bool:
    return any(attempt.step is Step.GREETING for attempt in state.running_probes.values())


def _lookups_to_start(state: SearchState, views: Iterable[DirectionView], now: float) -> Iterator[Lookup]:
    """Yield what to look up now: while the table's row may answer alone, only what could contradict it."""
    if state.closed:
        return
    alone = _table_row_has_priority(state, views, now)
    yield from (lookup for lookup in state.pending if not alone or may_dispute_row(lookup))


def _table_row_has_priority(state: SearchState, views: Iterable[DirectionView], now: float) -> bool:
    """True while the table's row for the exact domain may answer alone."""
    policy = state.policy
    if policy.exhaustive or now >= policy.timeouts.better_source_grace:
        return False
    return all(
        any(_may_answer_alone(state, candidate) for candidate in view.contenders)
        or (view.best is not None and _may_answer_alone(state, view.best))
        for view in views
    )


def _may_answer_alone(state: SearchState, candidate: Candidate) -> bool:
    """True for a server of the user's own table, and for one of the bundled table's row while nothing is against it."""
    return candidate.authority is Authority.OWN_TABLE or (
        candidate.authority is Authority.TABLE and state.row_ends_search
    )


def _endpoints_to_contact(view: DirectionView, now: float) -> Iterator[Endpoint]:
    """Yield the endpoints of one direction to contact now."""
    state, policy = view.state, view.state.policy
    better: list[RankKey] = []  # better candidates, contacted just now and still without a result
    late = 0  # less likely guesses among them
    for candidate in view.contenders:
        guessed = candidate.authority.guessed
        eager = candidate.claims[0].eager
        attempt = state.running_probes.get(candidate.endpoint)
        if attempt is not None:
            recent = now < attempt.started + policy.timeouts.next_server_delay
            better += [view.order.key(candidate)] * (recent and not guessed)
            late += recent and guessed and not eager
            continue
        if better and not policy.exhaustive:
            continue
        if guessed and not eager and (late >= MAX_PARALLEL_GUESSES or not _may_guess(state, now)):
            continue
        better += [view.order.key(candidate)] * (not guessed)
        late += guessed and not eager
        yield candidate.endpoint


def _superfluous_probes(state: SearchState, views: Iterable[DirectionView]) -> Iterator[Endpoint]:
    """Yield the servers without a connection yet that can no longer be part of the answer."""
    useful = {candidate.endpoint for view in views for candidate in view.contenders}
    for endpoint, attempt in state.running_probes.items():
        if endpoint not in useful and attempt.step in STEPS_BEFORE_CONNECTION:
            yield endpoint


def _may_guess(state: SearchState, now: float) -> bool:
    """True once all published sources have answered without a result, or have had their time."""
    lookups = (*state.running_lookups, *state.pending)
    return now >= state.policy.timeouts.guess_after or all(lookup.authority.guessed for lookup in lookups)


def _wake_times(state: SearchState, now: float) -> Iterator[float]:
    """Yield the times at which a new decision may be due even if nothing happens until then."""
    policy = state.policy
    times = [
        policy.timeouts.guess_after,
        _first_response_due(state, now),
        policy.timeouts.deadline,
        policy.timeouts.greeting_deadline,
        policy.timeouts.better_source_grace,
    ]
    times += [
        probe.started + wait
        for probe in state.running_probes.values()
        for wait in (policy.timeouts.next_server_delay, policy.timeouts.better_source_grace)
    ]
    # The next server may be due beside those contacted now.
    times += [now + policy.timeouts.next_server_delay]
    times += [at + policy.timeouts.better_source_grace for at in state.verified_at.values()]
    yield from (time for time in times if time > now)


def _first_response_due(state: SearchState, now: float) -> float:
    """Return when a search times out in which no server has responded."""
    due = state.policy.timeouts.first_response_timeout + state.starvation
    return max(due, now + MIN_STARVED_WAIT) if state.starvation and due > now else due
