"""From a visitor's address to an answer: limits, cache, one detection for all who ask, and what may be shown of it."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache

import anyio

from mailsettings.address import EmailAddress
from mailsettings.engine import detect_stream
from mailsettings.errors import DocumentError
from mailsettings.events import Settled, ignore
from mailsettings.hostnames import registrable
from mailsettings.model import Detection, Direction, Endpoint, Probe, Protocol
from mailsettings.net.cache import CachedProber, TTLCache
from mailsettings.net.network import Network, open_network
from mailsettings.net.streams import Transport
from mailsettings.policy import Policy
from mailsettings.schema import from_json
from mailsettings.web.admission import Capacity, RateLimits
from mailsettings.web.egress import Guarded, QuestionLimiter, policy_above, service_policy
from mailsettings.web.redaction import placeholder_address, redacted, redacted_event
from mailsettings.web.settings import Settings
from mailsettings.web.single_flight import EventSink, SharedSearches
from mailsettings.web.store import Store
from mailsettings.web.telemetry import Metrics, log_event, span

_LEASE_SECONDS = 30  # seconds after which another worker takes over from one that died
_POLL_INTERVAL = 0.05  # seconds between looks for another worker's answer
# Thousands of domains have the same hoster: its servers would be contacted once for each, and the limit on connections
# to one address would keep the later ones from being found.
_MOST_PROBES = 4096  # endpoints; a probe is some hundred bytes
_PROBES_FOR = 300.0  # seconds; shorter than an answer is kept, for one probe is in many answers
_RELEASE_TIMEOUT = 1.0  # seconds to tell the others that they may go on


@dataclass(frozen=True, slots=True)
class DetectionRequest:
    """What to look for."""

    address: EmailAddress
    protocol: Protocol | None = None  # to read mail with; None: whichever is best

    @property
    def key(self) -> str:
        """Return what answers to this question are kept under; the local part is no part of it."""
        return f"{self.address.domain} {self.protocol or 'any'}"


class DetectionService:
    """Everything the requests share."""

    def __init__(self, settings: Settings, store: Store, policy: Policy | None, transport: Transport | None) -> None:
        self.settings = settings
        self.store = store
        self.policy = service_policy(policy, settings.running)
        self.limits = RateLimits(settings, store)
        self.capacity = Capacity(settings.running, settings.waiting)
        self.metrics = Metrics()
        self.searches = SharedSearches()
        self.probes: TTLCache[Endpoint, Probe] = TTLCache(_MOST_PROBES, _lifetime)
        self.metrics.add_gauge("running", "Detections under way", lambda: self.capacity.running)
        self.metrics.add_gauge("inside", "Requests that work or wait", lambda: self.capacity.admitted)
        self.metrics.add_gauge("tasks", "Tasks of the event loop", lambda: len(anyio.get_running_tasks()))
        self._egress = Guarded(
            transport if transport is not None else _internet(self.policy),
            self.policy,
            at_once=settings.address_at_once,
            per_minute=settings.address_per_minute,
            count=store.count,
        )

    async def detect(self, query: DetectionRequest, visitor: str, tell: EventSink = ignore) -> Detection:
        """Return the answer to *query* as *visitor* may see it. Problem if it is refused.

        *tell* is called with each event that may be shown, except the last: that is the answer.
        """
        async with self.limits.request(visitor):
            return await self.search(query, tell)

    async def search(self, query: DetectionRequest, tell: EventSink = ignore) -> Detection:
        """Return the answer to *query*, for a visitor who has been let in."""
        detection, origin = await self._cached(query), "cache"
        if detection is None:
            with self.capacity.admit():
                detection = await self.searches.join(query.key, lambda tell: self._lead(query, tell), _redacting(tell))
            origin = "search"
        outcome = outcome_of(detection)
        self.metrics.answers.labels(origin, outcome).inc()
        log_event("answer", domain=query.address.domain, outcome=outcome, origin=origin)
        return detection.for_address(query.address)

    async def _cached(self, query: DetectionRequest) -> Detection | None:
        text = await self.store.get(f"answer:{query.key}")
        try:
            return _read(text) if text is not None else None
        except DocumentError:  # of another version that shares the store
            return None

    async def _lead(self, query: DetectionRequest, tell: EventSink) -> Detection:
        """Search, unless another worker is at it: then wait for its answer."""
        key, who = f"search:{query.key}", secrets.token_hex(8)
        while not await self.store.acquire(key, who, 1, _LEASE_SECONDS):
            await anyio.sleep(_POLL_INTERVAL)
            if (detection := await self._cached(query)) is not None:
                return detection
        try:
            # Between our first look and our turn, another worker may have finished.
            return await self._cached(query) or await self._search(query, tell)
        finally:
            with anyio.move_on_after(_RELEASE_TIMEOUT, shield=True):
                await self.store.release(key, who)

    async def _search(self, query: DetectionRequest, tell: EventSink) -> Detection:
        await self.limits.search(registrable(query.address.domain))
        async with self.capacity.work_slot():
            with self.metrics.seconds.time(), span("mailsettings.search", domain=query.address.domain):
                detection = redacted(await self._run(query, tell))
        good = outcome_of(detection) == "verified"
        seconds = self.settings.found_for if good else self.settings.not_found_for
        await self.store.put(f"answer:{query.key}", detection.to_json().encode(), seconds)
        return detection

    async def _run(self, query: DetectionRequest, tell: EventSink) -> Detection:
        policy = self._policy_for(query)
        async with (
            self.network(policy) as network,
            detect_stream(
                placeholder_address(query.address),
                policy=policy,
                net=network,
                prober=CachedProber(network, self.probes),
            ) as events,
        ):
            async for event in events:
                if isinstance(event, Settled):
                    return event.detection
                tell(event)
        raise AssertionError("the stream of events ends with Settled")

    def _policy_for(self, query: DetectionRequest) -> Policy:
        if query.protocol is None:
            return self.policy
        sending = {protocol for protocol in Protocol if protocol.direction is Direction.OUTGOING}
        return self.policy.replace(protocols=frozenset({query.protocol, *sending}))

    @asynccontextmanager
    async def network(self, policy: Policy) -> AsyncIterator[Network]:
        """Open the network within *policy*, behind the guard."""
        async with open_network(
            policy_above(policy), QuestionLimiter(self._egress, policy.limits.max_parallel_dns)
        ) as network:
            yield network

    async def aclose(self) -> None:
        """Let go of network and store."""
        await self._egress.aclose()
        await self.store.aclose()


def _lifetime(probe: Probe) -> float:
    """Return for how many seconds *probe* is kept. A failure never is: it may be over."""
    return _PROBES_FOR if probe.verified else 0.0


def _redacting(tell: EventSink) -> EventSink:
    """Return what tells a visitor as much of an event as they may see; nobody prepares what nobody listens to."""
    return tell if tell is ignore else lambda event: tell(redacted_event(event))


@lru_cache(maxsize=512)
def _read(text: bytes) -> Detection:
    """Read a kept answer; those that many ask for are read once, for that takes longer than all the rest."""
    return from_json(text)


def outcome_of(detection: Detection) -> str:
    """Say in a word how good the answer is: verified, found or nothing."""
    if detection.verified:
        return "verified"
    return "found" if detection.incoming or detection.outgoing else "nothing"


def _internet(policy: Policy) -> Transport:
    from mailsettings.net.internet import Internet

    return Internet(policy)
