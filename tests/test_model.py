"""What the values of a detection say of themselves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailsettings.model import Authority as By


@pytest.mark.parametrize(
    ("holds", "members"),
    [
        pytest.param(lambda by: by.guessed, {By.GUESS, By.CERTIFICATE}, id="guessed"),
        pytest.param(
            lambda by: by.stated,
            {By.TABLE, By.DOMAIN, By.ISPDB, By.SRV, By.MX_TABLE, By.HTTP_DOCUMENT},
            id="stated",
        ),
        pytest.param(lambda by: by.by_exact_domain, {By.OWN_TABLE, By.TABLE}, id="by exact domain"),
        pytest.param(lambda by: by.from_table, {By.TABLE, By.MX_TABLE, By.HOSTING}, id="from the bundled table"),
        pytest.param(lambda by: by.from_matching_row, {By.TABLE, By.MX_TABLE}, id="from a row of domain or MX"),
        pytest.param(lambda by: by.knows_usernames, {By.OWN_TABLE, By.TABLE, By.MX_TABLE}, id="knows user names"),
        pytest.param(
            lambda by: by.names_provider,
            {By.OWN_TABLE, By.TABLE, By.MX_TABLE, By.HOSTING},
            id="names the provider",
        ),
    ],
)
def test_a_property_of_authorities_holds_for_these_alone(holds: Callable[[By], bool], members: set[By]) -> None:
    """
    Who may vouch for what is decided here and nowhere else.
    """
    assert members == {by for by in By if holds(by)}
