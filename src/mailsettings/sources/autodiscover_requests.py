"""The requests of Autodiscover (MS-OXDISCO §3.1.5): of the domain, for the user; of a hoster, for the postmaster.

They are sent over https only. What the two fixed hosts of the domain answer is its own statement; a host that a
plaintext redirect or an SRV record names counts no more than what led to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from mailsettings.address import ADDRESS, LOCAL_PART, EmailAddress, parse_address
from mailsettings.errors import AddressError, DocumentError, FailureKind, NetworkError
from mailsettings.formats import autodiscover as autodiscover_format
from mailsettings.formats.autodiscover import AutodiscoverSettings, RedirectAddress, RedirectURL
from mailsettings.formats.clientconfig import ClientConfig
from mailsettings.formats.server import DocumentServer
from mailsettings.formats.text import host_of
from mailsettings.hostnames import belongs_to, inside, parse_host
from mailsettings.interfaces import Net, Page
from mailsettings.leads import Lead
from mailsettings.model import URL, Authority, Fact, Note, Service
from mailsettings.policy import Policy
from mailsettings.sources.documents import Place, Provenance, leads_of

PATH = "/autodiscover/autodiscover.xml"
MAX_REDIRECTS = 3  # in Autodiscover responses; the policy limits those of HTTP
_ORDER = 200  # after autoconfig and PACC
_UNAUTHORIZED = 401
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
NEUTRAL_LOCAL_PART = "postmaster"  # every domain has it (RFC 5321 §4.5.1)
_HEADERS = (("Content-Type", autodiscover_format.CONTENT_TYPE),)
_MICROSOFT = ("office365.com", "outlook.com", "office.com", "microsoft.com")


def hosts_of(domain: str) -> tuple[str, str]:
    return f"autodiscover.{domain}", domain


@dataclass(frozen=True, slots=True)
class AutodiscoverRequest:
    """The request for one address, posted to one host of the address's own domain."""

    url: str
    address: EmailAddress  # the user's
    alias: EmailAddress | None = None  # the one to request, after a redirectAddr
    redirects: tuple[str, ...] = ()  # earlier requests that led to this one
    named_by: Authority = Authority.DOMAIN  # of what named the host

    @property
    def authority(self) -> Authority:
        return self.named_by

    @property
    def place(self) -> int:
        return Place.AUTODISCOVER

    @property
    def recipient(self) -> EmailAddress:
        return self.alias or self.address

    def sends(self, policy: Policy) -> str | None:
        """Say what is sent besides the URL; None where *policy* does not allow sending the address."""
        return "the address, in the body of the POST" if policy.send_address else None

    @property
    def where(self) -> URL:
        return URL(self.url, "POST")

    def __str__(self) -> str:
        return str(self.where)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return the servers, or the next request."""
        page = await self._request(net)
        if page.status == _UNAUTHORIZED:
            note = Note(f"{host_of(self.url)} has Autodiscover, but wants an Exchange login; none was sent")
            return (note, ExchangeHost(host_of(self.url), self.recipient, self.named_by))
        match autodiscover_format.read(page.body):
            case RedirectAddress(other):
                return (self._follow_address(other),)
            case RedirectURL(url):
                return (self._follow_url(url),)
            case AutodiscoverSettings() as settings:
                provenance = _provenance(self.address.domain, self.named_by)
                return tuple(_leads_of(settings, page, provenance, self._as_template))

    async def _request(self, net: Net) -> Page:
        if not net.policy.send_address:
            raise NetworkError(FailureKind.DENIED, "the policy does not let the address be sent")
        if not (self.url.startswith("https://") and is_own(host_of(self.url), self.address.domain)):
            raise NetworkError(FailureKind.DENIED, "the address goes to https hosts of its own domain only")
        body = autodiscover_format.request_body(str(self.recipient))
        return await net.get(self.url, method="POST", body=body, headers=_HEADERS, answers=frozenset({_UNAUTHORIZED}))

    def _follow_address(self, text: str) -> Lead:
        try:
            other = parse_address(text)
        except AddressError as error:
            raise DocumentError(f"redirectAddr is no address: {error}") from error
        if str(other) in (str(self.recipient), str(self.address)):
            raise DocumentError(f"redirectAddr {str(other)!r} is what was asked for")
        if not is_own(other.domain, self.address.domain):
            return Note(f"{host_of(self.url)} says that the mailbox is at another domain, which was not asked")
        return self._next(replace(self, url=f"https://{hosts_of(other.domain)[0]}{PATH}", alias=other))

    def _follow_url(self, url: str) -> Lead:
        if not is_own(host_of(url), self.address.domain):
            return Note(
                f"Autodiscover of {self.address.domain} leads to {elsewhere(host_of(url))}, which was not asked"
            )
        return self._next(replace(self, url=url))

    def _next(self, request: AutodiscoverRequest) -> AutodiscoverRequest:
        redirects = (*self.redirects, f"{self.recipient} {self.url}")
        if len(redirects) > MAX_REDIRECTS or f"{request.recipient} {request.url}" in redirects:
            count = len(redirects)
            raise DocumentError(f"Autodiscover leads in a circle or too far: {count} answers in a row lead on")
        return replace(request, redirects=redirects)

    def _as_template(self, server: DocumentServer) -> DocumentServer:
        """Return *server* with its login name as a template: the response is for this one address."""
        names = {str(self.address): ADDRESS, self.address.local: LOCAL_PART}
        given = server.usernames or ((str(self.alias),) if self.alias else ())
        return replace(server, usernames=tuple(names.get(name, name) for name in given))


@dataclass(frozen=True, slots=True)
class HosterRequest:
    """The request about a domain, posted to a host of another domain: for its postmaster, never for the user."""

    host: str
    domain: str
    named_by: Authority  # of what named the host

    @property
    def authority(self) -> Authority:
        return self.named_by

    @property
    def place(self) -> int:
        return Place.AUTODISCOVER

    @property
    def recipient(self) -> EmailAddress:
        return parse_address(f"{NEUTRAL_LOCAL_PART}@{self.domain}")

    def sends(self, policy: Policy) -> str | None:
        """Say what is sent besides the URL; None where *policy* sends no address at all."""
        return f"{self.recipient}, in the body of the POST" if policy.send_address else None

    @property
    def where(self) -> URL:
        return URL(f"https://{self.host}{PATH}", "POST")

    def __str__(self) -> str:
        return str(self.where)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return the servers; where the host leads on is not asked."""
        if not net.policy.send_address:
            raise NetworkError(FailureKind.DENIED, "the policy does not let an address be sent")
        body = autodiscover_format.request_body(str(self.recipient))
        answers = frozenset({_UNAUTHORIZED})
        page = await net.get(self.where.text, method="POST", body=body, headers=_HEADERS, answers=answers)
        if page.status == _UNAUTHORIZED:
            note = Note(f"Autodiscover of {self.domain} is at another host, which wants a login; none was sent")
            return (note, ExchangeHost(self.host, self.recipient, self.named_by))
        match autodiscover_format.read(page.body):
            case AutodiscoverSettings() as settings:
                provenance = _provenance(self.domain, self.named_by)
                return tuple(_leads_of(settings, page, provenance, self._as_template))
            case _:
                return (Note(f"Autodiscover of {self.domain} leads on from another host, which was not asked"),)

    def _as_template(self, server: DocumentServer) -> DocumentServer:
        """Return *server* with its login name as a template; any other name is the postmaster's own."""
        names = {str(self.recipient): ADDRESS, NEUTRAL_LOCAL_PART: LOCAL_PART}
        return replace(server, usernames=tuple(names[name] for name in server.usernames if name in names))


def _leads_of(
    settings: AutodiscoverSettings,
    page: Page,
    provenance: Provenance,
    as_template: Callable[[DocumentServer], DocumentServer],
) -> Iterator[Lead]:
    """Yield the servers of *settings*, with login names as *as_template* makes them, and that there is Exchange."""
    config = ClientConfig(
        incoming=tuple(map(as_template, settings.incoming)),
        outgoing=tuple(map(as_template, settings.outgoing)),
        services=settings.services,
        notes=settings.notes,
    )
    yield from leads_of(config, page, provenance)
    if settings.services:
        tenant = microsoft_tenant(host_of(settings.services[0].url))
        yield Note(f"{provenance.domain} also offers Exchange{tenant}")


@dataclass(frozen=True, slots=True)
class ExchangeHost:
    """The JSON look-up beside an Autodiscover that requires a login: which Exchange has the mailbox."""

    host: str  # inside the address's domain; elsewhere the address is the postmaster's
    address: EmailAddress
    named_by: Authority = Authority.DOMAIN  # of what named the host

    @property
    def authority(self) -> Authority:
        return Authority.GUESS  # brings no servers

    @property
    def where(self) -> URL:
        query = f"Email={quote(str(self.address), safe='')}&Protocol=ActiveSync&RedirectCount=1"
        return URL(f"https://{self.host}/autodiscover/autodiscover.json?{query}")

    def __str__(self) -> str:
        return str(self.where)

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return where the mailbox is, and its ActiveSync URL."""
        # Where it redirects to is not told the address.
        page = await net.get(str(self), answers=_REDIRECTS)
        url = autodiscover_format.read_v2(page.body)
        provenance = _provenance(self.address.domain, self.named_by)
        return (
            Note(f"the mailbox is in Exchange{microsoft_tenant(host_of(url))}"),
            Fact(Service("activesync", url), provenance.evidence(page)),
        )


def is_own(host: str, domain: str) -> bool:
    """Return whether *host* may be told an address of *domain*: it is inside, and no machine that strangers rent."""
    return inside(host, domain) and belongs_to(host, domain)


def may_host(host: str, domain: str) -> bool:
    """Return whether *host* may be asked about *domain* as its hoster: a host elsewhere, with a proper name.

    Not a machine that strangers rent inside the domain. Microsoft 365 answers nothing without a login.
    """
    if inside(host, domain) or microsoft_tenant(host):
        return False
    try:
        return parse_host(host) == host
    except AddressError:
        return False


def _provenance(domain: str, named_by: Authority) -> Provenance:
    """Return the origin of a response for *domain*: it may be forged if what named the host may be."""
    authentic = named_by is Authority.DOMAIN
    return Provenance("autodiscover", named_by, domain, authentic, _ORDER, Place.AUTODISCOVER)


def elsewhere(host: str) -> str:
    """Describe *host* without naming it: the name is the text of what leads there, and no server of it is used."""
    return f"another host{microsoft_tenant(host)}"


def microsoft_tenant(host: str) -> str:
    return " (Microsoft 365)" if any(inside(host, domain) for domain in _MICROSOFT) else ""
