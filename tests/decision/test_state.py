"""What is taken in, and what of it is asked."""

from __future__ import annotations

import pytest

from mailsettings.decision.state import SearchState
from mailsettings.errors import FailureKind
from mailsettings.leads import Lead, NotOffered
from mailsettings.model import Authority, Claim, Endpoint, Evidence, Failure, Note, Protocol, Question, Security
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


def srv_claim(port: int, service: str) -> Claim:
    """Return the claim of an SRV record at the usual place of *service*."""
    server = Endpoint(Protocol.SMTP, "smtp.example.org", port, Security.TLS if port == 465 else Security.STARTTLS)
    return Claim(server, Evidence(Authority.SRV, "srv", f"{service}._tcp.example.org SRV"))


@pytest.mark.parametrize("declined_first", [True, False])
@pytest.mark.parametrize(
    ("declined", "named"),
    [("_submissions", srv_claim(587, "_submission")), ("_submission", srv_claim(465, "_submissions"))],
)
def test_one_form_of_a_service_that_is_not_offered_is_none(
    declined: str, named: Claim, *, declined_first: bool
) -> None:
    """
    `_submissions` is refused, `_submission` has a server (RFC 6186 §3.4, RFC 8314 §5.1): mail can be sent.
    """
    state = SearchState(ADA, Policy())
    refused: list[Lead] = [NotOffered(Protocol.SMTP, Question(f"{declined}._tcp.example.org", "SRV"))]

    for leads in (refused, [named]) if declined_first else ([named], refused):
        state.add(leads)

    assert state.not_offered == frozenset()
    assert (list(state.failures), list(state.notes)) == ([], [])


def test_every_form_of_a_service_is_refused() -> None:
    """
    The control: each record is reported, and a server of another service changes nothing.
    """
    state = SearchState(ADA, Policy())
    state.add([NotOffered(Protocol.IMAP, Question(f"{name}._tcp.example.org", "SRV")) for name in ("_imap", "_imaps")])
    state.add([srv_claim(587, "_submission")])

    assert state.not_offered == {Protocol.IMAP}
    assert (len(state.failures), len(state.notes)) == (2, 2)


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
