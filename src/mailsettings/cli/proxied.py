"""The options for a proxy, the same for every command that contacts anybody.

Its password is read from a file or from MAILSETTINGS_PROXY_PASSWORD: the command line can be read by everybody on the
machine. HTTP_PROXY, ALL_PROXY and the like are for web browsers and not looked at.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

from mailsettings.errors import MailSettingsError
from mailsettings.proxy import has_password, parse_proxy

PASSWORD = "MAILSETTINGS_PROXY_PASSWORD"  # noqa: S105 - the name of a variable
_MOST = 4096  # characters read from the file

Function = TypeVar("Function", bound=Callable[..., Any])


class ProxyURL(click.ParamType[Any]):
    """socks5://[user@]host:port, http://… or https://…, without a password."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if has_password(value):
            hint = f"everybody on this machine can read it here; use --proxy-password-file or {PASSWORD}"
            self.fail(f"the URL must not have a password in it: {hint}", param, ctx)
        return value


OPTIONS = (
    click.option("--proxy", type=ProxyURL(), metavar="URL", help="Reach everything through this SOCKS5 or HTTP proxy."),
    click.option(
        "--proxy-password-file",
        type=click.Path(exists=True, dir_okay=False, readable=True),
        metavar="FILE",
        help=f"Read the proxy's password from the first line of FILE instead of {PASSWORD}.",
    ),
    click.option("--dns-past-proxy", is_flag=True, help="Let DNS questions go past the proxy, which the answer says."),
)


def with_all(options: Iterable[Callable[[Function], Function]]) -> Callable[[Function], Function]:
    """Return the decorator that gives a command function all of *options*, in this order in its help."""

    def decorated(function: Function) -> Function:
        for option in reversed(tuple(options)):
            function = option(function)
        return function

    return decorated


with_proxy = with_all(OPTIONS)


def proxied(url: str | None, password_file: str | None, *, dns_past_proxy: bool) -> dict[str, object]:
    """Return what the options change in a policy. UsageError if they cannot be."""
    if url is None:
        if password_file or dns_past_proxy:
            raise click.UsageError("--proxy-password-file and --dns-past-proxy need --proxy")
        return {}
    password = _first_line(password_file) if password_file else None
    if password is None and "@" in url:
        password = os.environ.get(PASSWORD)
    try:
        return {"proxy": parse_proxy(url, password=password), "dns_past_proxy": dns_past_proxy}
    except MailSettingsError as error:
        raise click.UsageError(f"--proxy: {error}") from error


def _first_line(path: str) -> str:
    with Path(path).open(encoding="utf-8", errors="strict") as file:
        try:
            return file.readline(_MOST).rstrip("\r\n")
        except UnicodeDecodeError:
            raise click.UsageError("the password in --proxy-password-file is not UTF-8") from None
