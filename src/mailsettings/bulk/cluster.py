"""Batches on the workers of a Dask cluster: few are on their way at a time, and a worker that dies loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

from mailsettings.bulk.entries import Entry
from mailsettings.bulk.shards import Batch

Work = Callable[[tuple[Entry, ...]], Sequence[Any]]
AHEAD = 2  # batches per thread of a worker: one under way, one that has arrived already
DEFERRED = 64  # batches that may wait until another one for the same destination is done
RETRIES = 2  # of a batch that ended in an error; one whose worker died is given to another by Dask itself


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one batch: its results, or in words why there are none."""

    batch: Batch
    results: tuple[Any, ...] = ()
    error: str = ""


def spread(client: Any, work: Work, batches: Iterator[Batch]) -> Iterator[Done]:
    """Let the cluster of *client* (a distributed.Client) do *work* on each batch; yield what comes of them.

    *batches* are taken as there is room on the cluster, so that a long input is never in memory as a whole. Two that
    have a destination in common are never under way at the same time.
    """
    from distributed import as_completed  # an extra, and slow to load

    run = token_hex(8)  # or a second run would be given the results of the first
    untyped: Any = as_completed
    waiting = untyped()
    under_way: dict[str, Batch] = {}

    queue = Queue(batches)

    def submit() -> None:
        while len(under_way) < _room(client) and (batch := queue.take(under_way.values())) is not None:
            key = f"mailsettings-{run}-{batch.number}"
            under_way[key] = batch
            waiting.add(client.submit(work, batch.entries, key=key, retries=RETRIES, pure=False))

    submit()
    for future in waiting:
        yield _done(future, under_way.pop(future.key))
        future.release()
        submit()


class Queue:
    """Batches in their order, but for those that have to wait for another one of the same destination."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self._deferred: list[Batch] = []

    def take(self, under_way: Iterable[Batch]) -> Batch | None:
        """Return the next one that may begin beside those *under_way*, None if there is none now."""
        busy = frozenset[str]().union(*(batch.destinations for batch in under_way))
        for batch in self._deferred:
            if not batch.destinations & busy:
                self._deferred.remove(batch)
                return batch
        while len(self._deferred) < DEFERRED and (new := next(self._batches, None)) is not None:
            if not new.destinations & busy:
                return new
            self._deferred.append(new)
        return None


def _done(future: Any, batch: Batch) -> Done:
    if (error := future.exception()) is not None:
        return Done(batch, error=f"{type(error).__name__}: {error}")
    return Done(batch, tuple(future.result()))


def _room(client: Any) -> int:
    """Return how many batches may be on their way; workers come and go."""
    return AHEAD * max(1, int(sum(client.nthreads().values())))
