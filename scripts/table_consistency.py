"""What the rows of providers.yaml say that cannot be right together, and which of them are old.

No list and no network is needed for this; what public lists say otherwise is in table_lists.py.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from mailsettings.hostnames import registrable
from mailsettings.provider_table.compiler import DOMAIN_IN_HOST

YEAR = timedelta(days=365)
# Rows of one company, whose products have servers of their own below its domain.
ONE_COMPANY = (
    frozenset({"aliyun", "qiye-aliyun", "qiye-aliyun-sg"}),
    frozenset({"aruba", "aruba-pec"}),
    frozenset({"gmx-com", "gmx-net"}),
    frozenset({"ionos-com", "ionos-de"}),
    frozenset({"netease-126", "netease-163", "netease-yeah", "qiye-163"}),
    frozenset({"unitymedia", "vodafone-de"}),
    frozenset({"yahoo-jp", "ybb"}),
)
# Pages of help systems that their providers have given up, and of the time before TLS.
DEAD_FORMS = re.compile(
    r"http://|https://(?:"
    r"(?:windows|office|answers)\.microsoft\.com/"
    r"|[a-z.]+\.google\.com/(?:support/|.*/answer\.py)"
    r"|help\.yahoo\.com/l/"
    r"|help\.aol\.com/help/microsites/"
    r"|[^/]+/app/answers/detail/"
    r"|[^/]+/.*viewArticle\.jsp"
    r"|(?:goo\.gl|bit\.ly|tinyurl\.com)/"
    r"|web\.archive\.org/)"
)


def inconsistencies(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the table *document*, one sentence each."""
    yield from hosts_of_others(document)
    yield from dead_pages(document)


def hosts_of_others(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the servers below a domain of another row: the password would go to another company."""
    owners: dict[str, set[str]] = defaultdict(set)
    for name, entry in document["providers"].items():
        for domain in entry.get("domains", ()):
            owners[registrable(domain)].add(name)
    for name, entry in document["providers"].items():
        kin = {name, *related(document, name)}
        for host in sorted(hosts(entry)):
            others = owners.get(registrable(host), set())
            if others and not others & kin and DOMAIN_IN_HOST not in host:
                yield f"{name}: {host} is below a domain of {', '.join(sorted(others))}"


def related(document: Mapping[str, Any], name: str) -> set[str]:
    """Return the rows that are of one company with *name*, have a server in common, or take in its mail."""
    providers = document["providers"]
    entry, found = providers[name], set()
    for other, each in providers.items():
        mail = other in entry.get("received_by", ()) or name in each.get("received_by", ())
        company = any({name, other} <= group for group in ONE_COMPANY)
        if other != name and (mail or company or hosts(entry) & hosts(each)):
            found.add(other)
    return found


def hosts(entry: Mapping[str, Any]) -> set[str]:
    """Return the names of the servers of *entry*."""
    return {server["host"] for server in (*entry.get("incoming", ()), *entry.get("outgoing", ()))}


def dead_pages(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield the hints that send the user to a page of a form that is no longer in use."""
    for name, entry in document["providers"].items():
        custom = entry.get("custom_domains") or {}
        for hint in (*entry.get("hints", ()), *custom.get("hints", ())):
            if DEAD_FORMS.match(hint.get("url") or ""):
                yield f"{name}: hint {hint['id']}: {hint['url']} is of a form that is no longer in use"


def old_rows(document: Mapping[str, Any], today: date) -> Iterator[str]:
    """Yield the rows that were compared with their source more than a year before *today*."""
    for name, entry in document["providers"].items():
        checked = entry.get("checked")
        if checked is None or today - date.fromisoformat(str(checked)) > YEAR:
            yield f"{name}: last compared with its source on {checked}, more than a year ago"
