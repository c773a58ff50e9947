"""The input of a run, read lazily: one address per line, CSV with a header, or JSON lines.

ada@example.org            name,email                  {"email": "ada@example.org", "name": "Ada"}
example.com                Ada,ada@example.org         "ada@example.org"
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from mailsettings.address import EmailAddress, parse_address
from mailsettings.errors import DocumentError
from mailsettings.hostnames import parse_host, unicode_host
from mailsettings.model import Detection

# Every domain that receives mail has this mailbox (RFC 5321 §4.5.1). A domain is searched under this address, so that
# no person's address is sent to a server or appears in another person's answer.
POSTMASTER = "postmaster"


@dataclass(frozen=True, slots=True)
class Entry:
    """One address exactly as the input has it, and its *place*, which starts at 1."""

    place: int
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """One entry with its detection, or with what is wrong with the address."""

    place: int
    text: str
    detection: Detection | None = None
    error: str = ""


def parse_entry(text: str) -> EmailAddress:
    """Read *text* as an address; a domain alone stands for its postmaster. AddressError if it is neither."""
    bare = text.strip(" \t\r\n")
    if "@" in bare or "." not in bare:
        return parse_address(bare)
    return postmaster_of(parse_host(bare))


def postmaster_of(domain: str) -> EmailAddress:
    """Return the address under which *domain* (A-labels) is searched."""
    return EmailAddress(POSTMASTER, domain, unicode_host(domain))


MAX_LINE = 65536  # bytes; a longer line is truncated, and then not an address
MAX_QUOTED = 300  # characters quoted of a line that is not JSON; no address is that long
USUAL_COLUMNS = ("address", "email", "e-mail", "mail", "email_address", "domain")


class InputFormat(StrEnum):
    """The format of the input."""

    LINES = "lines"
    CSV = "csv"
    JSONL = "jsonl"


_BY_SUFFIX = {".csv": InputFormat.CSV, ".jsonl": InputFormat.JSONL, ".ndjson": InputFormat.JSONL}


def input_format(name: str) -> InputFormat:
    """Return the format that the suffix of the file *name* stands for; plain lines for any other."""
    return next((form for suffix, form in _BY_SUFFIX.items() if name.lower().endswith(suffix)), InputFormat.LINES)


def entries(file: BinaryIO, form: InputFormat, column: str = "") -> Iterator[Entry]:
    """Yield the addresses in *file*; an entry's place is the number of its line. Empty ones are left out.

    *column* names the column or key with the address; by default it is one of USUAL_COLUMNS. Raises DocumentError if
    CSV has no such column or cannot be read. A line that is not JSON becomes an entry, which is a bad address later.
    """
    found: Iterable[tuple[int, str]]
    match form:
        case InputFormat.LINES:
            found = enumerate(_lines(file), 1)
        case InputFormat.CSV:
            found = _from_csv(file, column)
        case InputFormat.JSONL:
            found = ((place, _from_json(line, column)) for place, line in enumerate(_lines(file), 1))
    return (Entry(place, text.strip()) for place, text in found if text.strip())


def count_lines(file: BinaryIO, form: InputFormat) -> int | None:
    """Return how many addresses *file* may have, None if counting would consume it (a pipe)."""
    if not file.seekable():
        return None
    total = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
    file.seek(0)
    return max(total - (form is InputFormat.CSV), 1)


def _lines(file: BinaryIO) -> Iterator[str]:
    """Yield lines without their ends. Bytes that are not UTF-8 become lone surrogates, which no address has."""
    first = True
    while line := file.readline(MAX_LINE):
        rest = line
        while len(rest) == MAX_LINE and not rest.endswith(b"\n"):
            rest = file.readline(MAX_LINE)
        yield line.removeprefix(b"\xef\xbb\xbf" if first else b"").decode("utf-8", "surrogateescape").rstrip("\r\n")
        first = False


def _from_csv(file: BinaryIO, column: str) -> Iterator[tuple[int, str]]:
    reader = csv.reader(_lines(file))
    try:
        wanted = _column(next(reader, []), column)
        for row in reader:
            yield reader.line_num, row[wanted] if len(row) > wanted else ""
    except csv.Error as error:
        raise DocumentError(f"line {reader.line_num} of the CSV: {error}") from error


def _column(header: Sequence[str], name: str) -> int:
    """Return which column of *header* has the addresses."""
    titles = [title.strip().lower() for title in header]
    for wanted in (name.lower(),) if name else USUAL_COLUMNS:
        if wanted in titles:
            return titles.index(wanted)
    raise DocumentError(f"the first line of the CSV names {', '.join(titles)!r:.200}, not {name or USUAL_COLUMNS!r}")


def _from_json(line: str, column: str) -> str:
    """Return the address in a line of JSON, or the beginning of the line if there is none."""
    try:
        value = json.loads(line) if line.strip() else ""
    except (ValueError, RecursionError):
        return line[:MAX_QUOTED]
    if isinstance(value, dict):
        value = next((value[name] for name in ((column,) if column else USUAL_COLUMNS) if name in value), None)
    return value if isinstance(value, str) else line[:MAX_QUOTED]
