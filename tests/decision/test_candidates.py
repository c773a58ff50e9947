"""Claims into candidates."""

import pytest

from mailsettings.decision.candidates import contradictions, merge, secure_variants, with_server_claims
from mailsettings.model import Authority
from tests.support.values import claim, endpoint


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


@pytest.mark.parametrize(
    ("plain", "tried"),
    [
        ("imap://imap.example.org:143", ["imap:993 (tls)", "imap:143 (starttls)"]),
        ("pop3://imap.example.org:110", ["pop3:995 (tls)", "pop3:110 (starttls)"]),
        ("smtp://imap.example.org:25", ["smtp:465 (tls)", "smtp:587 (starttls)", "smtp:25 (starttls)"]),
        ("imap://imap.example.org:1143", ["imap:993 (tls)", "imap:143 (starttls)", "imap:1143 (starttls)"]),
    ],
)
def test_plain_servers_are_tried_with_tls(plain: str, tried: list[str]) -> None:
    """Wherever TLS may have been switched on since the source was written."""
    variants = secure_variants(claim(f"plain+{plain}", Authority.DOMAIN))

    assert tried == [str(variant.endpoint).replace("://imap.example.org", "") for variant in variants]


def test_what_is_tried_comes_behind_all_that_is_stated() -> None:
    """A document's own order between its servers is kept."""
    stated = claim("imap://other.example.org:993", Authority.DOMAIN, order=5)
    variants = list(secure_variants(claim("plain+imap://imap.example.org:143", Authority.DOMAIN, order=0)))

    assert all(variant.order > stated.order for variant in variants)


def test_servers_with_tls_have_no_variants() -> None:
    """Only plain is replaced."""
    assert list(secure_variants(claim("imap://imap.example.org:143", Authority.DOMAIN))) == []


def test_what_is_said_of_a_server_holds_for_its_other_port() -> None:
    """The document names STARTTLS and the user name; the SRV record's TLS port is the same server."""
    document = claim("imap://imap.example.org:143", Authority.DOMAIN, usernames=("%EMAILLOCALPART%",))
    record = claim("imap://imap.example.org:993", Authority.SRV)
    candidates = merge([document, record, claim("imap://other.example.org:993")])

    server = with_server_claims(candidates[1], candidates)

    assert (server.endpoint, server.claims) == (endpoint("imap://imap.example.org:993"), (document, record))
