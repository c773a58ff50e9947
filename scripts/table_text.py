"""The one way to write providers.yaml: sorted by id, one fact per line, fields in the order of the form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from mailsettings.errors import TableError
from mailsettings.provider_table.document import ProviderEntry
from mailsettings.provider_table.yaml_lines import Loader

_PLAIN = re.compile(r"[A-Za-z0-9/._+][^\x00-\x1f\x7f-\x9f,\[\]{}#&*!|>?'\"`]*(?<! )")


def header_of(text: str) -> str:
    """Return the comment that *text* begins with.

    TableError if there are comments further down: they would be lost, and the field `note` is their place.
    """
    lines = text.splitlines(keepends=True)
    count = next((number for number, line in enumerate(lines) if line.strip() and not line.startswith("#")), len(lines))
    for number, line in enumerate(lines[count:], count + 1):
        if line.lstrip().startswith("#") or re.search(r"\s#\s", re.sub(r'"[^"]*"', "", line)):
            raise TableError(f"line {number}: {line.strip()!r} is a comment; write it into the entry's note")
    return "".join(lines[:count])


def write_table(document: Mapping[str, Any], header: str = "") -> str:
    """Return *document*, which was read by read_bundled, as YAML text."""
    return header + "\n".join(_lines(document)) + "\n"


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    if hints := document.get("hints"):
        yield "hints:"
        yield from (f"  {name}: {_scalar(text)}" for name, text in sorted(hints.items()))
    if popular := document.get("popular"):
        yield "popular:"
        yield from (f"  - {domain}" for domain in popular)
    if customers := document.get("customers"):
        yield "customers:"
        yield from (f"  - {_scalar(pattern)}" for pattern in sorted(customers))
    yield "providers:"
    for name, entry in sorted(document["providers"].items()):
        yield f"  {name}:"
        yield from ("    " + line for line in _entry(entry))


def _entry(entry: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(entry, key=list(ProviderEntry.model_fields).index):
        yield from _field(key, entry[key])


def _field(key: str, value: Any) -> Iterator[str]:
    match value:
        case [] | ():
            yield f"{key}: []"
        case dict() if not value:
            yield f"{key}: {{}}"
        case list() | tuple():
            yield f"{key}:"
            yield from (f"  - {_flow(item)}" for item in value)
        case dict():
            yield f"{key}:"
            for name, item in sorted(value.items()) if key == "obsolete" else value.items():
                yield from ("  " + line for line in _field(name, item))
        case _:
            yield f"{key}: {value if key == 'checked' else _scalar(value)}"


def _flow(item: Any) -> str:
    if not isinstance(item, dict):
        return _scalar(item)
    return "{" + ", ".join(f"{key}: {_flow_value(value)}" for key, value in item.items() if value is not None) + "}"


def _flow_value(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_scalar(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    """Write *value* so that it is read as the same value again, with quotes only where YAML needs them."""
    if not isinstance(value, str):
        return str(value)
    # PyYAML itself says whether what looks plain is read as text: 1.5, yes and 2026-11-21 are not.
    looks_plain = _PLAIN.fullmatch(value) and ": " not in value and not value.endswith(":")
    if looks_plain and yaml.load(value, Loader=Loader) == value:  # noqa: S506 - a safe loader
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
