"""When a row of the table is contradicted by what the domain itself says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from mailsettings.decision.disputes import MAX_AGE, is_disputed, may_end_search
from mailsettings.model import Authority, Claim, ConfirmReason
from mailsettings.provider_table import table
from tests.support.values import claim

ROW = (
    claim("imap://imap.ziggo.example:993", Authority.TABLE),
    claim("smtp://smtp.ziggo.example:587", Authority.TABLE),
)
IMAP, SMTP = "imap://imap.kpn.example:993", "smtp://smtp.kpn.example:587"


def signed(where: str) -> Claim:
    return claim(where, Authority.DOMAIN, authentic=True)


def by_exchanger(where: str, reason: ConfirmReason) -> Claim:
    found = claim(where, Authority.TRACE)
    return replace(found, evidence=replace(found.evidence, confirm_reason=reason))


@pytest.mark.parametrize(
    ("statements", "disputed"),
    [
        pytest.param((), False, id="nothing else"),
        pytest.param((claim(IMAP, Authority.MX_TABLE),), True, id="the exchangers are another row's"),
        pytest.param((claim("imap://x.ziggo.example:993", Authority.MX_TABLE),), False, id="a row of the same company"),
        pytest.param((signed(IMAP),), True, id="a document names one direction"),
        pytest.param((signed("imap://imap.ziggo.example:993"), signed(SMTP)), True, id="it agrees on one direction"),
        pytest.param((signed(IMAP), signed("imap://new.ziggo.example:993")), False, id="it names both companies"),
        pytest.param((claim(IMAP, Authority.SRV),), False, id="unsigned records"),
        pytest.param((claim(IMAP, Authority.ISPDB, authentic=True),), False, id="a public list"),
        pytest.param((claim(IMAP, Authority.DOMAIN),), False, id="a document that could be forged"),
        pytest.param((by_exchanger(IMAP, ConfirmReason.CUSTOMER_EXCHANGER),), True, id="below another provider"),
        pytest.param((by_exchanger(IMAP, ConfirmReason.BACKUP_EXCHANGER),), False, id="a backup exchanger"),
    ],
)
def test_a_row_is_disputed(statements: tuple[Claim, ...], *, disputed: bool) -> None:
    """
    By its most preferred exchangers, or by what the domain says in a way that cannot be forged.
    """
    assert is_disputed((*ROW, *statements)) is disputed
    assert is_disputed(statements) is False


def test_a_row_older_than_a_year_does_not_end_a_search() -> None:
    """
    What is older may still be right, and is asked about the domain itself.
    """
    row = table.find_domain("gmail.com")
    assert row is not None
    checked = date.fromisoformat(row.checked)

    assert may_end_search(row, checked + MAX_AGE)
    assert not may_end_search(row, checked + MAX_AGE + timedelta(days=1))
    assert may_end_search(row, None)
