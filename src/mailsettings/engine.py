"""The engine: runs lookups and probes in parallel, collects their results, ends when the answer is settled.

detect(address)         -> Detection
detect_stream(address)  -> a stream of events, the last one Settled(detection)
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel

from mailsettings.address import EmailAddress, parse_address
from mailsettings.decision.result import detection_of
from mailsettings.decision.scheduling import decide, direction_views
from mailsettings.decision.state import RunningProbe, SearchState
from mailsettings.errors import DocumentError, FailureKind, NetworkError
from mailsettings.events import Asked, Contacting, Event, Failed, Learned, Probed, Settled, ignore
from mailsettings.interfaces import Net, Prober, prober_of
from mailsettings.leads import Lead, Lookup, Source, where_of
from mailsettings.model import Claim, Detection, Endpoint, Failure, Probe, SettledBy, Step, Task
from mailsettings.policy import Policy
from mailsettings.sources.certificate_names import leads_from_certificate

if TYPE_CHECKING:
    from anyio.abc import ObjectReceiveStream, TaskGroup


async def detect(
    address: str | EmailAddress,
    *,
    sources: Sequence[Source] | None = None,
    policy: Policy | None = None,
    net: Net | None = None,
    prober: Prober | None = None,
    today: date | None = None,
) -> Detection:
    """Return the verified mail settings of *address*, best first, and everything that was tried.

    Raises AddressError if *address* is not one; failures of the network are part of the detection.
    *sources* defaults to `mailsettings.sources.SOURCES`, *net* to the real network within *policy*, and *prober*,
    which contacts the mail servers, to *net*. On *today*, by default the current day, rows of the provider table that
    are older than a year do not end a search by themselves.
    """
    parsed = address if isinstance(address, EmailAddress) else parse_address(address)
    rules = policy or Policy.personal()
    async with AsyncExitStack() as stack:
        network = net if net is not None else await stack.enter_async_context(_open_network(rules))
        # Without a stream: a caller that waits for the answer alone need not be woken for each event.
        search = _Search(_new_state(parsed, rules, today), network, prober or prober_of(network), ignore)
        return await search.run(_sources_or_default(sources))


@asynccontextmanager
async def detect_stream(
    address: str | EmailAddress,
    *,
    sources: Sequence[Source] | None = None,
    policy: Policy | None = None,
    net: Net | None = None,
    prober: Prober | None = None,
    today: date | None = None,
) -> AsyncIterator[ObjectReceiveStream[Event]]:
    """Open the stream of events of a detection; leaving the block early cancels the detection.

    async with detect_stream("ada@example.org") as events:
        async for event in events: ...
    """
    parsed = address if isinstance(address, EmailAddress) else parse_address(address)
    rules = policy or Policy.personal()
    # Unbounded, so that a slow consumer does not delay the search; a detection has at most some hundred events.
    send, receive = anyio.create_memory_object_stream[Event](math.inf)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(receive)
        await stack.enter_async_context(send)
        network = net if net is not None else await stack.enter_async_context(_open_network(rules))
        group = await stack.enter_async_context(anyio.create_task_group())
        search = _Search(_new_state(parsed, rules, today), network, prober or prober_of(network), send.send_nowait)

        async def run() -> None:
            await search.run(_sources_or_default(sources))
            send.close()

        group.start_soon(run)
        yield receive
        group.cancel_scope.cancel()


def _new_state(address: EmailAddress, policy: Policy, today: date | None) -> SearchState:
    return SearchState(address, policy, today=today or datetime.now(UTC).date())


def _sources_or_default(sources: Sequence[Source] | None) -> tuple[Source, ...]:
    if sources is not None:
        return tuple(sources)
    from mailsettings.sources import SOURCES

    return SOURCES


def _open_network(policy: Policy):  # type: ignore[no-untyped-def]  # the type lives where the heavy imports are
    from mailsettings.net.network import open_network

    return open_network(policy)


# Iterations of the event loop whose results count as simultaneous; a fake network answers in that many.
MAX_YIELDS = 8
MIN_WAIT = 1e-6  # seconds; a shorter wait may round to zero, and an autojump clock would not advance
LAG_CHECK_INTERVAL = 0.25  # seconds; how often a wait measures the lag of the event loop


class _Search:
    """One detection: the search state, and the tasks that fill it."""

    def __init__(self, state: SearchState, net: Net, prober: Prober, emit: Callable[[Event], None]) -> None:
        self._state = state
        self._net = net
        self._prober = prober
        self._emit = emit
        self._wakeup = anyio.Event()
        self._scopes: dict[Endpoint, anyio.CancelScope] = {}  # of the running probes
        self._started = anyio.current_time()
        self._responsive_time = 0.0  # seconds in which this process could read responses

    def _now(self) -> float:
        return anyio.current_time() - self._started

    async def run(self, sources: Sequence[Source]) -> Detection:
        """Search until the answer is settled, emit it as the last event, and return it."""
        for source in sources:
            self._add(source(self._state.address))
        async with anyio.create_task_group() as group:
            settled = await self._run_until_settled(group)
            self._give_up_probes()
            group.cancel_scope.cancel()
        detection = detection_of(self._state, settled=settled, seconds=self._now())
        explained = await self._with_inspections(detection)
        self._emit(Settled(self._now(), explained))
        return explained

    async def _with_inspections(self, detection: Detection) -> Detection:
        """Return *detection*; if a direction is missing, inspect what failed in the time that is left."""
        if not detection.findings:
            return detection
        from mailsettings.diagnosis.inspection import with_inspections

        policy = self._state.policy
        left = min(policy.timeouts.inspection_timeout, policy.timeouts.deadline - self._now())
        try:
            explained = await with_inspections(detection, self._net, self._prober, within=left)
        except Exception as error:  # noqa: BLE001 - docs/decisions/0005: a failed explanation must not cost the answer
            failure = Failure(FailureKind.INTERNAL, Task("second look"), f"{type(error).__name__} while looking")
            explained = replace(detection, failures=(*detection.failures, failure))
        return replace(explained, seconds=round(self._now(), 3))

    async def _run_until_settled(self, group: TaskGroup) -> SettledBy:
        """Decide, act, wait for results, until settled; return why the search ended."""
        while True:
            now = self._now()
            self._state.starvation = max(0.0, now - self._responsive_time)
            decision = decide(self._state, now)
            if decision.settled is not None:
                return decision.settled
            # Cancelled before any other task runs, in which one of these probes could end.
            for endpoint in decision.cancel_probes:
                self._scopes.pop(endpoint).cancel()
                del self._state.running_probes[endpoint]
            for lookup in decision.start_lookups:
                self._start_lookup(group, lookup)
                await anyio.lowlevel.checkpoint()  # better lookups enter every queue first
            for endpoint in decision.start_probes:
                self._start_probe(group, endpoint)
                await anyio.lowlevel.checkpoint()
            await self._wait(max(decision.wake_at - self._now(), MIN_WAIT))
            self._wakeup = anyio.Event()

    async def _wait(self, seconds: float) -> None:
        """Wait for results, at most *seconds*; those that arrive at the same time are decided on together.

        A process that is too busy, with hundreds of detections or on a busy machine, must not time out servers whose
        responses it has not read yet: the time by which a sleep overruns its interval does not count as waiting.
        """
        end = anyio.current_time() + seconds
        while (left := end - anyio.current_time()) > 0 and not self._wakeup.is_set():
            started, interval = anyio.current_time(), min(LAG_CHECK_INTERVAL, left)
            with anyio.move_on_after(interval):
                await self._wakeup.wait()
            self._responsive_time += min(interval, anyio.current_time() - started)
        for _ in range(MAX_YIELDS):
            await anyio.lowlevel.checkpoint()

    def _add(self, found: Iterable[Lead]) -> None:
        """Add what was found to the state, and emit an event for each claim."""
        leads = tuple(found)
        self._state.add(leads)
        for claim in (lead for lead in leads if isinstance(lead, Claim)):
            self._emit(Learned(self._now(), claim))
        self._wakeup.set()

    def _start_lookup(self, group: TaskGroup, lookup: Lookup) -> None:
        del self._state.pending[lookup]
        self._state.running_lookups[lookup] = None
        self._emit(Asked(self._now(), str(lookup), where_of(lookup)))
        group.start_soon(self._look_up, lookup)

    async def _look_up(self, lookup: Lookup) -> None:
        """Run one lookup; an error in it is recorded as a failure and does not affect other lookups."""
        try:
            leads = await lookup.run(self._net)
        except (NetworkError, DocumentError) as error:
            leads = ()
            self._fail(Failure.of(where_of(lookup), error))
        except Exception as error:  # noqa: BLE001 - docs/decisions/0005: a bug in one source must not end the others
            leads = ()
            self._fail(Failure(FailureKind.INTERNAL, where_of(lookup), f"{type(error).__name__} in this source"))
        del self._state.running_lookups[lookup]
        self._add(leads)

    def _fail(self, failure: Failure) -> None:
        self._state.failures[failure] = None
        self._emit(Failed(self._now(), failure))

    def _start_probe(self, group: TaskGroup, endpoint: Endpoint) -> None:
        self._state.running_probes[endpoint] = RunningProbe(self._now())
        self._scopes[endpoint] = anyio.CancelScope()
        group.start_soon(self._probe, endpoint, self._scopes[endpoint])

    async def _probe(self, endpoint: Endpoint, scope: anyio.CancelScope) -> None:
        """Contact one server, and learn names from its certificate if only the name did not match."""

        def on_step(step: Step) -> None:
            self._state.record_step(endpoint, step)
            self._emit(Contacting(self._now(), endpoint, step))

        probe: Probe | None = None
        with scope:
            probe = await self._greet(endpoint, on_step)
        if probe is None:
            return  # cancelled; if it is needed again later, it is a new probe
        self._scopes.pop(endpoint, None)
        self._state.record_probe(probe, self._now())
        self._emit(Probed(self._now(), probe))
        self._add(tuple(leads_from_certificate(self._state.address, probe)))

    async def _greet(self, endpoint: Endpoint, on_step: Callable[[Step], None]) -> Probe:
        """Contact one server; a bug affects this probe only."""
        try:
            return await self._prober.greet(endpoint, on_step)
        except Exception as error:  # noqa: BLE001 - docs/decisions/0005, as for lookups
            seen = f"{type(error).__name__} while contacting it"
            return Probe(endpoint, failure=Failure(FailureKind.INTERNAL, endpoint, seen))

    def _give_up_probes(self) -> None:
        """Record as failures the probes that were still running when the time was up and could have mattered."""
        needed = {
            candidate.endpoint
            for view in direction_views(self._state)
            if view.best is None
            for candidate in view.contenders
        }
        now = self._now()
        for endpoint, running in list(self._state.running_probes.items()):
            if endpoint in needed:
                missing = "no turn to connect" if running.step is Step.WAIT else f"no answer to {running.step}"
                seen = f"{missing} within {now - running.started:.1f} s"
                failure = Failure(_TIMEOUT_KINDS.get(running.step, FailureKind.DEADLINE), endpoint, seen)
                self._state.record_probe(Probe(endpoint, failure=failure), now)


_TIMEOUT_KINDS = {
    Step.RESOLVE: FailureKind.DNS_TIMEOUT,
    Step.WAIT: FailureKind.DEADLINE,  # too many other connections to the same address timed out first
    Step.CONNECT: FailureKind.CONNECT_TIMEOUT,
    Step.TLS: FailureKind.TLS_TIMEOUT,
    Step.GREETING: FailureKind.GREETING_TIMEOUT,
    Step.CAPABILITIES: FailureKind.REPLY_TIMEOUT,
    Step.STARTTLS: FailureKind.REPLY_TIMEOUT,
}
