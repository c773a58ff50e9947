"""The detection service: from a request to a redacted answer, with rate limits, cache, shared searches and egress."""

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
_POLL_INTERVAL = 0.05  # seconds between checks for another worker's answer
# Thousands of domains have the same hoster: its servers would be contacted once for each, and the limit on connections
# to one address would keep the later ones from being verified.
_MAX_PROBES = 4096  # endpoints; a probe is some hundred bytes
_PROBE_TTL = 300.0  # seconds; shorter than that of an answer, since many answers contain the same probe
_RELEASE_TIMEOUT = 1.0  # seconds for releasing the lease, also after the visitor has disconnected


@dataclass(frozen=True, slots=True)
class DetectionRequest:
    """What to search for."""

    address: EmailAddress
    protocol: Protocol | None = None  # for reading mail; None: whichever is best

    @property
    def key(self) -> str:
        """Return the cache key of the answer; the local part is not in it."""
        return f"{self.address.domain} {self.protocol or 'any'}"


class DetectionService:
    """What all requests share: network, store, limits, caches, metrics."""

    def __init__(self, settings: Settings, store: Store, policy: Policy | None, transport: Transport | None) -> None:
        self.settings = settings
        self.store = store
        self.policy = service_policy(policy, settings.running)
        self.limits = RateLimits(settings, store)
        self.capacity = Capacity(settings.running, settings.waiting)
        self.metrics = Metrics()
        self.searches = SharedSearches()
        self.probes: TTLCache[Endpoint, Probe] = TTLCache(_MAX_PROBES, _lifetime)
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

    async def detect(self, request: DetectionRequest, visitor: str, on_event: EventSink = ignore) -> Detection:
        """Return the redacted answer to *request*, within the rate limits of *visitor*. Problem(429 | 503).

        *on_event* is called with each redacted event except the last, Settled: its detection is the return value.
        """
        async with self.limits.request(visitor):
            return await self.search(request, on_event)

    async def search(self, request: DetectionRequest, on_event: EventSink = ignore) -> Detection:
        """Return the redacted answer to *request*, which the visitor's rate limits have already admitted."""
        detection, origin = await self._cached(request), "cache"
        if detection is None:
            with self.capacity.admit():
                detection = await self.searches.join(
                    request.key, lambda publish: self._search_or_wait(request, publish), _redacting(on_event)
                )
            origin = "search"
        outcome = outcome_of(detection)
        self.metrics.answers.labels(origin, outcome).inc()
        log_event("answer", domain=request.address.domain, outcome=outcome, origin=origin)
        return detection.for_address(request.address)

    async def _cached(self, request: DetectionRequest) -> Detection | None:
        text = await self.store.get(f"answer:{request.key}")
        try:
            return _parse(text) if text is not None else None
        except DocumentError:  # written by another version that shares the store
            return None

    async def _search_or_wait(self, request: DetectionRequest, on_event: EventSink) -> Detection:
        """Search, unless another worker already does: then wait for its answer."""
        key, holder = f"search:{request.key}", secrets.token_hex(8)
        while not await self.store.acquire(key, holder, 1, _LEASE_SECONDS):
            await anyio.sleep(_POLL_INTERVAL)
            if (detection := await self._cached(request)) is not None:
                return detection
        try:
            # Another worker may have finished between the first cache lookup and this lease.
            return await self._cached(request) or await self._search_and_store(request, on_event)
        finally:
            with anyio.move_on_after(_RELEASE_TIMEOUT, shield=True):
                await self.store.release(key, holder)

    async def _search_and_store(self, request: DetectionRequest, on_event: EventSink) -> Detection:
        await self.limits.search(registrable(request.address.domain))
        async with self.capacity.work_slot():
            with self.metrics.seconds.time(), span("mailsettings.search", domain=request.address.domain):
                detection = redacted(await self._run(request, on_event))
        verified = outcome_of(detection) == "verified"
        seconds = self.settings.found_for if verified else self.settings.not_found_for
        await self.store.put(f"answer:{request.key}", detection.to_json().encode(), seconds)
        return detection

    async def _run(self, request: DetectionRequest, on_event: EventSink) -> Detection:
        policy = self._policy_for(request)
        async with (
            self.network(policy) as network,
            detect_stream(
                placeholder_address(request.address),
                policy=policy,
                net=network,
                prober=CachedProber(network, self.probes),
            ) as events,
        ):
            async for event in events:
                if isinstance(event, Settled):
                    return event.detection
                on_event(event)
        raise AssertionError("the stream of events ends with Settled")

    def _policy_for(self, request: DetectionRequest) -> Policy:
        if request.protocol is None:
            return self.policy
        sending = {protocol for protocol in Protocol if protocol.direction is Direction.OUTGOING}
        return self.policy.replace(protocols=frozenset({request.protocol, *sending}))

    @asynccontextmanager
    async def network(self, policy: Policy) -> AsyncIterator[Network]:
        """Open a network of its own for one search or login, under *policy* and behind the egress filter."""
        async with open_network(
            policy_above(policy), QuestionLimiter(self._egress, policy.limits.max_parallel_dns)
        ) as network:
            yield network

    async def aclose(self) -> None:
        """Close the network and the store."""
        await self._egress.aclose()
        await self.store.aclose()


def _lifetime(probe: Probe) -> float:
    """Return for how many seconds *probe* is cached. Failures are not: they may be temporary."""
    return _PROBE_TTL if probe.verified else 0.0


def _redacting(on_event: EventSink) -> EventSink:
    """Return a callback that passes redacted events to *on_event*; without a listener, none are redacted."""
    return on_event if on_event is ignore else lambda event: on_event(redacted_event(event))


@lru_cache(maxsize=512)
def _parse(text: bytes) -> Detection:
    """Parse a cached answer; popular ones only once, since parsing takes longer than the rest of the request."""
    if b'"confirmations"' not in text:
        raise DocumentError("written by a version that asked about domains, not about hosts")
    return from_json(text)


def outcome_of(detection: Detection) -> str:
    """Return how good the answer is, for metrics and headlines: verified, found or nothing."""
    if detection.verified:
        return "verified"
    return "found" if detection.incoming or detection.outgoing else "nothing"


def _internet(policy: Policy) -> Transport:
    from mailsettings.net.internet import Internet

    return Internet(policy)
