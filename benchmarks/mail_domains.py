"""Mail domains as values: a zone, the kind of mailbox behind it, and the servers that are right for it. Pure.

The zones are those of tests/support/lab/world.py: one description runs in memory (benchmarks/fake_zones.py) and against
real servers. benchmarks/own_mail.py and benchmarks/hosted_mail.py describe the domains, benchmarks/mix.py has their
shares.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, StrEnum

from benchmarks import fake_zones
from tests.support.lab.world import HTTP, WEB, WEB_TARPIT, Certificate, Delegation, Fault, Host, Service, Zone


class Kind(StrEnum):
    """How a domain has its mail, which decides whether the user has to agree to its servers."""

    PROVIDER = "at a provider of the table"
    PANEL_BESIDE = "the same, with a web panel alive on mail.D"
    USUAL_NAME = "own servers, usual names"
    PANEL = "web hoster, certificate for mail.D"
    OWN_DOCUMENT = "own servers, in a document of D's"
    UNUSUAL_NAME = "own servers, unusual names in MX, SRV, http"
    HOSTERS_CERTIFICATE = "web hoster, certificate of the hoster's"
    NAMED_BY_SERVER = "the same, its name known to the machine only"
    HOSTERS_SERVERS = "at a hoster not in the table"
    BEHIND_FILTER = "at a provider, behind a filter or own MX"
    FORWARDED = "forwarded, the mailboxes are elsewhere"
    NOT_USABLE = "no server that mail programs can use"
    NO_MAIL = "receives no mail, or does not exist"


# Nothing safe from forgery says who has these mailboxes: the user has to agree to the servers.
MAY_ASK = frozenset(
    {
        *(Kind.UNUSUAL_NAME, Kind.HOSTERS_CERTIFICATE, Kind.NAMED_BY_SERVER),
        *(Kind.HOSTERS_SERVERS, Kind.BEHIND_FILTER),
    }
)


class Site(Enum):
    """The web server of a domain: its ports, and its rule for what it does not have, in nginx's words."""

    NOT_FOUND = ("404", WEB, "")
    TO_WWW = ("redirect to www", WEB, fake_zones.TO_WWW)
    CATCH_ALL = ("a page for every path", WEB, fake_zones.CATCH_ALL)
    PARKED = ("a page for every name and path", WEB, fake_zones.CATCH_ALL)
    BASIC_AUTH = ("401 for everything", WEB, fake_zones.BASIC_AUTH)
    HTTP_ONLY = ("no https", (HTTP,), "")
    BAD_CERTIFICATE = ("a self-signed certificate", WEB, "")
    SILENT = ("accepts and never responds", WEB_TARPIT, "")
    NONE = ("none", (), "")

    def __init__(self, text: str, services: tuple[Service, ...], rules: str) -> None:
        self.text = text
        self.services = services
        self.rules = rules


@dataclass(frozen=True, slots=True)
class MailDomain:
    """One domain, and the hosts that are right for it: any of *incoming* and *outgoing*, nothing if they are empty."""

    kind: Kind
    zone: Zone
    incoming: frozenset[str] = frozenset()
    outgoing: frozenset[str] = frozenset()
    site: Site = Site.NONE

    @property
    def name(self) -> str:
        return self.zone.name

    @property
    def address(self) -> str:
        return f"ada@{self.name}"

    def with_site(self, site: Site) -> MailDomain:
        """Return the domain with a web server; one on a web hoster's machine has the machine's."""
        if site is Site.NONE or any(record.startswith("@ LIKE") for record in self.zone.records):
            return self
        at = next((host for host in self.zone.hosts if host.name == "@"), Host("@", ()))
        if at.services and site is Site.BAD_CERTIFICATE:  # the machine has one certificate, which its mail needs
            return self.with_site(Site.NOT_FOUND)
        others = tuple(host for host in self.zone.hosts if host is not at)
        certificate = Certificate(at.certificate.names, Fault.SELF_SIGNED) if site is Site.BAD_CERTIFICATE else None
        web = replace(
            at,
            services=(*at.services, *site.services),
            rules=site.rules,
            certificate=certificate or at.certificate,
        )
        extra = (Host("www", WEB),) if site is Site.TO_WWW else ()
        records = (f"* LIKE {self.name}.",) if site is Site.PARKED else ()
        zone = replace(self.zone, hosts=(web, *others, *extra), records=(*self.zone.records, *records))
        return replace(self, zone=zone, site=site)

    def with_records(self, *records: str) -> MailDomain:
        """Return the domain with more records in its zone."""
        return replace(self, zone=replace(self.zone, records=(*self.zone.records, *records)))

    def with_hosts(self, *hosts: Host) -> MailDomain:
        """Return the domain with more hosts in its zone."""
        return replace(self, zone=replace(self.zone, hosts=(*self.zone.hosts, *hosts)))

    def signed(self) -> MailDomain:
        """Return the domain with its zone signed by DNSSEC."""
        return replace(self, zone=replace(self.zone, delegation=Delegation.SIGNED))


def absolute(label: str, domain: str) -> str:
    """Return the host that *label* means in the zone *domain*; a dot at the end says that it is a whole name."""
    if label.endswith("."):
        return label.removesuffix(".")
    return domain if label == "@" else f"{label}.{domain}"


def hosts_of(labels: Iterable[str], domain: str) -> frozenset[str]:
    """Return the hosts that *labels* mean in the zone *domain*."""
    return frozenset(absolute(label, domain) for label in labels)
