"""What lookups ask, as values."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from mailsettings.interfaces import Net
from mailsettings.leads import Lead, LocatedLookup, Lookup, is_lookup, where_of
from mailsettings.model import URL, Authority, Endpoint, HostName, Protocol, Question, Security, Task
from mailsettings.sources import SOURCES
from mailsettings.sources.autodiscover import ExchangeHost
from mailsettings.sources.certificate_names import CertificateNames, SameServer
from mailsettings.sources.documents import Provenance
from mailsettings.sources.jmap import JmapSession
from mailsettings.sources.pacc import PaccDocument
from tests.support.values import ADA

NAMES = CertificateNames(ADA, Endpoint(Protocol.IMAP, "imap.example.org", 993, Security.TLS), "192.0.2.1", (), ())
LATER = (
    NAMES,
    SameServer(NAMES, "mx.example.org", 0),
    ExchangeHost("example.org", ADA),
    JmapSession("https://example.org/.well-known/jmap", Provenance("jmap", Authority.DOMAIN, "example.org")),
    PaccDocument("example.org", ()),
)
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
