"""Mailboxes right at a public suffix, where strangers register the names below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import pytest

from mailsettings.address import EmailAddress
from mailsettings.errors import DocumentError, FailureKind, NetworkError
from mailsettings.interfaces import MX, SRV, Answer, Net, Page, Record
from mailsettings.leads import Lead, Lookup, is_lookup, is_permitted, where_of
from mailsettings.model import URL, Authority, Claim, Endpoint, Failure, Probe, Question, TLSFacts
from mailsettings.planning import plan
from mailsettings.policy import Policy
from mailsettings.sources import SOURCES
from mailsettings.sources.certificate_names import leads_from_certificate
from tests.support.documents import autoconfig as document
from tests.support.fake_net import Web
from tests.support.values import ada

SUFFIXES = ["com.br", "co.uk", "rub.de", "nic.in", "github.io", "foo.ck", "k12.ma.us"]
LABELS = ("autoconfig", "autodiscover", "ua-auto-config", "imap", "mail", "www")
POLICIES = {"personal": Policy(), "service": Policy.service(), "all": Policy(exhaustive=True)}


class Everything(Web):
    """Answers every question about *domain* with names below it, serves a document at every URL, and keeps a record."""

    def __init__(self, domain: str, policy: Policy) -> None:
        super().__init__({}, policy=policy)
        self.domain = domain
        self.hosts: set[str] = set()

    async def ask(self, question: Question) -> Answer:
        self.hosts.add(question.name)
        return Answer(question, self._records(question.type))

    def _records(self, kind: str) -> tuple[Record, ...]:
        """Return records that lead everywhere below the domain."""
        below = f"mail.{self.domain}"
        mailconf, spf = f"mailconf=https://www.{self.domain}/x.xml", f"v=spf1 include:{below}"
        texts = (mailconf, spf, f"v=UAAC1; a=sha256; d={'A' * 43}=")
        records: dict[str, tuple[Record, ...]] = {
            "SRV": (SRV(0, 1, 443, below),),
            "MX": (MX(10, below), MX(20, f"mx.{self.domain}")),
            "TXT": texts,
            "NS": (f"ns.{self.domain}",),
        }
        return records.get(kind, ("192.0.2.1",))

    async def resolve(self, host: str) -> tuple[str, ...]:
        self.hosts.add(host)
        return ("192.0.2.1",)

    async def get(self, url: str, *, body: bytes = b"", **_: object) -> Page:
        self.hosts.add(URL(url).host)
        self.requests[url] = body
        return Page(url, 200, "text/xml", document())


async def everything_that_follows(leads: Iterable[Lead], net: Everything, address: EmailAddress) -> list[Claim]:
    """Run the lookups that are permitted, and those that follow; return the claims."""
    waiting, claims, seen = list(leads), list[Claim](), set[Lookup]()
    while waiting:
        lead = waiting.pop(0)
        if isinstance(lead, Claim):
            claims.append(lead)
            waiting += leads_from_certificate(address, other_name(lead.endpoint, net.domain))
        elif is_lookup(lead) and lead not in seen and is_permitted(lead, address, net.policy):
            seen.add(lead)
            with suppress(NetworkError, DocumentError):
                waiting += await lead.run(net)
    return claims


def other_name(endpoint: Endpoint, domain: str) -> Probe:
    """Return the probe of a server whose certificate is for other names of *domain*."""
    names = (f"imap.{domain}", f"shop.{domain}")
    failure = Failure(FailureKind.CERTIFICATE_NAME, endpoint)
    return Probe(endpoint, failure=failure, tls=TLSFacts("TLSv1.3", names), address="192.0.2.1")


def below(domain: str, hosts: Iterable[str]) -> list[str]:
    """Return those of *hosts* that someone can have registered below *domain*."""
    return sorted(
        host
        for host in hosts
        if host.endswith(f".{domain}")
        and not all(label.startswith("_") for label in host.removesuffix(f".{domain}").split("."))
    )


@pytest.mark.anyio
@pytest.mark.parametrize("domain", SUFFIXES)
@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
async def test_no_name_below_a_public_suffix_is_asked(domain: str, policy: Policy) -> None:
    """
    Not by any source, nor by what its answers lead to; and the address is told to no one.
    """
    address, net = ada(domain), Everything(domain, policy)

    claims = await everything_that_follows((lead for source in SOURCES for lead in source(address)), net, address)

    assert (below(domain, net.hosts), net.requests) == ([], {})
    assert {claim.endpoint.host for claim in claims} == {f"mail.{domain}"}


@pytest.mark.anyio
@pytest.mark.parametrize("domain", ["example.com.br", "a.rub.de", "example.org"])
async def test_the_names_of_a_registered_domain_are_asked(domain: str) -> None:
    """
    The same sources in the same world.
    """
    address, net = ada(domain), Everything(domain, Policy())

    await everything_that_follows((lead for source in SOURCES for lead in source(address)), net, address)

    asked = set(below(domain, net.hosts))
    assert asked >= {f"{label}.{domain}" for label in LABELS}


@pytest.mark.parametrize("domain", SUFFIXES)
def test_the_plan_for_a_public_suffix_has_its_records_only(domain: str) -> None:
    """
    What would be asked is what is asked.
    """
    wheres = [where_of(lead) for lead in plan(ada(domain)) if is_lookup(lead)]
    names = [where.name for where in wheres if isinstance(where, Question)]

    assert (len(names), below(domain, names)) == (len(wheres), [])
    assert {domain, f"_imaps._tcp.{domain}"} <= set(names)


@dataclass(frozen=True, slots=True)
class Intranet:
    """A caller's own lookup."""

    authority: Authority

    @property
    def where(self) -> URL:
        return URL("https://intranet.rub.de/mail.xml")

    def __str__(self) -> str:
        return str(self.where)

    async def run(self, net: Net) -> Sequence[Lead]:
        return ()


@pytest.mark.parametrize("authority", [Authority.OWN_TABLE, Authority.DOMAIN])
def test_a_callers_own_lookups_are_the_callers_business(authority: Authority) -> None:
    """
    With the authority of the caller's own table, that is.
    """
    permitted = is_permitted(Intranet(authority), ada("rub.de"), Policy())

    assert permitted is (authority is Authority.OWN_TABLE)
