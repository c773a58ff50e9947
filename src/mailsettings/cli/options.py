"""The options of the commands that search: their declarations for click, and the values that they amount to.

A proxy's password is read from a file or from MAILSETTINGS_PROXY_PASSWORD: every user of the machine can read the
command line. HTTP_PROXY, ALL_PROXY and the like are for web browsers and are ignored.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

import click

from mailsettings.cli.backend import Backend, live_backend, source_name
from mailsettings.cli.params import PASSWORD_VARIABLE, CollectionParam, NetworkParam, ProxyURLParam, ResolverParam
from mailsettings.errors import MailSettingsError
from mailsettings.leads import Source
from mailsettings.model import Detection, Direction, Protocol
from mailsettings.policy import Policy
from mailsettings.policy.proxy import parse_proxy

if TYPE_CHECKING:
    from mailsettings.bulk.input import InputFormat
    from mailsettings.bulk.limits import BulkLimits

MAX_TIMEOUT = 60.0  # seconds; a person has given up by then
_MAX_PASSWORD_FILE = 4096  # characters read from the file

Function = TypeVar("Function", bound=Callable[..., Any])


def with_all(options: Iterable[Callable[[Function], Function]]) -> Callable[[Function], Function]:
    """Return the decorator that gives a command function all of *options*, in this order in its help."""

    def decorated(function: Function) -> Function:
        for option in reversed(tuple(options)):
            function = option(function)
        return function

    return decorated


PROXY_OPTIONS = (
    click.option(
        "--proxy", type=ProxyURLParam(), metavar="URL", help="Reach everything through this SOCKS5 or HTTP proxy."
    ),
    click.option(
        "--proxy-password-file",
        type=click.Path(exists=True, dir_okay=False, readable=True),
        metavar="FILE",
        help=f"Read the proxy's password from the first line of FILE instead of {PASSWORD_VARIABLE}.",
    ),
    click.option("--dns-past-proxy", is_flag=True, help="Let DNS questions go past the proxy, which the answer says."),
)


def proxy_changes(url: str | None, password_file: str | None, *, dns_past_proxy: bool) -> dict[str, object]:
    """Return what the proxy options change in a policy. UsageError if they contradict each other or cannot be used."""
    if url is None:
        if password_file or dns_past_proxy:
            raise click.UsageError("--proxy-password-file and --dns-past-proxy need --proxy")
        return {}
    password = _first_line(password_file) if password_file else None
    if password is None and "@" in url:
        password = os.environ.get(PASSWORD_VARIABLE)
    try:
        return {"proxy": parse_proxy(url, password=password), "dns_past_proxy": dns_past_proxy}
    except MailSettingsError as error:
        raise click.UsageError(f"--proxy: {error}") from error


def _first_line(path: str) -> str:
    with Path(path).open(encoding="utf-8", errors="strict") as file:
        try:
            return file.readline(_MAX_PASSWORD_FILE).rstrip("\r\n")
        except UnicodeDecodeError:
            raise click.UsageError("the password in --proxy-password-file is not UTF-8") from None


RESOLVER_OPTIONS = (
    click.option("--resolver", type=ResolverParam(), metavar="IP|URL", help="Ask this DNS, DoT or DoH server."),
    click.option(
        "--resolver-validates",
        is_flag=True,
        help="Believe what the --resolver says of DNSSEC signatures, also without DoT or DoH.",
    ),
)


def resolver_changes(resolver: str | None, *, validates: bool) -> dict[str, object]:
    """Return what the resolver options change in a policy. UsageError if one is missing that the other needs."""
    if validates and not resolver:
        raise click.UsageError("--resolver-validates needs --resolver: say which one")
    return {"resolver": resolver or "", "resolver_validates": validates}


def search_options(*, profile: str, timeout: str) -> tuple[Callable[[Function], Function], ...]:
    """Return the options of SearchOptions; *profile* is the default, *timeout* the help of --timeout."""
    return (
        click.option("--no-guess", is_flag=True, help="Do not try the usual names of mail servers."),
        click.option("--no-http", is_flag=True, help="Do not read documents over plain http."),
        click.option("--timeout", type=click.FloatRange(0.1, MAX_TIMEOUT), metavar="SECONDS", help=timeout),
        *RESOLVER_OPTIONS,
        click.option(
            "--ca",
            type=click.Path(exists=True, dir_okay=False, readable=True),
            metavar="FILE",
            help="Trust the authorities in this PEM file instead of the system's.",
        ),
        click.option(
            "--allow-network",
            "networks",
            type=NetworkParam(),
            multiple=True,
            metavar="CIDR",
            help="Contact this network, too.",
        ),
        click.option(
            "--network-profile",
            "profile",
            type=click.Choice(["personal", "service"]),
            default=profile,
            show_default=True,
            help="Which networks may be contacted; service: public addresses only.",
        ),
        *PROXY_OPTIONS,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchOptions:
    """The options of every command that searches: what may be looked up and contacted, and for how long."""

    no_guess: bool
    no_http: bool
    timeout: float | None  # seconds
    resolver: str | None
    resolver_validates: bool
    ca: str | None
    networks: tuple[IPv4Network | IPv6Network, ...]
    profile: str
    proxy: str | None  # URL, without a password
    proxy_password_file: str | None
    dns_past_proxy: bool

    def policy(self) -> Policy:
        """Return the policy that these options amount to."""
        base = Policy.service() if self.profile == "service" else Policy.personal()
        changes: dict[str, object] = {"allow_networks": self.networks, "guess": not self.no_guess}
        changes |= {"allow_http": not self.no_http, "ca_file": self.ca or ""}
        changes |= resolver_changes(self.resolver, validates=self.resolver_validates)
        changes |= proxy_changes(self.proxy, self.proxy_password_file, dns_past_proxy=self.dns_past_proxy)
        if self.timeout is not None:
            changes |= {"deadline": self.timeout, "greeting_deadline": self.timeout}
        return base.replace(**changes)


def _source_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a source."""
    return [name for name in (ctx.obj or live_backend()).names if name.startswith(incomplete)]


DETECT_OPTIONS = (
    click.option("--json", "as_json", is_flag=True, help="Print the whole answer as one JSON document."),
    click.option("--jsonl", "as_jsonl", is_flag=True, help="Print each event as a line of JSON, the answer last."),
    click.option("--plan", is_flag=True, help="Say what would be asked, and contact nobody."),
    click.option("--offline", is_flag=True, help="Look into the provider table only, and contact nobody."),
    click.option("--autoconfig", is_flag=True, help="Print what was verified as an autoconfig document to publish."),
    click.option("--all", "everything", is_flag=True, help="Wait for everything, and show everything."),
    click.option("--protocol", type=click.Choice(["imap", "pop3"]), help="Read mail with this protocol."),
    click.option(
        "--username", default="", metavar="NAME", help="The login's name, where it is not the address (alias, shared)."
    ),
    click.option(
        "--source", "sources", metavar="NAME", multiple=True, shell_complete=_source_names, help="Ask only this source."
    ),
    click.option(
        "--ispdb",
        type=CollectionParam(),
        metavar="URL",
        help="Ask this collection of autoconfig documents instead of Thunderbird's; empty: none.",
    ),
    click.option(
        "--folder",
        type=click.Path(exists=True, file_okay=False, readable=True),
        metavar="DIR",
        help="Read DIR/<domain>.xml first, and believe it.",
    ),
    *search_options(profile="personal", timeout="Give up after so long."),
    click.option("-v", "--verbose", is_flag=True, help="Show each step, with its time, on stderr."),
    click.option("--debug", is_flag=True, expose_value=False, help="Show where in the program an error comes from."),
)

_EXCLUSIVE = (
    ("as_json", "as_jsonl"),
    ("plan", "as_jsonl"),
    ("plan", "offline"),
    ("offline", "sources"),
    ("offline", "folder"),
    ("autoconfig", "as_json"),
    ("autoconfig", "as_jsonl"),
    ("autoconfig", "plan"),
    ("autoconfig", "offline"),
)
_FLAGS = {
    "autoconfig": "--autoconfig",
    "folder": "--folder",
    "as_json": "--json",
    "as_jsonl": "--jsonl",
    "plan": "--plan",
    "offline": "--offline",
    "sources": "--source",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectOptions(SearchOptions):
    """The options of `mailsettings ADDRESS`."""

    as_json: bool
    as_jsonl: bool
    plan: bool
    offline: bool
    everything: bool
    verbose: bool
    protocol: str | None
    username: str
    sources: tuple[str, ...]
    autoconfig: bool
    ispdb: str | None  # base URL; empty for no collection
    folder: str | None

    def __post_init__(self) -> None:
        for one, other in _EXCLUSIVE:
            if getattr(self, one) and getattr(self, other):
                raise click.UsageError(f"{_FLAGS[one]} and {_FLAGS[other]} exclude each other")
        self.answer(Detection(""))  # refuses a user name that cannot be one before anything is asked

    def answer(self, detection: Detection) -> Detection:
        """Return *detection* with the user name that was given, if any. UsageError if it cannot be one."""
        try:
            return detection.with_username(self.username) if self.username else detection
        except ValueError as error:
            raise click.UsageError(f"--username: {error}") from error

    def policy(self) -> Policy:
        """Return the policy of the search, including the protocols to search for."""
        # Not super(): a dataclass with slots is a second class, which super() does not know.
        policy = SearchOptions.policy(self).replace(exhaustive=self.everything)
        if self.protocol is None:
            return policy
        outgoing = (protocol for protocol in Protocol if protocol.direction is Direction.OUTGOING)
        return policy.replace(protocols=frozenset({Protocol(self.protocol), *outgoing}))

    def selected_sources(self, backend: Backend) -> tuple[Source, ...]:
        """Return the sources of *backend* to use. UsageError for a name that is not among them."""
        for name in self.sources:
            if name not in backend.names:
                raise click.UsageError(f"there is no source {name!r}; there are {', '.join(backend.names)}")
        selected = set(self.sources or backend.names) - ({"guess"} if self.no_guess else set())
        sources = tuple(source for source in backend.sources if source_name(source) in selected)
        if self.ispdb is None and self.folder is None:
            return sources
        from mailsettings.sources import configured_sources

        return configured_sources(sources, ispdb=self.ispdb, folder=self.folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkOptions(SearchOptions):
    """The options of `mailsettings bulk`, which declares them in cli/bulk.py."""

    file: BinaryIO
    output: Path
    resume: bool
    full: bool
    form: str | None
    column: str
    concurrency: int
    redis: str = field(repr=False)  # URL, perhaps with a password
    dask: str | None
    batch: int

    def input_format(self) -> InputFormat:
        """Return the format of the input: what --from says, or else what the name of the file says."""
        from mailsettings.bulk.input import InputFormat, input_format

        return InputFormat(self.form) if self.form else input_format(self.file.name)

    def limits(self) -> BulkLimits:
        """Return the limits of the run. Their repr leaves out the URL of Redis."""
        from mailsettings.bulk.limits import BulkLimits

        return BulkLimits.for_concurrency(self.concurrency, redis=self.redis)
