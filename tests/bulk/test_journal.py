"""The output: whole records only, and a run goes on where it was killed."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from mailsettings.bulk.input import Entry
from mailsettings.bulk.journal import Journal, PlaceSet
from mailsettings.bulk.output import COLUMNS, CSV, JSON_LINES, RecordFormat, record_format
from mailsettings.errors import DocumentError
from mailsettings.schema import Object

TEXTS = ("ada@example.org", 'a"b,c@example.org', "=cmd|x@example.org", "line\nend\udcff@example.org", "ü@example.org")
ENTRIES = tuple(Entry(place, text) for place, text in enumerate(TEXTS, 1))
BOTH = pytest.mark.parametrize("name", ["out.jsonl", "out.csv"])


def record(entry: Entry) -> Object:
    return {"place": entry.place, "input": entry.text, "verdict": "bad-address", "error": "no"}


def written(path: Path, entries: Iterable[Entry] = ENTRIES, *, resume: bool = False) -> list[int]:
    """Answer what is missing and return its places."""
    with Journal(path, record_format(path.name), resume=resume) as journal:
        missing = list(journal.missing(entries))
        for entry in missing:
            journal.write(record(entry))
    return [entry.place for entry in missing]


def places(path: Path) -> list[int]:
    lines = path.read_text().splitlines()
    if path.suffix == ".csv":
        return [int(row["place"]) for row in csv.DictReader(lines)]
    return [json.loads(line)["place"] for line in lines]


@BOTH
def test_a_finished_run_has_nothing_to_go_on_with(name: str, tmp_path: Path) -> None:
    """
    Nothing twice, whatever characters the addresses have.
    """
    written(tmp_path / name)

    assert written(tmp_path / name, resume=True) == []
    assert places(tmp_path / name) == [1, 2, 3, 4, 5]


@BOTH
def test_a_run_that_was_cut_off_anywhere_goes_on(name: str, tmp_path: Path) -> None:
    """
    At every byte: afterwards each record is there once, and the file is what an uninterrupted run writes.
    """
    path = tmp_path / name
    written(path)
    whole = path.read_bytes()
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        written(path, resume=True)

        assert path.read_bytes() == whole


@BOTH
def test_an_output_is_never_overwritten(name: str, tmp_path: Path) -> None:
    """
    Without --resume a file with something in it is left alone.
    """
    written(tmp_path / name)
    before = (tmp_path / name).read_bytes()

    with pytest.raises(FileExistsError):
        written(tmp_path / name)
    assert (tmp_path / name).read_bytes() == before


@BOTH
@pytest.mark.parametrize(
    "content", [b"my diary", b"my diary\n", b'{"place": "x"}\n', b"place,input\n1,a\n", b"\0" * 99]
)
def test_a_strange_file_is_left_as_it_is(name: str, content: bytes, tmp_path: Path) -> None:
    """
    A wrong --output overwrites no file.
    """
    (tmp_path / name).write_bytes(content)

    with pytest.raises(DocumentError):
        written(tmp_path / name, resume=True)
    assert (tmp_path / name).read_bytes() == content


@BOTH
def test_the_records_of_another_input_are_noticed(name: str, tmp_path: Path) -> None:
    """
    The list has changed since: going on would leave addresses out.
    """
    written(tmp_path / name, ENTRIES[:3])

    with pytest.raises(DocumentError, match="another input"):
        written(tmp_path / name, [Entry(1, "eve@example.org"), *ENTRIES[1:]], resume=True)


def test_two_runs_cannot_write_to_one_output(tmp_path: Path) -> None:
    """
    The second one is refused, not mixed in.
    """
    with Journal(tmp_path / "out.jsonl", JSON_LINES, resume=False), pytest.raises(BlockingIOError):
        Journal(tmp_path / "out.jsonl", JSON_LINES, resume=True)


@pytest.mark.parametrize("writing", [JSON_LINES, CSV], ids=["jsonl", "csv"])
@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: str(entry.place))
def test_a_record_is_one_line_that_is_known_again(writing: RecordFormat, entry: Entry) -> None:
    """
    By its place, and by the address it begins with.
    """
    line = writing.line(record(entry))
    found = writing.place.match(line.encode())

    assert (line.count("\n"), line.startswith(writing.begin(entry))) == (1, True)
    assert found is not None
    assert int(found[1]) == entry.place


def test_no_cell_is_a_formula() -> None:
    """
    A spreadsheet that opens the CSV runs nothing a stranger wrote.
    """
    for text in ("=1", "+1", "-1", "@x", "\tx", "\r=x"):
        [row] = csv.DictReader([",".join(COLUMNS), CSV.line({"place": 1, "input": text, "error": text})])
        cells = (row["input"], row["error"])

        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells)


def test_an_unreadable_record_in_the_middle_is_reported(tmp_path: Path) -> None:
    """
    A file with a hole (a disk that was full, a power cut) is nothing to guess about.
    """
    path = tmp_path / "out.jsonl"
    written(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"\0" * 40 + b"\n" + lines[2])

    with pytest.raises(DocumentError, match="line 2"):
        written(path, resume=True)


def test_places_are_a_set() -> None:
    """
    In any order, each counted once, none that was not added.
    """
    done = PlaceSet()
    for place in (5, 1, 900, 5):
        done.add(place)

    assert ([place for place in range(1000) if place in done], len(done)) == ([1, 5, 900], 3)
