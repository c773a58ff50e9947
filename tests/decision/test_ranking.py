"""The order of candidates."""

import pytest

from mailsettings.decision.candidates import merge
from mailsettings.decision.ranking import ranked, smtp_partner
from mailsettings.errors import FailureKind
from mailsettings.model import Authority, Claim, Probe, Protocol
from tests.support.values import claim, failed, verified

IMAP, IMAP143, POP = "imap://imap.example.org:993", "imap://imap.example.org:143", "pop3://pop.example.org:995"
OTHER = "imap://imap.hoster.example:993"


def best(claims: list[Claim], probes: list[Probe], partner: str = "") -> str:
    first = ranked(merge(claims), {probe.endpoint: probe for probe in probes}, partner)[0].endpoint
    return f"{first.protocol}://{first.host}:{first.port}"


def test_what_verified_beats_every_claim_that_did_not() -> None:
    """A working guess is better than the domain's own document about a dead server."""
    claims = [claim(OTHER, Authority.DOMAIN), claim(IMAP)]

    assert best(claims, [failed(OTHER), verified(IMAP)]) == IMAP


def test_tls_beats_starttls_when_both_verify() -> None:
    """RFC 8314 §3.3, even where the document lists STARTTLS first."""
    claims = [claim(IMAP143, Authority.DOMAIN, order=0), claim(IMAP, Authority.DOMAIN, order=1)]

    assert best(claims, [verified(IMAP143), verified(IMAP)]) == IMAP


def test_tls_beats_starttls_on_one_host_whatever_the_authority() -> None:
    """The document knows STARTTLS only, the SRV records TLS: it is one server, and the safer way to it wins."""
    claims = [claim(IMAP143, Authority.DOMAIN), claim(IMAP, Authority.SRV)]

    assert best(claims, [verified(IMAP143), verified(IMAP)]) == IMAP


def test_tls_of_another_host_does_not_beat_a_stronger_word() -> None:
    """Another host is another server, and perhaps not where the mailboxes are."""
    claims = [claim(IMAP143, Authority.DOMAIN), claim(OTHER, Authority.SRV)]

    assert best(claims, [verified(IMAP143), verified(OTHER)]) == IMAP143


def test_a_document_decides_between_its_protocols() -> None:
    """A provider that lists POP3 before IMAP means it."""
    claims = [claim(POP, Authority.DOMAIN, order=0), claim(IMAP, Authority.DOMAIN, order=1)]

    assert best(claims, [verified(POP), verified(IMAP)]) == POP


def test_imap_comes_before_pop3_without_a_word_for_either() -> None:
    """Two guesses: IMAP keeps the mail on the server."""
    assert best([claim(POP), claim(IMAP)], [verified(POP), verified(IMAP)]) == IMAP


def test_a_guess_never_beats_the_provider_that_receives_the_mail() -> None:
    """A web panel's live mail server on mail.<domain> does not have the mailboxes, even if the provider times out."""
    claims = [claim(OTHER, Authority.MX_TABLE), claim(IMAP)]

    assert best(claims, [failed(OTHER, FailureKind.CONNECT_TIMEOUT), verified(IMAP)]) == OTHER


def test_a_stale_row_of_the_table_does_not_hold_back_a_guess() -> None:
    """The row names a host that no longer exists: what works is the answer."""
    claims = [claim(OTHER, Authority.TABLE), claim(IMAP)]

    assert best(claims, [failed(OTHER, FailureKind.NO_SUCH_NAME), verified(IMAP)]) == IMAP


def test_plain_comes_last() -> None:
    """A server without TLS is behind everything, whatever names it."""
    plain = claim("plain+imap://imap.example.org:143", Authority.TABLE)

    assert best([plain, claim(IMAP)], []) == IMAP


@pytest.mark.parametrize(
    ("incoming", "outgoing"),
    [
        ("imap.example.org", "smtp.example.org"),
        ("mail.example.org", "mail.example.org"),
        ("example.org", "example.org"),
    ],
)
def test_the_guessed_outgoing_server_goes_with_the_incoming_one(incoming: str, outgoing: str) -> None:
    """imap. pairs with smtp., every other name with itself."""
    claims = [
        claim(f"smtp://{host}:465", order=n)
        for n, host in enumerate(["mail.example.org", "example.org", "smtp.example.org"])
    ]

    assert best(claims, [], partner=incoming) == f"smtp://{outgoing}:465"
    assert smtp_partner(incoming) == outgoing


@pytest.mark.parametrize("authority", [Authority.TABLE, Authority.DOMAIN, Authority.SRV, Authority.GUESS])
@pytest.mark.parametrize("other", [verified(IMAP), failed(IMAP)], ids=["verified", "failed"])
@pytest.mark.parametrize("row", [False, True])
def test_a_jmap_server_that_shows_nothing_comes_last(authority: Authority, other: Probe, *, row: bool) -> None:
    """Behind a verified guess that the table's own servers hold back, too: it need not be a mail server at all."""
    jmap = "jmap://example.org:443"
    claims = [claim(jmap, authority), claim(IMAP)] + [claim(OTHER, Authority.MX_TABLE)] * row

    probes = [failed(jmap, FailureKind.LOGIN_REQUIRED), other, failed(OTHER)]
    found = [candidate.endpoint.protocol for candidate in ranked(merge(claims), {p.endpoint: p for p in probes})]

    assert found == [Protocol.IMAP] * (len(claims) - 1) + [Protocol.JMAP]
