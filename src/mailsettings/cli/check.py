"""`mailsettings check ADDRESS`: log in where that is allowed, say what is wrong and what to do about it.

Without a password or token on standard input nobody is logged in to; what can be seen from outside is said.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from mailsettings.cli.exit_codes import ExitCode
from mailsettings.cli.options import NetworkParam, ResolverParam, proxy_changes, with_proxy
from mailsettings.cli.terminal import Colour, Pen, pen, wants_colours, wrapped
from mailsettings.errors import AddressError, ConfirmationRequired
from mailsettings.escape import printable
from mailsettings.model import Endpoint, Finding, Protocol, Security, ServerSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailsettings.login.credentials import Credentials
    from mailsettings.login.suitability import Fitness
    from mailsettings.login.verify import Verification
    from mailsettings.model import Detection
    from mailsettings.policy import Policy
    from mailsettings.troubleshooting import Diagnosis

MAX_SECRET = 65536  # characters read from standard input; tokens have some thousands
EXIT_CONFIRM_FIRST = 5  # exit code: a domain has to be agreed to before a password may go there
TLS_PORTS = frozenset({465, 993, 995})


class ServerParam(click.ParamType[Any]):
    """A server as a person types it: imap://host:port, imaps://host, smtp+starttls://host:587."""

    name = "server"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return parse_server_option(value)
        except (AddressError, ValueError) as error:
            self.fail(f"{value!r} is no server like imap://imap.example.org:993: {error}", param, ctx)


def parse_server_option(text: str) -> Endpoint:
    """Read *text* as an endpoint; the port says when TLS starts unless the scheme does. ValueError, AddressError."""
    scheme, _, rest = text.partition("://")
    if "@" in rest or "/" in rest:
        raise ValueError("user names, passwords and paths do not belong there")
    host, _, port = rest.partition(":")
    name, _, security = scheme.partition("+")
    protocol = Protocol({"imaps": "imap", "pop3s": "pop3", "pop": "pop3", "smtps": "smtp"}.get(name, name))
    usual = {Protocol.IMAP: 993, Protocol.POP3: 995, Protocol.SMTP: 465}[protocol]
    number = int(port) if port else usual
    by_port = Security.TLS if number in TLS_PORTS else Security.STARTTLS
    return Endpoint(protocol, host.lower(), number, Security(security) if security else by_port)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """All that is printed."""

    diagnosis: Diagnosis
    verification: Verification | None
    fitness: tuple[Fitness, ...]

    @property
    def findings(self) -> tuple[Finding, ...]:
        found = (*self.diagnosis.findings, *(self.verification.findings if self.verification else ()))
        return tuple(dict.fromkeys((*found, *(item for each in self.fitness for item in each.findings))))


@click.command(epilog="Exit codes: 0 nothing wrong, 1 something is, 2 usage, 5 a domain has to be agreed to first.")
@click.argument("address")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input and log in with it.")
@click.option(
    "--token-stdin", is_flag=True, help="Read an OAuth 2 access token from standard input and log in with it."
)
@click.option("--username", default="", help="Log in with this user name instead of what the settings say.")
@click.option("--incoming", type=ServerParam(), help="Check this server, as imap://host:port.")
@click.option("--outgoing", type=ServerParam(), help="Check this server, as smtp://host:port.")
@click.option("--confirm", "confirmed", multiple=True, metavar="DOMAIN", help="Agree to send the password there.")
@click.option("--profile", type=click.Choice(["pop-fetcher"]), help="Can a service that polls POP3 use this mailbox?")
@click.option("--json", "as_json", is_flag=True, help="Print everything as one JSON document.")
@click.option("--resolver", type=ResolverParam(), metavar="IP|URL", help="Ask this DNS server.")
@click.option("--ca", type=click.Path(exists=True, dir_okay=False), help="Trust the authorities in this file.")
@click.option(
    "--allow-network", "networks", type=NetworkParam(), multiple=True, metavar="CIDR", help="Contact this, too."
)
@with_proxy
@click.option("--debug", is_flag=True, expose_value=False, help="Show where in the program an error comes from.")
@click.pass_context
def check(ctx: click.Context, /, address: str, **wishes: Any) -> None:
    """Say what is wrong with the mail access of ADDRESS, and what to do about it."""
    import anyio

    from mailsettings.address import parse_address

    if wishes["password_stdin"] and wishes["token_stdin"]:
        raise click.UsageError("--password-stdin and --token-stdin exclude each other")
    try:
        parsed = parse_address(address)
    except AddressError as error:
        raise click.UsageError(printable(str(error))) from error
    credentials = _credentials(wishes)
    try:
        checked = anyio.run(_check, parsed, credentials, wishes)
    except ConfirmationRequired as error:
        click.echo(f"mailsettings: {printable(str(error))}: add --confirm {error.domains[0]}", err=True)
        ctx.exit(EXIT_CONFIRM_FIRST)
    _print(checked, as_json=wishes["as_json"])
    ctx.exit(_verdict(checked))


def _credentials(wishes: dict[str, Any]) -> Credentials | None:
    """Read the secret: from a pipe or, unseen, from a terminal; never from the command line, where all can read it."""
    if not wishes["password_stdin"] and not wishes["token_stdin"]:
        return None
    from mailsettings.login.credentials import Credentials

    secret = click.prompt("Password or token", hide_input=True, err=True) if sys.stdin.isatty() else _read()
    make = Credentials.token if wishes["token_stdin"] else Credentials.password
    try:
        return make(secret, username=wishes["username"])
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _read() -> str:
    """Read standard input without the line end behind the secret."""
    try:
        return sys.stdin.read(MAX_SECRET).removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        # Without its cause, which has the bytes in it.
        raise click.UsageError(f"what came on standard input is not {sys.stdin.encoding}") from None


async def _check(address: Any, credentials: Credentials | None, wishes: dict[str, Any]) -> CheckResult:
    """Diagnose, then log in to what was found or typed."""
    from mailsettings.login.suitability import fitness_of
    from mailsettings.login.verify import verify
    from mailsettings.troubleshooting import diagnose

    fetcher = wishes["profile"] == "pop-fetcher"
    policy = _policy(wishes, fetcher=fetcher)
    typed = wishes["incoming"] or wishes["outgoing"]
    what = ServerSettings(address, wishes["incoming"], wishes["outgoing"], wishes["username"]) if typed else address
    diagnosis = await diagnose(what, policy=policy)
    target: ServerSettings | Detection = what if isinstance(what, ServerSettings) else diagnosis.detection
    verification = None
    if credentials is not None:
        verification = await verify(target, credentials, policy=policy, confirmed=wishes["confirmed"], thorough=fetcher)
    fitness = fitness_of(diagnosis.detection, verification, fetcher=fetcher, plaintext=diagnosis.in_clear)
    return CheckResult(diagnosis, verification, fitness)


def _policy(wishes: dict[str, Any], *, fetcher: bool) -> Policy:
    from mailsettings.policy import Policy

    policy = Policy(resolver=wishes["resolver"] or "", ca_file=wishes["ca"] or "", allow_networks=wishes["networks"])
    way = proxy_changes(wishes["proxy"], wishes["proxy_password_file"], dns_past_proxy=wishes["dns_past_proxy"])
    policy = policy.replace(**way)
    wanted = frozenset({Protocol.POP3, Protocol.SMTP})
    return policy.replace(protocols=wanted) if fetcher and not wishes["incoming"] else policy


def _verdict(checked: CheckResult) -> ExitCode:
    tried = checked.verification
    wrong = any(item.code not in _WARNING_CODES for item in checked.findings)
    return ExitCode.UNVERIFIED if wrong or (tried is not None and not _all_attempted(tried)) else ExitCode.VERIFIED


# They are worth knowing, and nothing is broken because of them.
_WARNING_CODES = frozenset(
    {"slow-greeting", "ipv6-broken", "username-other-form", "client-id-required", "login-delay"}
    | {"password-in-clear", "quota-nearly-full"}
)


def _all_attempted(verification: Verification) -> bool:
    return all(result.verified for result in (verification.incoming, verification.outgoing) if result is not None)


def _print(checked: CheckResult, *, as_json: bool) -> None:
    if as_json:
        from mailsettings.schema import dumps, plain

        print(dumps({**plain(checked), "findings": [plain(item) for item in checked.findings]}, indent=2))
        return
    sys.stdout.write("\n".join(_lines(checked, pen(colours=wants_colours(sys.stdout)))) + "\n")


def _lines(checked: CheckResult, write: Pen) -> Iterator[str]:
    """Yield the report: what was logged in to, what is wrong, what the servers can do."""
    yield write(printable(checked.diagnosis.detection.address), Colour.STRONG)
    yield ""
    for result in (checked.verification.incoming, checked.verification.outgoing) if checked.verification else ():
        if result is not None:
            yield from wrapped(f"{result.endpoint}: {_state(result)}")
    for number, item in enumerate(checked.findings, 1):
        yield from _finding(number, item, write)
    if not checked.findings:
        yield write("Nothing wrong was found.", Colour.GOOD)
    for each in checked.fitness:
        yield from wrapped(f"{each.subject}: {each.verdict}", rest="    ")


def _state(result: Any) -> str:
    if result.verified:
        return f"logged in as {printable(result.username)}{f' with {result.mechanism}' if result.mechanism else ''}"
    return "the login was accepted, but that is all" if result.accepted else "not logged in"


def _finding(number: int, item: Finding, write: Pen) -> Iterator[str]:
    sure = "" if item.confidence == "certain" else f" ({item.confidence})"
    yield from (write(line, Colour.WARNING) for line in wrapped(printable(item.text) + sure, first=f"{number}. "))
    yield from wrapped(printable(item.advice), first="   Do: ")
    for line in item.evidence.splitlines():
        yield from (write(part, Colour.FAINT) for part in wrapped(printable(line), first="   Seen: "))
    if item.link:
        yield f"   {printable(item.link)}"
