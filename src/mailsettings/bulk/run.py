"""A run over many addresses: reads them as far ahead as it may, searches each domain once, yields results as they come.

input ──read_ahead──▶ tasks ──one per domain──▶ destination ──slot──▶ detect() ──▶ stream of Answered
                                                    └── SharedCaches: DNS, documents, probes ──┘
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
from anyio.lowlevel import current_token

from mailsettings.address import EmailAddress
from mailsettings.bulk.destinations import Destination, KeyedSemaphore, find_destination
from mailsettings.bulk.input import Answered, Entry, parse_entry, postmaster_of
from mailsettings.bulk.leases import LeaseClient
from mailsettings.bulk.limits import BulkLimits
from mailsettings.bulk.loop_lag import MAX_SLOWNESS, LoopLag
from mailsettings.bulk.shared import SharedCaches, SharedNetwork, SharedTransport
from mailsettings.engine import detect
from mailsettings.errors import AddressError, FailureKind, MailSettingsError
from mailsettings.interfaces import Net
from mailsettings.leads import Source
from mailsettings.model import Detection, Failure, Task
from mailsettings.net.network import open_network
from mailsettings.net.streams import Transport
from mailsettings.policy import Policy

if TYPE_CHECKING:
    from anyio.abc import ObjectReceiveStream, TaskGroup
    from anyio.streams.memory import MemoryObjectSendStream

    from mailsettings.net.internet import Internet

AddressLike = str | EmailAddress | Entry
# How slow this process is assumed to be in each retry of a search that it may have been too slow for.
RETRY_SLOWNESS = (2.0, 4.0, 8.0, MAX_SLOWNESS)
# A search that still waits for other processes at this slowness is not repeated: it would only delay theirs.
MAX_SLOWNESS_WAITED = 4.0
STARVED_FAILURE = Failure(
    FailureKind.NO_NETWORK, Task("this process"), "it has been too slow to tell whether a server is silent"
)


@asynccontextmanager
async def detect_many(
    addresses: Iterable[AddressLike] | AsyncIterable[AddressLike],
    *,
    concurrency: int = 64,
    redis: str = "",
    policy: Policy | None = None,
    sources: Sequence[Source] | None = None,
    limits: BulkLimits | None = None,
    transport: Transport | None = None,
) -> AsyncIterator[ObjectReceiveStream[Answered]]:
    """Yield the stream of results, in the order of completion; leaving the block early ends all work.

    *addresses* are read no further ahead than `BulkLimits.read_ahead`, so that a list of any length needs the same
    memory; a slow reader of the stream slows everything down. A domain alone (`example.org`) stands for its postmaster.
    *concurrency* is the number of domains searched at once; *redis*, a URL, makes processes share the limits on
    connections (asyncio only); *limits* replaces both. *policy* is that of a service unless given; whatever it allows,
    no address of the input is sent: a domain is searched as its postmaster. *transport* replaces the Internet in tests.

    async with detect_many(addresses) as stream:
        async for each in stream: ...
    """
    limits = limits or BulkLimits.for_concurrency(concurrency, redis=redis)
    policy = limits.policy_for(policy)
    send, receive = anyio.create_memory_object_stream[Answered](0)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(receive)
        await stack.enter_async_context(send)
        if transport is None:
            transport = await stack.enter_async_context(aclosing(_internet(policy)))
        run = _Run(limits, policy, sources, transport, send)
        group = await stack.enter_async_context(anyio.create_task_group())
        group.start_soon(run.run, addresses)
        yield receive
        group.cancel_scope.cancel()


class _Run:
    """One run over many addresses."""

    def __init__(
        self,
        limits: BulkLimits,
        policy: Policy,
        sources: Sequence[Source] | None,
        transport: Transport,
        results: MemoryObjectSendStream[Answered],
    ) -> None:
        self._policy = policy
        self._sources = sources
        self._transport = transport
        self._results = results
        self._loop_lag = LoopLag(
            limits.max_loop_lag, min(policy.timeouts.first_response_timeout, policy.timeouts.deadline)
        )
        self._leases = _lease_client(limits) if limits.redis else None
        self._caches = SharedCaches(limits, policy, lambda: self._loop_lag.is_responsive, self._leases)
        self._destination_limiter = KeyedSemaphore(limits.per_destination)
        self._read_ahead = anyio.Semaphore(limits.read_ahead)
        self._locating = anyio.Semaphore(limits.concurrency)
        self._searching = anyio.Semaphore(limits.concurrency)
        self._retry_lock = anyio.Lock()

    async def run(self, addresses: Iterable[AddressLike] | AsyncIterable[AddressLike]) -> None:
        """Answer everything, then close the stream."""
        async with self._results, anyio.create_task_group() as background:
            background.start_soon(self._loop_lag.measure)
            if self._leases is not None:
                background.start_soon(self._leases.run)
            async with anyio.create_task_group() as group:
                await self._start_all(group, addresses)
            background.cancel_scope.cancel()

    async def _start_all(self, group: TaskGroup, addresses: Iterable[AddressLike] | AsyncIterable[AddressLike]) -> None:
        """Start a task for each address as soon as `read_ahead` permits."""
        place = 0
        if isinstance(addresses, AsyncIterable):
            async for address in addresses:
                place += 1
                await self._start(group, place, address)
            return
        for address in addresses:
            place += 1
            await self._start(group, place, address)

    async def _start(self, group: TaskGroup, place: int, address: AddressLike) -> None:
        await self._read_ahead.acquire()
        group.start_soon(self._answer, address if isinstance(address, Entry) else Entry(place, str(address)))

    async def _answer(self, entry: Entry) -> None:
        try:
            address = parse_entry(entry.text)
        except AddressError as error:
            answered = Answered(entry.place, entry.text, error=str(error))
        else:
            detection = (await self._detection_of(address.domain)).for_address(address)
            answered = Answered(entry.place, entry.text, detection)
        await self._results.send(answered)
        self._read_ahead.release()

    async def _detection_of(self, domain: str) -> Detection:
        return await self._caches.detections.get(domain, lambda _: self._search(domain))

    async def _search(self, domain: str) -> Detection:
        """Find the settings of *domain* as soon as its destination has a free slot."""
        slowness = self._loop_lag.slowness
        async with self._open_network(domain, slowness) as net:
            destination = await self._locate(net, domain)
            # The destination's slot first: a search that waits for a busy destination must not hold up the others.
            async with self._destination_limiter.acquire(destination.key), self._searching:
                found, doubtful = await self._attempt(domain, net, destination, slowness)
                return await self._retry(domain, destination, found) if doubtful else found

    @asynccontextmanager
    async def _open_network(self, domain: str, slowness: float) -> AsyncIterator[Net]:
        """Open the network for *domain*; every timeout is *slowness* times as long as usual."""
        transport = SharedTransport(self._transport, self._caches, domain)
        async with open_network(self._policy.slower(slowness), transport, limiters=self._caches.limiters) as network:
            yield SharedNetwork(network, self._caches, domain)

    async def _locate(self, net: Net, domain: str) -> Destination:
        """Find out where the mail of *domain* goes: two rounds of DNS questions at most."""
        found = Destination(domain)
        async with self._locating:
            with anyio.move_on_after(2 * self._policy.timeouts.dns_lifetime):
                found = await find_destination(net, domain)
        return found

    async def _attempt(
        self, domain: str, net: Net, destination: Destination, slowness: float
    ) -> tuple[Detection, bool]:
        """Search once in a *net* for this *slowness*; say whether timeouts in it may be this process's own fault."""
        async with self._loop_lag.admitted():
            since = self._loop_lag.mark()
            found = await self._detect(domain, net, destination)
            doubtful = self._loop_lag.may_have_delayed(since, slowness) or self._waited_too_long(found, slowness)
            return found, doubtful and not (destination.dead or found.verified)

    def _waited_too_long(self, found: Detection, slowness: float) -> bool:
        """Say whether the search timed out waiting for other processes, and a longer timeout is worth trying."""
        missed = any(failure.kind is FailureKind.DEADLINE for failure in found.failures)
        return self._leases is not None and missed and slowness < MAX_SLOWNESS_WAITED

    async def _retry(self, domain: str, destination: Destination, found: Detection) -> Detection:
        """Search again with longer and longer timeouts until they can be trusted; one such search runs at a time."""
        async with self._retry_lock:
            for slowness in RETRY_SLOWNESS:
                async with self._open_network(domain, slowness) as net:
                    found, doubtful = await self._attempt(domain, net, destination, slowness)
                if not doubtful:
                    return found
        return replace(found, failures=(*found.failures, STARVED_FAILURE))

    async def _detect(self, domain: str, net: Net, destination: Destination) -> Detection:
        """Search with no more questions than can matter, and with all of them where that brings nothing."""
        if destination.dead and self._sources is None:
            return await self._detect_with(_existence_sources(), domain, net, net.policy.replace(guess=False))
        if destination.in_table and net.policy.guess:
            # Guessed names cannot win where the table knows the provider, and are most of all DNS questions.
            found = await self._detect_with(self._sources, domain, net, net.policy.replace(guess=False))
            if found.verified:
                return found
        return await self._detect_with(self._sources, domain, net, net.policy)

    async def _detect_with(self, sources: Sequence[Source] | None, domain: str, net: Net, policy: Policy) -> Detection:
        return await detect(postmaster_of(domain), sources=sources, policy=policy, net=net)


def _internet(policy: Policy) -> Internet:
    from mailsettings.net.internet import Internet

    return Internet(policy)


def _lease_client(limits: BulkLimits) -> LeaseClient:
    """Return what shares *limits* with other processes. MailSettingsError on trio: redis-py needs asyncio."""
    if "trio" in type(current_token().native_token).__module__:
        raise MailSettingsError("limits that are shared through Redis need asyncio")
    from mailsettings.bulk.redis import RedisRegister  # an extra

    return LeaseClient(RedisRegister(limits), limits.lease_seconds)


def _existence_sources() -> Sequence[Source]:
    """Return the sources that say that a domain does not exist or receives no mail."""
    from mailsettings.sources.mx import mx
    from mailsettings.sources.provider_table import provider_tables

    return provider_tables, mx
