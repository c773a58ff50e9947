"""A run on a Dask cluster: one shard file per batch, written here when the whole batch is done."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from mailsettings.bulk.dask import (
    BatchResult,
    detect_batch,
    likely_destination_of,
    locate_batch,
    partition,
    run_batches,
)
from mailsettings.bulk.input import Entry, count_lines, entries
from mailsettings.bulk.progress import RunProgress
from mailsettings.bulk.shards import Batch, DestinationKey, Shards, batches
from mailsettings.escape import printable

if TYPE_CHECKING:
    from mailsettings.cli.options import BulkOptions

BATCHES_PER_PLAN = 100  # batches that are planned together, so that domains with one destination share a batch


def run_on_cluster(options: BulkOptions) -> bool:
    """Let the cluster do every batch without a shard; say whether all succeeded.

    Raises what Shards raises about the output, DocumentError about the input, UsageError without Dask or scheduler.
    """
    form, shards = options.input_format(), Shards(options.output, options.batch, resume=options.resume)
    addresses, policy = entries(options.file, form, options.column), options.policy()
    if policy.proxy and policy.proxy.user:
        raise click.UsageError("--dask hands the policy to other machines, and a proxy's password must not go there")
    # Dask logs calls that fail: limits, unlike the URL of Redis by itself, show no password there.
    work = partial(detect_batch, limits=options.limits(), policy=policy, full=options.full)
    progress, started = RunProgress(count_lines(options.file, form)), time.monotonic()
    with _client(options.dask or "") as client:
        planned = _batches_by_destination(client, addresses, shards, options)
        finished = run_batches(client, work, shards.missing(planned))
        failed = sum(not _write_shard(result, shards, progress, started) for result in finished)
    progress.earlier(shards.skipped)
    click.echo(f"mailsettings: {progress.summary(time.monotonic() - started)}", err=True)
    return not failed


def _write_shard(result: BatchResult, shards: Shards, progress: RunProgress, started: float) -> bool:
    """Write the shard of one batch and report the progress; say whether the batch succeeded."""
    if result.error:
        click.echo(f"mailsettings: batch {result.batch.number}: {printable(result.error)}", err=True)
        return False
    shards.write(result.batch, result.results)
    progress.earlier(shards.skipped)
    for record in result.results:
        progress.count(record)
    click.echo(f"mailsettings: {progress.line(time.monotonic() - started)}", err=True)
    return True


def _batches_by_destination(
    client: Any, addresses: Iterable[Entry], shards: Shards, options: BulkOptions
) -> Iterator[Batch]:
    """Yield *addresses* in batches by where their mail goes, which the cluster looks up first."""
    locate = partial(locate_batch, concurrency=options.concurrency, policy=options.policy())

    def destinations(window: Batch) -> Sequence[DestinationKey]:
        located: dict[int, DestinationKey] = {}
        for done in run_batches(client, locate, batches(window.entries, options.batch)):
            results = done.results or map(likely_destination_of, done.batch.entries)
            located.update(zip((entry.place for entry in done.batch.entries), results, strict=True))
        return [located[entry.place] for entry in window.entries]

    for window in batches(addresses, BATCHES_PER_PLAN * options.batch):
        plan = shards.cached_plan(window, partial(destinations, window))
        yield from partition(window.entries, plan, options.batch, first=BATCHES_PER_PLAN * window.number)


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
