"""Convert DNS records to validated values. Pure.

Data of a zone is validated here, once: invalid host names are dropped, lists are truncated.
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
    question: Question, answers: Sequence[ResourceRecord], policy: Policy
) -> tuple[tuple[Record, ...], tuple[str, ...]]:
    """Return the records in *answers* for *question*, preferred ones first, and the CNAMEs that lead to them.

    Raises NetworkError(DNS_FAILED) if the chain of CNAMEs is too long, as it is in a loop.
    """
    name, wanted = question.name, TYPES[question.type]
    aliases: list[str] = []
    while not (found := _at(answers, name, wanted)) and wanted != CNAME and (alias := _at(answers, name, CNAME)):
        if len(aliases) == policy.limits.max_aliases:
            raise NetworkError(FailureKind.DNS_FAILED, f"more than {policy.limits.max_aliases} aliases in a row")
        name = str(alias[0])
        aliases.append(name)
    return _records(question.type, found, policy), tuple(host for alias in aliases if (host := _host(alias)))


def _at(answers: Iterable[ResourceRecord], name: str, rdtype: int) -> tuple[Record, ...]:
    """Return the records of *name* with the type *rdtype*, each once."""
    return tuple(dict.fromkeys(each.value for each in answers if (each.name, each.type) == (name, rdtype)))


def _records(rdtype: str, found: Iterable[Record], policy: Policy) -> tuple[Record, ...]:
    """Return the valid ones of *found*, preferred ones first, at most as many as the policy allows."""
    match rdtype:
        case "A" | "AAAA":
            return tuple(found)[: policy.limits.max_addresses]
        case "MX":
            exchangers = sorted(_exchangers(found), key=lambda each: (each.preference, each.host))
            return tuple(exchangers)[: policy.limits.max_mx]
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
    """Return SRV records by priority, then descending weight; weighted selection is up to the caller (RFC 2782)."""
    usable = (
        SRV(each.priority, each.weight, each.port, host)
        for each in found
        if isinstance(each, SRV) and (host := _host(each.target)) is not None
    )
    return tuple(sorted(usable, key=lambda record: (record.priority, -record.weight, record.target, record.port)))


def _host(name: str) -> str | None:
    """Return *name* as a host; empty for the root (null MX, service not available), None if it is invalid."""
    if not name:
        return ""
    try:
        return parse_host(name)
    except AddressError:
        return None
