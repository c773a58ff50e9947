"""Read what public lists of mail settings say: facts-open.jsonl and facts-more.jsonl of a corpus.

    {"source": "ispdb", "id": "kpnmail.nl", "domains": ["kpnmail.nl", "hetnet.nl"],
     "incoming": [{"protocol": "imap", "host": "imap.kpnmail.nl", "port": 993, "security": "tls"}], "outgoing": []}

A line that is no such entry is reported and skipped.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T", str, list[Any])
FILES = ("facts-open.jsonl", "facts-more.jsonl")
# Lists that grew out of another one, by the family that they belong to.
COPIES = {
    "bas": "ispdb",
    "chatmail-core": "deltachat",
    "ispdb-removed": "ispdb",
    "k9-2019": "k9",
    "aosp": "k9",
    "mailspring": "ispdb",
}
OUTDATED = frozenset({"aosp", "ispdb-removed", "k9-2019", "mailcore"})  # 2014 to 2020, or given up


@dataclass(frozen=True, slots=True)
class Entry:
    """What one list says of one provider."""

    source: str
    name: str  # of the document, within the list
    domains: tuple[str, ...]
    incoming: tuple[tuple[str, str], ...]  # protocol and host of every server for reading mail
    only_plain: bool  # none of these has TLS

    @classmethod
    def read(cls, value: Any) -> Entry:
        """Return the entry that *value* is. ValueError, naming the field, where it is none."""
        if not isinstance(value, dict):
            raise ValueError("an entry is a mapping")  # noqa: TRY004 - one kind of error for all that is written wrongly
        servers = _field(value, "incoming", list)
        hosts = tuple((_field(server, "protocol", str), _field(server, "host", str).lower()) for server in servers)
        secure = any(_field(server, "security", str) in ("tls", "starttls") for server in servers)
        domains = _field(value, "domains", list)
        if not all(isinstance(domain, str) for domain in domains):
            raise ValueError("domains: not all are texts")
        names = tuple(domain.lower() for domain in domains)
        return cls(_field(value, "source", str), _field(value, "id", str), names, hosts, bool(servers) and not secure)


def family(source: str) -> str:
    """Return the list that *source* is a copy of, or itself."""
    return COPIES.get(source, source)


def read_facts(directory: Path, report: Callable[[str], None] | None = None) -> list[Entry]:
    """Return the entries in *directory*; what is none is told to *report*, by default on standard error."""
    tell = report or _to_stderr
    return [entry for name in FILES for entry in _entries(directory / name, tell)]


def _entries(path: Path, report: Callable[[str], None]) -> Iterator[Entry]:
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            yield Entry.read(json.loads(line))
        except (ValueError, RecursionError) as error:  # JSON and UTF-8 errors are ValueErrors
            report(f"{path.name}, line {number}: skipped: {error}")


def _field(value: Any, name: str, kind: type[T]) -> T:
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, kind):
        raise ValueError(f"{name}: {found!r:.80} is no {kind.__name__}")  # noqa: TRY004 - as above
    return found


def _to_stderr(message: str) -> None:
    print(message, file=sys.stderr)
