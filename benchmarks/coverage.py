"""Which domains of the public lists the provider table has: `python -m benchmarks.coverage DIRECTORY`.

facts-open.jsonl, facts-more.jsonl    what public lists of settings say, an entry of a list a line

Lists that copy one another are one family. Two sets of domains count: those that two families name that are kept up to
date, and those that one family and its copies name with TLS. What the table leaves out has its reason in
data/left-out.yaml; the exit code is 1 if a domain has none, or if the table has less of a set than it must.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from mailsettings.provider_table import table
from scripts.table_facts import OUTDATED, Entry, family, read_facts

LEFT_OUT = Path(__file__).parent.parent / "data" / "left-out.yaml"
BY_TWO, BY_ONE = "by two families", "by one with TLS"
AT_LEAST = {BY_TWO: 500 / 507, BY_ONE: 500 / 570}


@dataclass(slots=True)
class Named:
    """The lists that name a domain."""

    sources: set[str] = field(default_factory=set)
    current: set[str] = field(default_factory=set)  # families that are kept up to date and name servers with TLS
    removed: bool = False  # from a list that has not taken it up again
    incoming: bool = False  # some current list names a server for reading mail


def named(entries: Iterable[Entry]) -> dict[str, Named]:
    """Return who names each domain of *entries*."""
    found: dict[str, Named] = defaultdict(Named)
    kept: set[str] = set()
    for entry in entries:
        for domain in entry.domains:
            each = found[domain]
            each.sources.add(entry.source)
            each.removed |= entry.source == "ispdb-removed"
            kept.update([domain] if entry.source == "ispdb" else ())
            if entry.source not in OUTDATED and not entry.only_plain:
                each.current.add(family(entry.source))
                each.incoming |= bool(entry.incoming)
    for domain in kept:
        found[domain].removed = False
    return found


def sets(found: Mapping[str, Named]) -> dict[str, set[str]]:
    """Return the domains that the table should have, by the kind of evidence."""
    wanted = {domain: each for domain, each in found.items() if not each.removed}
    return {
        BY_TWO: {domain for domain, each in wanted.items() if len(each.current) > 1},
        BY_ONE: {
            domain
            for domain, each in wanted.items()
            if len(each.current) == 1 and len(each.sources) > 1 and each.incoming
        },
    }


def reasons(path: Path = LEFT_OUT) -> dict[str, str]:
    """Return why each domain of *path* is left out."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {domain: reason for reason, domains in document.items() for domain in domains}


def main(directory: str) -> int:
    """Print how many domains of each set the table has; return the exit code."""
    left, fine = reasons(), True
    for kind, domains in sets(named(read_facts(Path(directory)))).items():
        have = {domain for domain in domains if table.find_domain(domain) is not None}
        unexplained = sorted(domains - have - left.keys())
        share = len(have) / max(1, len(domains))
        print(f"{kind:18} {len(have):4} of {len(domains)} ({share:.1%}, at least {AT_LEAST[kind]:.1%})")
        print("".join(f"  without a reason: {domain}\n" for domain in unexplained), end="")
        fine &= share >= AT_LEAST[kind] and not unexplained
    rows = table.all_providers()
    names = sum(len(row.mx) + len(row.shared_mx) for row in rows)
    print(f"{len(rows)} providers, {sum(len(row.domains) for row in rows)} domains, {names} MX names")
    return 0 if fine else 1


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m benchmarks.coverage DIRECTORY")
    sys.exit(main(sys.argv[1]))
