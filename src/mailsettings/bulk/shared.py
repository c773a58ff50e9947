"""What the detections of one run have in common: answers, documents, probes, and politeness towards each address."""

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

# Failures of the one who asked, or of this moment: they say nothing to the next one.
UNCACHED_KINDS = frozenset(
    {FailureKind.BUDGET, FailureKind.DEADLINE, FailureKind.NO_NETWORK, FailureKind.PROXY, FailureKind.INTERNAL}
)
# Failures that only a clock has seen. One of them, remembered for long, would be that of all a provider's customers.
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
    """The memory of one run, in one event loop. Public facts only; no key or value names a mailbox."""

    def __init__(
        self, pace: BulkLimits, policy: Policy, in_time: Callable[[], bool], shared: SharedLimiter | None = None
    ) -> None:
        """*in_time* says whether this process hears at once what there is to hear; *shared*: see net.limiter."""
        self._pace = pace
        self._loop_is_responsive = in_time
        self.limiters = AddressLimiters(pace.per_address, policy.timeouts.next_server_delay, shared)
        self.answers: SingleFlight[Question, Answer] = SingleFlight(pace.max_answers, self._ttl)
        self.pages: SingleFlight[str, Page] = SingleFlight(pace.max_pages, self._ttl)
        self.probes: SingleFlight[Endpoint, Probe] = SingleFlight(pace.max_probes, self._ttl)
        self.detections: SingleFlight[str, Detection] = SingleFlight(pace.max_detections, self._ttl)

    def _ttl(self, found: object) -> float:
        """Return for how many seconds *found* is worth remembering."""
        failure = found.failure if isinstance(found, Probe) else found if isinstance(found, NetworkError) else None
        if failure is None:
            return self._pace.ttl
        if failure.kind in UNCACHED_KINDS:
            return 0.0
        if failure.kind in TIMEOUT_KINDS:
            return self._pace.timeout_ttl if self._loop_is_responsive() else 0.0
        return self._pace.failure_ttl


class SharedTransport:
    """A transport whose DNS answers about other domains are shared; nobody else will ask for names in *domain*."""

    def __init__(self, transport: Transport, common: SharedCaches, domain: str) -> None:
        self._transport = transport
        self._common = common
        self._domain = domain

    async def ask(self, question: Question) -> Answer:
        """Ask the resolver, or remember. NetworkError as the transport below."""
        if inside(question.name, self._domain):
            return await self._transport.ask(question)
        return await self._common.answers.get(question, lambda _: self._transport.ask(question))

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        """Connect to exactly this address."""
        return await self._transport.connect(ip, port)

    async def aclose(self) -> None:
        """Do nothing: the transport below is the run's."""


class SharedNetwork:
    """The network of one detection (Net, Prober), which shares probes and foreign documents with the others."""

    def __init__(self, network: Network, common: SharedCaches, domain: str) -> None:
        self._network = network
        self._prober = CachedProber(network, common.probes)
        self._common = common
        self._domain = domain

    @property
    def policy(self) -> Policy:
        """What this detection may do."""
        return self._network.policy

    async def ask(self, question: Question) -> Answer:
        """Ask DNS; what is shared of it, SharedTransport shares."""
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
        """Fetch a document; a plain request for one of another domain is made once in the run."""

        async def fetch(_: object = None) -> Page:
            return await self._network.get(url, method=method, body=body, headers=headers, answers=answers)

        host = urlsplit(url).hostname or ""
        plain = method == "GET" and not body and not headers and not answers
        if plain and not inside(host, self._domain):
            return await self._common.pages.get(url, fetch)
        return await fetch()

    async def greet(self, endpoint: Endpoint, on_step: Callable[[Step], None]) -> Probe:
        """Contact a mail server once in the run, whoever asks: what it says does not depend on the address."""
        return await self._prober.greet(endpoint, on_step)
