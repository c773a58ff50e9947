"""The laboratory itself: every server really does what the world it is part of says of it."""

from __future__ import annotations

import socket
import ssl

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

from mailsettings.hostnames import parse_host
from mailsettings.model import Security
from tests.support.lab.addressing import NOWHERE, Place
from tests.support.lab.domains import WORLDS, ZONES
from tests.support.lab.laboratory import Laboratory
from tests.support.lab.namespaces import inside
from tests.support.lab.server_inspection import (
    ServerOffer,
    greeting,
    greets_late,
    inspect_server,
    objection_to_certificate,
    outcome_of_connecting,
    silent,
)
from tests.support.lab.world import MAIL_PORTS, Delegation, Fault, Service, Speaks, World, Zone

MAIL = (Speaks.IMAP, Speaks.POP3, Speaks.SMTP)
WORDS = {Speaks.IMAP: b"* OK", Speaks.POP3: b"+OK", Speaks.SMTP: b"220 ", Speaks.SSH: b"SSH-2.0-"}
COMPLAINTS = {
    Fault.NONE: "",
    Fault.EXPIRED: "certificate has expired",
    Fault.SELF_SIGNED: "self-signed certificate",
    Fault.UNKNOWN_CA: "unable to get local issuer certificate",
    Fault.INCOMPLETE: "unable to get local issuer certificate",
}
OLD_AND_NEW = (("TLSv1.1", "-tls1_1"), ("TLSv1.2", "-tls1_2"))

ALL = (*ZONES, *(world.zone for world in WORLDS))
SERVED = [zone for zone in ALL if zone.hosts and zone.delegation is not Delegation.BOGUS]
zones = pytest.mark.parametrize("zone", SERVED, ids=lambda zone: zone.name)


def places(lab: Laboratory, zone: Zone) -> list[Place]:
    names = [zone.name if host.name == "@" else f"{host.name}.{zone.name}" for host in zone.hosts]
    return [lab.places[name] for name in names]


def talking(lab: Laboratory, zone: Zone) -> list[tuple[Place, str, Service]]:
    """Return every mail service of *zone* that can be talked to at once, with the TLS of today."""
    ready = [place for place in places(lab, zone) if not (place.host.refuses or place.host.old_tls or place.host.delay)]
    return [(place, ip, service) for place in ready for kind in MAIL for ip, service in place.where(kind)]


def ask(lab: Laboratory, name: str, kind: str) -> dns.message.Message:
    with inside(lab.namespaces.client):
        return dns.query.udp(dns.message.make_query(name, kind), lab.resolver, timeout=5)


def addresses(answer: dns.message.Message) -> set[str]:
    kinds = (dns.rdatatype.A, dns.rdatatype.AAAA)
    return {str(data) for records in answer.answer if records.rdtype in kinds for data in records}


@zones
def test_mail_servers_greet_and_offer_what_their_world_says(lab: Laboratory, zone: Zone) -> None:
    """
    Each mail port offers STARTTLS and a login exactly where its world says so.
    """
    services = talking(lab, zone)
    expected = [
        ServerOffer(upgrade=service.security is Security.STARTTLS, login=service.login) for _, _, service in services
    ]

    with inside(lab.namespaces.client):
        actual = [inspect_server(ip, service) for _, ip, service in services]

    assert expected == actual


@zones
def test_certificates_have_the_faults_their_world_says(lab: Laboratory, zone: Zone) -> None:
    """
    A certificate without a fault is valid for its own name; one with a fault is refused for just that.
    """
    secure = [(place, ip, s) for place, ip, s in talking(lab, zone) if s.security is Security.TLS]
    expected = [COMPLAINTS[place.host.certificate.fault] for place, _, _ in secure]

    with inside(lab.namespaces.client):
        actual = [
            objection_to_certificate(ip, s.port, place.certificate_names[0].replace("*", "any"), lab.ca_file)
            for place, ip, s in secure
        ]

    assert expected == actual


@zones
def test_ports_without_a_service_refuse_or_drop(lab: Laboratory, zone: Zone) -> None:
    """
    A mail port that its world does not mention is refused, a filtered one never answers.
    """
    hosts = [(place, str(ip), port) for place in places(lab, zone) for ip in place.addresses for port in MAIL_PORTS]
    expected = [_outcome(place, port) for place, _, port in hosts]

    with inside(lab.namespaces.client):
        actual = [
            outcome_of_connecting(ip, port, 0.1 if _outcome(p, port) == "dropped" else 5) for p, ip, port in hosts
        ]

    assert expected == actual


def _outcome(place: Place, port: int) -> str:
    services = {service.port: service.speaks for service in place.host.services}
    if port not in services:
        return "refused"
    return "dropped" if services[port] is Speaks.NOTHING else "accepted"


@zones
def test_names_have_the_addresses_of_their_hosts(lab: Laboratory, zone: Zone) -> None:
    """
    The resolver knows every host of a zone by both kinds of address.
    """
    hosts = places(lab, zone)
    expected = [{str(ip) for ip in place.addresses} for place in hosts]

    names = [place.fqdn.replace("*", "any") for place in hosts]
    actual = [addresses(ask(lab, name, "A")) | addresses(ask(lab, name, "AAAA")) for name in names]

    assert expected == [found - {str(ip) for ip in NOWHERE} for found in actual]


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.domain)
def test_each_domain_exists_as_far_as_its_world_says(lab: Laboratory, world: World) -> None:
    """
    A served domain is NOERROR, an absent one NXDOMAIN, a lame one and one with a wrong signature SERVFAIL.
    """
    codes = {
        Delegation.SERVED: dns.rcode.NOERROR,
        Delegation.ABSENT: dns.rcode.NXDOMAIN,
        Delegation.LAME: dns.rcode.SERVFAIL,
        Delegation.SIGNED: dns.rcode.NOERROR,
        Delegation.BOGUS: dns.rcode.SERVFAIL,
    }

    answer = ask(lab, parse_host(world.domain), "MX")

    assert codes[world.delegation] == answer.rcode()


@pytest.mark.parametrize(("domain", "authentic"), [("signed.example", True), ("unsigned.example", False)])
def test_the_resolver_vouches_for_signed_zones_alone(lab: Laboratory, domain: str, authentic: bool) -> None:
    """
    The AD bit is set where every signature was checked (RFC 4035 §3.2.3), also on the absence of a name.
    """
    bits = []
    for name in (f"_imaps._tcp.{domain}", f"nobody.{domain}"):
        query = dns.message.make_query(name, "SRV")
        query.flags |= dns.flags.AD
        with inside(lab.namespaces.client):
            bits.append(bool(dns.query.udp(query, lab.resolver, timeout=5).flags & dns.flags.AD))

    assert bits == [authentic, authentic]


def test_the_resolver_speaks_dns_over_tls(lab: Laboratory) -> None:
    """
    The resolver answers on port 853 with a certificate for its address.
    """
    query = dns.message.make_query("imap.both.example", "A")
    trust = ssl.create_default_context(cafile=str(lab.ca_file))

    with inside(lab.namespaces.client):
        answer = dns.query.tls(query, lab.resolver, timeout=5, ssl_context=trust, server_hostname=lab.resolver)

    assert {str(lab.places["imap.both.example"].addresses[0])} == addresses(answer)


def test_an_address_that_leads_nowhere_never_answers(lab: Laboratory) -> None:
    """
    Packets to the broken addresses vanish: no refusal, no ICMP.
    """
    with inside(lab.namespaces.client):
        actual = [outcome_of_connecting(str(ip), 993, 0.2) for ip in NOWHERE]

    assert actual == ["dropped", "dropped"]


@pytest.mark.parametrize("host", ["mail.slow.example", "smtp.sleepy.example"])
def test_slow_hosts_greet_late(lab: Laboratory, host: str) -> None:
    """
    A slow host, Exim or Postfix, greets after more than five seconds.
    """
    ip, service = next(lab.places[host].where(Speaks.SMTP))

    with inside(lab.namespaces.client):
        assert greets_late(ip, service, 5.0)


def test_old_servers_speak_old_tls(lab: Laboratory) -> None:
    """
    A host with old TLS shakes hands in TLS 1.1 and not in TLS 1.2.
    """
    ip = str(lab.places["mail.oldtls.example"].addresses[0])
    command = ("openssl", "s_client", "-connect", f"{ip}:465", "-brief", "-cipher", "ALL:@SECLEVEL=0")

    actual = [f"Protocol version: {v}" in lab.in_client(*command, o).stderr for v, o in OLD_AND_NEW]

    assert actual == [True, False]


def test_a_tarpit_says_nothing(lab: Laboratory) -> None:
    """
    Every port of a tarpit accepts and keeps silent.
    """
    place = lab.places["mail.tarpit.example"]

    with inside(lab.namespaces.client):
        actual = [silent(str(ip), port, 0.1) for ip in place.addresses for port in MAIL_PORTS]

    assert all(actual)


def test_ssh_greets_on_mail_ports(lab: Laboratory) -> None:
    """
    Where a world says SSH, SSH's own greeting is sent.
    """
    place = lab.places["imap.ssh.example"]

    with inside(lab.namespaces.client):
        actual = [greeting(ip, service)[:8] for ip, service in place.where(Speaks.SSH)]

    assert actual == [b"SSH-2.0-"] * 4


def test_a_refusing_host_greets_with_554(lab: Laboratory) -> None:
    """
    A refusing host speaks SMTP and says no in its first line.
    """
    place = lab.places["smtp.refusing.example"]

    with inside(lab.namespaces.client):
        actual = [greeting(ip, service)[:4] for ip, service in place.where(Speaks.SMTP)]

    assert actual == [b"554 "] * 4


def test_mail_hosts_name_themselves_and_their_software(lab: Laboratory) -> None:
    """
    Postfix and Exim both run, and each host greets with its own name.
    """
    hosts = {"smtp.both.example": b"ESMTP Postfix", "mail.mailonly.example": b"ESMTP Exim"}

    with inside(lab.namespaces.client):
        greetings = {name: greeting(*next(lab.places[name].where(Speaks.SMTP))) for name in hosts}

    assert all(name.encode() in greetings[name] and software in greetings[name] for name, software in hosts.items())


def test_web_servers_serve_documents_over_https(lab: Laboratory) -> None:
    """
    nginx answers on 443 with a certificate for the host's name and serves the host's pages.
    """
    url = "https://itself.example/lab/hello.txt"
    ip = str(lab.places["itself.example"].addresses[0])

    done = lab.in_client("curl", "-sS", "--cacert", str(lab.ca_file), "--resolve", f"itself.example:443:{ip}", url)

    assert done.stdout == "hello", done.stderr


def test_the_island_has_no_network(lab: Laboratory) -> None:
    """
    A program on the island reaches nobody.
    """
    with inside(lab.namespaces.island), pytest.raises(OSError, match="unreachable"):
        socket.create_connection((lab.resolver, 53), 1)
