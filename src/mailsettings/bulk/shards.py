"""A long input in batches, and one file for what came of each: shards that exist are not done again.

out/run.json            {"batch": 500, "by": "destination"}
out/part-000000.jsonl   the records of the first 500 addresses
out/part-000001.jsonl
out/plan-000000.json    where the mail of the first 50,000 goes, and so which batches there are
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path

from mailsettings.bulk.input import Entry
from mailsettings.bulk.output import JSON_LINES
from mailsettings.errors import DocumentError
from mailsettings.schema import Object

DestinationKey = tuple[
    str, bool
]  # a destination's key, and whether all of its domains have the same servers, see Destination


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries that are searched together, in the order of the input. *number* starts at 0."""

    number: int
    entries: tuple[Entry, ...]
    destinations: frozenset[str] = frozenset()  # that no other batch may burden at the same time


def batches(entries: Iterable[Entry], size: int) -> Iterator[Batch]:
    """Cut *entries* into batches of *size*, the last one may be shorter."""
    rest = iter(entries)
    for number in count():
        if not (found := tuple(islice(rest, size))):
            return
        yield Batch(number, found)


class Shards:
    """A directory of shards."""

    def __init__(self, directory: Path, size: int, *, resume: bool) -> None:
        """Make *directory*, or with *resume* go on with it.

        Raises FileExistsError if there is something in it and *resume* is not wanted, DocumentError if it was made with
        batches of another size.
        """
        self._directory = directory
        self.skipped = 0  # addresses in shards that were there already
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()) and not resume:
            raise FileExistsError(f"{str(directory)!r} is not empty")
        note, wanted = directory / "run.json", {"batch": size, "by": "destination"}
        if not note.exists():
            _write(note, json.dumps(wanted) + "\n")
        earlier = note.read_text()
        if json.loads(earlier) != wanted:
            raise DocumentError(f"{str(note)!r} says {earlier.strip()}, wanted is {json.dumps(wanted)}")

    def missing(self, found: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the batches without a shard. DocumentError if a shard is of another input."""
        for batch in found:
            shard = self._path(batch)
            if not shard.exists():
                yield batch
                continue
            with shard.open(encoding="ascii") as lines:
                if not (first := lines.readline()).startswith(JSON_LINES.begin(batch.entries[0])):
                    raise DocumentError(f"{shard.name} begins with {first[:80]!r}: it belongs to another input")
                if (count := 1 + sum(1 for _ in lines)) != len(batch.entries):
                    raise DocumentError(f"{shard.name} has {count} records, not {len(batch.entries)}: of another input")
            self.skipped += len(batch.entries)

    def cached_plan(self, window: Batch, make: Callable[[], Sequence[DestinationKey]]) -> Sequence[DestinationKey]:
        """Return what *make* brings for *window*, or brought in an earlier run: DNS may say something else today.

        DocumentError if that was of another input.
        """
        plan = self._directory / f"plan-{window.number:06}.json"
        if not plan.exists():
            _write(plan, json.dumps(make()) + "\n")
        places = [(str(key), bool(known)) for key, known in json.loads(plan.read_text())]
        if len(places) != len(window.entries):
            raise DocumentError(f"{plan.name} is for {len(places)} addresses, not {len(window.entries)}: another input")
        return places

    def write(self, batch: Batch, records: Iterable[Object]) -> None:
        """Write the shard of *batch*: all of it, or after a kill nothing."""
        _write(self._path(batch), "".join(map(JSON_LINES.line, records)))

    def _path(self, batch: Batch) -> Path:
        return self._directory / f"part-{batch.number:06}.jsonl"


def _write(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with unfinished.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
