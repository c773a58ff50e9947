"""MX records (RFC 5321 §5.1): the hosts that receive the domain's mail, and so, usually, its mailbox provider.

example.org.  MX  10 spool.mail.gandi.net.      ->  the table's row for Gandi
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
from mailsettings.hostnames import parse_host
from mailsettings.interfaces import MX, Net
from mailsettings.leads import Lead, NoMail, Source
from mailsettings.model import Authority, Evidence, Failure, Note, Question
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

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return what follows from the most preferred exchanger in the table, or from the hosts themselves."""
        answer = await net.ask(self.question)
        if not answer.exists:
            return await self._no_such_domain(net)
        records = sorted((r for r in answer.records if isinstance(r, MX)), key=lambda r: (r.preference, r.host))
        hosts = tuple(record.host for record in records if record.host)
        if records and not hosts:
            seen = f"{self.address.unicode_domain} says that it receives no mail (null MX, RFC 7505)"
            return [self._no_mail(FailureKind.NO_MAIL, seen)]
        return list(self._leads(hosts, authentic=answer.authentic))

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

    def _leads(self, hosts: tuple[str, ...], *, authentic: bool) -> Iterator[Lead]:
        """Let the most preferred exchanger in the table decide; without one, follow traces and try the first host."""
        for host in hosts:
            if (row := table.find_mx(host, domain=self.address.domain)) is not None:
                yield from self._provider_leads(host, row, authentic=authentic)
                return
        yield from traces(self.address)
        for host in hosts[:1]:
            yield from self._unknown_host(host, authentic=authentic)

    def _unknown_host(self, host: str, *, authentic: bool) -> Iterator[Lead]:
        """Yield documents of the provider behind *host*, and guesses at mail servers on it."""
        try:
            name = parse_host(host)
        except AddressError:
            yield Note(f"{self} names an exchanger that is no mail server")
            return
        yield from documents_of(name, self.address, authentic=authentic, ispdb=self.ispdb)
        yield from claims_on_mx_host(name)

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
        yield from leads_of_row(row, Evidence(Authority.MX_TABLE, "mx", locator, authentic, self.address.domain))
        yield from documents_of(host, self.address, authentic=authentic, ispdb=self.ispdb)
