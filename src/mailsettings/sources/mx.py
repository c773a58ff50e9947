"""MX records (RFC 5321 §5.1): the hosts that receive the domain's mail, and so, usually, its mailbox provider.

example.org.  MX  10 spool.mail.gandi.net.      ->  the table's row for Gandi, if all of preference 10 belong to it
example.org.  MX  10 mx1.hc123.iphmx.com.       ->  a filter: traces of the provider behind it
example.org.  MX  10 mail.example.org.          ->  the domain's own server: worth contacting
example.org.  MX  0 .                           ->  receives no mail (RFC 7505)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from mailsettings.address import EmailAddress
from mailsettings.errors import AddressError, FailureKind
from mailsettings.hostnames import parse_host, registrable
from mailsettings.interfaces import MX, Net
from mailsettings.leads import Lead, NoMail, Source
from mailsettings.model import Authority, ConfirmReason, Evidence, Failure, Note, Question
from mailsettings.provider_table import table
from mailsettings.provider_table.rows import Row
from mailsettings.sources.autoconfig import documents_of
from mailsettings.sources.guess import claims_on_mx_host
from mailsettings.sources.hosting_traces import traces
from mailsettings.sources.ispdb import ISPDB
from mailsettings.sources.provider_table import leads_of_row


def mx(address: EmailAddress) -> Iterator[Lead]:
    """Yield the lookup of the domain's mail exchangers."""
    yield MailExchangers(address)


def mx_with(ispdb: str) -> Source:
    """Return the source that looks the exchanger's domain up in the collection *ispdb*, or in none if it is empty."""

    def mx(address: EmailAddress) -> Iterator[Lead]:
        yield MailExchangers(address, ispdb)

    return mx


@dataclass(frozen=True, slots=True)
class MailExchangers:
    """The MX records of the address's domain."""

    address: EmailAddress
    ispdb: str = ISPDB  # base URL as in sources.ispdb; empty: not asked

    @property
    def then(self) -> str:
        asked = f"autoconfig and {urlsplit(self.ispdb).hostname}" if self.ispdb else "autoconfig"
        traces_of = ", ".join(str(lead) for lead in traces(self.address))
        return f"where the table does not know the exchanger: {asked} for its domain; a hoster's traces: {traces_of}"

    @property
    def authority(self) -> Authority:
        return Authority.MX_TABLE

    @property
    def question(self) -> Question:
        return Question(self.address.domain, "MX")

    @property
    def where(self) -> Question:
        return self.question

    def __str__(self) -> str:
        return str(self.question)

    @property
    def disputes_row(self) -> bool:
        """True: exchangers of another provider show that the table's row for the domain is wrong or out of date."""
        return True

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return what follows from the most preferred exchangers: their row in the table, or the hosts themselves."""
        answer = await net.ask(self.question)
        if not answer.exists:
            return await self._no_such_domain(net)
        records = sorted((r for r in answer.records if isinstance(r, MX)), key=lambda r: (r.preference, r.host))
        known = tuple(record for record in records if record.host)
        if records and not known:
            seen = f"{self.address.unicode_domain} says that it receives no mail (null MX, RFC 7505)"
            return [self._no_mail(FailureKind.NO_MAIL, seen)]
        exchangers = tuple(RankedExchanger.of(r, known[0].preference, self.address.domain) for r in known)
        return list(self._leads(exchangers, authentic=answer.authentic))

    async def _no_such_domain(self, net: Net) -> list[Lead]:
        """Return what NXDOMAIN means here: usually that there is no such domain, sometimes no Internet."""
        domain = self.address.unicode_domain
        if table.find_domain(self.address.domain) is not None:
            # Does not end the search: the table's servers may have been looked up already, and they may resolve.
            return [Failure(FailureKind.NO_NETWORK, self.question, f"{domain} exists, but not for this resolver")]
        if not (await net.ask(Question("com", "NS"))).exists:
            return [self._no_mail(FailureKind.NO_NETWORK, f"this resolver knows neither {domain} nor .com")]
        # RFC 8020: nothing exists below a name that does not exist.
        return [self._no_mail(FailureKind.NO_SUCH_NAME, f"the domain {domain} does not exist")]

    def _no_mail(self, kind: FailureKind, seen: str) -> NoMail:
        return NoMail(Failure(kind, self.question, seen))

    def _leads(self, exchangers: tuple[RankedExchanger, ...], *, authentic: bool) -> Iterator[Lead]:
        """Let the row decide that has all most preferred exchangers; else follow traces, and try the first host."""
        if (row := _common_row(exchangers)) is not None:
            if self._is_expected(row):
                yield from documents_of(exchangers[0].host, self.address, authentic=authentic, ispdb=self.ispdb)
            else:
                yield from self._provider_leads(exchangers[0].host, row, authentic=authentic)
            if row.provider.kind == "filter":
                # Behind a filter, a provider's exchanger takes the mail while the filter is down.
                for exchanger in exchangers:
                    yield from self._trace_leads(exchanger)
            return
        yield from traces(self.address)
        for exchanger in exchangers:
            yield from self._trace_leads(exchanger)
        for exchanger in exchangers[:1]:
            yield from self._unknown_host(exchanger.host, authentic=authentic)

    def _is_expected(self, row: Row) -> bool:
        """Return True if the table has the domain itself, and its mail comes in through the exchangers of *row*."""
        own = table.find_domain(self.address.domain)
        return own is not None and row.provider.id in (own.provider.id, *own.received_by)

    def _trace_leads(self, exchanger: RankedExchanger) -> Iterator[Lead]:
        """Yield the servers of the row of an exchanger that shows less than that the mailboxes are there."""
        row = exchanger.row
        if row is not None and row.provider.kind not in PASSING_ON and not self._is_expected(row):
            best = exchanger.best and not exchanger.certain
            reason = ConfirmReason.CUSTOMER_EXCHANGER if best else ConfirmReason.BACKUP_EXCHANGER
            locator = f"{self.question} = {exchanger.host}"
            yield from leads_of_row(
                row, Evidence(Authority.TRACE, "mx", locator, domain=self.address.domain, confirm_reason=reason)
            )

    def _unknown_host(self, host: str, *, authentic: bool) -> Iterator[Lead]:
        """Yield documents of the provider behind *host*, and guesses at mail servers on it."""
        try:
            name = parse_host(host)
        except AddressError:
            yield Note(f"{self} names an exchanger that is no mail server")
            return
        yield from documents_of(name, self.address, authentic=authentic, ispdb=self.ispdb)
        yield from claims_on_mx_host(name, Evidence(Authority.GUESS, "mx", name, domain=name))

    def _provider_leads(self, host: str, row: Row, *, authentic: bool) -> Iterator[Lead]:
        name = row.provider.name
        if row.provider.kind == "filter":
            yield Note(
                f"mail to {self.address.unicode_domain} goes through the filter {name}; the mailboxes are elsewhere"
            )
            yield from traces(self.address)
            return
        if row.provider.kind == "forwarder":
            yield Note(f"{name} forwards the mail of {self.address.unicode_domain}; the mailboxes are elsewhere")
        locator = f"{self.question} = {host}"
        evidence = Evidence(Authority.MX_TABLE, "mx", locator, authentic, self.address.domain)
        yield from leads_of_row(row, evidence)
        if not (row.incoming or row.outgoing) and row.names(host):
            # Each customer has a server name of its own, and the exchanger is on that machine.
            yield from claims_on_mx_host(host, evidence)
        yield from documents_of(host, self.address, authentic=authentic, ispdb=self.ispdb)


# Kinds of providers whose exchangers pass mail on: that one is a backup says nothing about the mailboxes.
PASSING_ON = frozenset({"filter", "forwarder"})


@dataclass(frozen=True, slots=True)
class RankedExchanger:
    """One mail exchanger, and the row of the table that it belongs to."""

    host: str
    best: bool  # there is no more preferred one
    row: Row | None
    certain: bool  # the name is the provider's machine, and not one that a customer can have

    @classmethod
    def of(cls, record: MX, lowest: int, domain: str) -> RankedExchanger:
        """Return the exchanger of *record*; *lowest* is the preference of the best one."""
        best = record.preference == lowest
        if (found := table.find_mx(record.host, domain=domain)) is not None:
            return cls(record.host, best, found.row, found.certain)
        # A name below a provider's own mail domain may be a customer's.
        return cls(record.host, best, table.find_domain(registrable(record.host)), certain=False)


def _common_row(exchangers: tuple[RankedExchanger, ...]) -> Row | None:
    """Return the row that every most preferred exchanger certainly belongs to."""
    rows = [exchanger.row if exchanger.certain else None for exchanger in exchangers if exchanger.best]
    ids = {row.provider.id if row else "" for row in rows}
    return rows[0] if len(ids) == 1 else None
