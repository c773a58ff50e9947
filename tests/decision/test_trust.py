"""Whether a password may go to a server."""

from __future__ import annotations

import pytest

from mailsettings.decision.candidates import merge
from mailsettings.decision.trust import trust_of
from mailsettings.model import Authority, Claim, Probe, Trust
from tests.support.values import ADA, claim, failed, verified

INSIDE, OUTSIDE = "imap://imap.example.org:993", "imap://imap.hoster.example:993"


def registrable(host: str) -> str:
    return ".".join(host.split(".")[-2:])


def trust(where: str, authority: Authority, *, authentic: bool = False, probe: Probe | None, known: str = "") -> Trust:
    (candidate,) = merge([claim(where, authority, authentic=authentic)])
    return trust_of(candidate, probe, ADA, registrable=registrable, in_table=lambda host: host == known)


@pytest.mark.parametrize("authority", list(Authority))
@pytest.mark.parametrize("probe", [None, failed(INSIDE)], ids=["not-probed", "failed"])
def test_nothing_unverified_is_trusted(authority: Authority, probe: Probe | None) -> None:
    """Whoever vouches: without a verified certificate no password goes out."""
    assert not trust(INSIDE, authority, authentic=True, probe=probe).allows_password


@pytest.mark.parametrize(
    ("where", "authority", "authentic", "expected"),
    [
        pytest.param(OUTSIDE, Authority.OWN_TABLE, True, Trust.OWN, id="own-table"),
        pytest.param(OUTSIDE, Authority.TABLE, True, Trust.PROVIDER, id="table"),
        pytest.param(OUTSIDE, Authority.MX_TABLE, False, Trust.PROVIDER, id="table-by-mx"),
        pytest.param(INSIDE, Authority.DOMAIN, True, Trust.DOMAIN, id="own-document-own-host"),
        pytest.param(OUTSIDE, Authority.DOMAIN, True, Trust.CONFIRM, id="own-document-foreign-host"),
        pytest.param(OUTSIDE, Authority.ISPDB, True, Trust.CONFIRM, id="ispdb-foreign-host"),
        pytest.param(INSIDE, Authority.SRV, False, Trust.SAME_DOMAIN, id="srv-own-host"),
        pytest.param(OUTSIDE, Authority.SRV, False, Trust.CONFIRM, id="srv-foreign-host"),
        pytest.param(INSIDE, Authority.HTTP_DOCUMENT, False, Trust.SAME_DOMAIN, id="http-own-host"),
        pytest.param(OUTSIDE, Authority.HTTP_DOCUMENT, False, Trust.CONFIRM, id="http-foreign-host"),
        pytest.param(OUTSIDE, Authority.CERTIFICATE, False, Trust.CONFIRM, id="certificate-foreign-host"),
        pytest.param(INSIDE, Authority.GUESS, False, Trust.SAME_DOMAIN, id="guess"),
    ],
)
def test_trust_follows_who_vouches_and_whose_host_it_is(
    where: str, authority: Authority, *, authentic: bool, expected: Trust
) -> None:
    """The table of decision/trust.py, row by row."""
    assert expected == trust(where, authority, authentic=authentic, probe=verified(where))


def test_a_host_of_the_table_needs_no_confirmation() -> None:
    """A forged record that points at a known provider gains the forger nothing."""
    host = "imap.hoster.example"

    assert trust(OUTSIDE, Authority.SRV, probe=verified(OUTSIDE), known=host) is Trust.PROVIDER


SERVER_INSIDE = "imap://imap.example.org:993"


def trusted(*claims: Claim) -> Trust:
    """Return the trust of one verified server inside the address's own domain, for which *claims* were made."""
    (candidate,) = merge(claims)
    return trust_of(
        candidate, verified(SERVER_INSIDE), ADA, registrable=lambda _: "example.org", in_table=lambda _: False
    )


@pytest.mark.parametrize(
    ("authority", "authentic"), [(Authority.DOMAIN, False), (Authority.ISPDB, True), (Authority.SRV, True)]
)
def test_only_the_domain_itself_over_a_safe_way_vouches(authority: Authority, *, authentic: bool) -> None:
    """The domain over a way that could be forged does not, nor does anybody else over a safe one."""
    assert trusted(claim(SERVER_INSIDE, authority, authentic=authentic)) is Trust.SAME_DOMAIN


def test_one_good_word_among_others_is_enough() -> None:
    """What others say besides takes nothing from it."""
    good, guess = claim(SERVER_INSIDE, Authority.DOMAIN, authentic=True), claim(SERVER_INSIDE, Authority.GUESS)

    assert trusted(guess, good) is Trust.DOMAIN
