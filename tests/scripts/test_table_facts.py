"""Entries of public lists: what is read of them, and what becomes of lines that are none."""

import json
from pathlib import Path
from typing import Any

import pytest

from scripts.table_facts import FILES, Entry, family, read_facts

ENTRY: dict[str, Any] = {
    "source": "ispdb",
    "id": "example.org",
    "domains": ["Example.org"],
    "incoming": [{"protocol": "imap", "host": "IMAP.example.org", "port": 993, "security": "tls"}],
    "outgoing": [],
}


def write(directory: Path, *lines: str | bytes) -> Path:
    """Write *lines* as the first file of facts; the second one has nothing."""
    content = b"\n".join(line.encode() if isinstance(line, str) else line for line in lines)
    (directory / FILES[0]).write_bytes(content)
    (directory / FILES[1]).write_bytes(b"")
    return directory


def test_names_are_read_in_lower_case(tmp_path: Path) -> None:
    """They are compared with the table's."""
    entry = Entry("ispdb", "example.org", ("example.org",), (("imap", "imap.example.org"),), only_plain=False)

    assert read_facts(write(tmp_path, json.dumps(ENTRY))) == [entry]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "Expecting property name"),
        (b"\xff", "'utf-8' codec"),
        ("[" * 100_000, "maximum recursion depth"),
        ("[]", "an entry is a mapping"),
        (json.dumps(ENTRY | {"domains": "example.org"}), "domains: 'example.org' is no list"),
        (json.dumps(ENTRY | {"domains": [1]}), "domains: not all are texts"),
        (json.dumps(ENTRY | {"source": None}), "source: None is no str"),
        (json.dumps(ENTRY | {"incoming": ["imap.example.org"]}), "protocol: None is no str"),
        (json.dumps(ENTRY | {"incoming": [{"protocol": "imap", "host": 1, "security": "tls"}]}), "host: 1 is no str"),
    ],
    ids=["broken", "not-utf-8", "deep", "list", "one-domain", "number", "no-source", "server", "host"],
)
def test_a_bad_line_is_reported_and_skipped(line: str | bytes, reason: str, tmp_path: Path) -> None:
    """The lines around it are read; the report has file and line."""
    reported: list[str] = []

    found = read_facts(write(tmp_path, json.dumps(ENTRY), line, json.dumps(ENTRY)), reported.append)

    assert len(found) == 2
    assert len(reported) == 1
    assert reported[0].startswith("facts-open.jsonl, line 2: skipped: ")
    assert reason in reported[0]


def test_the_report_is_on_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Figures on standard output stay as they are."""
    read_facts(write(tmp_path, "{}"))

    assert capsys.readouterr() == ("", "facts-open.jsonl, line 1: skipped: incoming: None is no list\n")


def test_copies_are_of_one_family() -> None:
    """A list and what grew out of it count once."""
    assert {family("ispdb"), family("mailspring"), family("bas")} == {"ispdb"}
    assert family("fairemail") == "fairemail"
