"""What the provider table and public lists of settings say differently of the same domain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from mailsettings.provider_table.compiler import DOMAIN_IN_HOST
from scripts.table_consistency import related
from scripts.table_facts import Entry

# Lists whose entries are written by hand and reviewed, one document for each company.
REVIEWED = frozenset({"deltachat", "fairemail", "ispdb"})


def contradictions(document: Mapping[str, Any], entries: Iterable[Entry]) -> Iterator[str]:
    """Yield what reviewed lists among *entries* say otherwise than the table *document*, one sentence each."""
    reviewed = [entry for entry in entries if entry.source in REVIEWED]
    owners = {domain: name for name, row in document["providers"].items() for domain in row.get("domains", ())}
    yield from split_documents(document, owners, reviewed)
    yield from other_servers(document, owners, reviewed)


def split_documents(document: Mapping[str, Any], owners: Mapping[str, str], entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the documents of a list whose domains are of two rows that have nothing to do with each other."""
    for entry in entries:
        rows = {owners[domain]: domain for domain in reversed(entry.domains) if domain in owners}
        for one, other in combinations(sorted(rows), 2):
            if other not in related(document, one):
                where = f"{rows[one]} in {one}, {rows[other]} in {other}"
                yield f"{entry.source}: {entry.name}: one document, two rows: {where}"


def other_servers(document: Mapping[str, Any], owners: Mapping[str, str], entries: Iterable[Entry]) -> Iterator[str]:
    """Yield the domains for which every list has other servers than their row, unless the row says so (`disputed`)."""
    named: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for entry in entries:
        for domain in entry.domains:
            named[domain][entry.source] |= {_host(host, domain) for _, host in entry.incoming}
    for domain, name in sorted(owners.items()):
        row = document["providers"][name]
        known = _known(row, domain)
        sources = {source: found for source, found in named.get(domain, {}).items() if found}
        if row.get("incoming") and sources and not row.get("disputed") and not known & set().union(*sources.values()):
            said = "; ".join(f"{source}: {', '.join(sorted(found))}" for source, found in sorted(sources.items()))
            yield f"{name}: {domain} has other servers in public lists ({said}): correct the row, or write `disputed`"


def _known(row: Mapping[str, Any], domain: str) -> set[str]:
    """Return the servers of *row* for reading the mail of *domain*, and the names that they had."""
    servers = {_host(server["host"], domain) for server in row.get("incoming", ())}
    return servers | set(row.get("obsolete") or ())


def _host(host: str, domain: str) -> str:
    return host.replace(DOMAIN_IN_HOST.lower(), domain).replace(DOMAIN_IN_HOST, domain)
