"""SRV records: the servers that the domain names for its users (RFC 6186 §3, RFC 8314 §5.1, RFC 2782).

_imaps._tcp.example.org.  SRV  0 1 993 imap.example.org.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mailsettings.address import EmailAddress
from mailsettings.errors import AddressError
from mailsettings.formats.server import usual_security
from mailsettings.hostnames import parse_host
from mailsettings.interfaces import SRV, Answer, Net
from mailsettings.leads import Lead, NotOffered
from mailsettings.model import Authority, Claim, Endpoint, Evidence, Note, Protocol, Question, Security
from mailsettings.policy import Policy

SERVICES = (
    ("_imaps", Protocol.IMAP, Security.TLS),
    ("_imap", Protocol.IMAP, Security.STARTTLS),
    ("_pop3s", Protocol.POP3, Security.TLS),
    ("_pop3", Protocol.POP3, Security.STARTTLS),
    ("_submissions", Protocol.SMTP, Security.TLS),
    ("_submission", Protocol.SMTP, Security.STARTTLS),
)
PLACE_SIGNED = 5  # after the domain's documents for mail programs, before Autodiscover
PRIORITIES = 65536  # RFC 2782: 16 bits; leaves room for the place within a priority


def srv(address: EmailAddress) -> Iterator[Lead]:
    """Yield one lookup for each service label of mail."""
    for label, protocol, security in SERVICES:
        yield ServiceRecords(address, label, protocol, security)


@dataclass(frozen=True, slots=True)
class ServiceRecords:
    """The SRV records of one service."""

    address: EmailAddress
    label: str
    protocol: Protocol
    security: Security

    @property
    def authority(self) -> Authority:
        return Authority.DOMAIN  # if DNSSEC signs them

    @property
    def place(self) -> int:
        return PLACE_SIGNED

    @property
    def question(self) -> Question:
        return Question(f"{self.label}._tcp.{self.address.domain}", "SRV")

    def sends(self, policy: Policy) -> str | None:
        """Return an empty text: nothing else is sent. None if *policy* excludes the protocol."""
        return "" if self.protocol in policy.protocols else None

    @property
    def where(self) -> Question:
        return self.question

    def __str__(self) -> str:
        return str(self.question)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return a claim for each record, in the order of RFC 2782, or that the service is not offered."""
        answer = await net.ask(self.question)
        records = [record for record in answer.records if isinstance(record, SRV)]
        if len(records) == 1 and not records[0].target:
            return [NotOffered(self.protocol, self.question)]
        leads: list[Lead] = []
        for place, record in enumerate(in_order(records, seed=f"{self.address} {self.label}")):
            leads += self._leads(record, place, answer)
        return leads

    def _leads(self, record: SRV, place: int, answer: Answer) -> Iterator[Lead]:
        # Half of the published _submission records name port 465: the port decides, not the label.
        usual = usual_security(record.port, self.security)
        if usual is not self.security:
            yield Note(f"{self} names port {record.port}, which is for {usual} rather than {self.security}")
        evidence = Evidence(
            authority=Authority.DOMAIN if answer.authentic else Authority.SRV,
            source="srv",
            locator=str(self),
            authentic=answer.authentic,
            domain=self.address.domain,
            place=PLACE_SIGNED if answer.authentic else 0,
        )
        for alternative, security in enumerate(dict.fromkeys((usual, self.security))):
            try:
                endpoint = Endpoint(self.protocol, parse_host(record.target), record.port, security)
            except AddressError:
                yield Note(f"{self} names a target that is no mail server")
                continue
            yield Claim(endpoint, evidence, order=record.priority * PRIORITIES + 2 * place + alternative)


def most_preferred(records: Iterable[SRV]) -> tuple[SRV, ...]:
    """Return the one of *records* with the lowest priority, then the highest weight; nothing if there are none.

    For services of which one server is enough: unlike mail's, they are not spread by chance.
    """
    return tuple(sorted(records, key=lambda record: (record.priority, -record.weight, record.target))[:1])


def in_order(records: Sequence[SRV], *, seed: str) -> Iterator[SRV]:
    """Yield *records* by priority, and by weighted chance within one priority (RFC 2782, "Weight").

    The chance is drawn from *seed*: users spread over the servers as the weights say, yet one user gets the same answer
    each time.
    """
    chance = random.Random(seed)  # noqa: S311 - spreads load, protects nothing
    waiting = sorted(set(records), key=lambda record: (record.priority, record.weight, record.target, record.port))
    while waiting:
        first = [record for record in waiting if record.priority == waiting[0].priority]
        # Weight 0 comes first in the running sum, so that it has a small chance only (RFC 2782).
        drawn = chance.randint(0, sum(record.weight for record in first))
        for record in first:
            drawn -= record.weight
            if drawn <= 0:
                break
        waiting.remove(record)
        yield record
