"""Batches on the workers of a Dask cluster: few are on their way at a time, and a worker that dies loses nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from secrets import token_hex
from typing import Any

from mailsettings.bulk.entries import Entry
from mailsettings.bulk.shards import Batch
from mailsettings.schema import Object

Work = Callable[[tuple[Entry, ...]], list[Object]]
AHEAD = 2  # batches per thread of a worker: one under way, one that has arrived already
RETRIES = 2  # of a batch that ended in an error; one whose worker died is given to another by Dask itself


@dataclass(frozen=True, slots=True)
class Done:
    """What came of one batch: its records, or in words why there are none."""

    batch: Batch
    records: tuple[Object, ...] = ()
    error: str = ""


def spread(client: Any, work: Work, batches: Iterator[Batch]) -> Iterator[Done]:
    """Let the cluster of *client* (a distributed.Client) do *work* on each batch; yield what comes of them.

    *batches* are taken as there is room on the cluster, so that a long input is never in memory as a whole.
    """
    from distributed import as_completed  # noqa: PLC0415 - an extra, and slow to load

    run = token_hex(8)  # or a second run would be given the results of the first
    untyped: Any = as_completed
    waiting = untyped()
    under_way: dict[str, Batch] = {}

    def submit(some: Iterator[Batch]) -> None:
        for batch in some:
            key = f"mailsettings-{run}-{batch.number}"
            under_way[key] = batch
            waiting.add(client.submit(work, batch.entries, key=key, retries=RETRIES, pure=False))

    submit(islice(batches, _room(client)))
    for future in waiting:
        yield _done(future, under_way.pop(future.key))
        future.release()
        submit(islice(batches, max(0, _room(client) - len(under_way))))


def _done(future: Any, batch: Batch) -> Done:
    if (error := future.exception()) is not None:
        return Done(batch, error=f"{type(error).__name__}: {error}")
    return Done(batch, tuple(future.result()))


def _room(client: Any) -> int:
    """Return how many batches may be on their way; workers come and go."""
    return AHEAD * max(1, int(sum(client.nthreads().values())))
