"""One world is one answer, however long each of the domain's own sources takes, within the time they are waited for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailsettings import Policy
from mailsettings.testing import FakeNetwork, imap, smtp
from tests.security.test_who_vouches import VICTIM, document
from tests.support.security.harness import AttackResult, detect_in

# The fixed places in their order; a document of each names a host of its own.
PLACES = (
    f"https://autoconfig.{VICTIM}/mail/config-v1.1.xml",
    f"https://{VICTIM}/.well-known/autoconfig/mail/config-v1.1.xml",
    f"https://{VICTIM}/.well-known/mail-v1.xml",
)
# Seconds before a response: less than a verified answer waits for a better place.
DELAYS = st.sampled_from((0.0, 0.05, 0.1, 0.2, 0.3))


def incoming_only(host: str) -> str:
    before, _, after = document(host).partition("<outgoingServer")
    return before + after.partition("</outgoingServer>")[2]


def search(documents: dict[str, str], delays: dict[str, float]) -> AttackResult:
    """Search a domain with *documents* by URL, each after its delay; every host of theirs is alive."""

    def build(net: FakeNetwork) -> None:
        for url, text in documents.items():
            net.page(url, text, delay=delays[url])
        for number in range(len(PLACES)):
            net.host(f"box{number}.{VICTIM}").serve(imap(), smtp())

    return detect_in(build, policy=Policy(), rtt=0.02)


def best(result: AttackResult) -> tuple[str, str]:
    return result.detection.incoming[0].endpoint.host, result.detection.outgoing[0].endpoint.host


@settings(deadline=None)
@given(published=st.sets(st.sampled_from(range(3)), min_size=1), delays=st.tuples(DELAYS, DELAYS, DELAYS))
def test_the_first_place_of_a_domain_decides(published: set[int], delays: tuple[float, ...]) -> None:
    """
    Whichever document comes first in time.
    """
    documents = {PLACES[number]: document(f"box{number}.{VICTIM}") for number in published}

    found = best(search(documents, dict(zip(PLACES, delays, strict=True))))

    assert found == (f"box{min(published)}.{VICTIM}",) * 2


@settings(deadline=None)
@given(delays=st.tuples(DELAYS, DELAYS))
def test_both_directions_come_from_the_document_that_has_both(delays: tuple[float, ...]) -> None:
    """
    The first document has no server for sending: reading is taken from the second as well.
    """
    documents = {PLACES[0]: incoming_only(f"box0.{VICTIM}"), PLACES[1]: document(f"box1.{VICTIM}")}

    assert best(search(documents, dict(zip(PLACES, delays, strict=False)))) == (f"box1.{VICTIM}",) * 2


@pytest.mark.parametrize("delay", [0.0, 0.2])
def test_two_documents_that_disagree_are_noted(delay: float) -> None:
    """
    If the second has come by the time at which the first one's servers are verified.
    """
    documents = {PLACES[number]: document(f"box{number}.{VICTIM}") for number in (0, 1)}

    result = search(documents, dict(zip(PLACES, (delay, 0.0), strict=False)))

    notes = [note.text for note in result.detection.notes if "disagree on incoming" in note.text]
    assert [all(f"box{number}.{VICTIM}" in note for number in (0, 1)) for note in notes] == [True]
