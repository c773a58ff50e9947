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
from dataclasses import dataclass, replace
from urllib.parse import quote

from mailsettings.address import ADDRESS, LOCAL_PART, EmailAddress, parse_address
from mailsettings.errors import AddressError, DocumentError, FailureKind, NetworkError
from mailsettings.formats import autodiscover as autodiscover_format
from mailsettings.formats.autodiscover import AutodiscoverSettings, RedirectAddress, RedirectURL
from mailsettings.formats.clientconfig import ClientConfig
from mailsettings.formats.server import DocumentServer
from mailsettings.formats.text import host_of, port_in
from mailsettings.hostnames import belongs_to, inside, parse_host
from mailsettings.interfaces import SRV, Net, Page
from mailsettings.leads import Lead
from mailsettings.model import URL, Authority, Fact, Note, Question, Service
from mailsettings.policy import Policy
from mailsettings.sources.documents import Place, Provenance, leads_of
from mailsettings.sources.srv import most_preferred

PATH = "/autodiscover/autodiscover.xml"
MAX_REDIRECTS = 3  # in Autodiscover responses; the policy limits those of HTTP
_ORDER = 200  # after autoconfig and PACC
_UNAUTHORIZED = 401
_ANY_ERROR = frozenset(range(400, 600))
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NEUTRAL = "postmaster"  # every domain has it (RFC 5321 §4.5.1)
_HEADERS = (("Content-Type", autodiscover_format.CONTENT_TYPE),)
_MICROSOFT = ("office365.com", "outlook.com", "office.com", "microsoft.com")


def autodiscover(address: EmailAddress) -> Iterator[Lead]:
    """Yield the two fixed URLs, the plaintext redirect, and the SRV record."""
    requests = tuple(AutodiscoverRequest(f"https://{host}{PATH}", address) for host in _hosts(address.domain))
    yield from requests
    yield PlaintextRedirect(address, requests)
    yield AutodiscoverRecords(address)


def _hosts(domain: str) -> tuple[str, str]:
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
                return tuple(self._settings(settings, page))

    async def _request(self, net: Net) -> Page:
        if not net.policy.send_address:
            raise NetworkError(FailureKind.DENIED, "the policy does not let the address be sent")
        if not (self.url.startswith("https://") and _is_own(host_of(self.url), self.address.domain)):
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
        if not _is_own(other.domain, self.address.domain):
            return Note(f"{host_of(self.url)} says that the mailbox is at another domain, which was not asked")
        return self._next(replace(self, url=f"https://{_hosts(other.domain)[0]}{PATH}", alias=other))

    def _follow_url(self, url: str) -> Lead:
        if not _is_own(host_of(url), self.address.domain):
            return Note(
                f"Autodiscover of {self.address.domain} leads to {_elsewhere(host_of(url))}, which was not asked"
            )
        return self._next(replace(self, url=url))

    def _next(self, request: AutodiscoverRequest) -> AutodiscoverRequest:
        redirects = (*self.redirects, f"{self.recipient} {self.url}")
        if len(redirects) > MAX_REDIRECTS or f"{request.recipient} {request.url}" in redirects:
            count = len(redirects)
            raise DocumentError(f"Autodiscover leads in a circle or too far: {count} answers in a row lead on")
        return replace(request, redirects=redirects)

    def _settings(self, settings: AutodiscoverSettings, page: Page) -> Iterator[Lead]:
        config = ClientConfig(
            incoming=tuple(map(self._as_template, settings.incoming)),
            outgoing=tuple(map(self._as_template, settings.outgoing)),
            services=settings.services,
            notes=settings.notes,
        )
        yield from leads_of(config, page, _provenance(self.address.domain, self.named_by))
        yield from _exchange_note(settings, self.address.domain)

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
        return parse_address(f"{_NEUTRAL}@{self.domain}")

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
                return tuple(self._settings(settings, page))
            case _:
                return (Note(f"Autodiscover of {self.domain} leads on from another host, which was not asked"),)

    def _settings(self, settings: AutodiscoverSettings, page: Page) -> Iterator[Lead]:
        config = ClientConfig(
            incoming=tuple(map(self._as_template, settings.incoming)),
            outgoing=tuple(map(self._as_template, settings.outgoing)),
            services=settings.services,
            notes=settings.notes,
        )
        yield from leads_of(config, page, _provenance(self.domain, self.named_by))
        yield from _exchange_note(settings, self.domain)

    def _as_template(self, server: DocumentServer) -> DocumentServer:
        """Return *server* with its login name as a template; any other name is the postmaster's own."""
        names = {str(self.recipient): ADDRESS, _NEUTRAL: LOCAL_PART}
        return replace(server, usernames=tuple(names[name] for name in server.usernames if name in names))


def _exchange_note(settings: AutodiscoverSettings, domain: str) -> Iterator[Note]:
    if settings.services:
        yield Note(f"{domain} also offers Exchange{_microsoft_tenant(host_of(settings.services[0].url))}")


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
        return URL(f"http://{_hosts(self.address.domain)[0]}{PATH}")

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
        if port_in(url) == 443 and _may_host(host, self.address.domain) and self._leads_straight_to(host, page):
            return HosterRequest(host, self.address.domain, Authority.HTTP_DOCUMENT)
        if not _is_own(host, self.address.domain) or port_in(url) != 443:
            return Note(f"Autodiscover of {self.address.domain} leads to {_elsewhere(host)}, which was not asked")
        return AutodiscoverRequest(url, self.address, redirects=(str(self),), named_by=Authority.HTTP_DOCUMENT)

    def _leads_straight_to(self, host: str, page: Page) -> bool:
        """Return True if no third host was on the way."""
        return all(hop == host or _is_own(hop, self.address.domain) for hop in map(host_of, page.route))


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
            f"for {_NEUTRAL}@{self.address.domain} to a host elsewhere"
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
        if record.port == 443 and _may_host(record.target, self.address.domain):
            return HosterRequest(record.target, self.address.domain, named_by)
        if record.port != 443 or not _is_own(record.target, self.address.domain):
            where = _elsewhere(record.target)
            return Note(f"Autodiscover of {self.address.domain} is at {where}, port {record.port}, which was not asked")
        return AutodiscoverRequest(f"https://{record.target}{PATH}", self.address, named_by=named_by)


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
            Note(f"the mailbox is in Exchange{_microsoft_tenant(host_of(url))}"),
            Fact(Service("activesync", url), provenance.evidence(page)),
        )


def _is_own(host: str, domain: str) -> bool:
    """Return whether *host* may be told an address of *domain*: it is inside, and no machine that strangers rent."""
    return inside(host, domain) and belongs_to(host, domain)


def _may_host(host: str, domain: str) -> bool:
    """Return whether *host* may be asked about *domain* as its hoster: a host elsewhere, with a proper name.

    Not a machine that strangers rent inside the domain. Microsoft 365 answers nothing without a login.
    """
    if inside(host, domain) or _microsoft_tenant(host):
        return False
    try:
        return parse_host(host) == host
    except AddressError:
        return False


def _provenance(domain: str, named_by: Authority) -> Provenance:
    """Return the origin of a response for *domain*: it may be forged if what named the host may be."""
    authentic = named_by is Authority.DOMAIN
    return Provenance("autodiscover", named_by, domain, authentic, _ORDER, Place.AUTODISCOVER)


def _elsewhere(host: str) -> str:
    """Describe *host* without naming it: the name is the text of what leads there, and no server of it is used."""
    return f"another host{_microsoft_tenant(host)}"


def _microsoft_tenant(host: str) -> str:
    return " (Microsoft 365)" if any(inside(host, domain) for domain in _MICROSOFT) else ""
