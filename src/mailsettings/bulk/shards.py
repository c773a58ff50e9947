"""Shards: a long input cut into batches, with one output file for each; a resumed run skips shards that exist.

out/run.json            {"batch": 500, "by": "destination"}
out/part-000000.jsonl   the records of the first 500 addresses
out/part-000001.jsonl
out/plan-000000.json    the destinations of the first 50,000, which determine the batches
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

DestinationKey = tuple[str, bool]  # Destination.key, and Destination.in_table: its domains have the same servers


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries to search together, in the order of the input. *number* starts at 0."""

    number: int
    entries: tuple[Entry, ...]
    destinations: frozenset[str] = frozenset()  # that no other batch may contact at the same time


def batches(entries: Iterable[Entry], size: int) -> Iterator[Batch]:
    """Cut *entries* into batches of *size*; the last one may be shorter."""
    rest = iter(entries)
    for number in count():
        if not (chunk := tuple(islice(rest, size))):
            return
        yield Batch(number, chunk)


class Shards:
    """A directory of shards."""

    def __init__(self, directory: Path, size: int, *, resume: bool) -> None:
        """Create *directory*, or with *resume* continue in it.

        Raises FileExistsError if it is not empty and *resume* is false, DocumentError if it was made with batches of
        another size.
        """
        self._directory = directory
        self.skipped = 0  # addresses in shards that existed already
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()) and not resume:
            raise FileExistsError(f"{str(directory)!r} is not empty")
        path, expected = directory / "run.json", {"batch": size, "by": "destination"}
        if not path.exists():
            _write(path, json.dumps(expected) + "\n")
        earlier = path.read_text()
        if json.loads(earlier) != expected:
            raise DocumentError(f"{str(path)!r} says {earlier.strip()}, wanted is {json.dumps(expected)}")

    def missing(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the *batches* without a shard. DocumentError if a shard is of another input."""
        for batch in batches:
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

    def cached_plan(self, window: Batch, locate: Callable[[], Sequence[DestinationKey]]) -> Sequence[DestinationKey]:
        """Return the destinations of *window* that an earlier run saved, else save what *locate* returns.

        DNS may answer differently today, and the batches must stay the same. DocumentError if the plan is of another
        input.
        """
        plan = self._directory / f"plan-{window.number:06}.json"
        if not plan.exists():
            _write(plan, json.dumps(locate()) + "\n")
        keys = [(str(key), bool(in_table)) for key, in_table in json.loads(plan.read_text())]
        if len(keys) != len(window.entries):
            raise DocumentError(f"{plan.name} is for {len(keys)} addresses, not {len(window.entries)}: another input")
        return keys

    def write(self, batch: Batch, records: Iterable[Object]) -> None:
        """Write the shard of *batch* atomically."""
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
