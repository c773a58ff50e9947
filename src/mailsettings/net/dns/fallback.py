"""Parse responses that are not plain answers with dnspython: errors with their reasons, truncated, unusual. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from mailsettings.interfaces import MX, SRV, Record
from mailsettings.net.dns.message import TYPES, Query, ResourceRecord, Response

# Extended errors of a validating resolver for invalid signatures (RFC 8914 §4.6 to §4.13).
_BOGUS_CODES = frozenset(range(5, 13))


def read(query: Query, wire: bytes) -> Response | None:
    """Parse *wire* as the response to *query*; None if it is malformed, forged or to another question."""
    try:
        message: dns.message.Message = dns.message.from_wire(wire, raise_on_truncation=True)
    except dns.message.Truncated as error:
        message = error.message()  # type: ignore[no-untyped-call]  # dnspython leaves it untyped
    except dns.exception.DNSException:
        return None
    if not dns.message.from_wire(query.wire, question_only=True).is_response(message):
        return None
    truncated, authentic = (bool(message.flags & bit) for bit in (dns.flags.TC, dns.flags.AD))
    codes = sorted(_BOGUS_CODES.intersection(error.code for error in message.extended_errors()))
    text = dns.rcode.to_text(message.rcode())
    if codes:
        text = f"{text}: DNSSEC validation failed (extended error {codes[0]:d})"
    return Response(int(message.rcode()), truncated, authentic, tuple(_records(message)), text, bogus=bool(codes))


def _records(message: dns.message.Message) -> Iterator[ResourceRecord]:
    """Yield the records of the types in TYPES."""
    for rrset in message.answer:
        if rrset.rdclass == dns.rdataclass.IN and rrset.rdtype in TYPES.values():
            for rdata in rrset:
                yield ResourceRecord(_text(rrset.name), int(rrset.rdtype), _value(rdata))


def _value(rdata: Any) -> Record:
    match rdata.rdtype:
        case dns.rdatatype.A | dns.rdatatype.AAAA:
            return str(rdata.address)
        case dns.rdatatype.MX:
            return MX(rdata.preference, _text(rdata.exchange))
        case dns.rdatatype.SRV:
            return SRV(rdata.priority, rdata.weight, rdata.port, _text(rdata.target))
        case dns.rdatatype.TXT:
            return b"".join(rdata.strings).decode("utf-8", "replace")
        case _:
            return _text(rdata.target)


def _text(name: dns.name.Name) -> str:
    """Return *name* as text, lower case, the root as an empty string."""
    return "" if name == dns.name.root else name.to_text(omit_final_dot=True).lower()
