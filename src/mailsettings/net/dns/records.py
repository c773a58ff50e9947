"""The values made of DNS records. Pure.

What a zone's owner wrote is checked here, once: hosts that no mail server can have are dropped, lists are cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mailsettings.errors import AddressError, FailureKind, NetworkError
from mailsettings.hostnames import parse_host
from mailsettings.interfaces import MX, SRV, Record
from mailsettings.model import Question
from mailsettings.net.dns.message import CNAME, TYPES, ResourceRecord
from mailsettings.policy import Policy


def records_of(
    question: Question, rows: Sequence[ResourceRecord], policy: Policy
) -> tuple[tuple[Record, ...], tuple[str, ...]]:
    """Return what *rows* answer to *question*: records, the preferred ones first, and the aliases on the way.

    Raises NetworkError(DNS_FAILED) when aliases are chained too long, as they are in a loop.
    """
    name, wanted = question.name, TYPES[question.type]
    aliases: list[str] = []
    while not (found := _at(rows, name, wanted)) and wanted != CNAME and (alias := _at(rows, name, CNAME)):
        if len(aliases) == policy.limits.max_aliases:
            raise NetworkError(FailureKind.DNS_FAILED, f"more than {policy.limits.max_aliases} aliases in a row")
        name = str(alias[0])
        aliases.append(name)
    return _records(question.type, found, policy), tuple(host for alias in aliases if (host := _host(alias)))


def _at(rows: Iterable[ResourceRecord], name: str, kind: int) -> tuple[Record, ...]:
    """Return the records of type *kind* that *name* has, each once."""
    return tuple(dict.fromkeys(row.value for row in rows if (row.name, row.type) == (name, kind)))


def _records(kind: str, found: Iterable[Record], policy: Policy) -> tuple[Record, ...]:
    """Return the usable ones of *found*, the preferred ones first, no more than the policy reads."""
    match kind:
        case "A" | "AAAA":
            return tuple(found)[: policy.limits.max_addresses]
        case "MX":
            return tuple(sorted(_exchangers(found), key=lambda each: (each.preference, each.host)))[
                : policy.limits.max_mx
            ]
        case "SRV":
            return _services(found)[: policy.limits.max_srv]
        case "TXT":
            return tuple(found)[: policy.limits.max_srv]
        case _:
            return tuple(host for each in found if (host := _host(str(each))))[: policy.limits.max_srv]


def _exchangers(found: Iterable[Record]) -> Iterator[MX]:
    for each in found:
        if isinstance(each, MX) and (host := _host(each.host)) is not None:
            yield MX(each.preference, host)


def _services(found: Iterable[Record]) -> tuple[SRV, ...]:
    """Return SRV records by priority; among equals the choice by weight is the asker's (RFC 2782)."""
    usable = (
        SRV(each.priority, each.weight, each.port, host)
        for each in found
        if isinstance(each, SRV) and (host := _host(each.target)) is not None
    )
    return tuple(sorted(usable, key=lambda record: (record.priority, -record.weight, record.target, record.port)))


def _host(name: str) -> str | None:
    """Return *name* as a host; empty for the root (null MX, no such service), None if no host has such a name."""
    if not name:
        return ""
    try:
        return parse_host(name)
    except AddressError:
        return None
