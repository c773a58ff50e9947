"""A run on a Dask cluster: locates each domain's mail, partitions by destination, searches batch by batch.

locate_batch ──▶ destinations ──▶ partition ──▶ batches ──▶ run_batches ──▶ detect_batch on a worker ──▶ records

The first pass asks one or two of the twenty-odd questions of a search. Batches are made for some thousand addresses at
a time, so that a long input needs no more memory than a short one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from secrets import token_hex
from typing import Any

import anyio

from mailsettings.bulk.destinations import Destination, find_destination, likely_destination
from mailsettings.bulk.input import Entry, parse_entry
from mailsettings.bulk.limits import BulkLimits
from mailsettings.bulk.output import record_of
from mailsettings.bulk.run import detect_many
from mailsettings.bulk.shards import Batch, DestinationKey
from mailsettings.bulk.shared import SharedCaches, SharedNetwork, SharedTransport
from mailsettings.errors import AddressError
from mailsettings.net.network import open_network
from mailsettings.net.streams import Transport
from mailsettings.policy import Policy
from mailsettings.schema import Object

BatchWork = Callable[[tuple[Entry, ...]], Sequence[Any]]
BATCHES_PER_THREAD = 2  # batches submitted per thread of a worker: one that runs, one that waits there already
MAX_DEFERRED = 64  # batches that may wait until another one for the same destination is done
RETRIES = 2  # of a batch that ended in an error; Dask itself reassigns one whose worker died


def locate_batch(
    entries: Iterable[str | Entry],
    *,
    concurrency: int = 64,
    policy: Policy | None = None,
    transport: Callable[[], Transport] | None = None,
) -> list[DestinationKey]:
    """Return where the mail of each of *entries* goes; blocks until all is known. The key of a bad address is empty."""
    texts = [each.text if isinstance(each, Entry) else each for each in entries]
    domains = [_domain(text) for text in texts]
    found = anyio.run(
        _destinations,
        {domain for domain in domains if domain},
        BulkLimits.for_concurrency(concurrency),
        policy,
        transport,
    )
    return [found.get(domain, ("", False)) for domain in domains]


async def _destinations(
    domains: Iterable[str], limits: BulkLimits, policy: Policy | None, transport: Callable[[], Transport] | None
) -> dict[str, DestinationKey]:
    from mailsettings.net.internet import Internet

    policy = limits.policy_for(policy)
    found: dict[str, DestinationKey] = {}
    semaphore, caches = anyio.Semaphore(limits.concurrency), SharedCaches(limits, policy, lambda: True)
    async with aclosing(transport() if transport else Internet(policy)) as internet:

        async def locate(domain: str) -> None:
            async with open_network(policy, SharedTransport(internet, caches, domain)) as network:
                destination = await find_destination(SharedNetwork(network, caches, domain), domain)
            found[domain] = destination.key, destination.in_table
            semaphore.release()

        async with anyio.create_task_group() as group:
            for domain in domains:
                await semaphore.acquire()
                group.start_soon(locate, domain)
    return found


def likely_destination_of(entry: Entry) -> DestinationKey:
    """Return where the mail of *entry* goes as far as that is known without asking."""
    domain = _domain(entry.text)
    destination = likely_destination(domain) if domain else Destination("")
    return destination.key, destination.in_table


def _domain(text: str) -> str:
    try:
        return parse_entry(text).domain
    except AddressError:
        return ""


def partition(
    entries: Sequence[Entry], destinations: Sequence[DestinationKey], size: int, *, first: int
) -> list[Batch]:
    """Cut *entries* into batches of *size*, numbered from *first*, so that those of one destination are together."""
    order = sorted(range(len(entries)), key=lambda index: (destinations[index], entries[index].place))
    chunks = [order[start : start + size] for start in range(0, len(order), size)]
    return [_batch(first + number, chunk, entries, destinations) for number, chunk in enumerate(chunks)]


def _batch(
    number: int, chunk: Iterable[int], entries: Sequence[Entry], destinations: Sequence[DestinationKey]
) -> Batch:
    indices = sorted(chunk, key=lambda index: entries[index].place)
    # A provider's servers are contacted once in each batch; only the other destinations need one batch at a time.
    exclusive = frozenset(key for key, in_table in (destinations[index] for index in indices) if key and not in_table)
    return Batch(number, tuple(entries[index] for index in indices), exclusive)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The results of one batch, or the error it ended in."""

    batch: Batch
    results: tuple[Any, ...] = ()
    error: str = ""


def run_batches(client: Any, work: BatchWork, batches: Iterator[Batch]) -> Iterator[BatchResult]:
    """Do *work* on each batch on the cluster of *client* (a distributed.Client); yield results as they complete.

    *batches* are taken as the cluster has room, so that a long input is never in memory as a whole. Two batches that
    have a destination in common never run at the same time.
    """
    from distributed import as_completed  # an extra, and slow to load

    run = token_hex(8)  # or a second run would be given the results of the first
    untyped: Any = as_completed
    waiting = untyped()
    submitted: dict[str, Batch] = {}
    queue = BatchQueue(batches)

    def submit() -> None:
        while len(submitted) < _max_submitted(client) and (batch := queue.next_batch(submitted.values())) is not None:
            key = f"mailsettings-{run}-{batch.number}"
            submitted[key] = batch
            waiting.add(client.submit(work, batch.entries, key=key, retries=RETRIES, pure=False))

    submit()
    for future in waiting:
        yield _batch_result(future, submitted.pop(future.key))
        future.release()
        submit()


def _max_submitted(client: Any) -> int:
    """Return how many batches may be submitted at once; workers come and go."""
    return BATCHES_PER_THREAD * max(1, int(sum(client.nthreads().values())))


def _batch_result(future: Any, batch: Batch) -> BatchResult:
    if (error := future.exception()) is not None:
        return BatchResult(batch, error=f"{type(error).__name__}: {error}")
    return BatchResult(batch, tuple(future.result()))


class BatchQueue:
    """Batches in order, except that one whose destination is busy is deferred."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self._deferred: list[Batch] = []

    def next_batch(self, submitted: Iterable[Batch]) -> Batch | None:
        """Return the next batch that may run beside those *submitted*, None if there is none now."""
        busy = frozenset[str]().union(*(batch.destinations for batch in submitted))
        for batch in self._deferred:
            if not batch.destinations & busy:
                self._deferred.remove(batch)
                return batch
        while len(self._deferred) < MAX_DEFERRED and (new := next(self._batches, None)) is not None:
            if not new.destinations & busy:
                return new
            self._deferred.append(new)
        return None


def detect_batch(
    entries: Iterable[str | Entry],
    *,
    concurrency: int = 64,
    redis: str = "",
    limits: BulkLimits | None = None,
    policy: Policy | None = None,
    full: bool = False,
    transport: Callable[[], Transport] | None = None,
) -> list[Object]:
    """Return a record (see output.py) for each of *entries*, in their order; blocks until all of them are answered.

    Batches share no caches, so domains of one provider are best put into one batch; they share the limits on
    connections with all that name the same *redis*, a URL. *limits* replaces *concurrency* and *redis*, and has more.
    *full* adds the whole detection to each record. *transport* makes a replacement for the Internet, for tests.

    detect_batch(("ada@example.org", "gmail.com"))  ->  two records
    """
    search = partial(
        _detect_all,
        limits=limits or BulkLimits.for_concurrency(concurrency, redis=redis),
        policy=policy,
        full=full,
        transport=transport,
    )
    return sorted(anyio.run(search, list(entries)), key=lambda record: int(record["place"]))


async def _detect_all(
    entries: list[str | Entry],
    *,
    limits: BulkLimits,
    policy: Policy | None,
    full: bool,
    transport: Callable[[], Transport] | None,
) -> list[Object]:
    internet = transport() if transport else None
    async with detect_many(entries, limits=limits, policy=policy, transport=internet) as stream:
        return [record_of(each, full=full) async for each in stream]
