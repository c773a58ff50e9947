"""Services beside mail that the domain names in SRV records (RFC 6764 §3, RFC 5804 §1.8): reported, never contacted.

_caldavs._tcp.example.org SRV 0 1 443 dav.example.org  ->  caldav at https://dav.example.org/.well-known/caldav
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailsettings.address import EmailAddress
from mailsettings.errors import AddressError
from mailsettings.hostnames import parse_host
from mailsettings.interfaces import SRV, Answer, Net
from mailsettings.leads import Lead
from mailsettings.model import Authority, Evidence, Fact, Note, Question, Service
from mailsettings.sources.srv import most_preferred

# Label, kind, and the URL of a service at host and port.
_LABELS = (
    ("_caldavs", "caldav", "https://{host}{port}/.well-known/caldav"),
    ("_carddavs", "carddav", "https://{host}{port}/.well-known/carddav"),
    ("_sieve", "managesieve", "sieve://{host}{port}"),
)
_USUAL_PORTS = {"caldav": 443, "carddav": 443, "managesieve": 4190}


def services(address: EmailAddress) -> Iterator[Lead]:
    """Yield one question for each kind of service."""
    for label, kind, url in _LABELS:
        yield ServiceNames(address.domain, label, kind, url)


@dataclass(frozen=True, slots=True)
class ServiceNames:
    """The SRV records of one kind of service."""

    domain: str
    label: str
    kind: str
    url: str  # with {host} and {port}

    @property
    def authority(self) -> Authority:
        return Authority.GUESS  # names no mail servers: nothing waits for it

    @property
    def question(self) -> Question:
        return Question(f"{self.label}._tcp.{self.domain}", "SRV")

    @property
    def where(self) -> Question:
        return self.question

    def __str__(self) -> str:
        return str(self.question)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return the most preferred server of the service."""
        answer = await net.ask(self.question)
        records = [record for record in answer.records if isinstance(record, SRV) and record.target]
        return [self._service(record, answer) for record in most_preferred(records)]

    def _service(self, record: SRV, answer: Answer) -> Lead:
        try:
            host = parse_host(record.target)
        except AddressError:
            return Note(f"{self} names a target that is no server")
        port = "" if record.port == _USUAL_PORTS[self.kind] else f":{record.port}"
        authority = Authority.DOMAIN if answer.authentic else Authority.SRV
        # As of the records that name mail servers: they are one statement of the domain.
        evidence = Evidence(authority, "srv", str(self), answer.authentic, self.domain)
        return Fact(Service(self.kind, self.url.format(host=host, port=port)), evidence)
