"""DNS messages that have records, and the values made of them. Pure.

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
from mailsettings.net.query import Query, Response
from mailsettings.policy import Policy
from mailsettings.records import MX, SRV, Question, Record


def read(query: Query, wire: bytes) -> Response | None:
    """Return the response to *query* that *wire* is, with all its records; None if it is none."""
    try:
        message: dns.message.Message = dns.message.from_wire(wire, raise_on_truncation=True)
    except dns.message.Truncated as error:
        message = error.message()  # type: ignore[no-untyped-call]  # dnspython leaves it untyped
    except dns.exception.DNSException:
        return None
    if not dns.message.from_wire(query.wire, question_only=True).is_response(message):
        return None
    truncated, authentic = (bool(message.flags & bit) for bit in (dns.flags.TC, dns.flags.AD))
    return Response(int(message.rcode()), truncated, authentic, message)


def records_of(
    question: Question, message: dns.message.Message, policy: Policy
) -> tuple[tuple[Record, ...], tuple[str, ...]]:
    """Return what *message* answers to *question*: records, the preferred ones first, and the aliases on the way.

    Raises NetworkError(DNS_FAILED) when aliases are chained too long, as they are in a loop.
    """
    rrset, aliases = _follow(question, message, policy.max_aliases)
    return (_records(rrset, policy) if rrset else ()), aliases


def refusal(message: dns.message.Message) -> NetworkError:
    """Return the failure that *message*, an error, reports; DNSSEC where the resolver says that it is the reason."""
    codes = sorted(_SIGNATURES.intersection(error.code for error in message.extended_errors()))
    why = f": DNSSEC validation failed (extended error {codes[0]:d})" if codes else ""
    return NetworkError(Kind.DNS_FAILED, f"the name server says {dns.rcode.to_text(message.rcode())}{why}")


# Extended errors of a validating resolver (RFC 8914 §4.6 to §4.13): the signatures are wrong, not the server.
_SIGNATURES = frozenset(range(5, 13))


def _follow(
    question: Question, message: dns.message.Message, most: int
) -> tuple[dns.rrset.RRset | None, tuple[str, ...]]:
    """Return the records at the end of the chain of aliases, and the aliases."""
    name = dns.name.from_text(f"{question.name}.")
    wanted = dns.rdatatype.from_text(question.type)
    aliases: list[dns.name.Name] = []
    while (rrset := _rrset(message, name, wanted)) is None and wanted != dns.rdatatype.CNAME:
        alias = _rrset(message, name, dns.rdatatype.CNAME)
        if alias is None:
            break
        if len(aliases) == most:
            raise NetworkError(Kind.DNS_FAILED, f"more than {most} aliases in a row")
        name = alias[0].target
        aliases.append(name)
    return rrset, tuple(host for alias in aliases if (host := _host(alias)))


def _rrset(
    message: dns.message.Message, name: dns.name.Name, rdtype: dns.rdatatype.RdataType
) -> dns.rrset.RRset | None:
    return message.get_rrset(message.answer, name, dns.rdataclass.IN, rdtype)


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
