"""Rows of a compiled provider table, found by searching its index (see compiler.py for the form)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from mailsettings.address import MAX_HOST
from mailsettings.errors import TableError
from mailsettings.model import Auth, Endpoint, Hint, Link, OAuth, Protocol, Provider, Security
from mailsettings.provider_table.compiler import DOMAIN_IN_HOST, MAGIC

CUSTOMER = "customer"  # kind of an MX suffix under which customers have machines of their own
_TRACE_KEYS = {"cname": "c", "spf": "s", "ns": "n"}


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a provider."""

    endpoint: Endpoint
    usernames: tuple[str, ...]  # templates in the order to try
    auth: tuple[Auth, ...]  # in the provider's order
    reason: str = ""  # why it is listed although it is plain or on an unusual port


@dataclass(frozen=True, slots=True)
class Row:
    """What the table says about one provider. Without servers the hints say why."""

    provider: Provider
    incoming: tuple[Server, ...] = ()  # in order of preference
    outgoing: tuple[Server, ...] = ()
    domains: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()  # suffixes
    obsolete: tuple[tuple[str, str], ...] = ()  # host, replacement
    source: str = ""  # the page of the provider, or what the row rests on
    checked: str = ""  # ISO 8601 day


@dataclass(frozen=True, slots=True)
class Table:
    """A compiled table in memory."""

    name: str  # for locators and messages
    index: bytes
    rows: bytes

    def find_domain(self, domain: str) -> Row | None:
        """Return the provider of the addresses under exactly *domain* (A-labels, lower case)."""
        return self._found("d", domain, domain)

    def find_mx(self, host: str, *, domain: str = "") -> Row | None:
        """Return the provider whose MX suffix is the longest one that *host* ends with, on a label boundary.

        Servers named after the customer's own domain are left out unless *domain* is given. None, too, under a suffix
        of kind `customer`: whoever rents a machine there runs the mail on it.
        """
        for suffix in _suffixes(host):
            if (found := self._found("m", suffix, domain)) is not None:
                return found if found.provider.kind != CUSTOMER else None
        return None

    def find_trace(self, kind: str, name: str, *, domain: str = "") -> Row | None:
        """Return the hosting provider that *name*, a CNAME target, SPF include or name server, belongs to."""
        for suffix in _suffixes(name):
            if (found := self._found(_TRACE_KEYS[kind], suffix, domain)) is not None:
                return found
        return None

    def host_provider(self, host: str) -> Row | None:
        """Return the provider that names *host* as one of its servers, or under which all hosts are its own."""
        host = host.lower().removesuffix(".")
        if (found := self._found("h", host, "")) is not None:
            return found
        for suffix in _suffixes(host):
            if (found := self._found("f", suffix, "")) is not None:
                return found
        return None

    def obsolete(self, host: str) -> str | None:
        """Return the host that has taken the place of *host*, or None if the table knows of no such change."""
        return next(iter(self._entry("o", host.lower().removesuffix("."))), None)

    def by_id(self, name: str) -> Row | None:
        """Return the provider with the id *name*."""
        data = self._data("i", name)
        return _row(data, _own(data)) if data else None

    def all_providers(self) -> tuple[Row, ...]:
        """Return every provider, sorted by id."""
        return tuple(_row(data, _own(data)) for data in map(json.loads, self.rows.splitlines()[:-1]))

    def popular(self) -> tuple[str, ...]:
        """Return the domains that most people's addresses are under, the most used first."""
        return tuple(json.loads(self.rows.splitlines()[-1])["popular"])

    def _entry(self, letter: str, key: str) -> list[str]:
        """Return the words behind *key* in the index."""
        wanted = f"\n{letter} {key} ".encode()
        start = self.index.find(wanted) if _plain(key) else -1
        if start < 0:
            return []
        start += len(wanted)
        return self.index[start : self.index.index(b"\n", start)].decode().split(" ")

    def _found(self, letter: str, key: str, domain: str) -> Row | None:
        key = key.lower().removesuffix(".")
        data = self._data(letter, key)
        if not data:
            return None
        row = _row(data, domain)
        kind = self._entry(letter, key)[1:]
        return replace(row, provider=replace(row.provider, kind=kind[0])) if kind else row

    def _data(self, letter: str, key: str) -> dict[str, Any]:
        """Parse the row that *key* leads to; empty if there is none."""
        words = self._entry(letter, key)
        if not words:
            return {}
        start = int(words[0])
        data: dict[str, Any] = json.loads(self.rows[start : self.rows.index(b"\n", start)])
        return data


def _plain(key: str) -> bool:
    """Say whether *key* can be one: a space or line end in it would match the index's own punctuation."""
    return bool(key) and key.isascii() and key.isprintable() and " " not in key


def _suffixes(host: str) -> Iterator[str]:
    """List *host* and all it is under, the longest first, down to two labels."""
    labels = host.lower().removesuffix(".").split(".")[-10:]  # no suffix in the table has more than ten labels
    return (".".join(labels[first:]) for first in range(len(labels) - 1))


def _own(data: dict[str, Any]) -> str:
    """Return the domain that stands for the row when none was asked for: hosts may be named after it."""
    return data["domains"][0] if data["domains"] else ""


def _row(data: dict[str, Any], domain: str) -> Row:
    provider = Provider(
        data["id"],
        data["name"],
        data["kind"],
        tuple(Hint(**hint) for hint in data["hints"]),
        tuple(Link(**doc) for doc in data["docs"]),
        OAuth(**{**data["oauth"], "scopes": tuple(data["oauth"].get("scopes", ()))}) if data["oauth"] else None,
    )
    return Row(
        provider,
        _servers(data["incoming"], domain),
        _servers(data["outgoing"], domain),
        tuple(data["domains"]),
        tuple(item["suffix"] for item in data["mx"] if item["kind"] != CUSTOMER),
        tuple(data["obsolete"].items()),
        data["source"],
        data["checked"],
    )


def _servers(data: list[dict[str, Any]], domain: str) -> tuple[Server, ...]:
    """Read the servers of a row, less those whose names cannot be made without *domain*, or too long with it."""
    hosts = ((item, item["host"].replace(DOMAIN_IN_HOST, domain or DOMAIN_IN_HOST)) for item in data)
    return tuple(_server(item, host) for item, host in hosts if DOMAIN_IN_HOST not in host and len(host) <= MAX_HOST)


def _server(data: dict[str, Any], host: str) -> Server:
    endpoint = Endpoint(Protocol(data["protocol"]), host, data["port"], Security(data["security"]))
    return Server(endpoint, tuple(data["usernames"]), tuple(Auth(item) for item in data["auth"]), data["reason"])


def from_bytes(data: bytes, name: str) -> Table:
    """Read a compiled table. TableError if *data* is none."""
    header, _, rest = data.partition(b"\n")
    magic, _, length = header.rpartition(b" ")
    if magic != MAGIC:
        raise TableError(f"{name} starts with {data[:20]!r}, not with {MAGIC!r}")
    return Table(name, rest[: int(length)], rest[int(length) :])
