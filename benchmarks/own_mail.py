"""Domains with servers of their own, or on the machine of a web hoster. Each function describes one.

The second argument is a number that varies it.

imap_and_smtp("d017.example", 17)  ->  imap.d017.example, smtp.d017.example
"""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.mail_domains import Kind, MailDomain, hosts_of
from tests.support.lab.web_documents import ANSWER_POSTS, AUTOCONFIG, AUTODISCOVER, autodiscover, config
from tests.support.lab.world import (
    EXCHANGER,
    HTTP,
    HTTPS,
    IMAP,
    IMAPS,
    POP3,
    POP3S,
    SUBMISSION,
    SUBMISSIONS,
    WEB,
    Certificate,
    Fault,
    Host,
    Service,
    Zone,
)

EVERYTHING = (IMAPS, IMAP, POP3S, POP3, SUBMISSIONS, SUBMISSION, EXCHANGER)
STARTTLS_ONLY = (IMAP, POP3, SUBMISSION, EXCHANGER)
MACHINES = 4  # of the web hoster, of each kind
SHARED = "panels.example"  # machines whose certificate has the customers' names
CLUSTER = "cluster.example"  # machines whose certificate has the machine's name only
WILDCARD = "wildcard.example"  # machines whose certificate is for *.wildcard.example


def at_home(
    domain: str, kind: Kind, hosts: Sequence[Host], *, mx: str, records: Sequence[str] = (), right: Sequence[str] = ()
) -> MailDomain:
    """Return *domain* with *hosts*, the exchanger *mx*, and *right* as the right hosts for both directions."""
    known = hosts_of(right, domain)
    return MailDomain(kind, Zone(domain, tuple(hosts), (f"@ MX 10 {mx}", *records)), known, known)


def imap_and_smtp(domain: str, number: int) -> MailDomain:
    """imap. and smtp., two machines; submission by STARTTLS only on every third."""
    sending = (SUBMISSION,) if number % 3 == 0 else (SUBMISSIONS, SUBMISSION)
    hosts = (Host("imap", (IMAPS, IMAP)), Host("smtp", (*sending, EXCHANGER)))
    return at_home(domain, Kind.USUAL_NAME, hosts, mx="smtp", right=("imap", "smtp"))


def mail(domain: str, _: int) -> MailDomain:
    """One machine, mail."""
    return at_home(domain, Kind.USUAL_NAME, (Host("mail", EVERYTHING),), mx="mail", right=("mail",))


def mail_by_starttls(domain: str, _: int) -> MailDomain:
    """One machine, mail., without ports for TLS."""
    return at_home(domain, Kind.USUAL_NAME, (Host("mail", STARTTLS_ONLY),), mx="mail", right=("mail",))


def pop_and_smtp(domain: str, _: int) -> MailDomain:
    """pop. and smtp., without IMAP."""
    hosts = (Host("pop", (POP3S, POP3)), Host("smtp", (SUBMISSIONS, SUBMISSION, EXCHANGER)))
    return at_home(domain, Kind.USUAL_NAME, hosts, mx="smtp", right=("pop", "smtp"))


def domain_itself(domain: str, _: int) -> MailDomain:
    """One machine under the name of the domain."""
    return at_home(domain, Kind.USUAL_NAME, (Host("@", EVERYTHING),), mx="@", right=("@",))


def mx1(domain: str, _: int) -> MailDomain:
    """One machine that has only the name of an exchanger."""
    return at_home(domain, Kind.USUAL_NAME, (Host("mx1", EVERYTHING),), mx="mx1", right=("mx1",))


def own_before_a_backup(domain: str, _: int) -> MailDomain:
    """mail., and a provider's exchangers as a backup."""
    records = ("@ MX 50 spool.mail.gandi.net.", '@ TXT "v=spf1 mx include:_mailcust.gandi.net -all"')
    return at_home(domain, Kind.USUAL_NAME, (Host("mail", EVERYTHING),), mx="mail", records=records, right=("mail",))


def rented_server(domain: str, number: int) -> MailDomain:
    """One machine under a name that only the MX record gives."""
    label = ("vps", "server1", "srv", "box")[number % 4]
    return at_home(domain, Kind.UNUSUAL_NAME, (Host(label, EVERYTHING),), mx=label, right=(label,))


def rented_server_for_the_domain(domain: str, _: int) -> MailDomain:
    """The same with a certificate that is also for the domain."""
    host = Host("vps", EVERYTHING, Certificate((f"vps.{domain}", domain, f"www.{domain}")))
    return at_home(domain, Kind.USUAL_NAME, (host,), mx="vps", right=("vps",))


# Documents and SRV


def published(domain: str, _: int, label: str = "box") -> MailDomain:
    """Autoconfig and Autodiscover that name a machine of the domain's own."""
    host = f"{label}.{domain}"
    hosts = (
        Host(label, EVERYTHING),
        Host("autoconfig", WEB, pages=((AUTOCONFIG, config(host)),)),
        Host("autodiscover", (HTTPS,), pages=((AUTODISCOVER, autodiscover(host)),), rules=ANSWER_POSTS),
    )
    return at_home(domain, Kind.OWN_DOCUMENT, hosts, mx=label, right=(label,))


def published_usual(domain: str, number: int) -> MailDomain:
    """The same for mail.; the first has SRV records as well."""
    found = published(domain, number, "mail")
    return found.with_records(*srv("mail")) if number % 3 == 0 else found


def published_over_http(domain: str, number: int) -> MailDomain:
    """Autoconfig over http only: for mail., or for a name that nothing else gives."""
    label = ("mail", "mbox")[number % 2]
    kind = (Kind.USUAL_NAME, Kind.UNUSUAL_NAME)[number % 2]
    hosts = (
        Host(label, EVERYTHING),
        Host("autoconfig", (HTTP,), pages=((AUTOCONFIG, config(f"{label}.{domain}")),)),
    )
    return at_home(domain, kind, hosts, mx=label, right=(label,))


def published_by_srv(domain: str, _: int) -> MailDomain:
    """SRV records, unsigned, for a machine that nothing else names."""
    hosts = (Host("store", (IMAPS, IMAP, SUBMISSIONS, SUBMISSION)), Host("mx1", (EXCHANGER,)))
    return at_home(domain, Kind.UNUSUAL_NAME, hosts, mx="mx1", records=srv("store"), right=("store",))


def srv(target: str) -> tuple[str, ...]:
    """Return SRV records for IMAP and submission at *target*.

    As half of all published ones do, the latter name port 465 under the label for STARTTLS.
    """
    return (f"_imaps._tcp SRV 0 1 993 {target}", f"_submission._tcp SRV 0 1 465 {target}")


# Web hosters


def panel(domain: str, number: int) -> MailDomain:
    """A web hoster's machine that has a certificate for the customer's names."""
    return on_machine(domain, Kind.PANEL, f"srv{number % MACHINES}.{SHARED}", right=("mail", "@"))


def panel_with_autodiscover(domain: str, number: int) -> MailDomain:
    """The same with Autodiscover; over http only on every fifth."""
    services: tuple[Service, ...] = (HTTP,) if number % 5 == 0 else WEB
    pages = ((AUTODISCOVER, autodiscover(f"mail.{domain}")),)
    return panel(domain, number).with_hosts(Host("autodiscover", services, pages=pages, rules=ANSWER_POSTS))


def hosters_certificate(domain: str, number: int) -> MailDomain:
    """A web hoster's machine, whose certificate has only the machine's own name."""
    machine = f"node{number % MACHINES}.{CLUSTER}"
    return on_machine(domain, Kind.HOSTERS_CERTIFICATE, machine, right=(f"{machine}.",))


def hosters_wildcard_by_cname(domain: str, number: int) -> MailDomain:
    """The same with a certificate for *.hoster; mail. is a CNAME, which names the machine."""
    machine = f"node{number % MACHINES}.{WILDCARD}"
    records = (f"@ LIKE {machine}.", f"mail CNAME {machine}.")
    return at_home(domain, Kind.HOSTERS_CERTIFICATE, (), mx="mail", records=records, right=(f"{machine}.",))


def hosters_wildcard_by_mx(domain: str, number: int) -> MailDomain:
    """The same with mail. as an address, and the machine's name in the MX."""
    machine = f"node{number % MACHINES}.{WILDCARD}"
    records = (f"@ LIKE {machine}.", f"mail LIKE {machine}.")
    return at_home(domain, Kind.HOSTERS_CERTIFICATE, (), mx=f"{machine}.", records=records, right=(f"{machine}.",))


def hosters_wildcard(domain: str, number: int) -> MailDomain:
    """The same with nothing in the domain's zone that names the machine: it does so itself, in its EHLO reply."""
    machine = f"node{number % MACHINES}.{WILDCARD}"
    return on_machine(domain, Kind.NAMED_BY_SERVER, machine, right=(f"{machine}.",))


def on_machine(domain: str, kind: Kind, machine: str, right: Sequence[str] = ()) -> MailDomain:
    """Return *domain* with all of its names at *machine*."""
    records = tuple(f"{label} LIKE {machine}." for label in ("@", "mail", "www"))
    return at_home(domain, kind, (), mx="mail", records=records, right=right)


# Not usable


def bad_certificate(domain: str, number: int) -> MailDomain:
    """mail. with a certificate that is self-signed or has expired."""
    fault = (Fault.SELF_SIGNED, Fault.EXPIRED)[number % 2]
    return at_home(domain, Kind.NOT_USABLE, (Host("mail", EVERYTHING, Certificate(fault=fault)),), mx="mail")


def exchange_server(domain: str, _: int) -> MailDomain:
    """An Exchange server whose Autodiscover wants a login, without IMAP."""
    autodiscover_host = Host("autodiscover", (HTTPS,), rules="return 401;")
    return at_home(domain, Kind.NOT_USABLE, (Host("mail", (EXCHANGER, HTTPS)), autodiscover_host), mx="mail")


def exchanger_only(domain: str, _: int) -> MailDomain:
    """A machine that receives mail and lets no mail program in from outside."""
    return at_home(domain, Kind.NOT_USABLE, (Host("mail", (EXCHANGER,)),), mx="mail")
