"""benchmarks.snapshot compares answers: what counts as a difference, and what does not."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.snapshot import compare

EVIDENCE = {"authority": "domain", "source": "srv", "locator": "_imaps._tcp.example.org SRV", "order": 0}
CHOICE = {
    "protocol": "imap",
    "host": "imap.example.org",
    "port": 993,
    "security": "tls",
    "trust": "domain",
    "evidence": [EVIDENCE],
}
FAILURE = {"kind": "refused", "where": "imap://imap.example.org:143 (starttls)", "seen": "connection refused"}
DOCUMENT = {"incoming": [CHOICE], "outgoing": [], "failures": [FAILURE], "seconds": 0.1, "settled_by": "all is known"}
CHANGED = {
    "trust": {"incoming": [{**CHOICE, "trust": "confirm"}]},
    "port": {"incoming": [{**CHOICE, "port": 143}]},
    "kind of a failure": {"failures": [{**FAILURE, "kind": "timeout"}]},
    "strongest evidence": {"incoming": [{**CHOICE, "evidence": [{**EVIDENCE, "source": "guess"}, EVIDENCE]}]},
    "no choice": {"incoming": []},
}


def differing(tmp_path: Path, name: str, change: dict[str, Any], *, sentences: bool = False) -> int:
    """Return how many answers differ when *change* is made to the one answer there is."""
    for version, document in (("old", DOCUMENT), ("new", DOCUMENT | change)):
        path = tmp_path / version / name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"exit_code": 0, "document": document}), encoding="utf-8")
    return compare(tmp_path / "old", tmp_path / "new", sentences=sentences)


@pytest.mark.parametrize("name", ["worlds/srv.json", "lab/ada@srv.example.json"])
@pytest.mark.parametrize("change", CHANGED.values(), ids=CHANGED)
def test_another_answer_is_a_difference(tmp_path: Path, name: str, change: dict[str, Any]) -> None:
    """
    Trust, port, kind and a lost server are noticed, in memory and on real servers.
    """
    assert differing(tmp_path, name, change) == 1


@pytest.mark.parametrize(
    "change", [{"seconds": 2.0}, {"settled_by": "all was tried"}, {"verified": True}], ids=["time", "sentence", "field"]
)
def test_times_sentences_and_new_fields_are_no_difference(tmp_path: Path, change: dict[str, Any]) -> None:
    """
    Another time, another sentence and one more field are the same answer.
    """
    assert differing(tmp_path, "worlds/srv.json", change) == 0


def test_sentences_are_compared_on_demand(tmp_path: Path) -> None:
    """
    With *sentences*, another sentence is a difference.
    """
    assert differing(tmp_path, "worlds/srv.json", {"settled_by": "all was tried"}, sentences=True) == 1


MORE = {
    "failure": {"failures": [FAILURE, {**FAILURE, "where": "pop3://pop.example.org:110 (starttls)"}]},
    "choice": {"incoming": [CHOICE, {**CHOICE, "protocol": "pop3", "port": 995}]},
    "evidence": {"incoming": [{**CHOICE, "evidence": [EVIDENCE, {**EVIDENCE, "source": "guess"}]}]},
}


@pytest.mark.parametrize("change", MORE.values(), ids=MORE)
def test_what_else_was_learned_from_real_servers_is_no_difference(tmp_path: Path, change: dict[str, Any]) -> None:
    """
    What else a search learned and tried before it ended depends on which real server was faster.
    """
    assert differing(tmp_path, "lab/ada@srv.example.json", change) == 0


def test_a_lost_field_is_a_difference(tmp_path: Path) -> None:
    """
    A field that only the old answers have is noticed, even if it was null.
    """
    for version, answer in (("old", {"provider": None}), ("new", {})):
        (tmp_path / version).mkdir()
        (tmp_path / version / "one.json").write_text(json.dumps(answer), encoding="utf-8")

    assert compare(tmp_path / "old", tmp_path / "new", sentences=False) == 1
