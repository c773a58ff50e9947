"""JMAP: a session object, or a 401 in front of one, is a mail service beside IMAP and POP3 (RFC 8620 §2.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailsettings.address import EmailAddress
from mailsettings.errors import AddressError
from mailsettings.formats import jmap as jmap_format
from mailsettings.formats.text import host_of
from mailsettings.hostnames import parse_host
from mailsettings.interfaces import SRV, Answer, Net
from mailsettings.leads import Lead, NotOffered
from mailsettings.model import (
    URL,
    Authority,
    Claim,
    Endpoint,
    Evidence,
    Fact,
    Note,
    Protocol,
    Question,
    Security,
    Service,
)
from mailsettings.policy import Policy
from mailsettings.sources.documents import Provenance
from mailsettings.sources.srv import most_preferred

_ORDER = 300  # after everything that names servers
_UNAUTHORIZED = 401
_PATH = "/.well-known/jmap"


def jmap(address: EmailAddress) -> Iterator[Lead]:
    """Yield the SRV question and the session at its well-known URL."""
    yield JmapRecords(address.domain)
    provenance = Provenance("jmap", Authority.DOMAIN, address.domain, order=_ORDER)
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
        provenance = Provenance("jmap", authority, self.domain, answer.authentic, _ORDER)
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
        evidence = self.provenance.evidence(page.url, authentic=page.authentic)
        if page.status != _UNAUTHORIZED:
            if not jmap_format.offers_mail(page.body):
                return (Fact(Note(f"{page.url}: JMAP without mail"), evidence),)
        elif not self.named:
            # Entire web sites require a login: at a URL that the domain has not named, a 401 does not prove JMAP.
            evidence = Evidence(Authority.GUESS, "jmap", page.url, domain=evidence.domain)
        endpoint = Endpoint(Protocol.JMAP, host_of(page.url), 443, Security.TLS)
        return (
            Claim(endpoint, evidence, order=self.provenance.order, eager=False),
            Fact(Service("jmap", page.url), evidence),
        )
