"""The provider table: who runs a domain's mail, by domain, MX host, trace or server host.

    find_domain("gmail.com").incoming[0].endpoint   ->   imap://imap.gmail.com:993 (tls)

Reads one compiled file once per process and parses one JSON line per look-up. Nothing heavy is imported: a process
that only looks into the table is done in the time that pydantic needs to load.
"""

from __future__ import annotations

import os
import sys
from functools import cache, lru_cache

from mailsettings.errors import TableError
from mailsettings.provider_table.index import Row, Server, Table, from_bytes

__all__ = ["Row", "Server", "Table", "all_providers", "bundled", "by_id", "find_domain", "find_mx"]
__all__ += ["find_trace", "host_provider", "obsolete", "own_path", "own_table"]

_HERE = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - pathlib costs 7 ms
_PACKAGE = os.path.dirname(_HERE)  # noqa: PTH120
COMPILED = os.path.join(_HERE, "_data", "providers.table")  # noqa: PTH118
YAML = os.path.join(os.path.dirname(os.path.dirname(_PACKAGE)), "data", "providers.yaml")  # noqa: PTH118, PTH120

REMEMBERED = 128  # rows, some kilobytes each: one detection asks for its few again and again


@cache
def bundled() -> Table:
    """Return the table that comes with the package; in a checkout it is compiled anew when the YAML is newer."""
    if _is_stale():
        _recompile()
    try:
        with open(COMPILED, "rb") as file:  # noqa: PTH123
            return from_bytes(file.read(), "providers.yaml")
    except FileNotFoundError as error:
        raise TableError(f"{COMPILED!r} is missing: the package was installed incompletely") from error


def _is_stale() -> bool:
    """Say whether this is a checkout whose YAML is newer than what was compiled from it."""
    if os.path.basename(os.path.dirname(_PACKAGE)) != "src":  # noqa: PTH119, PTH120
        return False  # installed: what lies two folders above is not ours
    try:
        written = os.stat(YAML).st_mtime_ns  # noqa: PTH116
    except FileNotFoundError:
        return False
    try:
        return written > os.stat(COMPILED).st_mtime_ns  # noqa: PTH116
    except FileNotFoundError:
        return True


def _recompile() -> None:
    from mailsettings.provider_table.compiler import compile_file  # noqa: PLC0415
    from mailsettings.provider_table.document import read_bundled  # noqa: PLC0415 - pydantic and YAML, for contributors only

    with open(YAML, encoding="utf-8") as file:  # noqa: PTH123
        read_bundled(file.read(), "data/providers.yaml")
    compile_file(YAML, COMPILED)


@cache
def own_table() -> Table | None:
    """Return the user's own table, or None if there is none. TableError, with the line, if it cannot be read."""
    path = own_path()
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            text = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(f"{path}: {error}") from error
    from mailsettings.provider_table.document import read_own  # noqa: PLC0415 - pydantic and YAML, only for who has a table

    return read_own(text, path)


def own_path() -> str:
    """Return where the user's own table lies, if there is one."""
    on_linux: bool = sys.platform == "linux"
    if on_linux:  # what platformdirs says there, without the time to load it
        config = os.environ.get("XDG_CONFIG_HOME", "").strip() or os.path.expanduser("~/.config")  # noqa: PTH111
        return os.path.join(config, "mailsettings", "providers.yaml")  # noqa: PTH118
    from platformdirs import user_config_dir  # noqa: PLC0415

    return os.path.join(user_config_dir("mailsettings", appauthor=False), "providers.yaml")  # noqa: PTH118


@lru_cache(REMEMBERED)
def find_domain(domain: str) -> Row | None:
    """Return the bundled table's provider of *domain*."""
    return bundled().find_domain(domain)


def find_mx(host: str, *, domain: str = "") -> Row | None:
    """Return the bundled table's provider for the MX *host*; see Table.find_mx."""
    return bundled().find_mx(host, domain=domain)


def find_trace(kind: str, name: str, *, domain: str = "") -> Row | None:
    """Return the bundled table's hosting provider for a trace; see Table.find_trace."""
    return bundled().find_trace(kind, name, domain=domain)


@lru_cache(REMEMBERED)
def host_provider(host: str) -> Row | None:
    """Return the bundled table's provider that runs the server *host*."""
    return bundled().host_provider(host)


def obsolete(host: str) -> str | None:
    """Return what has replaced *host*, by the bundled table."""
    return bundled().obsolete(host)


def by_id(name: str) -> Row | None:
    """Return the bundled provider *name*."""
    return bundled().by_id(name)


def all_providers() -> tuple[Row, ...]:
    """Return every bundled provider, sorted by id."""
    return bundled().all_providers()
