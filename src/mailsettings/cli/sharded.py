"""A run on a Dask cluster: one shard file per batch, written here when all of the batch is known."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from mailsettings.bulk.batch import detect_batch
from mailsettings.bulk.cluster import spread
from mailsettings.bulk.lines import Form, entries, form_of
from mailsettings.bulk.progress import Progress
from mailsettings.bulk.shards import Shards, batches
from mailsettings.cli.text import printable

if TYPE_CHECKING:
    from mailsettings.cli.bulk import BulkWishes


def sharded(wishes: BulkWishes) -> bool:
    """Have every batch without a shard done; say whether all went well.

    Raises what Shards raises about the output, DocumentError about the input, UsageError without Dask or scheduler.
    """
    form = Form(wishes.form) if wishes.form else form_of(wishes.file.name)
    shards = Shards(wishes.output, wishes.batch, resume=wishes.resume)
    missing = shards.missing(batches(entries(wishes.file, form, wishes.column), wishes.batch))
    policy = wishes.policy()
    if policy.through and policy.through.user:
        raise click.UsageError("--dask hands the policy to other machines, and a proxy's password must not go there")
    work = partial(detect_batch, concurrency=wishes.concurrency, policy=policy, full=wishes.full)
    progress, started, failed = Progress(None), time.monotonic(), 0
    with _client(wishes.dask or "") as client:
        for done in spread(client, work, missing):
            if done.error:
                failed += 1
                click.echo(f"mailsettings: batch {done.batch.number}: {printable(done.error)}", err=True)
                continue
            shards.write(done.batch, done.records)
            for record in done.records:
                progress.count(record)
            click.echo(f"mailsettings: {progress.line(time.monotonic() - started)}", err=True)
    click.echo(f"mailsettings: {progress.summary(time.monotonic() - started)}", err=True)
    return not failed


def _client(url: str) -> Any:  # distributed has no types
    try:
        from distributed import Client  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise click.UsageError("--dask needs pip install 'mailsettings[bulk]'") from error
    client: Any = Client
    try:
        return client(url)
    except OSError as error:
        raise click.UsageError(f"no Dask scheduler answers at {url!r}: {printable(str(error))}") from error
