"""`make corpus` judges what it can of a corpus, and names the rest."""

import json
from pathlib import Path

import pytest

from benchmarks.corpus import main

TRANSCRIPT = {
    "id": "a",
    "protocol": "imap",
    "greeting": "* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] ready\r\n",
    "capability_response": "* CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN\r\nA OK done\r\n",
    "starttls": True,
    "auth": ["PLAIN"],
    "weird": [],
    "kind": "recorded",
}
REPLY = {"provider": "Gmail", "protocol": "imap", "text": "NO Invalid credentials", "meaning": "bad_credentials"}
BUSY = {"id": "421", "protocol": "smtp", "port": 587, "steps": [["send", "421 too busy\r\n"], ["close"]], "expect": "x"}
NEW = {"id": "new", "protocol": "imap", "port": 993, "steps": [["tls", "wrong-name"]]}
PLAIN = {
    "id": "clear",
    "protocol": "imap",
    "port": 993,
    "steps": [["send", "* OK hi\r\n"], ["repeat", "x", 9], ["close"]],
}


def write(folder: Path, **files: list[object]) -> str:
    """Write *files* as JSON lines into *folder*; return its name."""
    for name, rows in files.items():
        folder.joinpath(f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return str(folder)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        pytest.param({"transcripts": [TRANSCRIPT]}, "1 recorded servers", id="transcripts alone"),
        pytest.param({"error_texts": [REPLY]}, "1 texts of providers, 1 right", id="texts alone"),
        pytest.param({"attack_servers": [BUSY]}, "1 hostile servers", id="servers alone"),
        pytest.param({"attack_servers": [NEW, PLAIN]}, "without a verdict: 2 (new, clear)", id="new servers"),
    ],
)
def test_a_part_of_a_corpus_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: dict[str, list[object]], said: str
) -> None:
    """
    What is missing is named, and is no error.
    """
    assert main(write(tmp_path, **files)) == 0

    out = capsys.readouterr().out
    assert said in out
    assert out.count("not there") == 2


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"transcripts": [TRANSCRIPT, {"id": "b"}, {**TRANSCRIPT, "protocol": "jmap2"}]}, id="transcripts"),
        pytest.param({"error_texts": [REPLY, {**REPLY, "meaning": "a_new_one"}, {"text": "?"}]}, id="texts"),
        pytest.param({"attack_servers": [BUSY, {**BUSY, "steps": [["dance"]]}, {"id": "b"}]}, id="servers"),
    ],
)
def test_rows_of_another_form_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: dict[str, list[object]]
) -> None:
    """
    They are not judged, and the others are.
    """
    assert main(write(tmp_path, **files)) == 0
    assert capsys.readouterr().out.count("is not judged") == 2


def test_what_is_misread_is_still_wrong(tmp_path: Path) -> None:
    """
    The control: a verdict that does not fit, a text with another meaning, and nothing at all.
    """
    assert main(write(tmp_path)) == 1
    assert main(write(tmp_path, attack_servers=[{**BUSY, "id": "554", "steps": NEW["steps"]}])) == 1
    assert main(write(tmp_path, attack_servers=[BUSY], error_texts=[{**REPLY, "meaning": "over_quota"}])) == 1
