"""Claims into candidates."""

from mailsettings.merge import contradictions, merge
from mailsettings.model import Authority
from tests.values import claim, endpoint


def test_claims_of_one_endpoint_become_one_candidate() -> None:
    """Everybody who names a server is heard, the strongest word first."""
    guess, srv = claim("imap://imap.example.org:993"), claim("imap://imap.example.org:993", Authority.SRV)

    (candidate,) = merge([guess, srv, guess])

    assert (endpoint("imap://imap.example.org:993"), (srv, guess)) == (candidate.endpoint, candidate.claims)


def test_sources_that_name_different_hosts_are_noted() -> None:
    """The domain's document and its SRV records disagree: the user is told."""
    claims = [
        claim("imap://a.example.org:993", Authority.DOMAIN, source="autoconfig"),
        claim("imap://b.example.org:993", Authority.SRV, source="srv"),
    ]

    (note,) = contradictions(claims)

    assert note == "sources disagree on incoming mail: autoconfig says a.example.org; srv says b.example.org"


def test_a_guess_contradicts_nobody() -> None:
    """A guess is no statement."""
    claims = [claim("imap://a.example.org:993", Authority.SRV), claim("imap://b.example.org:993")]

    assert contradictions(claims) == ()
