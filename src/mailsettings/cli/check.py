"""`mailsettings check ADDRESS`: log in where that is allowed, report what is wrong and what to do about it.

Without a password or token on standard input there is no login, only a diagnosis of what can be seen from outside.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mailsettings.cli.exit_codes import ExitCode
from mailsettings.cli.messages import address_error_text
from mailsettings.cli.options import PROXY_OPTIONS, RESOLVER_OPTIONS, proxy_changes, resolver_changes, with_all
from mailsettings.cli.params import NetworkParam, ServerParam
from mailsettings.cli.terminal import Colour, Pen, pen, unicode_and_ascii, wants_colours, wrapped
from mailsettings.diagnosis.confirm_reasons import look_alike_warning, rented_machine_warning
from mailsettings.errors import AddressError, ConfirmationRequired
from mailsettings.escape import printable
from mailsettings.hostnames import rented_machine
from mailsettings.model import Finding, Protocol, ServerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Network, IPv6Network

    from mailsettings.address import EmailAddress
    from mailsettings.login.credentials import Credentials
    from mailsettings.login.result import LoginResult
    from mailsettings.login.suitability import Fitness
    from mailsettings.login.verify import Verification
    from mailsettings.model import Detection, Endpoint
    from mailsettings.policy import Policy
    from mailsettings.troubleshooting import Diagnosis

MAX_SECRET = 65536  # characters read from standard input; tokens have some thousands


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """The options of `mailsettings check`."""

    password_stdin: bool
    token_stdin: bool
    issuer: str  # of the token: a host or an https URL
    username: str
    incoming: Endpoint | None
    outgoing: Endpoint | None
    confirmed: tuple[str, ...]  # hosts
    profile: str | None
    as_json: bool
    resolver: str | None
    resolver_validates: bool
    ca: str | None
    networks: tuple[IPv4Network | IPv6Network, ...]
    proxy: str | None  # URL, without a password
    proxy_password_file: str | None
    dns_past_proxy: bool

    def __post_init__(self) -> None:
        if self.password_stdin and self.token_stdin:
            raise click.UsageError("--password-stdin and --token-stdin exclude each other")
        if self.issuer and not self.token_stdin:
            raise click.UsageError("--issuer says whose token is read with --token-stdin")

    @property
    def fetcher(self) -> bool:
        """Whether the mailbox is to be polled by a service that reads POP3."""
        return self.profile == "pop-fetcher"

    def policy(self) -> Policy:
        """Return the policy that these options amount to."""
        from mailsettings.policy import Policy

        policy = Policy(ca_file=self.ca or "", allow_networks=self.networks)
        changes = resolver_changes(self.resolver, validates=self.resolver_validates)
        changes |= proxy_changes(self.proxy, self.proxy_password_file, dns_past_proxy=self.dns_past_proxy)
        policy = policy.replace(**changes)
        fetched = frozenset({Protocol.POP3, Protocol.SMTP})
        return policy.replace(protocols=fetched) if self.fetcher and not self.incoming else policy

    def servers(self, address: EmailAddress) -> ServerSettings | None:
        """Return the servers that were typed, if any, as settings of *address*."""
        if not self.incoming and not self.outgoing:
            return None
        return ServerSettings(address, self.incoming, self.outgoing, self.username)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Everything that a check prints."""

    diagnosis: Diagnosis
    verification: Verification | None
    fitness: tuple[Fitness, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        found = (*self.diagnosis.findings, *(self.verification.findings if self.verification else ()))
        return tuple(dict.fromkeys((*found, *(item for each in self.fitness for item in each.findings))))


@click.command(epilog="Exit codes: 0 nothing wrong, 1 something is, 2 usage, 5 a host has to be agreed to first.")
@click.argument("address")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input and log in with it.")
@click.option(
    "--token-stdin", is_flag=True, help="Read an OAuth 2 access token from standard input and log in with it."
)
@click.option(
    "--issuer", default="", metavar="HOST|URL", help="Who issued the token: it is sent only to servers of this issuer."
)
@click.option("--username", default="", help="Log in with this user name instead of what the settings say.")
@click.option("--incoming", type=ServerParam(), help="Check this server, as imap://host:port.")
@click.option("--outgoing", type=ServerParam(), help="Check this server, as smtp://host:port.")
@click.option(
    "--confirm", "confirmed", multiple=True, metavar="HOST", help="Agree to send the password to this server."
)
@click.option("--profile", type=click.Choice(["pop-fetcher"]), help="Can a service that polls POP3 use this mailbox?")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON document.")
@with_all(RESOLVER_OPTIONS)
@click.option("--ca", type=click.Path(exists=True, dir_okay=False), help="Trust the authorities in this file.")
@click.option(
    "--allow-network", "networks", type=NetworkParam(), multiple=True, metavar="CIDR", help="Contact this, too."
)
@with_all(PROXY_OPTIONS)
@click.option("--debug", is_flag=True, expose_value=False, help="Show where in the program an error comes from.")
@click.pass_context
def check(ctx: click.Context, /, address: str, **values: Any) -> None:
    """Say what is wrong with the mail access of ADDRESS, and what to do about it."""
    import anyio

    from mailsettings.address import parse_address

    options = CheckOptions(**values)
    try:
        parsed = parse_address(address)
    except AddressError as error:
        raise click.UsageError(printable(address_error_text(error))) from error
    credentials = _credentials(options)
    try:
        result = anyio.run(_check, parsed, credentials, options)
    except ConfirmationRequired as error:
        click.echo("\n".join(_confirmation_lines(error, str(parsed))), err=True)
        ctx.exit(ExitCode.CONFIRM_FIRST)
    _print(result, as_json=options.as_json)
    ctx.exit(_exit_code(result))


def _confirmation_lines(error: ConfirmationRequired, address: str) -> Iterator[str]:
    """Yield what to add for each host; not for one that looks like another domain, which is not to be pasted unread."""
    hosts = ", ".join(map(unicode_and_ascii, error.hosts))
    yield f"mailsettings: you have to agree first to sending the password to {hosts}"
    for host, other in error.look_alikes.items():
        yield f"Warning: {look_alike_warning(unicode_and_ascii(host), printable(other))}"
    for host in filter(rented_machine, error.hosts):
        yield f"Warning: {rented_machine_warning(unicode_and_ascii(host))}"
    yield f"Why, and what to check first: mailsettings {printable(shlex.quote(address))}"
    if plain := [host for host in error.hosts if host not in error.look_alikes]:
        yield f"To agree, add: {' '.join(f'--confirm {printable(host)}' for host in plain)}"


def _credentials(options: CheckOptions) -> Credentials | None:
    """Read the secret from a pipe or, unseen, from a terminal; never from the command line, where all can read it."""
    if not options.password_stdin and not options.token_stdin:
        return None
    from mailsettings.login.credentials import Credentials

    secret = click.prompt("Password or token", hide_input=True, err=True) if sys.stdin.isatty() else _read_secret()
    try:
        if options.token_stdin:
            return Credentials.token(secret, issuer=options.issuer, username=options.username)
        return Credentials.password(secret, username=options.username)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _read_secret() -> str:
    """Read standard input without the line end behind the secret."""
    try:
        return sys.stdin.read(MAX_SECRET).removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        # Without its cause, which has the bytes in it.
        raise click.UsageError(f"what came on standard input is not {sys.stdin.encoding}") from None


async def _check(address: EmailAddress, credentials: Credentials | None, options: CheckOptions) -> CheckResult:
    """Diagnose, then log in to the servers that were typed or found."""
    from mailsettings.login.suitability import fitness_of
    from mailsettings.login.verify import verify
    from mailsettings.troubleshooting import diagnose

    policy, typed, fetcher = options.policy(), options.servers(address), options.fetcher
    diagnosis = await diagnose(typed or address, policy=policy)
    target: ServerSettings | Detection = typed or diagnosis.detection
    verification = None
    if credentials is not None:
        confirmed = options.confirmed
        verification = await verify(target, credentials, policy=policy, confirmed=confirmed, thorough=fetcher)
    fitness = fitness_of(diagnosis.detection, verification, fetcher=fetcher, plaintext=diagnosis.in_clear)
    return CheckResult(diagnosis, verification, fitness)


def _exit_code(result: CheckResult) -> ExitCode:
    verification = result.verification
    wrong = any(item.code not in _WARNING_CODES for item in result.findings)
    verified = verification is None or _all_verified(verification)
    return ExitCode.VERIFIED if verified and not wrong else ExitCode.UNVERIFIED


# Worth knowing, but nothing is broken because of them.
_WARNING_CODES = frozenset(
    {"slow-greeting", "ipv6-broken", "username-other-form", "client-id-required", "login-delay"}
    | {"password-in-clear", "quota-nearly-full"}
)


def _all_verified(verification: Verification) -> bool:
    return all(login.verified for login in (verification.incoming, verification.outgoing) if login is not None)


def _print(result: CheckResult, *, as_json: bool) -> None:
    if as_json:
        from mailsettings.schema import dumps, plain

        print(dumps({**plain(result), "findings": [plain(item) for item in result.findings]}, indent=2))
        return
    sys.stdout.write("\n".join(_lines(result, pen(colours=wants_colours(sys.stdout)))) + "\n")


def _lines(result: CheckResult, paint: Pen) -> Iterator[str]:
    """Yield the report: the logins, what is wrong, what the servers are suitable for."""
    yield paint(printable(result.diagnosis.detection.address), Colour.STRONG)
    yield ""
    for login in (result.verification.incoming, result.verification.outgoing) if result.verification else ():
        if login is not None:
            yield from wrapped(f"{login.endpoint}: {_state(login)}")
    for number, item in enumerate(result.findings, 1):
        yield from _finding(number, item, paint)
    if not result.findings:
        yield paint("Nothing wrong was found.", Colour.GOOD)
    for each in result.fitness:
        yield from wrapped(f"{each.subject}: {each.verdict}", rest="    ")
        if each.remark:
            yield from wrapped(f"  {each.remark}", rest="    ")


def _state(login: LoginResult) -> str:
    if login.verified:
        return f"logged in as {printable(login.username)}{f' with {login.mechanism}' if login.mechanism else ''}"
    return "the login was accepted, but that is all" if login.accepted else "not logged in"


def _finding(number: int, item: Finding, paint: Pen) -> Iterator[str]:
    sure = "" if item.confidence == "certain" else f" ({item.confidence})"
    yield from (paint(line, Colour.WARNING) for line in wrapped(printable(item.text) + sure, first=f"{number}. "))
    yield from wrapped(printable(item.advice), first="   Do: ")
    for line in item.evidence.splitlines():
        yield from (paint(part, Colour.FAINT) for part in wrapped(printable(line), first="   Seen: "))
    if item.link:
        yield f"   {printable(item.link)}"
