"""Traces of a hosting provider in CNAME, SPF (RFC 7208) and NS records, where the MX does not name it.

The MX hides the provider behind a mail filter, or behind a name of the domain's own.

    autodiscover.example.org.  CNAME  autodiscover.outlook.com.              ->  Microsoft 365
    example.org.  TXT  "v=spf1 include:spf.protection.outlook.com -all"      ->  Microsoft 365, weaker
    example.org.  NS   dns1.provider.example.                                ->  that hoster, weakest

A trace is a claim like any other: it counts once the servers were contacted and verified, and the user is asked. The
company that may send for a domain, or serves its zone, need not have its mailboxes: SPF and NS records come behind
servers of the domain's own. A CNAME of autodiscover. or autoconfig. is made for mail programs, and comes before them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailsettings.address import EmailAddress
from mailsettings.interfaces import Answer, Net
from mailsettings.leads import Lead
from mailsettings.model import Authority, ConfirmReason, Evidence, Question
from mailsettings.provider_table import table
from mailsettings.sources.provider_table import leads_of_row

# Label, authority of its CNAME. mail. is often an alias of a web mail page.
_ALIASES = (("autodiscover", Authority.HOSTING), ("autoconfig", Authority.HOSTING), ("mail", Authority.TRACE))


def traces(address: EmailAddress) -> Iterator[Lead]:
    """Yield the lookups that may reveal which provider hosts the mailboxes of *address*."""
    for label, authority in _ALIASES:
        yield Trace(address, "cname", Question(f"{label}.{address.domain}", "A"), authority)
    yield Trace(address, "spf", Question(address.domain, "TXT"), Authority.TRACE, place=1)
    yield Trace(address, "ns", Question(address.domain, "NS"), Authority.TRACE, place=2)


@dataclass(frozen=True, slots=True)
class Trace:
    """One question whose answer may name a hoster that is in the table."""

    address: EmailAddress
    kind: str  # cname, spf, ns
    question: Question
    authority: Authority
    place: int = 0

    @property
    def where(self) -> Question:
        return self.question

    def __str__(self) -> str:
        return str(self.question)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return the claims of the hoster that the answer names, if it is in the table."""
        for name in self._names(await net.ask(self.question)):
            if (row := table.find_trace(self.kind, name, domain=self.address.domain)) is not None:
                return list(leads_of_row(row, self._evidence(f"{self.question} = {name}")))
        return []

    def _evidence(self, locator: str) -> Evidence:
        domain, reason = self.address.domain, ConfirmReason.TRACES
        return Evidence(self.authority, "hosting", locator, domain=domain, place=self.place, confirm_reason=reason)

    def _names(self, answer: Answer) -> tuple[str, ...]:
        texts = tuple(record for record in answer.records if isinstance(record, str))
        if self.kind == "cname":
            return answer.aliases
        if self.kind == "ns":
            return texts
        return tuple(include for text in texts for include in spf_includes(text))


def spf_includes(text: str) -> tuple[str, ...]:
    """Return the domains that an SPF record includes or redirects to (RFC 7208 §5.2, §6.1)."""
    if not text.lower().startswith("v=spf1"):
        return ()
    terms = (term.lower().lstrip("+?~-") for term in text.split()[1:])
    return tuple(
        term.partition(sign)[2].removesuffix(".")
        for term in terms
        for sign in ("include:", "redirect=")
        if term.startswith(sign)
    )
