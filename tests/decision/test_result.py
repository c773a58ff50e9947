"""From what was found to the answer: which notes it has, and for whom they are."""

from dataclasses import replace

import pytest

from mailsettings.decision.result import detection_of
from mailsettings.decision.state import SearchState
from mailsettings.model import Audience, Authority, Detection, Note, NoteKind, Probe, SettledBy
from mailsettings.policy import Policy
from mailsettings.policy.proxy import parse_proxy
from tests.support.values import ADA, claim, endpoint, verified

IMAP = "imap://imap.example.org:993"
NOTE = Note("_imap._tcp.example.org SRV names port 465")


def answered(probe: Probe, policy: Policy | None = None) -> Detection:
    found = SearchState(ADA, policy or Policy())
    found.add([claim(IMAP, Authority.SRV), NOTE])
    found.record_probe(probe, 0.1)
    return detection_of(found, settled=SettledBy.VERIFIED, seconds=1.0)


def test_what_a_source_says_of_a_domain_is_for_everyone() -> None:
    """Whoever asks may know what the domain has published."""
    assert [note.public for note in answered(verified(IMAP)).notes] == [True]


def test_what_was_seen_at_a_server_is_for_the_user_alone() -> None:
    """It has the server's own words, or tells of the network that the search ran in."""
    broken = Note("IPv6 does not work: 2a00::9: no answer in time", NoteKind.IPV6_BROKEN)

    detection = answered(replace(verified(IMAP), notes=(broken,)))

    assert detection.notes == (NOTE, replace(broken, about=endpoint(IMAP), audience=Audience.USER))
    assert str(detection.notes[1]) == f"imap.example.org:993: {broken.text}"


def test_an_unprotected_greeting_is_no_news() -> None:
    """Every server with STARTTLS has one; only the probe keeps the note, for those who show the greeting."""
    probe = verified(IMAP)
    assert probe.hello is not None
    hello = replace(probe.hello, notes=(Note("any text", NoteKind.UNPROTECTED_GREETING),))

    assert answered(replace(probe, hello=hello)).notes == (NOTE,)


def test_what_a_proxy_cannot_promise_is_for_the_user_alone() -> None:
    """Visitors are not told which proxy the service uses; the note comes first."""
    detection = answered(verified(IMAP), Policy(proxy=parse_proxy("socks5://proxy.example.org")))

    assert [note.public for note in detection.notes] == [False, True]
    assert str(detection.notes[0]).startswith("proxy socks5://proxy.example.org:1080: ")


@pytest.mark.parametrize(
    ("vouching", "said"), [("example.org", "redirects to another domain"), ("hoster.example", "receives")]
)
def test_the_reason_says_whether_a_redirect_or_the_exchanger_led_to_a_document(vouching: str, said: str) -> None:
    """Both count the same, but the operator of a page that a redirect leads to receives no mail."""
    found = SearchState(ADA, Policy())
    stated = claim(IMAP, Authority.MX_DOCUMENT)
    found.add([replace(stated, evidence=replace(stated.evidence, domain=vouching))])

    (choice,) = detection_of(found, settled=SettledBy.NOTHING_LEFT, seconds=1.0).incoming

    assert said in choice.reasons[0]
