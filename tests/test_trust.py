"""Whether a password may go to a server."""

import pytest

from mailsettings.decision.candidates import merge
from mailsettings.decision.trust import trust_of
from mailsettings.model import Authority, Probe, Trust
from tests.values import ADA, claim, failed, verified

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
