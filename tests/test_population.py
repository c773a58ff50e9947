"""The population of benchmarks/population.py: its shares, its truth, and a few of its domains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from benchmarks.fake_zones import add_zones
from benchmarks.mail_domains import MAY_ASK, Kind, MailDomain, absolute
from benchmarks.mix import SHARES, SITES, SIZE, mail_domains
from benchmarks.population import POLICIES, missed_bars, outcomes, world
from benchmarks.shared_zones import zones
from mailsettings import Policy
from mailsettings.hostnames import name_matches, registrable
from mailsettings.policy import IPAddress
from mailsettings.testing import FakeNetwork
from mailsettings.testing.hosts import PortListener
from tests.support.lab.world import HTTP, Host, Zone

DOMAINS = mail_domains()
WITH_MAILBOXES = [domain for domain in DOMAINS if domain.incoming]
INCOMING_PORTS, OUTGOING_PORTS = (993, 143, 995, 110), (465, 587)


def exchanger(domain: MailDomain) -> str:
    """Return the registrable domain of the most preferred exchanger, empty without one."""
    targets = [record.split()[3] for record in domain.zone.records if record.split()[1] == "MX"]
    return registrable(absolute(targets[0], domain.name)) if targets else ""


def host(domain: MailDomain, label: str) -> Host | None:
    return next((each for each in domain.zone.hosts if each.name == label), None)


def publishes(domain: MailDomain, label: str) -> bool:
    found = host(domain, label)
    return found is not None and bool(found.pages)


def test_three_hundred_domains_of_different_names() -> None:
    """No domain stands for two."""
    assert len({domain.name for domain in DOMAINS}) == SIZE == 300


def test_the_population_is_the_same_every_time() -> None:
    """A figure that changes is a change of the program."""
    assert mail_domains() == DOMAINS


def test_counts_follow_from_the_shares() -> None:
    """Largest remainder: what is left after rounding down goes to those that lost most by it."""
    exact = {share.name: share.percent * SIZE / 100 for share in SHARES}
    counts = {name: int(count) for name, count in exact.items()}
    for name in sorted(exact, key=lambda name: counts[name] - exact[name])[: SIZE - sum(counts.values())]:
        counts[name] += 1

    assert counts == {share.name: share.count for share in SHARES}


@pytest.mark.parametrize(
    ("suffixes", "percent"),
    [
        pytest.param({"google.com"}, 21.44, id="google"),
        pytest.param({"outlook.com"}, 9.55, id="microsoft"),
        pytest.param({"yandex.net"}, 3.92, id="yandex"),
        pytest.param({"secureserver.net"}, 1.69, id="godaddy"),
        pytest.param({"zoho.com", "zoho.eu"}, 1.52, id="zoho"),
        pytest.param({"hostinger.com"}, 1.37, id="hostinger"),
        pytest.param({"registrar-servers.com"}, 1.22, id="namecheap-forwarding"),
        pytest.param({"mimecast.com"}, 1.01, id="mimecast"),
        pytest.param({"spamexperts.com", "antispamcloud.com"}, 0.92, id="spamexperts"),
        pytest.param({"pphosted.com", "ppe-hosted.com"}, 1.24, id="proofpoint"),
    ],
)
def test_exchangers_have_the_measured_shares(suffixes: set[str], percent: float) -> None:
    """Counted in the zones, to the nearest domain."""
    assert sum(exchanger(domain) in suffixes for domain in DOMAINS) == round(percent * SIZE / 100)


def test_a_third_receives_its_mail_itself() -> None:
    """
    The exchanger of 35 % is inside the domain; a few of those without a known hoster are counted with the rest.
    """
    inside = sum(exchanger(domain) == domain.name for domain in DOMAINS)

    assert inside / SIZE == pytest.approx(0.3504, abs=0.02)


def test_few_publish_their_settings() -> None:
    """Autodiscover 4.79 %, Autoconfig 5.48 % with those found by MX, SRV 1.11 %, any of them 7.61 %."""
    autodiscover = {domain.name for domain in DOMAINS if publishes(domain, "autodiscover")}
    by_mx = {domain.name for domain in DOMAINS if exchanger(domain) in ("publishing.example", "mail.ru")}
    autoconfig = {domain.name for domain in DOMAINS if publishes(domain, "autoconfig")} | by_mx
    srv = {domain.name for domain in DOMAINS if any("SRV" in record for record in domain.zone.records)}
    counts = [len(each) for each in (autodiscover, autoconfig, srv, autodiscover | autoconfig | srv)]

    assert counts == [round(percent * SIZE / 100) for percent in (4.79, 5.48, 1.11, 7.61)]


def test_some_publish_over_http_only() -> None:
    """15.3 % of Autoconfig and 10.3 % of Autodiscover."""

    def plaintext(label: str) -> int:
        hosts = [host(domain, label) for domain in DOMAINS if publishes(domain, label)]
        return sum(each is not None and each.services == (HTTP,) for each in hosts)

    assert (plaintext("autoconfig"), plaintext("autodiscover")) == (2, 1)


def test_panels_and_hosters_certificates_have_their_shares() -> None:
    """5 % of Google's and Microsoft's customers; 7 % of all domains have the hoster's certificate."""
    panels = sum(domain.kind is Kind.PANEL_BESIDE for domain in DOMAINS)
    big = sum(exchanger(domain) in ("google.com", "outlook.com") for domain in DOMAINS)
    machines = [record for domain in DOMAINS for record in domain.zone.records if record.startswith("mail ")]
    hosters = sum(".cluster." in record or ".wildcard." in record for record in machines)

    assert (panels, hosters) == (round(0.05 * big), round(0.07 * SIZE))


def test_sites_are_of_every_sort() -> None:
    """Most domains have a web site; those on a web hoster's machine have the machine's."""
    sites = Counter(domain.site for domain in DOMAINS)

    assert set(sites) > set(SITES)
    assert sites[next(iter(SITES))] == max(count for site, count in sites.items() if site in SITES)


# What is right


@pytest.fixture(scope="module")
def net() -> FakeNetwork:
    """Return a network with all of the domains."""
    network = FakeNetwork()
    add_zones(network, zones(DOMAINS))
    return network


def listeners(net: FakeNetwork, name: str, ports: tuple[int, ...]) -> Iterator[PortListener]:
    """Yield what listens at *name* on *ports* with a certificate that is valid for the name."""
    for ip in addresses(net, name):
        for port in ports:
            found = net.place(ip).at(port)
            if isinstance(found, PortListener):
                certificate = found.certificate_for(name)
                if certificate.problem is None and name_matches(name, certificate.names):
                    yield found


def addresses(net: FakeNetwork, name: str) -> Iterator[IPAddress]:
    from ipaddress import ip_address

    yield from map(ip_address, net.zones.addresses(name))


@pytest.mark.parametrize("domain", WITH_MAILBOXES, ids=lambda domain: domain.name)
def test_what_is_right_exists(net: FakeNetwork, domain: MailDomain) -> None:
    """A host that is right for a direction can be verified there."""
    assert any(any(listeners(net, name, INCOMING_PORTS)) for name in domain.incoming)
    assert any(any(listeners(net, name, OUTGOING_PORTS)) for name in domain.outgoing)


def test_kinds_without_mailboxes_have_nothing_right() -> None:
    """All others have."""
    without = {Kind.FORWARDED, Kind.NOT_USABLE, Kind.NO_MAIL}

    assert {domain.kind for domain in DOMAINS if not domain.incoming} == without
    assert not without & {domain.kind for domain in WITH_MAILBOXES}


# Zones


def test_zones_can_be_served_for_real() -> None:
    """No port has two services, no CNAME has other records beside it, and LIKE leads to a host."""
    everything = zones(DOMAINS)
    hosts = {absolute(each.name, zone.name): each for zone in everything for each in zone.hosts}
    ports = {name: Counter(service.port for service in each.services) for name, each in hosts.items()}
    aliases = {owner(zone, record) for zone in everything for record in zone.records if record.split()[1] == "CNAME"}
    owners = Counter(owner(zone, record) for zone in everything for record in zone.records)
    targets = {record.split()[2] for zone in everything for record in zone.records if record.split()[1] == "LIKE"}

    assert len({zone.name for zone in everything}) == len(everything)
    assert [name for name, count in ports.items() if count and max(count.values()) > 1] == []
    assert [name for name in aliases if owners[name] > 1 or name in hosts] == []
    assert {target.removesuffix(".") for target in targets} <= set(hosts)


def owner(zone: Zone, record: str) -> str:
    return absolute(record.split(maxsplit=1)[0], zone.name)


# Detections


def first_of_each_kind() -> tuple[MailDomain, ...]:
    return tuple({domain.kind: domain for domain in reversed(DOMAINS)}.values())


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_the_first_domain_of_each_kind_is_right(policy: Policy) -> None:
    """No password goes to a stranger, and only the kinds that are named for it are asked about."""
    found = tuple(outcomes(first_of_each_kind(), world(DOMAINS), policy))

    assert [each.domain.name for each in found if each.wrong or each.misled or not each.found] == []
    assert {each.domain.kind for each in found if each.asked} <= MAY_ASK


@pytest.mark.thorough
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_at_most_every_seventh_domain_is_asked_about(policy: Policy) -> None:
    """And none is wrong."""
    assert list(missed_bars(tuple(outcomes(DOMAINS, world(DOMAINS), policy)))) == []
