"""Names of a certificate that is valid except for its name (RFC 9525): the same server under the name that it proves.

About 7 % of all domains are customers of shared hosters whose mail.customer.example presents the hoster's certificate.
The certificate itself lists the names that it is valid for, and one of them belongs to the very same server.

    mail.customer.example  ->  192.0.2.7, certificate for *.hoster.example
    MX customer.example    ->  srv7.hoster.example  ->  192.0.2.7: the same server, and the certificate is for this name

Where the domain has its own name for the exchanger as well, only the server knows how the hoster calls it: by what it
says before TLS (`220 srv7.hoster.example ESMTP`), or by the PTR record of its address. Both could be forged, so they
are hints: such a name counts only if the certificate covers it, and if it resolves to the same machine and to no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address

from mailsettings.address import EmailAddress
from mailsettings.decision.candidates import SECURE_PORTS
from mailsettings.errors import AddressError, FailureKind, NetworkError
from mailsettings.hostnames import name_matches, parse_host
from mailsettings.interfaces import MX, Net
from mailsettings.leads import Lead
from mailsettings.model import Authority, Claim, Endpoint, Evidence, HostName, Probe, Protocol, Question, Security, Task
from mailsettings.policy import Policy

MAX_NAMES = 6  # of one certificate; hosters put hundreds of customers into one
MAIL_LABELS = ("imap", "mail", "smtp", "pop", "pop3", "mx", "server", "webmail")


def leads_from_certificate(address: EmailAddress, probe: Probe) -> Iterator[Lead]:
    """Yield the lookups that follow from *probe* if only the certificate's name was wrong."""
    if probe.failure is not None and probe.failure.kind is FailureKind.CERTIFICATE_NAME and probe.tls is not None:
        names = CertificateNames(
            address, probe.endpoint, probe.address, probe.tls.names, probe.aliases, probe.own_names
        )
        yield names
        if names.covers_more and _is_public(probe.address):
            yield ReverseNames(names)


@dataclass(frozen=True, slots=True)
class CertificateNames:
    """The names that an endpoint's certificate is valid for, which may belong to the same server."""

    address: EmailAddress
    endpoint: Endpoint
    ip: str
    names: tuple[str, ...]  # of the certificate
    aliases: tuple[str, ...]  # the CNAME targets of the endpoint's host
    own_names: tuple[str, ...] = ()  # that the server gave itself, of those the certificate is valid for

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
        certain = likely_names(self.names, (*self.aliases, *exchangers), self.endpoint.host)
        hints = (name for name in self.own_names if name not in certain)
        return [*self.lookups(certain), *self.lookups(usable_names(self.names, hints, self.endpoint.host), hinted=True)]

    def lookups(self, names: Sequence[str], *, hinted: bool = False) -> Iterator[SameServer]:
        """Yield the lookup of each of *names*."""
        yield from (SameServer(self, name, order, hinted) for order, name in enumerate(names))

    @property
    def covers_more(self) -> bool:
        """True if the certificate is valid for names that it does not list, or for too many to try them all."""
        return len(self.names) > MAX_NAMES or any("*" in name for name in self.names)


@dataclass(frozen=True, slots=True)
class ReverseNames:
    """The names of an endpoint's address (RFC 1035 §3.5, RFC 3596 §2.5), which anyone may choose for an own address."""

    origin: CertificateNames

    @property
    def authority(self) -> Authority:
        return Authority.CERTIFICATE

    @property
    def question(self) -> Question:
        return Question(ip_address(self.origin.ip).reverse_pointer, "PTR")

    def sends(self, policy: Policy) -> str | None:
        """Return an empty text: nothing else is sent. None where *policy* does not allow guesses."""
        return "" if policy.guess else None

    @property
    def where(self) -> Question:
        return self.question

    def __str__(self) -> str:
        return str(self.question)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return a lookup for each name that the certificate covers."""
        answer = await net.ask(self.question)
        hosts = (record for record in answer.records if isinstance(record, str))
        names = usable_names(self.origin.names, hosts, self.origin.endpoint.host)
        return list(self.origin.lookups(names, hinted=True))


@dataclass(frozen=True, slots=True)
class SameServer:
    """A name of the certificate, if it resolves to the very server that presented the certificate."""

    origin: CertificateNames
    name: str
    order: int
    hinted: bool = False  # by the server itself or by a PTR record, not by the certificate or the domain

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
        addresses = await net.resolve(self.name)
        if self.origin.ip not in addresses or (self.hinted and await self._leads_elsewhere(net, addresses)):
            seen = f"{self.name} is another machine than {self.origin.endpoint.host}, which shows its certificate"
            raise NetworkError(FailureKind.CERTIFICATE_NAME, seen)
        return list(self._claims())

    async def _leads_elsewhere(self, net: Net, addresses: Sequence[str]) -> bool:
        """Return True if one of *addresses* is new, and of the same family: a hint must not make us contact a stranger.

        Customers' names often lack the IPv6 address that the hoster's own name has.
        """
        family = ip_address(self.origin.ip).version
        found = {text for text in addresses if ip_address(text).version == family}
        return not found <= {self.origin.ip, *await net.resolve(self.origin.endpoint.host)}

    def _claims(self) -> Iterator[Claim]:
        """Yield the same port; for a hint, which may have come from one port only, the usual ones beside it."""
        old, evidence = self.origin.endpoint, Evidence(Authority.CERTIFICATE, "certificate", str(self.origin))
        usual = [(protocol, *port) for protocol, ports in SECURE_PORTS.items() for port in ports if self.hinted]
        for place, server in enumerate(dict.fromkeys((*usual, (old.protocol, old.port, old.security)))):
            protocol, port, security = server
            eager = not self.hinted or (security is Security.TLS and protocol is not Protocol.POP3)
            endpoint = Endpoint(protocol, self.name, port, security)
            yield Claim(endpoint, evidence, order=self.order + MAX_NAMES * place, eager=eager)


def likely_names(names: Sequence[str], pointed_at: Sequence[str], host: str) -> tuple[str, ...]:
    """Return at most MAX_NAMES hosts that a certificate for *names* is valid for, the likeliest first.

    First the hosts that DNS points at, if the certificate covers them; then its own names without a wildcard, those
    with a mail label before the others.
    """
    plain = sorted((name for name in names if "*" not in name), key=lambda name: name.split(".")[0] not in MAIL_LABELS)
    return usable_names(names, (*pointed_at, *plain), host)


def usable_names(names: Sequence[str], hosts: Iterable[str], host: str) -> tuple[str, ...]:
    """Return at most MAX_NAMES of *hosts*, other than *host*, that a certificate for *names* is valid for."""
    usable = (each for each in dict.fromkeys(hosts) if each != host and _is_host(each) and name_matches(each, names))
    return tuple(usable)[:MAX_NAMES]


def _is_public(ip: str) -> bool:
    """Return True if the names of *ip* are in public DNS: those of a private network are not asked for elsewhere."""
    return bool(ip) and ip_address(ip).is_global


def _is_host(name: str) -> bool:
    try:
        return parse_host(name) == name
    except AddressError:
        return False
