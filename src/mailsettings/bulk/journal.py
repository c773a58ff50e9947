"""The output file of a run: it grows by whole records, and shows which addresses are done when a run is resumed.

{"place": 1, "input": "ada@example.org", …}
{"place": 3, "input": "eve@example.com", …}
{"place": 2, "inp                                 <- killed here: truncated, and searched again
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Self

from mailsettings.bulk.input import Entry
from mailsettings.bulk.output import RecordFormat
from mailsettings.errors import DocumentError
from mailsettings.schema import Object


class PlaceSet:
    """A set of places, which start at 1, as one bit each."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, place: int) -> bool:
        byte, bit = divmod(place, 8)
        return byte < len(self._bits) and bool(self._bits[byte] >> bit & 1)

    def add(self, place: int) -> None:
        """Add *place*; adding it again does nothing."""
        if place in self:
            return
        byte, bit = divmod(place, 8)
        self._bits.extend(bytes(max(0, byte + 1 - len(self._bits))))
        self._bits[byte] |= 1 << bit
        self._count += 1


COMPARED_RECORDS = 1000  # records at the end of the file whose addresses are compared with the input


class Journal:
    """An output file, locked against other writers. A context manager, which closes it."""

    def __init__(self, path: Path, record_format: RecordFormat, *, resume: bool) -> None:
        """Open *path*, and with *resume* read the records in it.

        Raises FileExistsError if it is not empty and *resume* is false, BlockingIOError if another run is writing to
        it, DocumentError if its content is not records.
        """
        self._format = record_format
        self._last: dict[int, bytes] = {}  # the last records, by place
        self.answered = PlaceSet()
        self._file: BinaryIO = path.open("a+b", buffering=0)
        try:
            _lock(self._file)
            self._continue(path, resume=resume)
        except BaseException:
            self._file.close()
            raise

    def _continue(self, path: Path, *, resume: bool) -> None:
        size = path.stat().st_size
        if size and not resume:
            raise FileExistsError(f"{str(path)!r} has {size} bytes")
        end = self._read() if size else 0
        self._file.truncate(end)
        if not end:
            self._append(self._format.first)

    def _read(self) -> int:
        """Read the records; return where the last whole one ends, in bytes."""
        end, last = 0, deque[tuple[int, bytes]](maxlen=COMPARED_RECORDS)
        self._file.seek(0)
        with open(self._file.fileno(), "rb", closefd=False) as lines:
            for number, line in enumerate(lines):
                if number == 0:
                    self._check_ours(line)
                if not line.endswith(b"\n"):
                    break
                end += len(line)
                if number or not self._format.first:
                    place = self._place(number, line)
                    self.answered.add(place)
                    last.append((place, line))
        self._last = dict(last)
        return end

    def _check_ours(self, line: bytes) -> None:
        """Check that an earlier run wrote this file, even if only part of its first line, before truncating it."""
        expected = (self._format.first or self._format.start).encode()
        if line[: len(expected)] != expected[: len(line)]:
            raise DocumentError(f"the output begins with {line[:60]!r}: it is not of an earlier run")

    def _place(self, number: int, line: bytes) -> int:
        found = self._format.place.match(line)
        if found is None:
            raise DocumentError(f"line {number + 1} of the output is {line[:60]!r}, not a record of an earlier run")
        return int(found[1])

    def missing(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Yield those *entries* that have no record yet. DocumentError if the records are of another input."""
        for entry in entries:
            if entry.place not in self.answered:
                yield entry
            elif (line := self._last.get(entry.place)) and not line.startswith(self._format.begin(entry).encode()):
                raise DocumentError(f"the output has {line[:80]!r} for {entry.text!r:.80}: it belongs to another input")

    def write(self, record: Object) -> None:
        """Append *record* in one write: after a kill it is either in the file or not."""
        self._append(self._format.line(record))
        self.answered.add(int(record["place"]))

    def _append(self, text: str) -> None:
        data = memoryview(text.encode())
        while data:
            data = data[self._file.write(data) or 0 :]

    def close(self) -> None:
        """Sync everything to the disk, then close."""
        os.fsync(self._file.fileno())
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _lock(file: BinaryIO) -> None:
    """Lock *file* until it is closed, where the system supports that. BlockingIOError if another process has it."""
    try:
        import fcntl  # not on Windows
    except ImportError:
        return
    fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
