"""`mailsettings bulk FILE --output OUT`: many addresses, resumable, on this machine or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, BinaryIO

import click

from mailsettings.bulk.pace import Pace
from mailsettings.cli.engine import Engine, real
from mailsettings.cli.exit_codes import Exit
from mailsettings.cli.interrupt import interruptible
from mailsettings.cli.options import MAX_TIMEOUT, Network, Resolver
from mailsettings.cli.proxied import OPTIONS as PROXY_OPTIONS
from mailsettings.cli.proxied import proxied
from mailsettings.cli.text import printable
from mailsettings.errors import DocumentError
from mailsettings.policy import Policy

# Every record that was begun is whole, and what is under way will be done again.
_STOPPED = b"mailsettings: stopped; the same command with --resume goes on\n"
MAX_CONCURRENCY = 512  # of one process: more of them is what helps beyond, see docs/bulk.md


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkWishes:
    """What was asked for on the command line of `bulk`."""

    file: BinaryIO
    output: Path
    resume: bool
    full: bool
    form: str | None
    column: str
    concurrency: int
    redis: str = field(repr=False)
    dask: str | None
    batch: int
    no_guess: bool
    no_http: bool
    timeout: float | None  # seconds
    resolver: str | None
    ca: str | None
    networks: tuple[IPv4Network | IPv6Network, ...]
    profile: str
    proxy: str | None  # URL, without a password
    proxy_password_file: str | None
    dns_past_proxy: bool

    def policy(self) -> Policy:
        """Return the policy of each detection."""
        base = Policy.service() if self.profile == "service" else Policy.personal()
        changes: dict[str, object] = {"allow_networks": self.networks, "guess": not self.no_guess}
        changes |= {"allow_http": not self.no_http, "resolver": self.resolver or "", "ca_file": self.ca or ""}
        changes |= proxied(self.proxy, self.proxy_password_file, dns_past_proxy=self.dns_past_proxy)
        if self.timeout is not None:
            changes |= {"deadline": self.timeout, "greeting_deadline": self.timeout}
        return base.with_(**changes)


def checked_redis(url: str) -> str:
    """Return *url*. BadParameter if a run could not use it; whether it answers is another matter."""
    if not url:
        return ""
    try:
        from mailsettings.bulk.register import RedisRegister  # noqa: PLC0415 - an extra

        RedisRegister(Pace.of(1, redis=url))
    except ImportError as error:
        raise click.BadParameter("needs pip install 'mailsettings[bulk]'") from error
    except ValueError as error:
        # Its message may repeat the URL, and that has a password in it.
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
        callback=lambda _ctx, _param, url: checked_redis(url),
        metavar="URL",
        help="Share the limits on connections with all that name this Redis: redis://host:6379/0.",
    ),
    click.option("--dask", metavar="URL", help="Let the workers of this Dask scheduler do it: tcp://host:8786."),
    click.option(
        "--batch", type=click.IntRange(1), default=500, show_default=True, help="With --dask: addresses per shard."
    ),
    click.option("--no-guess", is_flag=True, help="Do not try the usual names of mail servers."),
    click.option("--no-http", is_flag=True, help="Do not read documents over plain http."),
    click.option(
        "--timeout", type=click.FloatRange(0.1, MAX_TIMEOUT), metavar="SECONDS", help="Give a domain up after so long."
    ),
    click.option("--resolver", type=Resolver(), metavar="IP|URL", help="Ask this DNS, DoT or DoH server."),
    click.option("--ca", type=click.Path(exists=True, dir_okay=False), metavar="FILE", help="Trust these authorities."),
    click.option("--allow-network", "networks", type=Network(), multiple=True, metavar="CIDR", help="Contact it, too."),
    click.option(
        "--network-profile",
        "profile",
        type=click.Choice(["personal", "service"]),
        default="service",
        show_default=True,
        help="Which networks may be contacted.",
    ),
    *PROXY_OPTIONS,
)


def _with_options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.command()
@click.argument("file", type=click.File("rb"))
@_with_options
@click.pass_context
def bulk(ctx: click.Context, /, **wishes: Any) -> None:
    """Find the mail servers of every address or domain in FILE (- is standard input)."""
    asked_for = BulkWishes(**wishes)
    engine: Engine = ctx.obj or real()
    with _refusals(), interruptible(_STOPPED):
        if asked_for.dask is not None:
            from mailsettings.cli.sharded import sharded  # noqa: PLC0415 - Dask is an extra

            complete = sharded(asked_for)
        else:
            from mailsettings.cli.streamed import streamed  # noqa: PLC0415 - the network is not loaded for --help

            complete = streamed(asked_for, engine)
    ctx.exit(Exit.VERIFIED if complete else Exit.UNVERIFIED)


@contextmanager
def _refusals() -> Iterator[None]:
    """Say in one line what is wrong with the files."""
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
