"""The order of candidates."""

from dataclasses import replace

import pytest

from mailsettings.decision.candidates import merge
from mailsettings.decision.ranking import documents_of, ranked, smtp_partner
from mailsettings.errors import FailureKind
from mailsettings.model import Authority, Claim, Probe, Protocol
from tests.support.values import claim, failed, verified

IMAP, IMAP143, POP = "imap://imap.example.org:993", "imap://imap.example.org:143", "pop3://pop.example.org:995"
OTHER = "imap://imap.hoster.example:993"


def best(claims: list[Claim], probes: list[Probe], partner: str = "") -> str:
    by_endpoint = {probe.endpoint: probe for probe in probes}
    first = ranked(merge(claims), by_endpoint, documents_of(claims), partner)[0].endpoint
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


def test_traces_in_spf_do_not_displace_a_live_server_of_the_domain() -> None:
    """Who may send for a domain need not have its mailboxes."""
    claims = [claim(OTHER, Authority.TRACE), claim(IMAP)]

    assert best(claims, [verified(OTHER), verified(IMAP)]) == IMAP
    assert best(claims, [verified(OTHER), failed(IMAP)]) == OTHER


def test_a_cname_for_mail_programs_displaces_a_guess() -> None:
    """Behind a filter a web panel's mail.<domain> would be wrong."""
    claims = [claim(OTHER, Authority.HOSTING), claim(IMAP)]

    assert best(claims, [verified(OTHER), verified(IMAP)]) == OTHER


def test_a_forgeable_statement_never_comes_before_the_row_of_the_domain() -> None:
    """The row's hosts time out, which a forger can bring about; only that they are gone makes way."""
    line = "imap://c-73.example.org:993"
    claims = [claim(OTHER, Authority.TABLE), claim(line, Authority.SRV)]

    assert best(claims, [failed(OTHER, FailureKind.CONNECT_TIMEOUT), verified(line)]) == OTHER
    assert best(claims, [failed(OTHER, FailureKind.NO_SUCH_NAME), verified(line)]) == line


def test_what_the_domain_cannot_have_forged_comes_before_its_row_that_failed() -> None:
    """Its own document, and signed records."""
    claims = [claim(OTHER, Authority.TABLE), claim(IMAP, Authority.DOMAIN, authentic=True)]

    assert best(claims, [failed(OTHER), verified(IMAP)]) == IMAP


@pytest.mark.parametrize(
    "contradiction",
    [
        claim("imap://imap.third.example:993", Authority.MX_TABLE),
        claim("imap://imap.third.example:993", Authority.DOMAIN, authentic=True),
    ],
    ids=["its exchangers", "its own document"],
)
def test_what_a_domain_says_comes_before_a_row_that_it_contradicts(contradiction: Claim) -> None:
    """Both are verified, and both are shown."""
    claims = [claim(OTHER, Authority.TABLE), contradiction]

    assert best(claims, [verified(OTHER), verified("imap://imap.third.example:993")]) == "imap://imap.third.example:993"


def placed(where: str, place: int) -> Claim:
    found = claim(where, Authority.DOMAIN, authentic=True)
    return replace(found, evidence=replace(found.evidence, place=place))


def test_a_domains_first_document_beats_its_second() -> None:
    """Even if the second has TLS where the first has STARTTLS."""
    claims = [placed(IMAP143, 0), placed(OTHER, 1)]

    assert best(claims, [verified(IMAP143), verified(OTHER)]) == IMAP143


def test_reading_and_sending_come_from_one_document_where_one_has_both() -> None:
    """The first document has no server for sending: the second is taken for both."""
    sending = placed("smtp://smtp.hoster.example:465", 1)
    first, second = placed(IMAP, 0), placed(OTHER, 1)
    documents = documents_of([first, second, sending])

    order = ranked(merge([first, second]), {}, documents)

    assert [found.endpoint.host for found in order] == ["imap.hoster.example", "imap.example.org"]


@pytest.mark.parametrize("authority", [Authority.TABLE, Authority.DOMAIN, Authority.SRV, Authority.GUESS])
@pytest.mark.parametrize("other", [verified(IMAP), failed(IMAP)], ids=["verified", "failed"])
@pytest.mark.parametrize("row", [False, True])
def test_a_jmap_server_that_shows_nothing_comes_last(authority: Authority, other: Probe, *, row: bool) -> None:
    """Behind a verified guess that the table's own servers hold back, too: it need not be a mail server at all."""
    jmap = "jmap://example.org:443"
    claims = [claim(jmap, authority), claim(IMAP)] + [claim(OTHER, Authority.MX_TABLE)] * row

    probes = [failed(jmap, FailureKind.LOGIN_REQUIRED), other, failed(OTHER)]
    order = ranked(merge(claims), {probe.endpoint: probe for probe in probes}, documents_of(claims))
    found = [candidate.endpoint.protocol for candidate in order]

    assert found == [Protocol.IMAP] * (len(claims) - 1) + [Protocol.JMAP]
