"""Which name servers to query: the policy's `resolver`, or the system's resolv.conf.

192.0.2.1                        UDP, TCP for long answers (RFC 1035); port 53
[2001:db8::1]:5353
tls://dns.example.org            DNS over TLS (RFC 7858); port 853
tls://192.0.2.1                  the same; the certificate must be for the address
https://dns.example.org/dns-query    DNS over HTTPS (RFC 8484)
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from mailsettings.errors import AddressError, MailSettingsError
from mailsettings.hostnames import parse_host
from mailsettings.policy import IPAddress

RESOLV_CONF = Path("/etc/resolv.conf")
MAX_NAMESERVERS = 3  # as the C library does


class Scheme(StrEnum):
    """The transport of queries to a name server."""

    UDP = "udp"
    TLS = "tls"
    HTTPS = "https"


@dataclass(frozen=True, slots=True)
class Nameserver:
    """One recursive resolver."""

    scheme: Scheme
    host: str  # an IP address; with TLS and HTTPS also a name
    port: int
    url: str = ""  # with HTTPS

    def __str__(self) -> str:
        return self.url or f"{self.scheme}://{self.host} port {self.port}"

    @property
    def address(self) -> IPAddress | None:
        """The host as an address, or None if it is a name."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None


def parse_resolver(text: str) -> Nameserver | None:
    """Parse a policy's `resolver`; None if it is empty, which means the system's resolvers.

    Raises MailSettingsError, with the value, if it has none of the forms above.
    """
    if not text:
        return None
    scheme, host, port = _parts(text)
    try:
        if scheme is Scheme.HTTPS:
            return Nameserver(scheme, parse_host(host), port or 443, text)
        default = 853 if scheme is Scheme.TLS else 53
        nameserver = Nameserver(scheme, host.lower(), port or default)
        if nameserver.address is None:
            parse_host(host)
    except AddressError as error:
        raise MailSettingsError(f"the resolver {text!r} has no usable host: {error}") from error
    if scheme is Scheme.UDP and nameserver.address is None:
        raise MailSettingsError(f"the resolver {text!r} is a name; without TLS only an address will do")
    return nameserver


def _parts(text: str) -> tuple[Scheme, str, int | None]:
    """Split *text* into scheme, host and port; a bare address is UDP."""
    name, separator, rest = text.partition("://")
    if not separator:
        name, rest = "udp", f"[{text}]" if text.count(":") > 1 and "[" not in text else text
    try:
        url = urlsplit(f"//{rest}")
        return Scheme(name.lower()), url.hostname or "", url.port
    except ValueError as error:
        raise MailSettingsError(f"the resolver {text!r} is not IP[:port], tls://host or https://host/path") from error


def system_nameservers() -> tuple[Nameserver, ...]:
    """Return the resolvers of this machine; none if it has none."""
    if sys.platform == "win32":
        from dns.resolver import get_default_resolver  # reads the registry

        return tuple(Nameserver(Scheme.UDP, str(ip), 53) for ip in get_default_resolver().nameservers)
    try:
        return parse_resolv_conf(RESOLV_CONF.read_text("utf-8", "replace"))
    except OSError:
        return ()


def parse_resolv_conf(text: str) -> tuple[Nameserver, ...]:
    """Return the name servers that *text* lists; search lists and options are ignored: all names are absolute."""
    words = (line.split() for line in text.splitlines())
    hosts = [word[1] for word in words if word[:1] == ["nameserver"] and len(word) > 1]
    found = (Nameserver(Scheme.UDP, host, 53) for host in hosts)
    return tuple(nameserver for nameserver in found if nameserver.address is not None)[:MAX_NAMESERVERS]
