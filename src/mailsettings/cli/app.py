"""The command line: `mailsettings ADDRESS`, `mailsettings providers [QUERY]`, `… provider ID`, `… serve`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from mailsettings.cli.backend import Backend, live_backend
from mailsettings.cli.detect import print_detection
from mailsettings.cli.exit_codes import ExitCode
from mailsettings.cli.messages import address_error_text
from mailsettings.cli.options import DETECT_OPTIONS, DetectOptions, with_all
from mailsettings.cli.plan import print_plan
from mailsettings.cli.signals import interruptible, signals_from_thread
from mailsettings.cli.terminal import discard_output, escape_unencodable, write_output
from mailsettings.errors import AddressError, MailSettingsError
from mailsettings.escape import printable

# The commands other than `detect`, and their modules, which are imported only when used.
MODULES = {"providers": "providers", "provider": "providers", "serve": "serve", "check": "check", "bulk": "bulk"}


class AddressGroup(click.Group):
    """A group whose first argument is a command or, usually, an address: then the command is *default_command*."""

    default_command: click.Command

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in MODULES:
            return None
        found = getattr(import_module(f"mailsettings.cli.{MODULES[cmd_name]}"), cmd_name)
        assert isinstance(found, click.Command)
        return found

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if args and args[0] in MODULES:
            return super().make_context(info_name, args, parent, **extra)
        return self.default_command.make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)
        except BrokenPipeError:
            # Click would exit with code 1, which says something about the answer here.
            ctx.exit(discard_output())


class InvalidAddress(click.ClickException):
    """What is wrong with the address, in one line."""

    exit_code = ExitCode.USAGE

    def show(self, file: Any = None) -> None:
        click.echo(f"mailsettings: {printable(self.message)}", file=file, err=file is None)


def _version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from mailsettings import __version__

        click.echo(f"mailsettings {__version__}")
        ctx.exit()


def _commands(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the first argument, which may be a command."""
    return [name for name in MODULES if name.startswith(incomplete)]


@click.command(
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    epilog="Also: mailsettings providers [QUERY], mailsettings provider ID. "
    "Exit codes: 0 verified, 1 found but not verified, 2 usage, 3 nothing found, 4 no network, 130 interrupted.",
)
@click.argument("address", shell_complete=_commands)
@with_all(DETECT_OPTIONS)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.pass_context
def detect(ctx: click.Context, /, address: str, **values: Any) -> None:
    """Find the mail servers of an email ADDRESS, contact them, and say what to type into a mail program."""
    from mailsettings.address import parse_address

    try:
        parsed = parse_address(address)
    except AddressError as error:
        raise InvalidAddress(address_error_text(error)) from error
    options = DetectOptions(**values)
    backend: Backend = ctx.obj or live_backend()
    ctx.exit(print_plan(parsed, options, backend) if options.plan else print_detection(parsed, options, backend))


cli = AddressGroup("mailsettings")
cli.default_command = detect


def run(arguments: Sequence[str], backend: Backend | None = None) -> int:
    """Run the command with *arguments* and return its exit code. Only in the main thread of a process of its own."""
    escape_unencodable()
    with signals_from_thread(), interruptible():
        return _run(arguments, backend)


def _run(arguments: Sequence[str], backend: Backend | None) -> int:
    try:
        code = cli.main(list(arguments), prog_name="mailsettings", standalone_mode=False, obj=backend)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Exception as error:
        if "--debug" in arguments:
            raise
        return _report_bug(error)
    return write_output("", int(code or 0))


def _report_bug(error: Exception) -> ExitCode:
    """Report in one line an *error* that no part of the program handles."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]  # task groups wrap even a single error in a group
    name = "" if isinstance(error, MailSettingsError) else f"{type(error).__name__}: "
    click.echo(f"mailsettings: {name}{printable(str(error))} (--debug shows where)", err=True)
    return ExitCode.BUG
