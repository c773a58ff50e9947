"""`make table` reports rows that contradict one another, pages of dead forms and rows that are too old."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailsettings.provider_table.document import read_bundled
from scripts import table as make_table
from scripts.table_consistency import ONE_COMPANY, dead_pages, hosts_of_others, inconsistencies, old_rows
from tests.support.provider_tables import IMAP, SMTP, entry

DOCUMENT = read_bundled((Path(__file__).parents[2] / "data" / "providers.yaml").read_text(encoding="utf-8"), "table")
STRANGER = [{**IMAP, "host": "imap.other.example"}]


def rows(**entries: dict[str, Any]) -> dict[str, Any]:
    return {"providers": entries}


def test_the_table_is_consistent() -> None:
    """What is reported is mended, or the rows say how they belong together."""
    assert list(inconsistencies(DOCUMENT)) == []


def test_a_server_of_another_company_is_reported() -> None:
    """Its users' passwords would go there."""
    table = rows(one=entry(domains=["example.org"], incoming=STRANGER), other=entry(domains=["other.example"]))
    table["providers"]["other"]["incoming"] = [{**IMAP, "host": "mail.other.example"}]
    table["providers"]["other"]["outgoing"] = [{**SMTP, "host": "mail.other.example"}]

    assert list(hosts_of_others(table)) == ["one: imap.other.example is below a domain of other"]


@pytest.mark.parametrize(
    "changes",
    [
        {"received_by": ["other"]},
        {"domains": ["example.org", "mail.other.example"]},
        {"incoming": [{**IMAP, "host": "imap.other.example"}, IMAP]},
        {"incoming": [{**IMAP, "host": "imap.%EMAILDOMAIN%"}]},
    ],
    ids=["received-by", "own-domain", "common-server", "customers-domain"],
)
def test_rows_that_belong_together_are_fine(changes: dict[str, Any]) -> None:
    """They share a domain, a server or the exchangers; a name below the customer's domain is the customer's."""
    one = entry(**{"domains": ["example.org"], "incoming": STRANGER} | changes)
    table = rows(one=one, other=entry(domains=["other.example"]))

    assert list(hosts_of_others(table)) == []


def test_rows_of_one_company_are_in_the_table() -> None:
    """An id that is gone would hide nothing, and one in two groups would say that all of them are one company."""
    ids = [name for group in ONE_COMPANY for name in group]

    assert len(set(ids)) == len(ids)
    assert set(ids) <= set(DOCUMENT["providers"])


@pytest.mark.parametrize(
    "url",
    [
        "http://help.example.org/imap",
        "https://windows.microsoft.com/en-us/windows/outlook",
        "https://support.google.com/mail/bin/answer.py?answer=78799",
        "https://www.google.com/support/mail",
        "https://help.yahoo.com/l/us/yahoo/mail/",
        "https://support.example.org/app/answers/detail/a_id/13753",
        "https://help.example.org/system/web/custom/viewArticle.jsp?uuid=1",
        "https://web.archive.org/web/2015/https://help.example.org/",
        "https://goo.gl/abc",
    ],
)
@pytest.mark.parametrize("field", ["hints", "custom_domains"])
def test_a_hint_with_a_page_of_a_dead_form_is_reported(url: str, field: str) -> None:
    """The user would be sent to a page that is not there, or that anyone on the way can change."""
    hints = [{"id": "app_password", "url": url}]
    table = rows(one=entry(**{field: hints if field == "hints" else {"hints": hints}}))

    assert list(dead_pages(table)) == [f"one: hint app_password: {url} is of a form that is no longer in use"]


@pytest.mark.parametrize("url", ["https://help.example.org/", "https://support.google.com/mail/answer/7126229", None])
def test_other_pages_are_fine(url: str | None) -> None:
    """A hint needs no page."""
    assert list(dead_pages(rows(one=entry(hints=[{"id": "app_password", "url": url}])))) == []


@pytest.mark.parametrize(
    ("today", "old"), [(date(2026, 11, 21), False), (date(2027, 11, 21), False), (date(2027, 11, 22), True)]
)
def test_a_row_is_old_after_a_year(today: date, old: bool) -> None:
    """The day is the caller's: only `make table` reads the clock."""
    message = "one: last compared with its source on 2026-11-21, more than a year ago"

    assert list(old_rows(rows(one=entry(checked="2026-11-21")), today)) == ([message] if old else [])


def test_old_rows_end_make_table(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is 1, and each of them is named."""
    assert make_table.tidy(write=False, today=date(2030, 1, 1)) == 1
    assert "gmail: last compared with its source on 2026-" in capsys.readouterr().err
