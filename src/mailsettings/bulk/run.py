"""The run: takes addresses as room permits, searches each domain once, hands out answers as they come.

input ──ahead──▶ tasks ──one per domain──▶ destination ──turn──▶ detect() ──▶ stream of Answered
                                               └───── Common: DNS, documents, probes ─────┘
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
RETRY_SLOWNESS = (
    2.0,
    4.0,
    8.0,
    MAX_SLOWNESS,
)  # how slow a process is allowed for, where it may have been too slow at first
MAX_SLOWNESS_WAITED = 4.0  # times as long as usual: who gets no turn then would only keep others from theirs
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
    pace: BulkLimits | None = None,
    transport: Transport | None = None,
) -> AsyncIterator[ObjectReceiveStream[Answered]]:
    """Hand out the stream of answers, in the order in which they are found; leaving the block early ends all work.

    *addresses* are read no further ahead than `Pace.ahead`, so that a list of any length needs the same memory; a
    slow reader of the stream slows everything down. A domain alone (`example.org`) stands for its postmaster.
    *concurrency* is the number of domains searched at once; *redis*, a URL, has processes share the limits on
    connections (asyncio only); or *pace* says all of it. *policy* is that of a service
    unless given; whatever it lets be sent, no address of the input is: a domain is searched as its postmaster.
    *transport* stands in for the Internet in tests.

    async with detect_many(addresses) as stream:
        async for each in stream: ...
    """
    how = pace or BulkLimits.for_concurrency(concurrency, redis=redis)
    rules = how.policy_for(policy)
    send, receive = anyio.create_memory_object_stream[Answered](0)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(receive)
        await stack.enter_async_context(send)
        below = transport if transport is not None else await stack.enter_async_context(aclosing(_internet(rules)))
        run = _Run(how, rules, sources, below, send)
        group = await stack.enter_async_context(anyio.create_task_group())
        group.start_soon(run.run, addresses)
        yield receive
        group.cancel_scope.cancel()


def _internet(policy: Policy) -> Internet:
    from mailsettings.net.internet import Internet

    return Internet(policy)


def _leases(pace: BulkLimits) -> LeaseClient:
    """Return what shares the limits with other processes. MailSettingsError on trio, which the client does not know."""
    if "trio" in type(current_token().native_token).__module__:
        raise MailSettingsError("limits that are shared through Redis need asyncio")
    from mailsettings.bulk.redis import RedisRegister  # an extra

    return LeaseClient(RedisRegister(pace), pace.lease_seconds)


class _Run:
    """One run over many addresses."""

    def __init__(
        self,
        pace: BulkLimits,
        policy: Policy,
        sources: Sequence[Source] | None,
        transport: Transport,
        answers: MemoryObjectSendStream[Answered],
    ) -> None:
        self._policy = policy
        self._sources = sources
        self._transport = transport
        self._answers = answers
        self._loop_lag = LoopLag(
            pace.max_loop_lag, min(policy.timeouts.first_response_timeout, policy.timeouts.deadline)
        )
        self._leases = _leases(pace) if pace.redis else None
        self._common = SharedCaches(pace, policy, lambda: self._loop_lag.is_responsive, self._leases)
        self._destination_limiter = KeyedSemaphore(pace.per_destination)
        self._room = anyio.Semaphore(pace.read_ahead)
        self._placing = anyio.Semaphore(pace.concurrency)
        self._searching = anyio.Semaphore(pace.concurrency)
        self._retry_lock = anyio.Lock()

    async def run(self, addresses: Iterable[AddressLike] | AsyncIterable[AddressLike]) -> None:
        """Answer everything, then close the stream."""
        async with self._answers, anyio.create_task_group() as beside:
            beside.start_soon(self._loop_lag.measure)
            if self._leases is not None:
                beside.start_soon(self._leases.run)
            async with anyio.create_task_group() as group:
                await self._start_all(group, addresses)
            beside.cancel_scope.cancel()

    async def _start_all(self, group: TaskGroup, addresses: Iterable[AddressLike] | AsyncIterable[AddressLike]) -> None:
        """Start a task for each address as soon as there is room for it."""
        place = 0
        if isinstance(addresses, AsyncIterable):
            async for given in addresses:
                place += 1
                await self._begin(group, place, given)
            return
        for given in addresses:
            place += 1
            await self._begin(group, place, given)

    async def _begin(self, group: TaskGroup, place: int, given: AddressLike) -> None:
        await self._room.acquire()
        group.start_soon(self._answer, given if isinstance(given, Entry) else Entry(place, str(given)))

    async def _answer(self, entry: Entry) -> None:
        try:
            address = parse_entry(entry.text)
        except AddressError as error:
            answered = Answered(entry.place, entry.text, error=str(error))
        else:
            detection = (await self._of_domain(address.domain)).for_address(address)
            answered = Answered(entry.place, entry.text, detection)
        await self._answers.send(answered)
        self._room.release()

    async def _of_domain(self, domain: str) -> Detection:
        return await self._common.detections.get(domain, lambda _: self._search(domain))

    async def _search(self, domain: str) -> Detection:
        """Find the settings of *domain* when it is its destination's turn."""
        slowness = self._loop_lag.slowness
        async with self._net(domain, slowness) as net:
            place = await self._place(net, domain)
            # First the turn, then the room: who waits for a busy destination must not keep the others waiting.
            async with self._destination_limiter.acquire(place.key), self._searching:
                found, doubtful = await self._attempt(domain, net, place, slowness)
                return await self._retry(domain, place, found) if doubtful else found

    @asynccontextmanager
    async def _net(self, domain: str, slowness: float) -> AsyncIterator[Net]:
        """Open the network for *domain*; every wait is *slowness* times as long as usual."""
        transport = SharedTransport(self._transport, self._common, domain)
        async with open_network(self._policy.slower(slowness), transport, limiters=self._common.limiters) as network:
            yield SharedNetwork(network, self._common, domain)

    async def _attempt(self, domain: str, net: Net, place: Destination, slowness: float) -> tuple[Detection, bool]:
        """Search once in a *net* for this *slowness*; say whether what was not heard may be our own fault."""
        async with self._loop_lag.admitted():
            since = self._loop_lag.mark()
            found = await self._detect(domain, net, place)
            doubtful = self._loop_lag.may_have_delayed(since, slowness) or self._waited_too_long(found, slowness)
            return found, doubtful and not (place.dead or found.verified)

    def _waited_too_long(self, found: Detection, slowness: float) -> bool:
        """Say whether other processes have kept this one waiting for so long that it pays to wait longer."""
        missed = any(failure.kind is FailureKind.DEADLINE for failure in found.failures)
        return self._leases is not None and missed and slowness < MAX_SLOWNESS_WAITED

    async def _retry(self, domain: str, place: Destination, found: Detection) -> Detection:
        """Search again, longer each time, until silence is not ours; such searches run one after the other."""
        async with self._retry_lock:
            for slowness in RETRY_SLOWNESS:
                async with self._net(domain, slowness) as net:
                    found, doubtful = await self._attempt(domain, net, place, slowness)
                if not doubtful:
                    return found
        return replace(found, failures=(*found.failures, STARVED_FAILURE))

    async def _place(self, net: Net, domain: str) -> Destination:
        """Find out where the mail of *domain* goes: two rounds of DNS questions at most."""
        found = Destination(domain)
        async with self._placing:
            with anyio.move_on_after(2 * self._policy.timeouts.dns_lifetime):
                found = await find_destination(net, domain)
        return found

    async def _detect(self, domain: str, net: Net, place: Destination) -> Detection:
        """Search with no more questions than can matter, and with all of them where that brings nothing."""
        if place.dead and self._sources is None:
            return await self._ask(domain, net, net.policy.replace(guess=False), _existence_sources())
        if place.in_table and net.policy.guess:
            # Names that are guessed cannot win where the table knows the provider, and are most of all DNS questions.
            found = await self._ask(domain, net, net.policy.replace(guess=False), self._sources)
            if found.verified:
                return found
        return await self._ask(domain, net, net.policy, self._sources)

    async def _ask(self, domain: str, net: Net, policy: Policy, sources: Sequence[Source] | None) -> Detection:
        return await detect(postmaster_of(domain), sources=sources, policy=policy, net=net)


def _existence_sources() -> Sequence[Source]:
    """Return the sources that say that a domain does not exist or receives no mail."""
    from mailsettings.sources.mx import mx
    from mailsettings.sources.provider_table import provider_tables

    return provider_tables, mx
