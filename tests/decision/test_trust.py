"""Whether a password may go to a server: the rules of decision/trust.py, line by line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailsettings.decision.candidates import merge
from mailsettings.decision.trust import Assessment, MailDomain, trust_of
from mailsettings.model import Authority, Candidate, Claim, ConfirmReason, Probe, Trust
from tests.support.values import claim, failed, verified

USUAL, UNUSUAL, OUTSIDE = "imap://imap.example.org:993", "imap://box.example.org:993", "imap://imap.hoster.example:993"
D = MailDomain("example.org")
CONFIRM = {reason: Assessment(Trust.CONFIRM, reason) for reason in ConfirmReason}
OWN, PROVIDER, DOMAIN, SAME_DOMAIN = map(Assessment, (Trust.OWN, Trust.PROVIDER, Trust.DOMAIN, Trust.SAME_DOMAIN))


def candidate(*claims: Claim) -> Candidate:
    (found,) = merge(claims)
    return found


def trust(where: str, *claims: Claim, domain: MailDomain = D, names: tuple[str, ...] = ()) -> Assessment:
    """Return the trust of the verified server *where*, whose certificate is also valid for *names*."""
    return trust_of(candidate(*claims), with_names(verified(where), *names), domain)


def with_names(probe: Probe, *names: str) -> Probe:
    hello = probe.hello
    assert hello is not None
    assert hello.tls is not None
    tls = replace(hello.tls, names=(*hello.tls.names, *names))
    return replace(probe, hello=replace(hello, tls=tls))


def vouched(where: str) -> Claim:
    return claim(where, Authority.DOMAIN, authentic=True)


@pytest.mark.parametrize("authority", list(Authority))
@pytest.mark.parametrize("probe", [None, failed(USUAL)], ids=["not-probed", "failed"])
def test_nothing_unverified_is_trusted(authority: Authority, probe: Probe | None) -> None:
    """Whatever vouches for it: without a verified certificate no password goes out."""
    found = trust_of(candidate(claim(USUAL, authority, authentic=True)), probe, D)

    assert found == Assessment(Trust.UNVERIFIED)


@pytest.mark.parametrize(
    ("where", "authority", "authentic", "expected"),
    [
        pytest.param(OUTSIDE, Authority.OWN_TABLE, True, OWN, id="own-table"),
        pytest.param(OUTSIDE, Authority.MX_TABLE, False, PROVIDER, id="row-of-the-exchangers"),
        pytest.param(USUAL, Authority.DOMAIN, True, DOMAIN, id="own-document"),
        pytest.param(UNUSUAL, Authority.DOMAIN, True, DOMAIN, id="own-document-unusual-name"),
        pytest.param(
            OUTSIDE, Authority.DOMAIN, True, CONFIRM[ConfirmReason.OTHER_DOMAIN], id="own-document-foreign-host"
        ),
        pytest.param(USUAL, Authority.DOMAIN, False, SAME_DOMAIN, id="forgeable-document"),
        pytest.param(OUTSIDE, Authority.ISPDB, True, CONFIRM[ConfirmReason.OTHER_DOMAIN], id="ispdb-foreign-host"),
        pytest.param(UNUSUAL, Authority.ISPDB, True, CONFIRM[ConfirmReason.UNUSUAL_NAME], id="ispdb-unusual-name"),
        pytest.param(USUAL, Authority.SRV, False, SAME_DOMAIN, id="srv-usual-name"),
        pytest.param(UNUSUAL, Authority.SRV, False, CONFIRM[ConfirmReason.UNUSUAL_NAME], id="srv-unusual-name"),
        pytest.param(OUTSIDE, Authority.SRV, False, CONFIRM[ConfirmReason.OTHER_DOMAIN], id="srv-foreign-host"),
        pytest.param(UNUSUAL, Authority.HTTP_DOCUMENT, False, CONFIRM[ConfirmReason.UNUSUAL_NAME], id="http"),
        pytest.param(USUAL, Authority.GUESS, False, SAME_DOMAIN, id="guess"),
        pytest.param(OUTSIDE, Authority.CERTIFICATE, False, CONFIRM[ConfirmReason.OTHER_DOMAIN], id="certificate"),
    ],
)
def test_trust_follows_who_says_so_and_whose_host_it_is(
    where: str, authority: Authority, *, authentic: bool, expected: Assessment
) -> None:
    """
    Without any row for the domain.
    """
    assert trust(where, claim(where, authority, authentic=authentic)) == expected


def test_one_good_statement_among_others_is_enough() -> None:
    """
    What others say besides takes nothing from it.
    """
    assert trust(UNUSUAL, claim(UNUSUAL, Authority.SRV), vouched(UNUSUAL)) == DOMAIN


def test_the_row_of_the_domain_decides_about_its_hosts() -> None:
    """
    A host of the row is the provider's, also if a guess led there; a disputed row is asked about.
    """
    known = MailDomain("example.org", row=lambda host: host == "imap.hoster.example")
    disputed = replace(known, row_disputed=True)

    assert trust(OUTSIDE, claim(OUTSIDE, Authority.TABLE), domain=known) == PROVIDER
    assert trust(OUTSIDE, claim(OUTSIDE, Authority.SRV), domain=known) == PROVIDER
    assert trust(OUTSIDE, claim(OUTSIDE, Authority.TABLE), domain=disputed) == CONFIRM[ConfirmReason.DISPUTED]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        pytest.param(claim(USUAL), CONFIRM[ConfirmReason.NOT_IN_ROW], id="a guess"),
        pytest.param(claim(USUAL, Authority.SRV), CONFIRM[ConfirmReason.NOT_IN_ROW], id="unsigned SRV"),
        pytest.param(vouched(USUAL), DOMAIN, id="the domain itself"),
    ],
)
def test_what_the_row_of_the_domain_does_not_name_is_asked_about(statement: Claim, expected: Assessment) -> None:
    """
    A customer's line at an Internet provider lies inside its domain as well.
    """
    known = MailDomain("example.org", row=lambda host: host == "imap.hoster.example")

    assert trust(USUAL, statement, domain=known, names=("example.org",)) == expected


def test_a_host_of_another_row_needs_the_domains_own_statement() -> None:
    """
    A forged record that names a provider's host is asked about; the domain's own document, or its exchangers, decide.
    """
    table = MailDomain("example.org", in_table=lambda host: host == "imap.hoster.example")
    exchangers = replace(table, exchangers_row=table.in_table)

    assert trust(OUTSIDE, claim(OUTSIDE, Authority.SRV), domain=table) == CONFIRM[ConfirmReason.OTHER_DOMAIN]
    assert trust(OUTSIDE, vouched(OUTSIDE), domain=table) == PROVIDER
    assert trust(OUTSIDE, claim(OUTSIDE, Authority.SRV), domain=exchangers) == PROVIDER


@pytest.mark.parametrize("reason", [ConfirmReason.TRACES, ConfirmReason.BACKUP_EXCHANGER])
def test_traces_are_asked_about_with_their_reason(reason: ConfirmReason) -> None:
    """
    The source says why its statement is not enough.
    """
    statement = claim(OUTSIDE, Authority.TRACE)
    statement = replace(statement, evidence=replace(statement.evidence, confirm_reason=reason))

    assert trust(OUTSIDE, statement) == CONFIRM[reason]


@pytest.mark.parametrize("port", [1024, 2525, 26, 8993])
def test_an_unusual_port_is_asked_about(port: int) -> None:
    """
    Any user of the machine may open one above 1023, also where the domain's own document names it.
    """
    where = f"imap://imap.example.org:{port}"

    assert trust(where, vouched(where)) == CONFIRM[ConfirmReason.UNUSUAL_PORT]


@pytest.mark.parametrize("authority", [Authority.TABLE, Authority.MX_TABLE])
def test_a_row_vouches_for_unusual_ports_that_it_names_itself(authority: Authority) -> None:
    """
    A forged record cannot lead to another port of its hosts.
    """

    def named(host: str) -> bool:
        return host == "smtp.hoster.example"

    exact = MailDomain("example.org", row=named)
    domain = exact if authority is Authority.TABLE else MailDomain("example.org", exchangers_row=named)
    where, other = "smtp://smtp.hoster.example:2525", "smtp://smtp.hoster.example:4650"
    row = claim(where, authority)

    assert trust(where, row, domain=domain) == PROVIDER
    assert trust(other, claim(other, Authority.SRV), domain=domain) == CONFIRM[ConfirmReason.UNUSUAL_PORT]


def test_a_host_that_serves_the_document_about_itself_is_asked_about() -> None:
    """
    A forgotten autoconfig.D that was taken over would name itself; D may, since it has all names below it.
    """

    def from_document(host: str, document: str) -> Assessment:
        where = f"imap://{host}:993"
        statement = vouched(where)
        statement = replace(statement, evidence=replace(statement.evidence, locator=document))
        return trust(where, statement)

    url = "https://autoconfig.example.org/mail/config-v1.1.xml"
    well_known = "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml"
    assert from_document("autoconfig.example.org", url) == CONFIRM[ConfirmReason.DOCUMENT_HOST]
    assert from_document("imap.example.org", url) == DOMAIN
    assert from_document("example.org", well_known) == DOMAIN
    # The two names of one forgotten machine, or an upload that autoconfig.D redirects to.
    others = ("https://autodiscover.example.org/autodiscover/autodiscover.xml", "https://files.example.org/upload.xml")
    for other in others:
        assert from_document("autoconfig.example.org", other) == CONFIRM[ConfirmReason.DOCUMENT_HOST]
    assert from_document("autoconfig.example.org", well_known) == DOMAIN


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("example.org",), SAME_DOMAIN),
        (("*.example.org",), SAME_DOMAIN),
        (("mail.example.org",), SAME_DOMAIN),
        (("*.box.example.org", "www.example.org"), CONFIRM[ConfirmReason.UNUSUAL_NAME]),
        (tuple(f"shop{number}.example.org" for number in range(100)), CONFIRM[ConfirmReason.UNUSUAL_NAME]),
    ],
)
def test_a_certificate_for_a_usual_name_vouches_for_an_unusual_one(
    names: tuple[str, ...], expected: Assessment
) -> None:
    """
    The owner of a dangling name gets a certificate for that name, and for no usual one.
    """
    assert trust(UNUSUAL, claim(UNUSUAL, Authority.SRV), names=names) == expected


@pytest.mark.parametrize("where", ["imap://imap.shop.example.org:993", "imap://mx.shop.example.org:993"])
def test_a_usual_label_deeper_down_is_no_usual_name(where: str) -> None:
    """
    It belongs to shop.example.org, which may be anybody's.
    """
    assert trust(where, claim(where, Authority.SRV)) == CONFIRM[ConfirmReason.UNUSUAL_NAME]


@pytest.mark.parametrize(
    "host", ["imap.example.org", "mail.example.org", "example.org", "imap.mail.example.org", "mx.example.org"]
)
def test_usual_names_of_a_subdomain_include_those_of_its_registrable_domain(host: str) -> None:
    """
    Users of a department have their mail on the university's servers.
    """
    department = MailDomain("cs.example.org")
    where = f"imap://{host}:993"
    usual = host in ("imap.example.org", "mail.example.org", "example.org")

    assert trust(where, claim(where), domain=department) == (
        SAME_DOMAIN if usual else CONFIRM[ConfirmReason.UNUSUAL_NAME]
    )


@pytest.mark.parametrize("suffix", ["com.br", "github.io", "rub.de"])
def test_at_a_public_suffix_everything_but_its_row_is_asked_about(suffix: str) -> None:
    """
    The names below are other people's.
    """
    domain = MailDomain(suffix)
    where = f"imap://imap.{suffix}:993"

    for authority in set(Authority) - {Authority.OWN_TABLE, Authority.TABLE}:
        found = trust(where, claim(where, authority, authentic=True), domain=domain)
        assert found == CONFIRM[ConfirmReason.PUBLIC_SUFFIX]
    row = replace(domain, row=lambda host: host == f"imap.{suffix}")
    assert trust(where, claim(where, Authority.TABLE), domain=row) == PROVIDER
