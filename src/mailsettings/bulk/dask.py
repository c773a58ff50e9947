"""A run on a Dask cluster: batches by destination, the workers that answer them, one batch in one call.

detect_batch(("ada@example.org", "gmail.com"))  ->  two records (see report.py), in the order of the input

A first pass asks where the mail of each domain goes: one or two of some twenty questions. The batches are made for some
thousand addresses at a time, so that a long input needs no more memory than a short one.
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


def detect_batch(
    entries: Iterable[str | Entry],
    *,
    concurrency: int = 64,
    redis: str = "",
    pace: BulkLimits | None = None,
    policy: Policy | None = None,
    full: bool = False,
    transport: Callable[[], Transport] | None = None,
) -> list[Object]:
    """Return a record for each of *entries*, in their order; blocks until all of them are answered.

    Shares nothing with other batches, so that what has one provider is best put into one batch, but the limits on
    connections with those that name the same *redis*, a URL; *pace* says both and more. *full* adds the whole
    detection to each record. *transport* makes a stand-in for the Internet, for tests.
    """
    search = partial(
        _detect_all,
        pace=pace or BulkLimits.for_concurrency(concurrency, redis=redis),
        policy=policy,
        full=full,
        transport=transport,
    )
    return sorted(anyio.run(search, list(entries)), key=lambda record: int(record["place"]))


async def _detect_all(
    entries: list[str | Entry],
    *,
    pace: BulkLimits,
    policy: Policy | None,
    full: bool,
    transport: Callable[[], Transport] | None,
) -> list[Object]:
    below = transport() if transport else None
    async with detect_many(entries, pace=pace, policy=policy, transport=below) as stream:
        return [record_of(each, full=full) async for each in stream]


def partition(entries: Sequence[Entry], places: Sequence[DestinationKey], size: int, *, first: int) -> list[Batch]:
    """Cut *entries* into batches of *size*, numbered from *first*, so that those of one of *places* are neighbours."""
    order = sorted(range(len(entries)), key=lambda index: (places[index], entries[index].place))
    cuts = [order[at : at + size] for at in range(0, len(order), size)]
    return [_batch(first + number, cut, entries, places) for number, cut in enumerate(cuts)]


def _batch(number: int, cut: Iterable[int], entries: Sequence[Entry], places: Sequence[DestinationKey]) -> Batch:
    indices = sorted(cut, key=lambda index: entries[index].place)
    # What has the same servers is contacted once in each batch; it is the others that have to take turns.
    busy = frozenset(places[index][0] for index in indices if places[index][0] and not places[index][1])
    return Batch(number, tuple(entries[index] for index in indices), busy)


def locate_batch(
    entries: Iterable[str | Entry],
    *,
    concurrency: int = 64,
    policy: Policy | None = None,
    transport: Callable[[], Transport] | None = None,
) -> list[DestinationKey]:
    """Return where the mail of each of *entries* goes; blocks until all is known. What is no address goes nowhere."""
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


def likely_destination_of(entry: Entry) -> DestinationKey:
    """Return where the mail of *entry* goes as far as that is known without asking."""
    domain = _domain(entry.text)
    place = likely_destination(domain) if domain else Destination("")
    return place.key, place.in_table


def _domain(text: str) -> str:
    try:
        return parse_entry(text).domain
    except AddressError:
        return ""


async def _destinations(
    domains: Iterable[str], pace: BulkLimits, policy: Policy | None, transport: Callable[[], Transport] | None
) -> dict[str, DestinationKey]:
    from mailsettings.net.internet import Internet

    rules, found = pace.policy_for(policy), dict[str, DestinationKey]()
    room, common = anyio.Semaphore(pace.concurrency), SharedCaches(pace, rules, lambda: True)
    async with aclosing(transport() if transport else Internet(rules)) as below:

        async def locate(domain: str) -> None:
            async with open_network(rules, SharedTransport(below, common, domain)) as network:
                place = await find_destination(SharedNetwork(network, common, domain), domain)
            found[domain] = place.key, place.in_table
            room.release()

        async with anyio.create_task_group() as group:
            for domain in domains:
                await room.acquire()
                group.start_soon(locate, domain)
    return found


BatchWork = Callable[[tuple[Entry, ...]], Sequence[Any]]
BATCHES_PER_THREAD = 2  # batches per thread of a worker: one under way, one that has arrived already
MAX_DEFERRED = 64  # batches that may wait until another one for the same destination is done
RETRIES = 2  # of a batch that ended in an error; one whose worker died is given to another by Dask itself


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What came of one batch: its results, or in words why there are none."""

    batch: Batch
    results: tuple[Any, ...] = ()
    error: str = ""


def run_batches(client: Any, work: BatchWork, batches: Iterator[Batch]) -> Iterator[BatchResult]:
    """Let the cluster of *client* (a distributed.Client) do *work* on each batch; yield what comes of them.

    *batches* are taken as there is room on the cluster, so that a long input is never in memory as a whole. Two that
    have a destination in common are never under way at the same time.
    """
    from distributed import as_completed  # an extra, and slow to load

    run = token_hex(8)  # or a second run would be given the results of the first
    untyped: Any = as_completed
    waiting = untyped()
    under_way: dict[str, Batch] = {}

    queue = BatchQueue(batches)

    def submit() -> None:
        while len(under_way) < _max_submitted(client) and (batch := queue.next_batch(under_way.values())) is not None:
            key = f"mailsettings-{run}-{batch.number}"
            under_way[key] = batch
            waiting.add(client.submit(work, batch.entries, key=key, retries=RETRIES, pure=False))

    submit()
    for future in waiting:
        yield _batch_result(future, under_way.pop(future.key))
        future.release()
        submit()


class BatchQueue:
    """Batches in their order, but for those that have to wait for another one of the same destination."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self._deferred: list[Batch] = []

    def next_batch(self, under_way: Iterable[Batch]) -> Batch | None:
        """Return the next one that may begin beside those *under_way*, None if there is none now."""
        busy = frozenset[str]().union(*(batch.destinations for batch in under_way))
        for batch in self._deferred:
            if not batch.destinations & busy:
                self._deferred.remove(batch)
                return batch
        while len(self._deferred) < MAX_DEFERRED and (new := next(self._batches, None)) is not None:
            if not new.destinations & busy:
                return new
            self._deferred.append(new)
        return None


def _batch_result(future: Any, batch: Batch) -> BatchResult:
    if (error := future.exception()) is not None:
        return BatchResult(batch, error=f"{type(error).__name__}: {error}")
    return BatchResult(batch, tuple(future.result()))


def _max_submitted(client: Any) -> int:
    """Return how many batches may be on their way; workers come and go."""
    return BATCHES_PER_THREAD * max(1, int(sum(client.nthreads().values())))
