"""What visitors may see of a detection, decided by types: no text says by itself whether it is a secret."""

from dataclasses import replace

import pytest

from mailsettings.decision.reasons import reasons_for
from mailsettings.errors import FailureKind
from mailsettings.model import Audience, Authority, Candidate, Detection, Failure, Note, NoteKind, Probe
from mailsettings.policy.proxy import parse_proxy
from mailsettings.schema import from_json, to_json
from mailsettings.web.redaction import redacted
from tests.support.detections import VERIFIED, choice
from tests.support.values import endpoint

SERVER = VERIFIED.incoming[0].endpoint
PLACE = f"{SERVER.host}:{SERVER.port}: "
CANARY = "canary-7351"


def notes_of(detection: Detection) -> list[str]:
    return [str(note) for note in redacted(detection).notes]


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(Note(CANARY, audience=Audience.USER), id="for the user"),
        pytest.param(Note(CANARY, about=SERVER), id="about a server"),
        pytest.param(Note(CANARY, about=endpoint("imap://old.example.org:143")), id="about a server not in the answer"),
        pytest.param(Note(f" {PLACE}{CANARY}", audience=Audience.USER), id="text begins otherwise"),
        pytest.param(Note(CANARY, NoteKind.IPV6_BROKEN, audience=Audience.USER), id="about the operator's network"),
    ],
)
def test_a_note_for_the_user_is_not_shown_whatever_its_text(note: Note) -> None:
    """
    Notes were hidden by how they began: by "proxy ", or by host and port of a server in the answer.
    """
    assert notes_of(replace(VERIFIED, notes=(note,))) == []


def test_notes_about_the_proxy_are_not_shown() -> None:
    """
    How the service reaches the network is of no interest to its visitors.
    """
    notes = parse_proxy(f"socks5://{CANARY}.example:1080").notes(dns_past_proxy=True)

    assert notes_of(replace(VERIFIED, notes=notes)) == []


@pytest.mark.parametrize(
    "text",
    [f"{PLACE}port 993 is unusual for imap", "proxy settings.xml: username is missing", "sources disagree"],
    ids=["begins like a server's", "begins like the proxy's", "plain"],
)
def test_a_note_for_everyone_is_shown_whatever_its_text(text: str) -> None:
    """
    A document or a file that is named like a server or a proxy does not hide what is said of it.
    """
    assert notes_of(replace(VERIFIED, notes=(Note(text),))) == [text]


def test_the_audience_survives_the_store() -> None:
    """
    The notes of an answer that was stored are as private as before.
    """
    detection = replace(
        VERIFIED, notes=(Note("for all"), Note(CANARY, audience=Audience.USER), Note("x", about=SERVER))
    )

    assert notes_of(from_json(to_json(detection))) == ["for all"]


@pytest.mark.parametrize("displaced", [True, False], ids=["displaced", "stated"])
def test_the_reasons_are_those_of_what_is_shown(displaced: bool) -> None:
    """
    They are written anew from the redacted probe, and still say that the provider's own servers come first.
    """
    failed = Probe(SERVER, failure=Failure(FailureKind.GREETING_REFUSED, SERVER, CANARY))
    before = choice(f"imap://{SERVER.host}:{SERVER.port}", authority=Authority.GUESS)
    candidate = Candidate(before.endpoint, before.claims)
    before = replace(
        before,
        probe=failed,
        verified=False,
        displaced=displaced,
        reasons=tuple(reasons_for(candidate, failed, "example.org", displaced=displaced)),
    )

    after = redacted(replace(VERIFIED, incoming=(before,))).incoming[0]

    assert after.reasons == (before.reasons[0], "not verified: greeting-refused", *before.reasons[2:])
