"""Rows of a compiled table as JSON objects, found by searching its index (see compiler.py for the form).

    read(COMPILED).by_domain("gmail.com")["incoming"][0]["host"]   ->   "imap.gmail.com"

The only reader of the compiled form: table.py makes values of the model from its rows, the command's fast offline path
(cli/fast_offline.py) takes them as they are. Hence this module imports neither the model nor dataclasses, which would
take longer than that whole process.
"""

from __future__ import annotations

import json

from mailsettings.provider_table.compiler import CUSTOMER, DOMAIN_IN_HOST, EXACTLY, MAGIC, SHARED, TRACES

TYPE_CHECKING = False  # see mailsettings/__init__.py
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    RowObject = dict[str, Any]  # what compiler.py writes for one provider

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

    def by_mx(self, host: str) -> tuple[RowObject, bool] | None:
        """Return the row that the MX *host* leads to, and whether its name is surely that of the provider's machine.

        The longest pattern or suffix decides. None for a rented machine: its mail is its tenant's.
        """
        found = list(self._mx_entries(_normalised(host)))
        if not found or any(kind == CUSTOMER for *_, kind in found):
            return None
        *_, offset, kind = max(found)
        row = self._row_at(offset)
        return ({**row, "kind": kind}, True) if kind not in ("", SHARED) else (row, kind != SHARED)

    def by_trace(self, kind: str, name: str) -> RowObject | None:
        """Return the row of the hosting provider that *name*, a CNAME, SPF include or name server, belongs to."""
        return self._longest(TRACES[kind], name)

    def by_host(self, host: str) -> RowObject | None:
        """Return the row that names *host* as one of its servers, or under whose suffix all hosts are its own.

        None for a rented machine.
        """
        if self.is_rented(host):
            return None
        return self._row("h", _normalised(host)) or self._longest("f", host)

    def is_rented(self, host: str) -> bool:
        """Say whether *host* is, or lies below, a machine that customers of a provider rent."""
        return any(kind == CUSTOMER for *_, kind in self._mx_entries(_normalised(host)))

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

    def _mx_entries(self, host: str) -> Iterator[tuple[int, bool, int, int, str]]:
        """Yield what the index has about the MX *host*; the greatest decides.

        Length of the key, whether it is for names of the provider's machines, length of the pattern, row, kind.
        """
        for key in _suffixes(host):
            above = host[: -len(key)].removesuffix(".")
            for offset, before, *kind in self._entries("m", key):
                if _fits(above, before, kind):
                    yield len(key), kind != [SHARED], len(before), int(offset), "".join(kind)

    def _longest(self, letter: str, name: str) -> RowObject | None:
        return next((row for suffix in _suffixes(name) if (row := self._row(letter, suffix)) is not None), None)

    def _row(self, letter: str, key: str) -> RowObject | None:
        """Parse the row that *key* leads to."""
        values = self._entry(letter, key)
        return self._row_at(int(values[0])) if values else None

    def _row_at(self, offset: int) -> RowObject:
        row: RowObject = json.loads(self._rows[offset : self._rows.index(b"\n", offset)])
        return row

    def _entry(self, letter: str, key: str) -> list[str]:
        """Return the values of *key* in the index, or none."""
        return next(self._entries(letter, key), [])

    def _entries(self, letter: str, key: str) -> Iterator[list[str]]:
        """Yield the values of each line that *key* has in the index; they follow one another."""
        prefix = f"\n{letter} {key} ".encode()
        start = self._keys.find(prefix) if _can_be_key(key) else -1
        while start >= 0:
            end = self._keys.index(b"\n", start + 1)
            yield self._keys[start + len(prefix) : end].decode().split(" ")
            start = end if self._keys.startswith(prefix, end) else -1


def _fits(above: str, before: str, kind: list[str]) -> bool:
    """Say whether *before*, the pattern in front of a key, stands for *above*, the labels that a host has there."""
    from mailsettings.hostnames import below_or_matches, matches

    if kind == [SHARED]:
        return True
    if kind == [CUSTOMER]:
        return below_or_matches(above, before) != ""
    return above == "" if before == EXACTLY else matches(above, before)


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
