"""Domains with their mail at a provider or hoster: in the table, behind a filter, forwarded, or not in the table.

at_provider("google-workspace")("d017.example", 17)  ->  Google's exchangers; imap.gmail.com, smtp.gmail.com are right
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from benchmarks.customers import mx_records, traces
from benchmarks.mail_domains import Kind, MailDomain
from benchmarks.own_mail import CLUSTER, EVERYTHING, MACHINES, SHARED, at_home, imap_and_smtp, mail, on_machine, srv
from benchmarks.worlds import document
from mailsettings.provider_table import table
from mailsettings.provider_table.rows import Row
from tests.support.lab.web_documents import ANSWER_POSTS, AUTOCONFIG, AUTODISCOVER, autodiscover, config
from tests.support.lab.world import EXCHANGER, HTTPS, WEB, Delegation, Host, Zone

Describe = Callable[[str, int], MailDomain]
# Hosters that the table does not know: with documents about its servers, and without.
PUBLISHING, SILENT = "publishing.example", "smallhost.example"
# Hosters whose row has no servers, since each customer has a machine: the exchanger is that machine.
MACHINES_OF = {"all-inkl": "w0123456.kasserver.com", "mxroute": "arrow.mxrouting.net"}


def at_provider(provider: str) -> Describe:
    """Return the description of a customer of *provider*."""

    def describe(domain: str, number: int) -> MailDomain:
        return _mailboxes(provider, MailDomain(Kind.PROVIDER, _zone(domain, provider, number)))

    return describe


def at_provider_with_a_panel(provider: str) -> Describe:
    """Return the same for a customer whose old web hoster still runs a mail server on mail.D."""

    def describe(domain: str, number: int) -> MailDomain:
        found = at_provider(provider)(domain, number).with_hosts(Host("mail", EVERYTHING))
        return replace(found, kind=Kind.PANEL_BESIDE)

    return describe


def at_provider_with_a_document(provider: str) -> Describe:
    """Return the same for a customer with documents of the provider's under autoconfig.D and autodiscover.D."""

    def describe(domain: str, number: int) -> MailDomain:
        imap, smtp = (servers[0].endpoint.host for servers in (row_of(provider).incoming, row_of(provider).outgoing))
        pages = ((AUTOCONFIG, document(imap, smtp)),)
        return at_provider(provider)(domain, number).with_hosts(
            Host("autoconfig", WEB, pages=pages),
            Host("autodiscover", (HTTPS,), pages=((AUTODISCOVER, autodiscover(imap)),), rules=ANSWER_POSTS),
        )

    return describe


def on_machine_of(provider: str) -> Describe:
    """Return the description of a customer of *provider* with a machine of the provider's."""

    def describe(domain: str, _: int) -> MailDomain:
        machine = MACHINES_OF[provider]
        return at_home(domain, Kind.PROVIDER, (), mx=f"{machine}.", right=(f"{machine}.",))

    return describe


def behind(filter_: str, provider: str) -> Describe:
    """Return the description of a customer of *provider* whose mail comes through *filter_*."""

    def describe(domain: str, number: int) -> MailDomain:
        zone = Zone(domain, records=(*mx_records(filter_, domain, number), *traces(provider)))
        return _mailboxes(provider, MailDomain(Kind.BEHIND_FILTER, zone))

    return describe


def own_exchanger_before(provider: str) -> Describe:
    """Return the description of a customer of *provider* whose mail comes through a machine of the domain's own."""

    def describe(domain: str, _: int) -> MailDomain:
        found = at_home(domain, Kind.BEHIND_FILTER, (Host("gate", (EXCHANGER,)),), mx="gate", records=traces(provider))
        return _mailboxes(provider, found)

    return describe


def own_behind(filter_: str) -> Describe:
    """Return the description of a domain with servers of its own whose mail comes through *filter_*."""

    def describe(domain: str, number: int) -> MailDomain:
        found = (mail, imap_and_smtp)[number % 2](domain, number)
        return replace(found, zone=replace(found.zone, records=mx_records(filter_, domain, number)))

    return describe


def forwarded(forwarder: str) -> Describe:
    """Return the description of a domain whose mail is passed on."""
    return lambda domain, number: MailDomain(Kind.FORWARDED, _zone(domain, forwarder, number))


def not_usable_at(provider: str) -> Describe:
    """Return the description of a customer of *provider*, which lets no mail program in."""
    return lambda domain, number: MailDomain(Kind.NOT_USABLE, _zone(domain, provider, number))


def _zone(domain: str, provider: str, number: int) -> Zone:
    return Zone(domain, records=(*mx_records(provider, domain, number), *traces(provider)))


def _mailboxes(provider: str, found: MailDomain) -> MailDomain:
    """Return *found* with the servers of *provider* as the right ones."""
    row = row_of(provider)
    incoming, outgoing = (frozenset(each.endpoint.host for each in servers) for servers in (row.incoming, row.outgoing))
    return replace(found, incoming=incoming, outgoing=outgoing)


def row_of(provider: str) -> Row:
    """Return the row of *provider*. LookupError if the table has it no more."""
    row = table.by_id(provider)
    if row is None:
        raise LookupError(f"not in the provider table: {provider}; correct benchmarks/customers.py")
    return row


# At a hoster that the table does not know


def small_hosters_document(domain: str, _: int) -> MailDomain:
    """The exchangers of a hoster that publishes documents."""
    return _mail_at(PUBLISHING, domain)


def small_hosters_machine(domain: str, number: int) -> MailDomain:
    """A machine of the hoster's as the exchanger, with the mailboxes on it."""
    machine = f"node{number % MACHINES}.{CLUSTER}"
    return at_home(domain, Kind.HOSTERS_SERVERS, (), mx=f"{machine}.", right=(f"{machine}.",))


def small_hosters_own_names(domain: str, number: int) -> MailDomain:
    """The hoster's exchangers, and mail. as a name of a machine that has a certificate for it."""
    found = on_machine(domain, Kind.PANEL, f"srv{number % MACHINES}.{SHARED}", right=("mail", "@"))
    records = (f"@ MX 10 mx1.{SILENT}.", *(record for record in found.zone.records if " MX " not in record))
    return replace(found, zone=replace(found.zone, records=records))


def own_document_for_small_hoster(domain: str, _: int) -> MailDomain:
    """A document of the domain that names the hoster's servers."""
    pages = ((AUTOCONFIG, config(f"mail.{SILENT}")),)
    return _mail_at(SILENT, domain).with_hosts(Host("autoconfig", WEB, pages=pages))


def srv_for_small_hoster(domain: str, _: int) -> MailDomain:
    """SRV records that name the hoster's servers."""
    return _mail_at(SILENT, domain).with_records(*srv(f"mail.{SILENT}."))


def _mail_at(hoster: str, domain: str) -> MailDomain:
    return at_home(domain, Kind.HOSTERS_SERVERS, (), mx=f"mx1.{hoster}.", right=(f"mail.{hoster}.",))


# No mailboxes


def null_mx(domain: str, _: int) -> MailDomain:
    """A domain that says that it receives no mail."""
    return MailDomain(Kind.NO_MAIL, Zone(domain, records=("@ MX 0 .",)))


def web_only(domain: str, _: int) -> MailDomain:
    """A domain that has a web site only."""
    return MailDomain(Kind.NO_MAIL, Zone(domain))


def gone(domain: str, _: int) -> MailDomain:
    """A domain that does not exist any more."""
    return MailDomain(Kind.NO_MAIL, Zone(domain, delegation=Delegation.ABSENT))
