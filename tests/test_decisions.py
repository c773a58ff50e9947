"""docs/decisions: numbered without gaps, each with title, status and date; every reference leads to one."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
HEAD = re.compile(r"# (\d+)\. \S.*\n\nStatus: (?:accepted|rejected|superseded|proposed)\b.*\b20\d\d-\d\d-\d\d")


def test_numbers_have_no_gaps_and_every_decision_has_title_status_and_date() -> None:
    """
    The first lines of the n-th file are its number, its title, its status and since when.
    """
    heads = [HEAD.match(path.read_text(encoding="utf-8")) for path in DECISIONS]

    assert [f"{number:04}" for number in range(1, len(DECISIONS) + 1)] == [path.name[:4] for path in DECISIONS]
    assert list(range(1, len(DECISIONS) + 1)) == [head and int(head[1]) for head in heads]


def test_the_index_names_every_decision_by_its_title() -> None:
    """
    docs/decisions/README.md has a line for each, in order.
    """
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    titles = [path.read_text(encoding="utf-8").partition("\n")[0].partition(". ")[2] for path in DECISIONS]

    assert re.findall(r"(?m)^\| \d+ \| \[(.+?)\]\(([^)]+)\) \|", index) == [
        (title, path.name) for title, path in zip(titles, DECISIONS, strict=True)
    ]


def test_references_lead_to_decisions_that_exist() -> None:
    """
    Code, tests and pages name a decision by its file, or by its number alone.
    """
    names = {path.name for path in DECISIONS} | {path.name[:4] for path in DECISIONS}

    assert [found for found in _references() if found[1] not in names] == []


def _references() -> Iterator[tuple[str, str]]:
    """Yield every file that names a decision, and the name."""
    places = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]
    places += [path for top in ("src", "tests", "benchmarks", "scripts") for path in (ROOT / top).rglob("*.py")]
    for path in places:
        for name in re.findall(r"(?:decisions/|\]\()(\d{4}(?:-[a-z0-9-]+\.md)?)\b", path.read_text(encoding="utf-8")):
            yield str(path.relative_to(ROOT)), name
