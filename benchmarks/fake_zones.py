"""Zones of the laboratory (tests/support/lab/world.py) in a FakeNetwork: one description, run in memory or for real.

    net = FakeNetwork()
    add_zones(net, (Zone("a.example", (Host("mail", (IMAPS,)),), ("@ MX 10 mail", "www LIKE mail.a.example.")),))

What a host does on the web besides its pages is one of the rules below, in nginx's words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from mailsettings.errors import FailureKind
from mailsettings.testing import Certificate, FakeNetwork, Server, imap, pop3, smtp
from mailsettings.testing.recording import Request
from mailsettings.testing.web import NOT_FOUND, PageResponse, Site
from tests.support.lab.web_documents import ANSWER_POSTS
from tests.support.lab.world import Delegation, Fault, Host, Service, Speaks, Zone

TO_WWW = "return 301 https://www.$host$request_uri;"
CATCH_ALL = "error_page 404 405 =200 /index.html;"
BASIC_AUTH = "return 401;"
WELCOME = PageResponse(200, b"<!DOCTYPE html><title>Welcome</title>\n", "text/html")
_PROBLEMS = {
    Fault.NONE: None,
    Fault.EXPIRED: FailureKind.CERTIFICATE_EXPIRED,
    Fault.SELF_SIGNED: FailureKind.CERTIFICATE_SELF_SIGNED,
    Fault.UNKNOWN_CA: FailureKind.CERTIFICATE_UNKNOWN_CA,
    Fault.INCOMPLETE: FailureKind.CERTIFICATE_UNKNOWN_CA,
}
_SERVERS: Mapping[Speaks, Callable[..., Server]] = {Speaks.IMAP: imap, Speaks.POP3: pop3, Speaks.SMTP: smtp}


def _to_www(request: Request) -> PageResponse:
    parts = urlsplit(request.url)
    return PageResponse(301, headers=(("Location", f"https://www.{parts.netloc}{parts.path}"),))


_REPLIES: Mapping[str, Callable[[Request], PageResponse]] = {
    "": lambda _: NOT_FOUND,
    ANSWER_POSTS: lambda _: NOT_FOUND,
    CATCH_ALL: lambda _: WELCOME,
    BASIC_AUTH: lambda _: PageResponse(401),
    TO_WWW: _to_www,
}


class HostSite(Site):
    """The pages of one host, and its rule for all other requests."""

    def __init__(self, net: FakeNetwork, host: Host) -> None:
        super().__init__(net.ledger)
        self._documents = dict(host.pages)
        self._otherwise = _REPLIES[host.rules]

    def find(self, request: Request) -> PageResponse:
        """Return the page at the path of *request*, or what the rule says."""
        document = self._documents.get(urlsplit(request.url).path)
        return PageResponse(200, document.encode()) if document is not None else self._otherwise(request)


@dataclass(frozen=True, slots=True)
class Placed:
    """A host in the network."""

    host: Host
    addresses: tuple[str, ...]
    certificate: Certificate


def add_zones(net: FakeNetwork, zones: Iterable[Zone]) -> None:
    """Add *zones* to *net*, each host at addresses of its own."""
    served = tuple(zone for zone in zones if zone.delegation is not Delegation.ABSENT)
    placed: dict[str, Placed] = {}
    for zone in served:
        for host in zone.hosts:
            placed[_absolute(host.name, zone)] = _place(net, host, _absolute(host.name, zone), len(placed))
    for zone in served:
        for record in zone.records:
            _add_record(net, zone, record, placed)
        if zone.delegation is Delegation.SIGNED:
            net.signed(zone.name)


def _place(net: FakeNetwork, host: Host, name: str, number: int) -> Placed:
    addresses = tuple(_address(family, number) for family in host.families)
    certificate = Certificate(host.certificate.names or (name,), _PROBLEMS[host.certificate.fault])
    added = net.host(name, *addresses, certificate=certificate)
    site = HostSite(net, host)
    for service in host.services:
        match service.speaks:
            case Speaks.SILENCE:
                added.hold(service.port)
            case Speaks.NOTHING:
                added.drop(service.port)
            case Speaks.HTTP:
                added.serve(site.server(service.port))
            case _:
                added.serve(_server(service))
    return Placed(host, addresses, certificate)


def _server(service: Service) -> Server:
    mechanisms = ("PLAIN", "LOGIN") if service.login else ()
    return _SERVERS[service.speaks](service.port, security=service.security, mechanisms=mechanisms)


def _address(family: int, number: int) -> str:
    high, low = divmod(number, 250)
    return f"11.50.{high}.{low + 1}" if family == 4 else f"2a00:50::{number + 1:x}"


def _add_record(net: FakeNetwork, zone: Zone, record: str, placed: Mapping[str, Placed]) -> None:
    """Add one line of a master file, whose names are relative to *zone* unless they end with a dot."""
    name, kind, data = record.split(maxsplit=2)
    owner = _absolute(name, zone)
    if kind == "LIKE":
        like = placed[data.removesuffix(".")]
        net.host(owner, *like.addresses, certificate=like.certificate)
    else:
        net.records(owner, **{kind: _with_absolute_target(kind, data, zone)})


def _with_absolute_target(kind: str, data: str, zone: Zone) -> str:
    if kind not in ("MX", "SRV", "CNAME", "NS"):
        return data
    *numbers, target = data.split()
    return " ".join((*numbers, target if target.endswith(".") else _absolute(target, zone)))


def _absolute(name: str, zone: Zone) -> str:
    return zone.name if name == "@" else f"{name}.{zone.name}"
