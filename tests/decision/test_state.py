"""What is taken in, and what of it is asked."""

from __future__ import annotations

import pytest

from mailsettings.decision.state import SearchState
from mailsettings.errors import FailureKind
from mailsettings.leads import NotOffered
from mailsettings.model import Failure, Note, Protocol, Question
from mailsettings.policy import Policy
from mailsettings.sources import SOURCES
from tests.support.values import ADA


def test_a_service_that_is_not_offered_is_a_failure_and_a_note() -> None:
    """Programs read the kind, people the note."""
    state = SearchState(ADA, Policy())

    state.add([NotOffered(Protocol.IMAP, Question("_imap._tcp.example.org", "SRV"))])

    expected = Failure(FailureKind.NOT_OFFERED, Question("_imap._tcp.example.org", "SRV"), "IMAP is not offered")
    assert list(state.failures) == [expected]
    assert list(state.notes) == [Note("_imap._tcp.example.org SRV says that IMAP is not offered")]


@pytest.mark.parametrize(
    ("policy", "word"),
    [
        pytest.param(Policy(allow_http=False), "http://", id="no plaintext"),
        pytest.param(Policy(send_address=False), "POST", id="the address stays at home"),
        pytest.param(Policy(protocols=frozenset({Protocol.IMAP})), "_pop3", id="no POP3"),
        pytest.param(Policy(guess=False), "A/AAAA", id="no guesses"),
    ],
)
def test_what_the_policy_does_not_allow_is_not_asked(policy: Policy, word: str) -> None:
    """It is left out of the search as it is left out of the plan."""
    leads = [lead for source in SOURCES for lead in source(ADA)]

    asked = [str(lookup) for lookup in SearchState(ADA, policy).add(leads)]

    assert [question for question in asked if word in question] == []
    assert any(word in str(lookup) for lookup in SearchState(ADA, Policy()).add(leads))
