"""DNS messages and the values made of them. Pure.

What a zone's owner wrote is checked here, once: hosts that no mail server can have are dropped, lists are cut.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from mailsettings.address import parse_host
from mailsettings.errors import AddressError, Kind, NetworkError
from mailsettings.policy import Policy
from mailsettings.records import MX, SRV, Answer, Question, Record

EDNS_PAYLOAD = 1232  # bytes: fits into one packet everywhere (DNS flag day 2020)


def query_of(question: Question, *, edns: bool = True) -> dns.message.QueryMessage:
    """Return a query with a fresh random id. It asks for the AD bit (RFC 6840 §5.7), not for signatures."""
    try:
        query = dns.message.make_query(f"{question.name}.", question.type, use_edns=0 if edns else -1)
    except dns.exception.DNSException as error:
        raise NetworkError(Kind.DNS_FAILED, f"{str(question)!r} is no DNS question") from error
    if edns:
        query.use_edns(0, 0, EDNS_PAYLOAD)
    query.flags |= dns.flags.AD
    return query


def response_to(query: dns.message.Message, wire: bytes) -> dns.message.Message | None:
    """Return the response to *query* that *wire* is, or None if it is none: malformed, forged or of another question.

    A truncated one is returned as far as it goes, with its TC flag.
    """
    try:
        response: dns.message.Message = dns.message.from_wire(wire, raise_on_truncation=True)
    except dns.message.Truncated as error:
        response = error.message()  # type: ignore[no-untyped-call]  # dnspython leaves it untyped
    except dns.exception.DNSException:
        return None
    return response if query.is_response(response) else None


def answer_of(question: Question, response: dns.message.Message, policy: Policy, *, trusted: bool) -> Answer:
    """Return what *response* says; its AD bit is believed if the resolver is *trusted*.

    Raises NetworkError(DNS_FAILED) when aliases are chained too long, as they are in a loop.
    """
    rrset, aliases = _follow(question, response, policy.max_aliases)
    return Answer(
        question,
        records=_records(rrset, policy) if rrset else (),
        exists=response.rcode() != dns.rcode.NXDOMAIN,
        authentic=trusted and bool(response.flags & dns.flags.AD),
        aliases=tuple(aliases),
    )


def _follow(
    question: Question, response: dns.message.Message, most: int
) -> tuple[dns.rrset.RRset | None, tuple[str, ...]]:
    """Return the records at the end of the chain of aliases, and the aliases."""
    name = dns.name.from_text(f"{question.name}.")
    wanted = dns.rdatatype.from_text(question.type)
    aliases: list[dns.name.Name] = []
    while (rrset := _rrset(response, name, wanted)) is None and wanted != dns.rdatatype.CNAME:
        alias = _rrset(response, name, dns.rdatatype.CNAME)
        if alias is None:
            break
        if len(aliases) == most:
            raise NetworkError(Kind.DNS_FAILED, f"more than {most} aliases in a row")
        name = alias[0].target
        aliases.append(name)
    return rrset, tuple(host for alias in aliases if (host := _host(alias)))


def _rrset(
    response: dns.message.Message, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> dns.rrset.RRset | None:
    return response.get_rrset(response.answer, name, dns.rdataclass.IN, rdtype)


def _records(rrset: dns.rrset.RRset, policy: Policy) -> tuple[Record, ...]:
    """Return the usable records of *rrset*, the preferred ones first, no more than the policy reads."""
    match rrset.rdtype:
        case dns.rdatatype.A | dns.rdatatype.AAAA:
            return tuple(rdata.address for rdata in rrset)[: policy.max_addresses]
        case dns.rdatatype.MX:
            mx = (MX(rdata.preference, host) for rdata in rrset if (host := _host(rdata.exchange)) is not None)
            return tuple(sorted(mx, key=lambda record: (record.preference, record.host)))[: policy.max_mx]
        case dns.rdatatype.SRV:
            return _services(rrset)[: policy.max_srv]
        case dns.rdatatype.TXT:
            return tuple(b"".join(rdata.strings).decode("utf-8", "replace") for rdata in rrset)[: policy.max_srv]
        case dns.rdatatype.CNAME | dns.rdatatype.NS:
            return tuple(host for rdata in rrset if (host := _host(rdata.target)))[: policy.max_srv]
        case _:
            return ()


def _services(rdatas: Iterable[Any]) -> tuple[SRV, ...]:
    """Return SRV records by priority; among equals the choice by weight is the asker's (RFC 2782)."""
    found = (
        SRV(rdata.priority, rdata.weight, rdata.port, host)
        for rdata in rdatas
        if (host := _host(rdata.target)) is not None
    )
    return tuple(sorted(found, key=lambda record: (record.priority, -record.weight, record.target, record.port)))


def _host(name: dns.name.Name) -> str | None:
    """Return *name* as a host; empty for the root (null MX, no such service), None if no host has such a name."""
    if name == dns.name.root:
        return ""
    try:
        return parse_host(name.to_text(omit_final_dot=True))
    except AddressError:
        return None
