"""The table of docs/diagnosis.md names findings and tests that exist."""

import re
from pathlib import Path

from mailsettings.diagnosis.catalogue import FINDINGS_BY_CODE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "diagnosis.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| error,", "| seen "))]


def test_every_finding_of_the_table_exists() -> None:
    """
    A code that was renamed must not live on in the documentation.
    """
    named = {word for row in ROWS for word in re.findall(r"`([a-z0-9-]+)`", row)}

    assert len(ROWS) > 15
    assert named - set(FINDINGS_BY_CODE) == set()


def test_every_test_of_the_table_exists() -> None:
    """
    Each row can be looked up.
    """
    named = {word for row in ROWS for word in re.findall(r"::(test_[a-z0-9_]+)", row)}
    written = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))

    assert {name for name in named if f"def {name}(" not in written} == set()


# What the pages quote as errors, in their words; what stands between them is advice.
QUOTED = (
    "Authentication failed", "maximum number of accounts", "unable to locate the other domain", "SSL protocol error",
    "unable to process the account info", "Missing +OK", "Connection timed out", "reset by peer", "READ_ERROR",
    "wrong order", "Received an empty line", "too many messages", "multiple times", "EXPIRE 0", "UIDL",
    "Username and password not accepted", "Invalid credentials", "over and over", "too many simultaneous connections",
    "CN name does not match", "less secure apps", "too frequently", "crashing",
)  # fmt: skip


def test_every_error_of_the_pages_has_a_row() -> None:
    """
    Also those that are nobody's fault whom a mail server knows.
    """
    table = "\n".join(ROWS).lower()

    assert [words for words in QUOTED if words.lower() not in table] == []


def test_every_finding_is_tested_somewhere() -> None:
    """
    Each code stands in a test, or in the recorded texts' row that leads to it.
    """
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    replies = (ROOT / "src" / "mailsettings" / "diagnosis" / "replies.json").read_text(encoding="utf-8")

    assert [code for code in FINDINGS_BY_CODE if f'"{code}"' not in tests and f'"{code}"' not in replies] == []
