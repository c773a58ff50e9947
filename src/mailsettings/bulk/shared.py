"""What the detections of one run share: caches of DNS answers, documents and probes, and limits per IP address."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from mailsettings.bulk.limits import BulkLimits
from mailsettings.errors import FailureKind, NetworkError
from mailsettings.hostnames import inside
from mailsettings.interfaces import Answer, Page
from mailsettings.model import Detection, Endpoint, Probe, Question, Step
from mailsettings.net.cache import CachedProber, SingleFlight
from mailsettings.net.limiter import AddressLimiters, SharedLimiter
from mailsettings.net.network import Network
from mailsettings.net.streams import Stream, Transport
from mailsettings.policy import IPAddress, Policy

# Failures of the detection that asked, or of this moment: another detection may well succeed.
UNCACHED_KINDS = frozenset(
    {FailureKind.BUDGET, FailureKind.DEADLINE, FailureKind.NO_NETWORK, FailureKind.PROXY, FailureKind.INTERNAL}
)
# Failures by timeout. One of them, cached for long, would fail the detections of all of a provider's customers.
TIMEOUT_KINDS = frozenset(
    {
        FailureKind.DNS_TIMEOUT,
        FailureKind.CONNECT_TIMEOUT,
        FailureKind.TLS_TIMEOUT,
        FailureKind.GREETING_TIMEOUT,
        FailureKind.REPLY_TIMEOUT,
        FailureKind.CLOSED,
    }
)


class SharedCaches:
    """The caches of one run, in one event loop. Public facts only; no key or value names a mailbox."""

    def __init__(
        self,
        limits: BulkLimits,
        policy: Policy,
        loop_is_responsive: Callable[[], bool],
        shared: SharedLimiter | None = None,
    ) -> None:
        """*loop_is_responsive* says whether timeouts can be trusted, see loop_lag.py; *shared*: see net.limiter."""
        self._limits = limits
        self._loop_is_responsive = loop_is_responsive
        self.limiters = AddressLimiters(limits.per_address, policy.timeouts.next_server_delay, shared)
        self.answers: SingleFlight[Question, Answer] = SingleFlight(limits.max_answers, self._ttl)
        self.pages: SingleFlight[str, Page] = SingleFlight(limits.max_pages, self._ttl)
        self.probes: SingleFlight[Endpoint, Probe] = SingleFlight(limits.max_probes, self._ttl)
        self.detections: SingleFlight[str, Detection] = SingleFlight(limits.max_detections, self._ttl)

    def _ttl(self, value: object) -> float:
        """Return for how many seconds to cache *value*."""
        failure = value.failure if isinstance(value, Probe) else value if isinstance(value, NetworkError) else None
        if failure is None:
            return self._limits.ttl
        if failure.kind in UNCACHED_KINDS:
            return 0.0
        if failure.kind in TIMEOUT_KINDS:
            return self._limits.timeout_ttl if self._loop_is_responsive() else 0.0
        return self._limits.failure_ttl


class SharedTransport:
    """A transport whose DNS answers about other domains are shared; only this detection asks for names in *domain*."""

    def __init__(self, transport: Transport, caches: SharedCaches, domain: str) -> None:
        self._transport = transport
        self._caches = caches
        self._domain = domain

    async def ask(self, question: Question) -> Answer:
        """Return the resolver's answer, or the cached one. NetworkError as the transport below."""
        if inside(question.name, self._domain):
            return await self._transport.ask(question)
        return await self._caches.answers.get(question, lambda _: self._transport.ask(question))

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        """Connect to exactly this address."""
        return await self._transport.connect(ip, port)

    async def aclose(self) -> None:
        """Do nothing: the transport below belongs to the run."""


class SharedNetwork:
    """The network of one detection (Net, Prober), which shares probes and documents of other domains with the rest."""

    def __init__(self, network: Network, caches: SharedCaches, domain: str) -> None:
        self._network = network
        self._prober = CachedProber(network, caches.probes)
        self._caches = caches
        self._domain = domain

    @property
    def policy(self) -> Policy:
        """What this detection may do."""
        return self._network.policy

    async def ask(self, question: Question) -> Answer:
        """Ask DNS; SharedTransport shares the answers."""
        return await self._network.ask(question)

    async def resolve(self, host: str) -> tuple[str, ...]:
        """Return the addresses of *host*."""
        return await self._network.resolve(host)

    async def get(
        self,
        url: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
        answers: frozenset[int] = frozenset(),
    ) -> Page:
        """Fetch a document; a plain GET from another domain is made once in the run."""

        async def fetch(_: object = None) -> Page:
            return await self._network.get(url, method=method, body=body, headers=headers, answers=answers)

        host = urlsplit(url).hostname or ""
        plain = method == "GET" and not body and not headers and not answers
        if plain and not inside(host, self._domain):
            return await self._caches.pages.get(url, fetch)
        return await fetch()

    async def greet(self, endpoint: Endpoint, on_step: Callable[[Step], None]) -> Probe:
        """Contact a mail server once in the run: what it offers does not depend on the address."""
        return await self._prober.greet(endpoint, on_step)
