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

from mailsettings.decision.ranking import Key, Order, order_of
from mailsettings.decision.state import Findings
from mailsettings.leads import Lookup
from mailsettings.model import Candidate, Direction, Endpoint, Security, SettledBy, Step

# The steps of a probe before the server has shown that it is there.
UNANSWERED = frozenset({Step.RESOLVE, Step.WAIT, Step.CONNECT})
# So many less likely guesses of one direction are contacted side by side.
GUESSES_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Decision:
    """What the engine shall do. *settled* is the reason to end; None: go on, and decide again at *wake*."""

    start: tuple[Lookup, ...] = ()
    dial: tuple[Endpoint, ...] = ()
    drop: tuple[Endpoint, ...] = ()  # not answered yet, and no longer of use
    settled: SettledBy | None = None
    wake: float = 0.0  # seconds since the start


@dataclass(frozen=True, slots=True)
class View:
    """One direction at one moment."""

    findings: Findings
    direction: Direction
    order: Order
    candidates: tuple[Candidate, ...]  # best first, as far as claims decide

    @property
    def best(self) -> Candidate | None:
        """Return the best verified candidate. A displaced guess is none: the provider's own servers are the answer."""
        probes = self.findings.probes
        for candidate in self.candidates:
            probe = probes.get(candidate.endpoint)
            if probe is not None and probe.verified and not self.order.displaces(candidate):
                return candidate
        return None

    @property
    def open(self) -> Iterator[Candidate]:
        """Yield the candidates that could still become, or beat, the best one, best first."""
        exhaustive = self.findings.policy.exhaustive
        limit = None if self.best is None or exhaustive else self.order.key(self.best)
        for candidate in self.candidates:
            done = candidate.endpoint in self.findings.probes
            plain = candidate.endpoint.security is Security.PLAIN
            displaced = self.order.displaces(candidate) and not exhaustive
            if not done and not plain and not displaced and (limit is None or self.order.key(candidate) < limit):
                yield candidate

    def awaited(self) -> Iterator[Lookup]:
        """Yield the lookups that could still bring something better."""
        best = self.best
        for lookup in (*self.findings.running, *self.findings.held):
            if best is None or lookup.authority < best.authority or self.findings.policy.exhaustive:
                yield lookup

    @property
    def finished(self) -> bool:
        """True if nothing outstanding can change this direction's answer."""
        waiting = () if self.findings.closed else self.awaited()
        return next(iter(waiting), None) is None and next(iter(self.open), None) is None


def view(findings: Findings, direction: Direction, partner: str = "") -> View:
    """Put the candidates of *direction* in order."""
    candidates = findings.candidates(direction)
    order = order_of(candidates, findings.probes, partner)
    return View(findings, direction, order, tuple(sorted(candidates, key=order.key)))


def views(findings: Findings) -> tuple[View, View]:
    """Look at both directions; the outgoing guesses are ordered by what the best incoming server is."""
    incoming = view(findings, Direction.INCOMING)
    best = incoming.best
    return incoming, view(findings, Direction.OUTGOING, best.endpoint.host if best else "")


def decide(findings: Findings, now: float) -> Decision:
    """Say what to do at *now*, in seconds since the start."""
    both = views(findings)
    if (settled := _settled(findings, both, now)) is not None:
        return Decision(settled=settled)
    start = tuple(findings.held) if not _table_leads(findings, both, now) else ()
    dial = _in_turns(*(_to_dial(each, now) for each in both))
    return Decision(start, dial, tuple(_useless(findings, both)), wake=min(_moments(findings, now)))


def _in_turns(*queues: Iterable[Endpoint]) -> tuple[Endpoint, ...]:
    """Take from the directions in turns: both want their best server first, and an address takes two at a time."""
    return tuple(endpoint for row in zip_longest(*queues) for endpoint in row if endpoint is not None)


def _settled(findings: Findings, both: Iterable[View], now: float) -> SettledBy | None:
    """Return why the search is over, None if it is not."""
    policy = findings.policy
    if all(each.finished for each in both):
        return _finished(findings, both)
    if not policy.exhaustive and all(each.finished or _impatient(each, now) for each in both):
        return SettledBy.VERIFIED_IMPATIENT
    if (
        not findings.spoke
        and now >= policy.timeouts.first_response_timeout + findings.starved
        and not policy.exhaustive
    ):
        return SettledBy.SILENCE
    if now >= policy.timeouts.deadline and not (
        _greeting_awaited(findings) and now < policy.timeouts.greeting_deadline
    ):
        return SettledBy.DEADLINE
    return None


def _finished(findings: Findings, both: Iterable[View]) -> SettledBy:
    """Return why nothing is left to do."""
    if findings.closed:
        return SettledBy.NO_MAIL if findings.no_mail else SettledBy.CLOSED_PROVIDER
    return SettledBy.VERIFIED if all(each.best is not None for each in both) else SettledBy.NOTHING_LEFT


def _impatient(each: View, now: float) -> bool:
    """True if this direction's verified choice has waited long enough for better work that keeps silent."""
    since = each.findings.verified_at.get(each.direction)
    patience = each.findings.policy.timeouts.better_source_grace
    if each.best is None or since is None:
        return False
    return now >= since + patience or _mute(each, now)


def _mute(each: View, now: float) -> bool:
    """True if all that is waited for are servers that have not even accepted a connection in all this time."""
    if next(each.awaited(), None) is not None:
        return False
    attempts = [each.findings.probing.get(candidate.endpoint) for candidate in each.open]
    return all(
        attempt is not None
        and attempt.step in UNANSWERED
        and now >= attempt.started + each.findings.policy.timeouts.better_source_grace
        for attempt in attempts
    )


def _greeting_awaited(findings: Findings) -> bool:
    return any(attempt.step is Step.GREETING for attempt in findings.probing.values())


def _table_leads(findings: Findings, both: Iterable[View], now: float) -> bool:
    """True while the table's own row for the domain may answer alone: nobody else is asked for so long."""
    policy = findings.policy
    if findings.closed:
        return True
    if policy.exhaustive or now >= policy.timeouts.better_source_grace:
        return False
    return all(
        any(candidate.authority.by_exact_domain for candidate in each.open)
        or (each.best is not None and each.best.authority.by_exact_domain)
        for each in both
    )


def _to_dial(each: View, now: float) -> Iterator[Endpoint]:
    """Yield the endpoints of one direction to contact now."""
    findings, policy = each.findings, each.findings.policy
    ahead: list[Key] = []  # better candidates, contacted a moment ago and not heard of yet
    late = 0  # less likely guesses among them
    for candidate in each.open:
        guessed = candidate.authority.guessed
        eager = candidate.claims[0].eager
        attempt = findings.probing.get(candidate.endpoint)
        if attempt is not None:
            fresh = now < attempt.started + policy.timeouts.next_server_delay
            ahead += [each.order.key(candidate)] * (fresh and not guessed)
            late += fresh and guessed and not eager
            continue
        if ahead and not policy.exhaustive:
            continue
        if guessed and not eager and (late >= GUESSES_AT_ONCE or not _guessing_allowed(findings, now)):
            continue
        ahead += [each.order.key(candidate)] * (not guessed)
        late += guessed and not eager
        yield candidate.endpoint


def _useless(findings: Findings, both: Iterable[View]) -> Iterator[Endpoint]:
    """Yield the servers that have not answered yet and could no longer be the answer."""
    useful = {candidate.endpoint for each in both for candidate in each.open}
    for endpoint, attempt in findings.probing.items():
        if endpoint not in useful and attempt.step in UNANSWERED:
            yield endpoint


def _guessing_allowed(findings: Findings, now: float) -> bool:
    """True once the published sources have all said no, or have had their time."""
    lookups = (*findings.running, *findings.held)
    return now >= findings.policy.timeouts.guess_after or all(lookup.authority.guessed for lookup in lookups)


def _moments(findings: Findings, now: float) -> Iterator[float]:
    """Yield the times at which a new decision may be due without any news."""
    policy = findings.policy
    times = [
        policy.timeouts.guess_after,
        policy.timeouts.first_response_timeout + findings.starved,
        policy.timeouts.deadline,
        policy.timeouts.greeting_deadline,
        policy.timeouts.better_source_grace,
    ]
    times += [
        at.started + wait
        for at in findings.probing.values()
        for wait in (policy.timeouts.next_server_delay, policy.timeouts.better_source_grace)
    ]
    # What is dialled at this moment may be overtaken a stagger later.
    times += [now + policy.timeouts.next_server_delay]
    times += [at + policy.timeouts.better_source_grace for at in findings.verified_at.values()]
    yield from (time for time in times if time > now)
