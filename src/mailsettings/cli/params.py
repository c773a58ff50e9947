"""Types of command-line arguments: servers, networks, resolvers, proxies and collections, checked when they are read.

Messages name what was seen, except a password in a proxy's URL: that one is refused without being repeated.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import Any

import click

from mailsettings.errors import AddressError, DocumentError
from mailsettings.hostnames import parse_own_host
from mailsettings.model import Endpoint, Protocol, Security
from mailsettings.policy.proxy import has_password

PASSWORD_VARIABLE = "MAILSETTINGS_PROXY_PASSWORD"  # noqa: S105 - the name of a variable
TLS_PORTS = frozenset({465, 993, 995})


class ServerParam(click.ParamType[Any]):
    """A mail server: imap://host:port, imaps://host, smtp+starttls://host:587."""

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
    host, colon, port = rest.rpartition(":")
    if not colon or rest.endswith("]"):
        host, port = rest, ""
    name, _, security = scheme.partition("+")
    protocol = Protocol({"imaps": "imap", "pop3s": "pop3", "pop": "pop3", "smtps": "smtp"}.get(name, name))
    default = {Protocol.IMAP: 993, Protocol.POP3: 995, Protocol.SMTP: 465}[protocol]
    number = int(port) if port else default
    by_port = Security.TLS if number in TLS_PORTS or name.endswith("s") else Security.STARTTLS
    return Endpoint(protocol, parse_own_host(host), number, Security(security) if security else by_port)


class NetworkParam(click.ParamType[Any]):
    """An address block: 192.168.1.0/24."""

    name = "cidr"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return ip_network(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class ResolverParam(click.ParamType[Any]):
    """A DNS resolver: 192.0.2.1, 192.0.2.1:53, [2001:db8::1]:53, tls://… or https://…"""

    name = "resolver"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        scheme, separator, rest = value.partition("://")
        if separator and (scheme not in ("tls", "https") or not rest):
            self.fail(f"{value!r} starts with neither tls:// nor https://", param, ctx)
        if not separator and not _is_address(value):
            self.fail(f"{value!r} is neither an IP address nor a tls:// or https:// URL", param, ctx)
        return value


def _is_address(text: str) -> bool:
    """Say whether *text* is an IP address, with or without a port."""
    host, port = text, ""
    if text.startswith("["):
        host, _, port = text[1:].partition("]:")
        host = host.removesuffix("]")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    try:
        ip_address(host)
        return not port or 1 <= int(port) <= 65535
    except ValueError:
        return False


class ProxyURLParam(click.ParamType[Any]):
    """A proxy: socks5://[user@]host:port, http://… or https://…, without a password."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if has_password(value):
            hint = f"everybody on this machine can read it here; use --proxy-password-file or {PASSWORD_VARIABLE}"
            self.fail(f"the URL must not have a password in it: {hint}", param, ctx)
        return value


class CollectionParam(click.ParamType[Any]):
    """The https URL of a collection of autoconfig documents, or an empty text for none."""

    name = "url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from mailsettings.formats.text import web_url

        try:
            return web_url(value, schemes=("https",)) if value else ""
        except DocumentError as error:
            self.fail(str(error), param, ctx)
