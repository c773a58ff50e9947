"""Look-ups in the provider table: a domain's mail provider by domain, MX host, trace or server host.

    find_domain("gmail.com").incoming[0].endpoint   ->   imap://imap.gmail.com:993 (tls)

Reads one compiled file once per process and parses one JSON line per look-up. Heavy imports are avoided: a process
that only needs the table is done in the time that importing pydantic takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from mailsettings.errors import TableError
from mailsettings.provider_table.compiler import compile_file, compile_table
from mailsettings.provider_table.files import COMPILED, YAML, is_stale, own_path
from mailsettings.provider_table.index import Index, read
from mailsettings.provider_table.rows import Exchanger, Row, row_of, sample_row

CACHED_ROWS = 128  # some kilobytes each: one detection looks its few up again and again


@dataclass(frozen=True, slots=True)
class Table:
    """A compiled table in memory."""

    name: str  # for locators and messages
    index: Index
    problems: tuple[str, ...] = ()  # what is wrong with entries of the user's own table that are left out

    @classmethod
    def compiled(cls, document: Mapping[str, Any], name: str, problems: tuple[str, ...] = ()) -> Table:
        """Return the table of *document*, which document.py has checked."""
        return cls(name, Index(compile_table(document)), problems)

    def find_domain(self, domain: str) -> Row | None:
        """Return the provider of the addresses under exactly *domain* (A-labels, lower case)."""
        return _row(self.index.by_domain(domain), domain)

    def find_mx(self, host: str, *, domain: str = "") -> Exchanger | None:
        """Return the provider whose exchanger *host* is, by the pattern or suffix with the longest fixed end.

        Servers named after the customer's own domain are left out unless *domain* is given. None for a machine that a
        customer rents: its mail is its tenant's.
        """
        found = self.index.by_mx(host)
        return Exchanger(row_of(found[0], domain), found[1]) if found else None

    def find_trace(self, kind: str, name: str, *, domain: str = "") -> Row | None:
        """Return the hosting provider that *name*, a CNAME target, SPF include or name server, belongs to."""
        return _row(self.index.by_trace(kind, name), domain)

    def host_provider(self, host: str) -> Row | None:
        """Return the provider that names *host* as one of its servers, or under whose suffix all hosts are its own.

        None for a machine that a customer rents.
        """
        return _row(self.index.by_host(host), "")

    def obsolete(self, host: str) -> str | None:
        """Return the host that has taken the place of *host*, or None if the table has no such change."""
        return self.index.successor(host)

    def by_id(self, name: str) -> Row | None:
        """Return the provider with the id *name*."""
        data = self.index.by_id(name)
        return sample_row(data) if data else None

    def all_providers(self) -> tuple[Row, ...]:
        """Return every provider, sorted by id."""
        return tuple(map(sample_row, self.index.all_rows()))

    def popular(self) -> tuple[str, ...]:
        """Return the domains that most addresses are under, the most used first."""
        return tuple(self.index.popular())


def _row(data: dict[str, Any] | None, domain: str) -> Row | None:
    return row_of(data, domain) if data else None


@cache
def bundled() -> Table:
    """Return the table that comes with the package; in a checkout it is recompiled if the YAML is newer."""
    if is_stale():
        _recompile()
    try:
        return Table("providers.yaml", read(COMPILED))
    except FileNotFoundError as error:
        raise TableError(f"{COMPILED!r} is missing: the package was installed incompletely") from error
    except ValueError as error:
        raise TableError(f"providers.yaml {error}") from error


def _recompile() -> None:
    from mailsettings.provider_table.document import read_bundled

    with open(YAML, encoding="utf-8") as file:
        read_bundled(file.read(), "data/providers.yaml")
    compile_file(YAML, COMPILED)


@cache
def own_table() -> Table | None:
    """Return the user's own table, or None if there is none. TableError, with the line, if it cannot be used at all."""
    path = own_path()
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{path}: {error}") from error
    from mailsettings.provider_table.document import read_own

    document, problems = read_own(text, path)
    return Table.compiled(document, path, problems)


@lru_cache(CACHED_ROWS)
def find_domain(domain: str) -> Row | None:
    """Return the bundled table's provider of *domain*."""
    return bundled().find_domain(domain)


def find_mx(host: str, *, domain: str = "") -> Exchanger | None:
    """Return the bundled table's provider for the MX *host*; see Table.find_mx."""
    return bundled().find_mx(host, domain=domain)


def find_trace(kind: str, name: str, *, domain: str = "") -> Row | None:
    """Return the bundled table's hosting provider for a trace; see Table.find_trace."""
    return bundled().find_trace(kind, name, domain=domain)


@lru_cache(CACHED_ROWS)
def host_provider(host: str) -> Row | None:
    """Return the bundled table's provider that runs the server *host*."""
    return bundled().host_provider(host)


def obsolete(host: str) -> str | None:
    """Return what has replaced *host*, according to the bundled table."""
    return bundled().obsolete(host)


def by_id(name: str) -> Row | None:
    """Return the bundled provider *name*."""
    return bundled().by_id(name)


def all_providers() -> tuple[Row, ...]:
    """Return every bundled provider, sorted by id."""
    return bundled().all_providers()
