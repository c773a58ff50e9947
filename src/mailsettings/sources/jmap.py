"""JMAP: a session object, found by SRV or at its well-known place, is a mail service beside IMAP and POP3.

    _jmap._tcp.example.org SRV 0 1 443 jmap.example.org
    https://jmap.example.org/.well-known/jmap   ->  perhaps a redirect, then a session or 401 (RFC 8620 §2.2)

Most servers show the session only after a login. A 401 proves nothing, because entire web sites require a login: such a
server is named and contacted, and stays unverified. A redirect to another host says where JMAP is by the word of the
first host, and nothing about the first host itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from mailsettings.address import EmailAddress
from mailsettings.errors import AddressError, FailureKind
from mailsettings.formats import jmap as jmap_format
from mailsettings.formats.jmap import LOGIN_FIRST
from mailsettings.formats.text import host_of
from mailsettings.hostnames import parse_host
from mailsettings.interfaces import SRV, Answer, Net, Page
from mailsettings.leads import Lead, NotOffered
from mailsettings.model import (
    URL,
    Authority,
    Claim,
    Endpoint,
    Evidence,
    Fact,
    Failure,
    Note,
    Protocol,
    Question,
    Security,
    Service,
)
from mailsettings.policy import Policy
from mailsettings.sources.documents import Place, Provenance
from mailsettings.sources.srv import most_preferred

_ORDER = 300  # after everything that names servers
_UNAUTHORIZED = 401
_PATH = "/.well-known/jmap"


def jmap(address: EmailAddress) -> Iterator[Lead]:
    """Yield the SRV question and the session at its well-known URL."""
    yield JmapRecords(address.domain)
    provenance = Provenance("jmap", Authority.DOMAIN, address.domain, order=_ORDER, place=Place.JMAP)
    yield JmapSession(f"https://{address.domain}{_PATH}", provenance)


def _disclosure(policy: Policy) -> str | None:
    return "" if Protocol.JMAP in policy.protocols else None


@dataclass(frozen=True, slots=True)
class JmapRecords:
    """The SRV records that name JMAP servers."""

    domain: str

    @property
    def authority(self) -> Authority:
        return Authority.DOMAIN  # if DNSSEC signs them

    @property
    def place(self) -> int:
        return Place.JMAP

    @property
    def question(self) -> Question:
        return Question(f"_jmap._tcp.{self.domain}", "SRV")

    @property
    def then(self) -> str:
        return f"{_PATH} at the host it names"

    def sends(self, policy: Policy) -> str | None:
        """Return an empty text: nothing else is sent. None if *policy* excludes JMAP."""
        return _disclosure(policy)

    @property
    def where(self) -> Question:
        return self.question

    def __str__(self) -> str:
        return str(self.question)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return the session of the most preferred server."""
        answer = await net.ask(self.question)
        records = [record for record in answer.records if isinstance(record, SRV)]
        if len(records) == 1 and not records[0].target:
            return [NotOffered(Protocol.JMAP, self.question)]
        return [self._session(record, answer) for record in most_preferred(records)]

    def _session(self, record: SRV, answer: Answer) -> Lead:
        try:
            host = parse_host(record.target)
        except AddressError:
            return Note(f"{self} names a target that is no server")
        if record.port != 443:
            return Note(f"{self} names port {record.port}; only 443 is asked")
        authority = Authority.DOMAIN if answer.authentic else Authority.SRV
        provenance = Provenance("jmap", authority, self.domain, answer.authentic, _ORDER, Place.JMAP)
        return JmapSession(f"https://{host}{_PATH}", provenance, named=True)


@dataclass(frozen=True, slots=True)
class JmapSession:
    """The session resource, requested without a login."""

    url: str
    provenance: Provenance
    named: bool = False  # by the domain's SRV record; else it is only tried at the well-known URL

    @property
    def authority(self) -> Authority:
        return self.provenance.authority

    @property
    def place(self) -> int:
        return self.provenance.place

    def sends(self, policy: Policy) -> str | None:
        """Return an empty text: nothing else is sent. None if *policy* excludes JMAP."""
        return _disclosure(policy)

    @property
    def where(self) -> URL:
        return URL(self.url)

    def __str__(self) -> str:
        return self.url

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return the service, if there is one. NetworkError or DocumentError if not."""
        page = await net.get(self.url, answers=frozenset({_UNAUTHORIZED}))
        evidence = self._evidence(page)
        if page.status != _UNAUTHORIZED and not jmap_format.offers_mail(page.body):
            return (Fact(Note(f"{page.url}: JMAP without mail"), evidence),)
        endpoint = Endpoint(Protocol.JMAP, host_of(page.url), 443, Security.TLS)
        leads: list[Lead] = [
            Claim(endpoint, evidence, order=self.provenance.order, eager=False),
            Fact(Service("jmap", page.url), evidence),
        ]
        if page.status == _UNAUTHORIZED:
            leads.append(Failure(FailureKind.LOGIN_REQUIRED, endpoint, LOGIN_FIRST))
        return leads

    def _evidence(self, page: Page) -> Evidence:
        """Return who says that JMAP is where the redirects end: the first host, if they lead to another one."""
        evidence = self.provenance.evidence(page)
        if page.status == _UNAUTHORIZED and not self.named:
            # Nothing but the login says that there is JMAP.
            evidence = replace(evidence, authority=Authority.GUESS, authentic=False)
        if host_of(page.url) != host_of(self.url):
            evidence = replace(evidence, locator=f"{self.url}, which leads to {page.url}")
        return evidence
