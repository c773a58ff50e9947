"""A run on a Dask cluster: one shard file per batch, written here when all of the batch is known."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from mailsettings.bulk.dask import detect_batch, likely_place, partitioned, place_batch, spread
from mailsettings.bulk.input import Entry, Form, count_lines, entries, form_of
from mailsettings.bulk.limits import Pace
from mailsettings.bulk.progress import Progress
from mailsettings.bulk.shards import Batch, Place, Shards, batches
from mailsettings.escape import printable

WINDOW = 100  # batches that are made at a time, so that domains of one destination find together

if TYPE_CHECKING:
    from mailsettings.cli.options import BulkWishes


def sharded(wishes: BulkWishes) -> bool:
    """Have every batch without a shard done; say whether all went well.

    Raises what Shards raises about the output, DocumentError about the input, UsageError without Dask or scheduler.
    """
    form = Form(wishes.form) if wishes.form else form_of(wishes.file.name)
    shards = Shards(wishes.output, wishes.batch, resume=wishes.resume)
    found, policy = entries(wishes.file, form, wishes.column), wishes.policy()
    if policy.proxy and policy.proxy.user:
        raise click.UsageError("--dask hands the policy to other machines, and a proxy's password must not go there")
    # Dask writes calls that fail into its log: a pace does not show the password in its URL.
    pace = Pace.of(wishes.concurrency, redis=wishes.redis)
    work = partial(detect_batch, pace=pace, policy=policy, full=wishes.full)
    progress, started, failed = Progress(count_lines(wishes.file, form)), time.monotonic(), 0
    with _client(wishes.dask or "") as client:
        cut = _by_destination(client, found, shards, wishes)
        for done in spread(client, work, shards.missing(cut)):
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


def _by_destination(client: Any, found: Iterable[Entry], shards: Shards, wishes: BulkWishes) -> Iterator[Batch]:
    """Cut what was *found* into batches by where the mail goes, which the cluster finds out first."""
    look = partial(place_batch, concurrency=wishes.concurrency, policy=wishes.policy())

    def places(window: Batch) -> Sequence[Place]:
        known: dict[int, Place] = {}
        for done in spread(client, look, batches(window.entries, wishes.batch)):
            results = done.results or map(likely_place, done.batch.entries)
            known.update(zip((entry.place for entry in done.batch.entries), results, strict=True))
        return [known[entry.place] for entry in window.entries]

    for window in batches(found, WINDOW * wishes.batch):
        where = shards.remembered(window, partial(places, window))
        yield from partitioned(window.entries, where, wishes.batch, first=WINDOW * window.number)


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
