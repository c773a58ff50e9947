"""The zones around a population of mail domains: providers of the table, hosters that it does not know, their machines.

zones(mail_domains())  ->  all that exists: these zones, and those of the domains
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from benchmarks.customers import CUSTOMERS
from benchmarks.hosted_mail import MACHINES_OF, PUBLISHING, SILENT, row_of
from benchmarks.mail_domains import MailDomain, absolute
from benchmarks.own_mail import CLUSTER, EVERYTHING, MACHINES, SHARED, WILDCARD
from mailsettings.hostnames import registrable
from mailsettings.model import Endpoint, Protocol
from mailsettings.provider_table.rows import Row
from tests.support.lab.web_documents import AUTOCONFIG, config
from tests.support.lab.world import EXCHANGER, WEB, Certificate, Host, Service, Speaks, Zone

MACHINE = (*EVERYTHING, *WEB)
SPEAKS: Mapping[Protocol, Speaks] = {
    Protocol.IMAP: Speaks.IMAP,
    Protocol.POP3: Speaks.POP3,
    Protocol.SMTP: Speaks.SMTP,
}


def zones(domains: Sequence[MailDomain]) -> tuple[Zone, ...]:
    """Return everything there is for *domains*."""
    return (*_providers(), *_hosters(domains), *(domain.zone for domain in domains))


def server_hosts(rows: Iterable[Row]) -> dict[str, tuple[Service, ...]]:
    """Return the hosts that *rows* name, with the services that the rows say they have."""
    spoken: dict[str, set[Endpoint]] = defaultdict(set)
    for row in rows:
        for server in (*row.incoming, *row.outgoing):
            if server.endpoint.protocol in SPEAKS:
                spoken[server.endpoint.host].add(server.endpoint)
    return {host: _services(endpoints) for host, endpoints in spoken.items()}


def _services(endpoints: Iterable[Endpoint]) -> tuple[Service, ...]:
    found = {Service(SPEAKS[each.protocol], each.port, each.security) for each in endpoints}
    return tuple(sorted(found, key=lambda service: service.port))


def _providers() -> Iterator[Zone]:
    """Yield the zones with the servers and exchangers of the providers."""
    hosts = server_hosts(map(row_of, CUSTOMERS)) | dict.fromkeys(MACHINES_OF.values(), MACHINE)
    for customer in CUSTOMERS.values():
        for exchanger in (name for names in customer.mx for name in names if "*" not in name):
            hosts.setdefault(exchanger, (EXCHANGER,))
        if customer.autodiscover:
            hosts.setdefault(customer.autodiscover, ())
    hosts["autoconfig.mail.ru"] = WEB
    for zone, names in groupby(sorted(hosts, key=lambda host: (registrable(host), host)), key=registrable):
        yield Zone(zone, tuple(_provider_host(name, zone, hosts[name]) for name in names))


def _provider_host(name: str, zone: str, services: tuple[Service, ...]) -> Host:
    # A third of all Autoconfig documents that are found by MX are Mail.ru's.
    pages = ((AUTOCONFIG, config("imap.mail.ru")),) if name == "autoconfig.mail.ru" else ()
    return Host(name.removesuffix(f".{zone}") if name != zone else "@", services, pages=pages)


def _hosters(domains: Sequence[MailDomain]) -> Iterator[Zone]:
    """Yield the zones of hosters that the table does not know."""
    yield Zone(SHARED, tuple(_shared_machine(f"srv{number}", domains) for number in range(MACHINES)))
    yield Zone(CLUSTER, tuple(Host(f"node{number}", MACHINE) for number in range(MACHINES)))
    names = Certificate((f"*.{WILDCARD}",))
    yield Zone(WILDCARD, tuple(Host(f"node{number}", MACHINE, names) for number in range(MACHINES)))
    servers = (Host("mx1", (EXCHANGER,)), Host("mail", EVERYTHING))
    yield Zone(SILENT, servers)
    page = Host("autoconfig", WEB, pages=((AUTOCONFIG, config(f"mail.{PUBLISHING}")),))
    yield Zone(PUBLISHING, (*servers, page))


def _shared_machine(label: str, domains: Iterable[MailDomain]) -> Host:
    """Return a machine with a certificate for its own name and for all of its customers' names."""
    machine = f"{label}.{SHARED}"
    names = [absolute(owner, domain.name) for domain in domains for owner in _names_at(machine, domain)]
    return Host(label, MACHINE, Certificate((machine, *names)))


def _names_at(machine: str, domain: MailDomain) -> Iterator[str]:
    for record in domain.zone.records:
        owner, kind, data = record.split(maxsplit=2)
        if kind == "LIKE" and data == f"{machine}.":
            yield owner
