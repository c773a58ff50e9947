"""A codec for DNS messages: writes queries, and parses responses that are a plain answer, NXDOMAIN or NODATA. Pure.

A detection asks some forty questions, and three in four answers are NXDOMAIN or NODATA, which header and question
tell. dnspython takes half a millisecond per message and 35 ms to load: it parses only unusual ones (net.dns.fallback).

    12 bytes of header | the question | with EDNS an OPT record of 11 bytes       (RFC 1035 §4.1, RFC 6891 §6.1.2)
    12 bytes of header | the question | records of the eight types asked for      (RFC 1035 §3.3, §4.1.4)
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from struct import Struct
from struct import error as struct_error

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.interfaces import MX, SRV, Record
from mailsettings.model import Question

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33}
A, NS, CNAME, PTR, MX_TYPE, TXT, AAAA, SRV_TYPE = TYPES.values()
IN = 1

EDNS_PAYLOAD = 1232  # bytes: fits into one packet everywhere (DNS flag day 2020)

NOERROR, FORMERR, NXDOMAIN, NOTIMP = 0, 1, 3, 4  # RFC 1035 §4.1.1

_HEADER = Struct("!HHHHHH")  # id, flags, and how many questions, answers, authorities and additional records
_QUESTION = Struct("!HH")  # type and class
_OPT = b"\0" + Struct("!HHIH").pack(41, EDNS_PAYLOAD, 0, 0)
_RESPONSE, _OPCODE, _TRUNCATED, _RECURSE, _AUTHENTIC, _RCODE = 0x8000, 0x7800, 0x0200, 0x0100, 0x0020, 0x000F

_FIXED = Struct("!HHIH")  # type, class, seconds to live, length of the data
_SHORT = Struct("!H")
_SERVICE = Struct("!HHH")
MAX_RECORDS = 500  # parsed per message: no list is used beyond its first twenty
_MAX_NAME = 255  # octets (RFC 1035 §2.3.4)
_MAX_POINTERS = 16  # per name; servers use one, and a chain through a whole packet would take seconds
_POINTER = 0xC0
_USUAL = re.compile(rb"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Query:
    """A question as sent. A message with another id or question is no response to it."""

    question: Question
    wire: bytes

    @property
    def with_zero_id(self) -> Query:
        """The same with the id 0, for DoH: TLS prevents forgery, and HTTP caches work (RFC 8484 §4.1)."""
        return replace(self, wire=b"\0\0" + self.wire[2:])


@dataclass(frozen=True, slots=True)
class ResourceRecord:
    """One record as received. Names in *value* are unvalidated, in lower case, the root an empty string."""

    name: str
    type: int
    value: Record


@dataclass(frozen=True, slots=True)
class Response:
    """A parsed response."""

    rcode: int
    truncated: bool = False
    authentic: bool = False  # the AD bit
    records: tuple[ResourceRecord, ...] = ()
    error: str = ""  # the code as text, if it is an error
    bogus: bool = False  # the resolver reports invalid signatures (RFC 8914)


def query_of(question: Question, *, edns: bool = True) -> Query:
    """Return a query with a random id. It asks for the AD bit (RFC 6840 §5.7), not for signatures.

    Raises NetworkError(DNS_FAILED) if *question* cannot be asked.
    """
    name = _encoded_name(question)
    if name is None or question.type not in TYPES:
        raise NetworkError(FailureKind.DNS_FAILED, f"{str(question)!r} is no DNS question")
    flags = _RECURSE | (_AUTHENTIC if edns else 0)
    header = _HEADER.pack(int.from_bytes(os.urandom(2), "big"), flags, 1, 0, 0, int(edns))
    return Query(question, header + name + _QUESTION.pack(TYPES[question.type], IN) + (_OPT if edns else b""))


def _encoded_name(question: Question) -> bytes | None:
    """Return the name as length-prefixed labels (RFC 1035 §3.1); None if it is invalid."""
    if not question.name.isascii():
        return None
    labels = question.name.encode("ascii").split(b".")
    wire = b"".join(bytes((len(label),)) + label for label in labels if len(label) < 64) + b"\0"
    complete = len(question.name) + 2 == len(wire) <= _MAX_NAME and all(labels)
    return wire if complete else None


def read_plain(query: Query, wire: bytes) -> Response | None:
    """Return the response if *wire* is a plain answer, NXDOMAIN or NODATA to this question; else None."""
    if len(wire) < _HEADER.size:
        return None
    number, flags, questions, answers, authorities, _ = _HEADER.unpack_from(wire)
    start, rcode = _HEADER.size, flags & _RCODE
    asked = query.wire[start : start + len(query.question.name) + 2 + _QUESTION.size]
    plain = flags & (_RESPONSE | _OPCODE | _TRUNCATED) == _RESPONSE and questions == 1
    # A real NXDOMAIN or NODATA includes the zone's SOA (RFC 2308 §2); without it, parse the rest of the message.
    conclusive = rcode in (NOERROR, NXDOMAIN) and (answers > 0 or authorities > 0)
    if not (plain and conclusive and number == int.from_bytes(query.wire[:2], "big") and wire.startswith(asked, start)):
        return None
    records = read_records(wire, start + len(asked), answers)
    if records is None or bool(records) != bool(answers):
        return None
    return Response(rcode, authentic=bool(flags & _AUTHENTIC), records=records)


def read_records(wire: bytes, start: int, count: int) -> tuple[ResourceRecord, ...] | None:
    """Return the *count* records that begin at *start*, at most MAX_RECORDS, without other types and classes.

    None if they are not well-formed by RFC 1035.
    """
    try:
        return tuple(_records(wire, start, count))
    except (ValueError, IndexError, struct_error):
        return None


def _records(wire: bytes, at: int, count: int) -> Iterator[ResourceRecord]:
    for _ in range(min(count, MAX_RECORDS)):
        name, at = _name(wire, at)
        rdtype, class_, _, length = _FIXED.unpack_from(wire, at)
        at += _FIXED.size
        end = at + length
        if end > len(wire):
            raise ValueError("a record that goes on behind the message")
        if class_ == IN and rdtype in TYPES.values():
            yield ResourceRecord(name, rdtype, _value(wire, rdtype, at, end))
        at = end


def _value(wire: bytes, rdtype: int, at: int, end: int) -> Record:
    """Return the value of the record of type *rdtype* between *at* and *end*."""
    if rdtype == A:
        return str(IPv4Address(wire[at:end]))
    if rdtype == AAAA:
        return str(IPv6Address(wire[at:end]))
    if rdtype == TXT:
        return b"".join(_strings(wire[at:end])).decode("utf-8", "replace")
    if rdtype == MX_TYPE:
        (preference,) = _SHORT.unpack_from(wire, at)
        return MX(preference, _last_name(wire, at + _SHORT.size, end))
    if rdtype == SRV_TYPE:
        priority, weight, port = _SERVICE.unpack_from(wire, at)
        return SRV(priority, weight, port, _last_name(wire, at + _SERVICE.size, end))
    return _last_name(wire, at, end)


def _strings(data: bytes) -> Iterator[bytes]:
    """Yield length-prefixed character-strings; there is at least one."""
    at = 0
    while at < len(data) or at == 0:
        length = data[at]
        if at + length >= len(data):
            raise ValueError("a string that goes on behind its record")
        yield data[at + 1 : at + 1 + length]
        at += 1 + length


def _last_name(wire: bytes, at: int, end: int) -> str:
    """Return the name that is the rest of a record."""
    name, after = _name(wire, at)
    if after != end:
        raise ValueError("a name that does not fill its record")
    return name


def _name(wire: bytes, at: int) -> tuple[str, int]:
    """Return the name at *at* and the offset after it. Pointers must lead backwards, so that there are no loops."""
    labels: list[bytes] = []
    size, after, limit, pointers = 1, 0, at, 0
    while length := wire[at]:
        if length >= _POINTER:
            after = after or at + 2
            at = _SHORT.unpack_from(wire, at)[0] & 0x3FFF
            pointers += 1
            if at >= limit or pointers > _MAX_POINTERS:
                raise ValueError("a pointer that does not lead back, or one of too many")
            limit = at
            continue
        if length >= 64 or at + length >= len(wire) or (size := size + 1 + length) > _MAX_NAME:
            raise ValueError("a label or a name that is too long")
        labels.append(wire[at + 1 : at + 1 + length])
        at += 1 + length
    return ".".join(map(_label, labels)), after or at + 1


def _label(label: bytes) -> str:
    """Return *label* as in a master file, lower case: characters outside host names are escaped (RFC 1035 §5.1)."""
    if _USUAL.fullmatch(label):
        return label.decode("ascii").lower()
    return "".join(map(_escaped, label.lower()))


def _escaped(byte: int) -> str:
    if byte in b'"().;\\@$':
        return f"\\{byte:c}"
    return f"{byte:c}" if 0x20 < byte < 0x7F else f"\\{byte:03d}"
