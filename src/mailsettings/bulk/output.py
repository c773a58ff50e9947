"""Answers as records: one JSON object, or one row of CSV, per address. Pure.

{"place": 3, "input": "ada@example.org", "verdict": "verified", "provider": null,
 "incoming": {"protocol": "imap", "host": "imap.example.org", "port": 993, "security": "tls", …},
 "outgoing": {…}, "confirm": [], "hints": ["app_password"], "settled_by": "…", "seconds": 0.42, "error": ""}
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass

from mailsettings.bulk.input import Answered, Entry
from mailsettings.errors import FailureKind
from mailsettings.escape import printable
from mailsettings.model import Choice, Detection
from mailsettings.schema import Object, dumps, to_dict

_SERVER = ("protocol", "host", "port", "security", "username", "username_template", "auth", "verified", "trust")
# A cell that begins with one of these is a formula to a spreadsheet (OWASP, CSV injection).
_FORMULA_PREFIXES = ("=", "+", "-", "@", "\t", "\r")


def record_of(answered: Answered, *, full: bool = False) -> Object:
    """Return *answered* as JSON values; *full* adds the whole detection."""
    head = {"place": answered.place, "input": answered.text}
    if answered.detection is None:
        return {**head, "verdict": "bad-address", "error": answered.error}
    found = _detection_fields(answered.detection)
    return {**head, **found, "detection": to_dict(answered.detection)} if full else {**head, **found}


def _detection_fields(detection: Detection) -> Object:
    provider = detection.provider
    return {
        "verdict": verdict(detection),
        "provider": provider.id if provider else None,
        "incoming": _server(detection.incoming),
        "outgoing": _server(detection.outgoing),
        "confirm": list(detection.confirm),
        "hints": [hint.id for hint in detection.hints],
        "suggestion": detection.suggestion,
        "settled_by": detection.settled_by,
        "seconds": detection.seconds,
        "error": "",
    }


def verdict(detection: Detection) -> str:
    """Return the verdict on *detection*: verified (both directions), unverified (servers), nothing, or no-network."""
    if detection.verified:
        return "verified"
    # Worth another try when the network or the proxy is back, even if the table had servers without it.
    if any(failure.kind in (FailureKind.NO_NETWORK, FailureKind.PROXY) for failure in detection.failures):
        return "no-network"
    return "unverified" if detection.incoming or detection.outgoing else "nothing"


def _server(choices: tuple[Choice, ...]) -> Object | None:
    """Return the best of *choices* as JSON values."""
    if not choices:
        return None
    best = choices[0]
    values = (
        *(best.endpoint.protocol.value, best.endpoint.host, best.endpoint.port, best.endpoint.security.value),
        *(best.username, best.username_template, [method.value for method in best.auth], best.verified),
        best.trust.value,
    )
    return dict(zip(_SERVER, values, strict=True))


COLUMNS = (
    *("place", "input", "verdict", "provider"),
    *(f"{direction}_{name}" for direction in ("incoming", "outgoing") for name in _SERVER),
    *("confirm", "hints", "suggestion", "settled_by", "seconds", "error"),
)


@dataclass(frozen=True, slots=True)
class RecordFormat:
    """How records are written, one per line, and recognised when a run is resumed."""

    first: str  # the line before all records; empty: none
    line: Callable[[Object], str]
    begin: Callable[[Entry], str]  # how the record of an entry begins
    place: re.Pattern[bytes]  # finds the place at the beginning of a line
    start: str = ""  # how every record begins


def _json_line(record: Object) -> str:
    return dumps(record) + "\n"


def _json_begin(entry: Entry) -> str:
    return dumps({"place": entry.place, "input": entry.text})[:-1] + ","


def _csv_line(record: Object) -> str:
    """Return *record* as one line of CSV that no spreadsheet takes for a formula."""
    return _csv(tuple(_cell(record, column) for column in COLUMNS))


def _csv_begin(entry: Entry) -> str:
    return _csv((str(entry.place), _cell({"input": entry.text}, "input"), "")).removesuffix("\n")


def _cell(record: Object, column: str) -> str:
    direction, _, name = column.partition("_")
    value = (record.get(direction) or {}).get(name) if direction in ("incoming", "outgoing") else record.get(column)
    text = " ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    text = printable(text)  # a record is one line, whatever the input had in it
    return f"'{text}" if text.startswith(_FORMULA_PREFIXES) else text


def _csv(cells: tuple[str, ...]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


JSON_LINES = RecordFormat("", _json_line, _json_begin, re.compile(rb'\{"place": ([0-9]+), "input": "'), '{"place": ')
CSV = RecordFormat(_csv(COLUMNS), _csv_line, _csv_begin, re.compile(rb"([0-9]+),"))


def record_format(name: str) -> RecordFormat:
    """Return the format for a file called *name*: CSV if its suffix is .csv, otherwise JSON lines."""
    return CSV if name.lower().endswith(".csv") else JSON_LINES
