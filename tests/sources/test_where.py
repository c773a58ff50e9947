"""What lookups ask, as values."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from mailsettings.interfaces import Net
from mailsettings.leads import Lead, LocatedLookup, Lookup, is_lookup, place_of, where_of
from mailsettings.model import URL, Authority, Endpoint, HostName, Protocol, Question, Security, Task
from mailsettings.sources import SOURCES
from mailsettings.sources.autoconfig import documents_of
from mailsettings.sources.autodiscover_requests import ExchangeHost
from mailsettings.sources.certificate_names import CertificateNames, SameServer
from mailsettings.sources.documents import Provenance
from mailsettings.sources.jmap import JmapSession
from mailsettings.sources.pacc import PaccDocument
from tests.support.documents import autoconfig, autodiscover
from tests.support.fake_net import Web, claims_in
from tests.support.values import ADA

NAMES = CertificateNames(ADA, Endpoint(Protocol.IMAP, "imap.example.org", 993, Security.TLS), "192.0.2.1", (), ())
LATER = (
    NAMES,
    SameServer(NAMES, "mx.example.org", 0),
    ExchangeHost("example.org", ADA),
    JmapSession("https://example.org/.well-known/jmap", Provenance("jmap", Authority.DOMAIN, "example.org")),
    PaccDocument("example.org", ()),
)
SESSION = b'{"capabilities": {"urn:ietf:params:jmap:core": {}, "urn:ietf:params:jmap:mail": {}}}'
LOOKUPS = [lead for source in SOURCES for lead in source(ADA) if is_lookup(lead)]


@pytest.mark.parametrize("lookup", [*LOOKUPS, *LATER], ids=str)
def test_a_lookup_prints_as_the_place_it_asks(lookup: Lookup) -> None:
    """
    What is listed before and what is written of a failure afterwards are the same words.
    """
    assert isinstance(lookup, LocatedLookup)
    assert str(where_of(lookup)) == str(lookup)


def test_each_kind_of_place_is_asked() -> None:
    """
    A question, both addresses of a name, a document.
    """
    assert {type(where_of(lookup)) for lookup in LOOKUPS} == {Question, HostName, URL}


@dataclass(frozen=True, slots=True)
class Own:
    """A caller's lookup, which has no more than it must have."""

    authority: Authority = Authority.OWN_TABLE

    async def run(self, net: Net) -> Sequence[Lead]:
        return ()

    def __str__(self) -> str:
        return "the directory of the company"


def test_a_callers_lookup_is_a_task_by_its_name() -> None:
    """
    Sources of programs that know nothing of places go on working.
    """
    assert where_of(Own()) == Task("the directory of the company")


PLACES = {
    "https://autoconfig.example.org/mail/config-v1.1.xml": 0,
    "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml": 1,
    "https://example.org/.well-known/mail-v1.xml": 2,
    "example.org TXT": 3,
    "_ua-auto-config.example.org TXT": 4,
    "https://autodiscover.example.org/autodiscover/autodiscover.xml (POST)": 6,
    "https://example.org/autodiscover/autodiscover.xml (POST)": 6,
    "_autodiscover._tcp.example.org SRV": 6,
    "_jmap._tcp.example.org SRV": 7,
    "https://example.org/.well-known/jmap": 7,
}


def test_what_the_domain_states_itself_has_an_order() -> None:
    """
    The draft's documents come first: the answer must not depend on which server is faster.
    """
    own = {str(lookup): place_of(lookup) for lookup in LOOKUPS if lookup.authority is Authority.DOMAIN}

    assert {name: place for name, place in own.items() if name in PLACES or "_tcp" not in name} == PLACES


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("url", "body"),
    [
        pytest.param("https://autoconfig.example.org/mail/config-v1.1.xml", autoconfig(), id="autoconfig"),
        pytest.param("https://example.org/.well-known/mail-v1.xml", autoconfig(), id="mail-v1"),
        pytest.param("https://example.org/autodiscover/autodiscover.xml", autodiscover(), id="autodiscover"),
        pytest.param("https://example.org/.well-known/jmap", SESSION, id="jmap"),
    ],
)
async def test_the_evidence_has_the_place_of_its_lookup(url: str, body: bytes) -> None:
    """
    What was found can be compared with what is still being asked.
    """
    lookup = next(lookup for lookup in LOOKUPS if str(lookup).startswith(url))

    claims = claims_in(await lookup.run(Web({url: body})))

    assert {claim.evidence.place for claim in claims} == {place_of(lookup)}


def test_documents_of_an_exchanger_have_an_order() -> None:
    """
    The longer name before its registrable domain, the provider's own document before the collection's.
    """
    lookups = [lead for lead in documents_of("mx1.eu.hoster.example", ADA) if is_lookup(lead)]

    assert [(str(lookup), place_of(lookup)) for lookup in lookups] == [
        ("https://autoconfig.eu.hoster.example/mail/config-v1.1.xml", 0),
        ("https://live.thunderbird.net/autoconfig/v1.1/eu.hoster.example", 1),
        ("https://autoconfig.hoster.example/mail/config-v1.1.xml", 2),
        ("https://live.thunderbird.net/autoconfig/v1.1/hoster.example", 3),
    ]
