"""The table of docs/diagnosis.md names findings and tests that exist."""

import re
from pathlib import Path

from mailsettings.diagnosis.codes import CODES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "diagnosis.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| error,")]


def test_every_finding_of_the_table_exists() -> None:
    """
    A code that was renamed must not live on in the documentation.
    """
    named = {word for row in ROWS for word in re.findall(r"`([a-z0-9-]+)`", row)}

    assert len(ROWS) > 15
    assert named - set(CODES) == set()


def test_every_test_of_the_table_exists() -> None:
    """
    Each row can be looked up.
    """
    named = {word for row in ROWS for word in re.findall(r"::(test_[a-z0-9_]+)", row)}
    written = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))

    assert {name for name in named if f"def {name}(" not in written} == set()
