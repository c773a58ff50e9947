"""Records of the output, and their verdicts."""

from __future__ import annotations

from mailsettings.bulk.input import Answered
from mailsettings.bulk.output import record_of, verdict
from mailsettings.errors import FailureKind
from mailsettings.model import Detection, Failure, Question
from tests.support.bulk_worlds import run, world


def detection(domain: str) -> Detection:
    """Return what is found for the postmaster of a domain with servers of its own."""
    [answer] = run(world(own=1), [domain])
    assert answer.detection is not None
    return answer.detection


def test_a_record_has_what_a_mail_program_needs() -> None:
    """
    The best server of each direction, flat.
    """
    record = record_of(Answered(3, "o0.example", detection("o0.example")))

    assert (record["place"], record["input"], record["verdict"]) == (3, "o0.example", "verified")
    assert {name: record["incoming"][name] for name in ("host", "port", "security", "trust")} == {
        "host": "imap.o0.example",
        "port": 993,
        "security": "tls",
        "trust": "same-domain",
    }


def test_an_outage_is_no_verdict_on_the_domain() -> None:
    """
    "no-network" can be found in the output and tried again; "nothing" is an answer.
    """
    down = Failure(FailureKind.NO_NETWORK, Question("example.org", "MX"))

    assert (verdict(Detection("a@b.example", failures=(down,))), verdict(Detection("a@b.example"))) == (
        "no-network",
        "nothing",
    )
