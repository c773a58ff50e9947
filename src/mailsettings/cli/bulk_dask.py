"""A run on a Dask cluster: one shard file per batch, written here when all of the batch is known."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from mailsettings.bulk.dask import detect_batch, likely_destination_of, locate_batch, partition, run_batches
from mailsettings.bulk.input import Entry, InputFormat, count_lines, entries, input_format
from mailsettings.bulk.limits import BulkLimits
from mailsettings.bulk.progress import RunProgress
from mailsettings.bulk.shards import Batch, DestinationKey, Shards, batches
from mailsettings.escape import printable

BATCHES_PER_PLAN = 100  # batches that are made at a time, so that domains of one destination find together

if TYPE_CHECKING:
    from mailsettings.cli.options import BulkOptions


def run_on_cluster(wishes: BulkOptions) -> bool:
    """Have every batch without a shard done; say whether all went well.

    Raises what Shards raises about the output, DocumentError about the input, UsageError without Dask or scheduler.
    """
    form = InputFormat(wishes.form) if wishes.form else input_format(wishes.file.name)
    shards = Shards(wishes.output, wishes.batch, resume=wishes.resume)
    found, policy = entries(wishes.file, form, wishes.column), wishes.policy()
    if policy.proxy and policy.proxy.user:
        raise click.UsageError("--dask hands the policy to other machines, and a proxy's password must not go there")
    # Dask writes calls that fail into its log: the repr of limits does not show the password of the URL.
    limits = BulkLimits.for_concurrency(wishes.concurrency, redis=wishes.redis)
    work = partial(detect_batch, limits=limits, policy=policy, full=wishes.full)
    progress, started, failed = RunProgress(count_lines(wishes.file, form)), time.monotonic(), 0
    with _client(wishes.dask or "") as client:
        cut = _by_destination(client, found, shards, wishes)
        for done in run_batches(client, work, shards.missing(cut)):
            if done.error:
                failed += 1
                click.echo(f"mailsettings: batch {done.batch.number}: {printable(done.error)}", err=True)
                continue
            shards.write(done.batch, done.results)
            progress.earlier(shards.skipped)
            for record in done.results:
                progress.count(record)
            click.echo(f"mailsettings: {progress.line(time.monotonic() - started)}", err=True)
    progress.earlier(shards.skipped)
    click.echo(f"mailsettings: {progress.summary(time.monotonic() - started)}", err=True)
    return not failed


def _by_destination(client: Any, found: Iterable[Entry], shards: Shards, wishes: BulkOptions) -> Iterator[Batch]:
    """Cut what was *found* into batches by where the mail goes, which the cluster finds out first."""
    look = partial(locate_batch, concurrency=wishes.concurrency, policy=wishes.policy())

    def places(window: Batch) -> Sequence[DestinationKey]:
        known: dict[int, DestinationKey] = {}
        for done in run_batches(client, look, batches(window.entries, wishes.batch)):
            results = done.results or map(likely_destination_of, done.batch.entries)
            known.update(zip((entry.place for entry in done.batch.entries), results, strict=True))
        return [known[entry.place] for entry in window.entries]

    for window in batches(found, BATCHES_PER_PLAN * wishes.batch):
        where = shards.cached_plan(window, partial(places, window))
        yield from partition(window.entries, where, wishes.batch, first=BATCHES_PER_PLAN * window.number)


def _client(url: str) -> Any:  # distributed has no types
    try:
        from distributed import Client  # an extra
    except ImportError as error:
        raise click.UsageError("--dask needs pip install 'mailsettings[bulk]'") from error
    client: Any = Client
    try:
        return client(url)
    except OSError as error:
        raise click.UsageError(f"no Dask scheduler answers at {url!r}: {printable(str(error))}") from error
