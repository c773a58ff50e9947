"""Rows of a compiled table as JSON objects, found by searching its index (see compiler.py for the form).

    read(COMPILED).by_domain("gmail.com")["incoming"][0]["host"]   ->   "imap.gmail.com"

The only reader of the compiled form: table.py makes values of the model from its rows, the command's fast offline path
(cli/fast_offline.py) takes them as they are. Hence this module imports neither the model nor dataclasses, which would
take longer than that whole process.
"""

from __future__ import annotations

import json

from mailsettings.provider_table.compiler import DOMAIN_IN_HOST, MAGIC, TRACES

TYPE_CHECKING = False  # see mailsettings/__init__.py
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    RowObject = dict[str, Any]  # what compiler.py writes for one provider

CUSTOMER = "customer"  # kind of an MX suffix under which customers have machines of their own
MAX_HOST = 253  # characters, see address.py


class Index:
    """A compiled table in memory: the keys and the rows that they lead to. Names are A-labels."""

    __slots__ = ("_keys", "_rows")

    def __init__(self, data: bytes) -> None:
        """Split *data* into index and rows. ValueError if it is no compiled table."""
        header, _, rest = data.partition(b"\n")
        magic, _, length = header.rpartition(b" ")
        if magic != MAGIC:
            raise ValueError(f"starts with {data[:20]!r}, not with {MAGIC!r}")
        self._keys, self._rows = rest[: int(length)], rest[int(length) :]

    def by_domain(self, domain: str) -> RowObject | None:
        """Return the row of the addresses under exactly *domain*."""
        return self._row("d", _normalised(domain))

    def by_mx(self, host: str) -> RowObject | None:
        """Return the row whose MX suffix is the longest one that *host* ends with, on a label boundary.

        None, too, under a suffix of kind `customer`: the mail on a rented machine is its tenant's.
        """
        row = self._longest("m", host)
        return row if row is None or row["kind"] != CUSTOMER else None

    def by_trace(self, kind: str, name: str) -> RowObject | None:
        """Return the row of the hosting provider that *name*, a CNAME, SPF include or name server, belongs to."""
        return self._longest(TRACES[kind], name)

    def by_host(self, host: str) -> RowObject | None:
        """Return the row that names *host* as one of its servers, or under whose suffix all hosts are its own."""
        return self._row("h", _normalised(host)) or self._longest("f", host)

    def by_id(self, name: str) -> RowObject | None:
        """Return the row with the id *name*."""
        return self._row("i", name)

    def successor(self, host: str) -> str | None:
        """Return the host that has taken the place of *host*, or None if the table has no such change."""
        return next(iter(self._entry("o", _normalised(host))), None)

    def all_rows(self) -> Iterator[RowObject]:
        """Yield every row, sorted by id."""
        return map(json.loads, self._rows.splitlines()[:-1])

    def popular(self) -> list[str]:
        """Return the domains that most addresses are under, the most used first."""
        domains: list[str] = json.loads(self._rows.splitlines()[-1])["popular"]
        return domains

    def _longest(self, letter: str, name: str) -> RowObject | None:
        return next((row for suffix in _suffixes(name) if (row := self._row(letter, suffix)) is not None), None)

    def _row(self, letter: str, key: str) -> RowObject | None:
        """Parse the row that *key* leads to, with the kind that it has for this key."""
        values = self._entry(letter, key)
        if not values:
            return None
        offset, *kind = values
        row: RowObject = json.loads(self._rows[int(offset) : self._rows.index(b"\n", int(offset))])
        return {**row, "kind": kind[0]} if kind else row

    def _entry(self, letter: str, key: str) -> list[str]:
        """Return the values of *key* in the index, or none."""
        prefix = f"\n{letter} {key} ".encode()
        start = self._keys.find(prefix) if _can_be_key(key) else -1
        if start < 0:
            return []
        start += len(prefix)
        return self._keys[start : self._keys.index(b"\n", start)].decode().split(" ")


def _can_be_key(key: str) -> bool:
    """Say whether *key* can be one: a space or line end in it would match the separators of the index."""
    return bool(key) and key.isascii() and key.isprintable() and " " not in key


def _normalised(name: str) -> str:
    return name.lower().removesuffix(".")


def _suffixes(host: str) -> Iterator[str]:
    """List *host* and all it is under, the longest first, down to two labels."""
    labels = _normalised(host).split(".")[-10:]  # no suffix in the table has more than ten labels
    return (".".join(labels[first:]) for first in range(len(labels) - 1))


def read(path: str) -> Index:
    """Read the compiled table at *path*. OSError or ValueError if it cannot be read."""
    with open(path, "rb") as file:
        return Index(file.read())


def servers(row: RowObject, direction: str, domain: str) -> list[RowObject]:
    """Return the servers of *row*, `incoming` or `outgoing`, with %EMAILDOMAIN% in their names replaced by *domain*.

    Omits servers whose name needs *domain* where it is empty, or is too long with it.
    """
    hosts = ((server, server["host"].replace(DOMAIN_IN_HOST, domain or DOMAIN_IN_HOST)) for server in row[direction])
    return [{**server, "host": host} for server, host in hosts if DOMAIN_IN_HOST not in host and len(host) <= MAX_HOST]
