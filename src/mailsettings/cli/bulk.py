"""`mailsettings bulk FILE --output OUT`: many addresses, resumable, on this machine or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from mailsettings.bulk.limits import BulkLimits
from mailsettings.cli.backend import Backend, live_backend
from mailsettings.cli.exit_codes import ExitCode
from mailsettings.cli.options import BulkOptions, search_options, with_all
from mailsettings.cli.signals import interruptible
from mailsettings.errors import DocumentError
from mailsettings.escape import printable

# Every record in the output is whole, and searches under way will be repeated.
_STOPPED = b"mailsettings: stopped; the same command with --resume goes on\n"
MAX_CONCURRENCY = 512  # of one process; beyond that more processes help, see docs/bulk.md


def validated_redis_url(url: str) -> str:
    """Return *url*. BadParameter if a run could not use it; Redis is not contacted yet."""
    if not url:
        return ""
    try:
        from mailsettings.bulk.redis import RedisRegister  # an extra

        RedisRegister(BulkLimits.for_concurrency(1, redis=url))
    except ImportError as error:
        raise click.BadParameter("needs pip install 'mailsettings[bulk]'") from error
    except ValueError as error:
        # Its message may repeat the URL, which may have a password in it.
        raise click.BadParameter("is no URL like redis://host:6379/0, rediss:// or unix://") from error
    return url


_OPTIONS = (
    click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        required=True,
        help="Write here: .jsonl or .csv; with --dask a directory.",
    ),
    click.option("--resume", is_flag=True, help="Go on where an earlier run with the same output has ended."),
    click.option("--full", is_flag=True, help="Put the whole detection into each record of JSON."),
    click.option("--from", "form", type=click.Choice(["lines", "csv", "jsonl"]), help="How FILE is written."),
    click.option("--column", default="", metavar="NAME", help="Which column or key of FILE has the address."),
    click.option(
        "--concurrency", type=click.IntRange(1, MAX_CONCURRENCY), default=64, show_default=True, help="Domains at once."
    ),
    click.option(
        "--redis",
        default="",
        envvar="MAILSETTINGS_REDIS_URL",
        callback=lambda _ctx, _param, url: validated_redis_url(url),
        metavar="URL",
        help="Share the limits on connections with all that name this Redis: redis://host:6379/0.",
    ),
    click.option("--dask", metavar="URL", help="Let the workers of this Dask scheduler do it: tcp://host:8786."),
    click.option(
        "--batch", type=click.IntRange(1), default=500, show_default=True, help="With --dask: addresses per shard."
    ),
    *search_options(profile="service", timeout="Give a domain up after so long."),
)


@click.command()
@click.argument("file", type=click.File("rb"))
@with_all(_OPTIONS)
@click.pass_context
def bulk(ctx: click.Context, /, **values: Any) -> None:
    """Find the mail servers of every address or domain in FILE (- is standard input)."""
    options = BulkOptions(**values)
    backend: Backend = ctx.obj or live_backend()
    with _file_errors(), interruptible(_STOPPED):
        if options.dask is not None:
            from mailsettings.cli.bulk_dask import run_on_cluster  # Dask is an extra

            complete = run_on_cluster(options)
        else:
            from mailsettings.cli.bulk_local import run_locally

            complete = run_locally(options, backend)
    ctx.exit(ExitCode.VERIFIED if complete else ExitCode.UNVERIFIED)


@contextmanager
def _file_errors() -> Iterator[None]:
    """Turn errors about the files into usage errors of one line."""
    try:
        yield
    except FileExistsError as error:
        raise click.UsageError(
            f"{printable(str(error))}: --resume goes on with it, another --output leaves it"
        ) from error
    except BlockingIOError as error:
        raise click.UsageError("another run is writing to this output") from error
    except DocumentError as error:
        raise click.UsageError(printable(str(error))) from error
