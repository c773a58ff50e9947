"""The providers of benchmarks.many and benchmarks.fleet, and the MX hosts that domains with their mail there name."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from mailsettings.provider_table import table
from mailsettings.provider_table.rows import Row

FILE = Path(__file__).with_name("exchangers.txt")


@cache
def exchangers() -> Mapping[str, tuple[str, ...]]:
    """Return the MX hosts of each provider, by the id of its row. A * stands for the domain: see *mx_host*."""
    found: dict[str, tuple[str, ...]] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            provider, host, _source = line.split()
            found[provider] = (*found.get(provider, ()), host)
    return found


def providers() -> tuple[Row, ...]:
    """Return their rows. Raises LookupError if the table has one of them no more, since the figures would change."""
    found = {name: table.by_id(name) for name in exchangers()}
    if missing := [name for name, row in found.items() if row is None]:
        raise LookupError(f"not in the provider table: {', '.join(missing)}; correct benchmarks/exchangers.txt")
    return tuple(row for row in found.values() if row is not None)


def mx_host(domain: str, number: int) -> str:
    """Return the MX host of *domain*, which is the *number*-th one: all providers in turn, and all of their hosts."""
    each = tuple(exchangers().values())
    hosts = each[number % len(each)]
    return hosts[number // len(each) % len(hosts)].replace("*", domain.replace(".", "-"))
