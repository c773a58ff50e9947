"""Autodiscover of the domain, without a login (MS-OXDISCO §3.1.5): it may list IMAP, POP3 and SMTP servers.

    POST https://autodiscover.example.org/autodiscover/autodiscover.xml
    POST https://example.org/autodiscover/autodiscover.xml
    GET  http://autodiscover.example.org/autodiscover/autodiscover.xml, only for a redirect to https
    _autodiscover._tcp.example.org SRV

The request carries the address. It is sent only to https hosts of the address's own domain, never to a parent domain
(autodiscover.<suffix> has collected 96,671 passwords), and a 401 is no reason to send a password.

What the two fixed hosts answer is the domain's own statement. A host that a plaintext redirect or an unsigned SRV
record names is inside the domain, too, but may have been taken over: its answer counts no more than what led to it.

Where the redirect or the record leads out of the domain, as at many hosters, that host is asked for postmaster@D: it is
not told who wants to know. What it answers counts no more than what led there, and where it leads on is not asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailsettings.address import EmailAddress
from mailsettings.errors import DocumentError, FailureKind, NetworkError
from mailsettings.formats.text import host_of, port_in
from mailsettings.interfaces import SRV, Net, Page
from mailsettings.leads import Lead
from mailsettings.model import URL, Authority, Note, Question
from mailsettings.policy import Policy
from mailsettings.sources.autodiscover_requests import (
    NEUTRAL_LOCAL_PART,
    PATH,
    AutodiscoverRequest,
    HosterRequest,
    elsewhere,
    hosts_of,
    is_own,
    may_host,
)
from mailsettings.sources.documents import Place
from mailsettings.sources.srv import most_preferred

_ANY_ERROR = frozenset(range(400, 600))


def autodiscover(address: EmailAddress) -> Iterator[Lead]:
    """Yield the two fixed URLs, the plaintext redirect, and the SRV record."""
    requests = tuple(AutodiscoverRequest(f"https://{host}{PATH}", address) for host in hosts_of(address.domain))
    yield from requests
    yield PlaintextRedirect(address, requests)
    yield AutodiscoverRecords(address)


@dataclass(frozen=True, slots=True)
class PlaintextRedirect:
    """A plaintext request without the address; only a redirect to https counts as its answer (MS-OXDISCO §3.1.5.4)."""

    address: EmailAddress
    fallback_for: tuple[AutodiscoverRequest, ...]

    @property
    def authority(self) -> Authority:
        return Authority.HTTP_DOCUMENT  # the request that it leads to goes over https, but the redirect may be forged

    def sends(self, policy: Policy) -> str | None:
        """Say that it is the last resort; None unless *policy* allows both it and the request that it leads to."""
        allowed = policy.allow_http and policy.send_address
        return "nothing, and only if https brings no answer; just a redirect to https counts" if allowed else None

    @property
    def where(self) -> URL:
        return URL(f"http://{hosts_of(self.address.domain)[0]}{PATH}")

    def __str__(self) -> str:
        return str(self.where)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return the request to the redirect's target, or nothing if https answered. Those requests are shared."""
        if not net.policy.allow_http:
            raise NetworkError(FailureKind.DENIED, "the policy does not allow plain http")
        for request in self.fallback_for:
            if await _has_answer(request, net):
                return ()
        page = await net.get(str(self), answers=_ANY_ERROR)
        if not page.url.startswith("https://"):
            raise DocumentError("no redirect to https", FailureKind.NO_DOCUMENT)
        return (self._follow(page),)

    def _follow(self, page: Page) -> Lead:
        url, host = page.url, host_of(page.url)
        if port_in(url) == 443 and may_host(host, self.address.domain) and self._leads_straight_to(host, page):
            return HosterRequest(host, self.address.domain, Authority.HTTP_DOCUMENT)
        if not is_own(host, self.address.domain) or port_in(url) != 443:
            return Note(f"Autodiscover of {self.address.domain} leads to {elsewhere(host)}, which was not asked")
        return AutodiscoverRequest(url, self.address, redirects=(str(self),), named_by=Authority.HTTP_DOCUMENT)

    def _leads_straight_to(self, host: str, page: Page) -> bool:
        """Return True if no third host was on the way."""
        return all(hop == host or is_own(hop, self.address.domain) for hop in map(host_of, page.route))


async def _has_answer(request: AutodiscoverRequest, net: Net) -> bool:
    try:
        await request.run(net)
    except (NetworkError, DocumentError):
        return False  # the request's own lookup reports it
    return True


@dataclass(frozen=True, slots=True)
class AutodiscoverRecords:
    """The SRV record that names a host for Autodiscover."""

    address: EmailAddress

    @property
    def authority(self) -> Authority:
        return Authority.DOMAIN  # if DNSSEC signs it

    @property
    def place(self) -> int:
        return Place.AUTODISCOVER

    @property
    def question(self) -> Question:
        return Question(f"_autodiscover._tcp.{self.address.domain}", "SRV")

    @property
    def then(self) -> str:
        return (
            f"the same POST to the host it names, if that is inside {self.address.domain}; "
            f"for {NEUTRAL_LOCAL_PART}@{self.address.domain} to a host elsewhere"
        )

    def sends(self, policy: Policy) -> str | None:
        """Return an empty text: nothing else is sent. None where *policy* does not allow what it leads to."""
        return "" if policy.send_address else None

    @property
    def where(self) -> Question:
        return self.question

    def __str__(self) -> str:
        return str(self.question)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return the request to the most preferred target: inside the domain for the address, else for postmaster."""
        answer = await net.ask(self.question)
        records = [record for record in answer.records if isinstance(record, SRV) and record.target]
        return [self._follow(record, signed=answer.authentic) for record in most_preferred(records)]

    def _follow(self, record: SRV, *, signed: bool) -> Lead:
        named_by = Authority.DOMAIN if signed else Authority.SRV
        if record.port == 443 and may_host(record.target, self.address.domain):
            return HosterRequest(record.target, self.address.domain, named_by)
        if record.port != 443 or not is_own(record.target, self.address.domain):
            where = elsewhere(record.target)
            return Note(f"Autodiscover of {self.address.domain} is at {where}, port {record.port}, which was not asked")
        return AutodiscoverRequest(f"https://{record.target}{PATH}", self.address, named_by=named_by)
