"""Names of a certificate that is valid except for its name (RFC 9525): the same server under the name that it proves.

About 7 % of all domains are customers of shared hosters whose mail.customer.example presents the hoster's certificate.
The certificate itself lists the names that it is valid for, and one of them belongs to the very same server.

    mail.customer.example  ->  192.0.2.7, certificate for *.hoster.example
    MX customer.example    ->  srv7.hoster.example  ->  192.0.2.7: the same server, and the certificate is for this name
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailsettings.address import EmailAddress
from mailsettings.errors import AddressError, FailureKind, NetworkError
from mailsettings.hostnames import name_matches, parse_host
from mailsettings.interfaces import MX, Net
from mailsettings.leads import Lead
from mailsettings.model import Authority, Claim, Endpoint, Evidence, HostName, Probe, Question, Task

MAX_NAMES = 6  # of one certificate; hosters put hundreds of customers into one
MAIL_LABELS = ("imap", "mail", "smtp", "pop", "pop3", "mx", "server", "webmail")


def leads_from_certificate(address: EmailAddress, probe: Probe) -> Iterator[Lead]:
    """Yield the lookup that follows from *probe* if only the certificate's name was wrong."""
    if probe.failure is not None and probe.failure.kind is FailureKind.CERTIFICATE_NAME and probe.tls is not None:
        yield CertificateNames(address, probe.endpoint, probe.address, probe.tls.names, probe.aliases)


@dataclass(frozen=True, slots=True)
class CertificateNames:
    """The names that an endpoint's certificate is valid for, which may belong to the same server."""

    address: EmailAddress
    endpoint: Endpoint
    ip: str
    names: tuple[str, ...]  # of the certificate
    aliases: tuple[str, ...]  # the CNAME targets of the endpoint's host

    @property
    def authority(self) -> Authority:
        return Authority.CERTIFICATE

    @property
    def where(self) -> Task:
        return Task(f"certificate of {self.endpoint.host}:{self.endpoint.port}")

    def __str__(self) -> str:
        return str(self.where)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return a lookup for each name worth resolving: targets of CNAME and MX, then the certificate's own names."""
        answer = await net.ask(Question(self.address.domain, "MX"))
        exchangers = tuple(record.host for record in answer.records if isinstance(record, MX))
        names = likely_names(self.names, (*self.aliases, *exchangers), self.endpoint.host)
        return [SameServer(self, name, order) for order, name in enumerate(names)]


@dataclass(frozen=True, slots=True)
class SameServer:
    """A name of the certificate, if it resolves to the very server that presented the certificate."""

    origin: CertificateNames
    name: str
    order: int

    @property
    def authority(self) -> Authority:
        return Authority.CERTIFICATE

    @property
    def where(self) -> HostName:
        return HostName(self.name)

    def __str__(self) -> str:
        return str(self.where)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return a claim for the same port on this name. NetworkError if it is another machine."""
        if self.origin.ip not in await net.resolve(self.name):
            seen = f"{self.name} is another machine than {self.origin.endpoint.host}, which shows its certificate"
            raise NetworkError(FailureKind.CERTIFICATE_NAME, seen)
        old = self.origin.endpoint
        endpoint = Endpoint(old.protocol, self.name, old.port, old.security)
        return [Claim(endpoint, Evidence(Authority.CERTIFICATE, "certificate", str(self.origin)), order=self.order)]


def likely_names(names: Sequence[str], pointed_at: Sequence[str], host: str) -> tuple[str, ...]:
    """Return at most MAX_NAMES hosts that a certificate for *names* is valid for, the likeliest first.

    First the hosts that DNS points at, if the certificate covers them; then its own names without a wildcard, those
    with a mail label before the others.
    """
    covered = [name for name in pointed_at if name_matches(name, names)]
    plain = sorted((name for name in names if "*" not in name), key=lambda name: name.split(".")[0] not in MAIL_LABELS)
    usable = (name for name in dict.fromkeys((*covered, *plain)) if name != host and _is_host(name))
    return tuple(usable)[:MAX_NAMES]


def _is_host(name: str) -> bool:
    try:
        return parse_host(name) == name
    except AddressError:
        return False
