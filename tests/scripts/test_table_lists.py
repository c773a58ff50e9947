"""`make table CORPUS=…` reports what the provider table and public lists say differently."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scripts import table as make_table
from scripts.table_facts import FILES, Entry
from scripts.table_lists import contradictions
from tests.support.provider_tables import IMAP, SMTP, entry

OTHER = {
    "incoming": [{**IMAP, "host": "imap.other.example"}],
    "outgoing": [{**SMTP, "host": "smtp.other.example"}],
}


def document(host: str, *domains: str, source: str = "ispdb") -> Entry:
    return Entry(source, "a.xml", domains, (("imap", host),), only_plain=False)


def found(table: dict[str, dict[str, Any]], *entries: Entry) -> list[str]:
    return list(contradictions({"providers": table}, entries))


OTHERWISE = [document("imap.other.example", "a.example")]


def test_a_document_that_two_rows_share_is_reported() -> None:
    """One of the two companies has a domain of the other: hetnet.nl was Ziggo's in the table, KPN's everywhere else."""
    table = {"one": entry(domains=["a.example"]), "two": entry(domains=["b.example"], **OTHER)}

    messages = found(table, document("imap.example.org", "a.example", "b.example"))

    assert messages[0] == "ispdb: a.xml: one document, two rows: a.example in one, b.example in two"


@pytest.mark.parametrize(
    "changes",
    [{"received_by": ["one"]}, {"incoming": [IMAP]}],
    ids=["received-by", "common-server"],
)
def test_rows_that_belong_together_may_share_a_document(changes: dict[str, Any]) -> None:
    """Two products of a company, or one that has its mail at another."""
    table = {"one": entry(domains=["a.example"]), "two": entry(**{"domains": ["b.example"]} | OTHER | changes)}
    entries = [document("imap.example.org", "a.example", "b.example"), document("imap.other.example", "b.example")]

    assert not any("two rows" in message for message in found(table, *entries))


def test_a_domain_with_other_servers_in_the_lists_is_reported() -> None:
    """The message has what the lists say, and what to do."""
    table = {"one": entry(domains=["a.example"])}

    assert found(table, document("imap.other.example", "a.example")) == [
        "one: a.example has other servers in public lists (ispdb: imap.other.example): "
        "correct the row, or write `disputed`"
    ]


@pytest.mark.parametrize(
    ("changes", "entries"),
    [
        ({}, [document("imap.example.org", "a.example")]),
        (
            {},
            [
                document("imap.other.example", "a.example"),
                document("imap.example.org", "a.example", source="fairemail"),
            ],
        ),
        ({"disputed": "The lists disagree."}, OTHERWISE),
        ({"obsolete": {"imap.other.example": "imap.example.org"}}, OTHERWISE),
        ({"incoming": [{**IMAP, "host": "imap.%EMAILDOMAIN%"}]}, [document("imap.a.example", "a.example")]),
        ({}, [document("imap.other.example", "a.example", source="mutt-wizard")]),
        ({}, [document("imap.other.example", "b.example")]),
        ({"incoming": []}, OTHERWISE),
    ],
    ids=["agrees", "one-agrees", "disputed", "renamed", "template", "not-reviewed", "unknown", "none"],
)
def test_other_domains_are_fine(changes: dict[str, Any], entries: list[Entry]) -> None:
    """A list agrees, the row says that they disagree, or the list has an old name of the server."""
    assert found({"one": entry(**{"domains": ["a.example"]} | changes)}, *entries) == []


def test_a_contradiction_ends_make_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is 1; a line of the lists that is no entry is reported besides, and skipped."""
    servers = [{"protocol": "imap", "host": "imap.other.example", "security": "tls"}]
    fact = {"source": "ispdb", "id": "x", "domains": ["gmail.com"], "incoming": servers}
    (tmp_path / FILES[0]).write_text("{\n" + json.dumps(fact), encoding="utf-8")
    (tmp_path / FILES[1]).write_text("", encoding="utf-8")

    assert make_table.tidy(write=False, today=date(2026, 12, 1), corpus=tmp_path) == 1

    printed = capsys.readouterr().err
    assert "gmail: gmail.com has other servers in public lists (ispdb: imap.other.example)" in printed
    assert "facts-open.jsonl, line 1: skipped: " in printed
