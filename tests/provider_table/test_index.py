"""The reader of the compiled table."""

from pathlib import Path

import pytest

from mailsettings.provider_table.compiler import compile_table
from mailsettings.provider_table.index import Index, read, servers
from tests.support.provider_tables import IMAP, entry


def index(**entries: object) -> Index:
    """Return the index over the compiled table of *entries*."""
    return Index(compile_table({"providers": entries}))


@pytest.mark.parametrize("data", [b"", b"mailsettings-table 9 5\n\nabc\n", b"{}"], ids=["empty", "newer", "json"])
def test_what_is_no_compiled_table_is_refused(data: bytes, tmp_path: Path) -> None:
    """A file of another form is an error, never an empty table."""
    (tmp_path / "providers.table").write_bytes(data)

    with pytest.raises(ValueError, match="starts with"):
        read(str(tmp_path / "providers.table"))


def test_a_row_is_a_json_object() -> None:
    """The fast offline path takes rows as they were compiled, defaults filled in."""
    row = index(example=entry(domains=["example.org"])).by_domain("Example.org.")

    assert row is not None
    assert (row["id"], row["kind"], row["incoming"][0]["usernames"]) == ("example", "mailbox", ["%EMAILADDRESS%"])


def test_exchangers_may_have_a_kind_of_their_own() -> None:
    """The same company filters mail on some machines and has mailboxes on others."""
    found = index(example=entry(mx=["*.mx.example.org", {"pattern": "*.filter.example.org", "kind": "filter"}]))

    rows = (found.by_mx("a.mx.example.org"), found.by_mx("a.filter.example.org"))

    assert [row and row[0]["kind"] for row in rows] == ["mailbox", "filter"]


@pytest.mark.parametrize("domain", ["", "a" * 250 + ".example"], ids=["no domain", "too long a name"])
def test_a_server_that_cannot_be_named_is_left_out(domain: str) -> None:
    """A host named after the customer's domain takes one, of a length that DNS allows."""
    row = index(example=entry(incoming=[{**IMAP, "host": "imap.%EMAILDOMAIN%"}, IMAP], domains=[])).by_id("example")

    assert row is not None
    assert [server["host"] for server in servers(row, "incoming", domain)] == ["imap.example.org"]
