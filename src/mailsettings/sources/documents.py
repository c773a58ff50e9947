"""What sources of documents share: a document's provenance, and its content as leads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from urllib.parse import quote

from mailsettings.address import EmailAddress, without_words
from mailsettings.errors import DocumentError, FailureKind, NetworkError
from mailsettings.formats import clientconfig
from mailsettings.formats.clientconfig import ClientConfig
from mailsettings.formats.server import DocumentServer
from mailsettings.formats.text import host_of
from mailsettings.hostnames import belongs_to, inside
from mailsettings.interfaces import Net, Page
from mailsettings.leads import Lead
from mailsettings.model import URL, Authority, Claim, Evidence, Fact, Failure, Link, Note, Provider, Service
from mailsettings.policy import Policy
from mailsettings.sources.oauth_metadata import issuer_of

# The server responded, but without a document: it may respond to the same request with the address.
_DOCUMENT_FAILURES = frozenset({FailureKind.HTTP_STATUS, FailureKind.NO_DOCUMENT, FailureKind.INVALID_DOCUMENT})


class Place(IntEnum):
    """The order of what a domain states itself, all of one authority; of its documents, the draft's first.

    The answer must not depend on which of them comes first: scheduling waits for a better place.
    """

    AUTOCONFIG = 0  # and the two other URLs after it
    MAILCONF = 3
    PACC = 4
    SRV = 5
    AUTODISCOVER = 6
    JMAP = 7
    UNSIGNED_MAILCONF = 8  # of the authority of unsigned SRV records, and never before them


@dataclass(frozen=True, slots=True)
class Provenance:
    """The origin of a document, before it is known how the document was fetched."""

    source: str
    authority: Authority
    domain: str  # that vouches for it
    authentic: bool = True  # False: what led to its URL could have been forged
    order: int = 0  # where its servers stand among those of the same authority
    place: int = 0  # where the document stands among the sources of the same authority, see Place

    def evidence(self, page: Page) -> Evidence:
        """Return the evidence for the document *page*: the place it came from and the weakest hop to it decide."""
        authority, authentic = self.authority, self.authentic and page.authentic
        if not page.authentic:
            authority = max(authority, Authority.HTTP_DOCUMENT)
        elif leaves_domain(page):
            # The operator of the last host wrote it; an open redirect is enough to lead there.
            authority, authentic = max(authority, Authority.MX_DOCUMENT), False
        return Evidence(authority, self.source, page.url, authentic, self.domain, self.place)


def leaves_domain(page: Page) -> bool:
    """Return True if a redirect on the way to *page* left the registrable domain of the URL that was asked for."""
    first, *others = (URL(url).host for url in page.route)
    return not all(belongs_to(host, first) for host in others)


@dataclass(frozen=True, slots=True)
class Document:
    """An autoconfig document at a fixed URL."""

    url: str
    provenance: Provenance
    domain: str  # of the address: replaces placeholders
    address: EmailAddress | None = None  # to be sent if the URL alone returns no document

    @property
    def authority(self) -> Authority:
        return self.provenance.authority

    @property
    def place(self) -> int:
        return self.provenance.place

    def sends(self, policy: Policy) -> str | None:
        """Say what is sent besides the URL; None for plain http where *policy* does not allow it."""
        if self.url.startswith("http://") and not policy.allow_http:
            return None
        asks_again = self.address is not None and policy.send_address
        return "the address as ?emailaddress=, if the answer without it is no document" if asks_again else ""

    @property
    def where(self) -> URL:
        return URL(self.url)

    def __str__(self) -> str:
        return self.url

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return what the document states, or the same request with the address in it."""
        try:
            page = await net.get(self.url)
            config = clientconfig.read(page.body, self.domain)
        except (NetworkError, DocumentError) as error:
            if (again := self._with_address(error, net.policy)) is None:
                raise
            return (Failure.of(self.where, error), again)
        return tuple(leads_of(config, page, self.provenance))

    def _with_address(self, error: NetworkError | DocumentError, policy: Policy) -> Document | None:
        """Return the lookup that sends the address: some servers respond 400 without it."""
        if self.address is None or not policy.send_address or error.kind not in _DOCUMENT_FAILURES:
            return None
        # quote() also encodes "+", which servers would decode as a space.
        query = f"emailaddress={quote(str(self.address), safe='')}"
        return replace(self, url=f"{self.url}?{query}", address=None)


@dataclass(frozen=True, slots=True)
class PlaintextDocument:
    """A document requested over plain http, only if https returned none. The request never carries the address."""

    url: str
    provenance: Provenance
    domain: str
    fallback_for: tuple[Document, ...]

    @property
    def authority(self) -> Authority:
        return self.provenance.authority

    @property
    def place(self) -> int:
        return self.provenance.place

    def sends(self, policy: Policy) -> str | None:
        """Say that it is the last resort; None where *policy* does not allow it."""
        return "nothing, and only if https brings no document" if policy.allow_http else None

    @property
    def where(self) -> URL:
        return URL(self.url)

    def __str__(self) -> str:
        return self.url

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return what the document states, or nothing if one over https exists. The requests are shared."""
        if not net.policy.allow_http:
            raise NetworkError(FailureKind.DENIED, "the policy does not allow plain http")
        for document in self.fallback_for:
            if await _exists(document, net):
                return ()
        return await Document(self.url, self.provenance, self.domain).run(net)


async def _exists(document: Document, net: Net) -> bool:
    try:
        leads = await document.run(net)
    except (NetworkError, DocumentError):
        return False  # the document's own lookup reports it
    again = [lead for lead in leads if isinstance(lead, Document)]
    return not again or await _exists(again[0], net)


# Authorities whose documents may speak to the user, if they cannot have been changed on the way.
_WITH_WORDS = frozenset({Authority.OWN_TABLE, Authority.DOMAIN, Authority.ISPDB, Authority.MX_DOCUMENT})


def brings_words(evidence: Evidence) -> bool:
    """Say whether names, hints, links and notes of a document may reach the user; its servers speak for themselves.

    Not where the MX record, the TXT record or the plaintext request that led to it could have been forged.
    """
    return evidence.authentic and evidence.authority in _WITH_WORDS


def leads_of(config: ClientConfig, page: Page, provenance: Provenance) -> Iterator[Lead]:
    """Yield what a document states: servers in its order, facts about the provider, and notes on what is unusual."""
    evidence = provenance.evidence(page)
    hosts = [server.endpoint.host for server in (*config.incoming, *config.outgoing)]
    # The public collection's documents are about other domains than its own.
    near = hosts if evidence.authority is Authority.ISPDB else [host_of(page.url)]
    yield from claims_and_facts(with_links_near(config, near), evidence, provenance.order)
    yield from _notes(config, evidence)
    yield from _foreign_servers(config, evidence)


def claims_and_facts(config: ClientConfig, evidence: Evidence, order: int = 0) -> Iterator[Lead]:
    """Yield the servers and the facts of *config*, all on the same *evidence*."""
    for servers in (config.incoming, config.outgoing):
        yield from _claims(servers, evidence, order)
    if brings_words(evidence):
        yield from (Fact(value, evidence) for value in _facts(config, evidence.domain))
    yield from issuer_of(config, evidence)


def _claims(servers: Sequence[DocumentServer], evidence: Evidence, order: int) -> Iterator[Lead]:
    for place, server in enumerate(servers):
        usernames = server.usernames
        if not brings_words(evidence):
            usernames = tuple(filter(without_words, usernames))
        yield Claim(server.endpoint, evidence, usernames, server.auth, order + place)


def _facts(config: ClientConfig, domain: str) -> Iterator[Provider | Link | Service]:
    if config.name or config.hints:
        yield Provider(domain, config.name, hints=config.hints)
    yield from config.documentation
    yield from config.services
    if config.webmail:
        yield Service("webmail", config.webmail)
    yield from (Service("jmap", server.url) for server in config.incoming if server.url)


def with_links_near(config: ClientConfig, hosts: Sequence[str]) -> ClientConfig:
    """Return *config* without the links that lead out of the registrable domains of *hosts*. A hint keeps its text."""

    def is_near(url: str) -> bool:
        return not url or any(belongs_to(host_of(url), host) for host in hosts)

    return replace(
        config,
        hints=tuple(hint if is_near(hint.url) else replace(hint, url="") for hint in config.hints),
        documentation=tuple(link for link in config.documentation if is_near(link.url)),
    )


def _notes(config: ClientConfig, evidence: Evidence) -> Iterator[Fact[Note]]:
    """Yield the notes of *config*, which quote the document; one without a quotation where it brings no words."""
    if brings_words(evidence):
        yield from (Fact(Note(f"{evidence.locator}: {note}"), evidence) for note in config.notes)
    elif config.notes:
        yield Fact(Note(f"{evidence.locator}: parts of it are unusual"), evidence)


def _foreign_servers(config: ClientConfig, evidence: Evidence) -> Iterator[Fact[Note]]:
    """Note the servers of a domain's own document that lie outside it: the user will be asked about them."""
    if evidence.authority not in (Authority.DOMAIN, Authority.HTTP_DOCUMENT):
        return  # servers outside the domain are the rule in all other documents
    hosts = dict.fromkeys(server.endpoint.host for server in (*config.incoming, *config.outgoing))
    for host in hosts:
        if not inside(host, evidence.domain):
            yield Fact(Note(f"{evidence.locator}: server {host!r} is outside {evidence.domain}"), evidence)
