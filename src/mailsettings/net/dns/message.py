"""DNS queries, written by hand, and responses that are plainly an answer or a "no", read by hand. Pure.

A detection asks some forty questions, and three in four answers are "no such name" or "no such record": header and
question show that. dnspython takes half a millisecond for each message and 35 ms to be loaded: it reads what is odd.

    12 bytes of header | the question | with EDNS an OPT record of 11 bytes       (RFC 1035 §4.1, RFC 6891 §6.1.2)
    12 bytes of header | the question | records of the seven types asked for      (RFC 1035 §3.3, §4.1.4)
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from struct import Struct, error

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.interfaces import MX, SRV, Record
from mailsettings.model import Question

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33}
A, NS, CNAME, MX_TYPE, TXT, AAAA, SRV_TYPE = TYPES.values()
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
MANY = 500  # records are read, of however many there are: no list is used beyond its first twenty
_MAX_NAME = 255  # octets (RFC 1035 §2.3.4)
_MAX_POINTERS = 16  # in one name; servers make one, and a chain through a whole packet would cost seconds
_POINTER = 0xC0
_USUAL = re.compile(rb"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Query:
    """A question as it is sent. Whatever has another id or question is no response to it."""

    question: Question
    wire: bytes

    @property
    def anonymous(self) -> Query:
        """The same with the id 0, for ways on which nobody can forge an answer, and caches are (RFC 8484 §4.1)."""
        return replace(self, wire=b"\0\0" + self.wire[2:])


@dataclass(frozen=True, slots=True)
class ResourceRecord:
    """One record as it came: *value* has its names as they were written, lower case, the root as an empty one."""

    name: str
    type: int
    value: Record


@dataclass(frozen=True, slots=True)
class Response:
    """What came back, as far as it is understood."""

    rcode: int
    truncated: bool = False
    authentic: bool = False  # the AD bit
    rows: tuple[ResourceRecord, ...] = ()
    said: str = ""  # the code in words, where it is an error
    bogus: bool = False  # the resolver says that the signatures are wrong


def query_of(question: Question, *, edns: bool = True) -> Query:
    """Return a query with a fresh random id. It asks for the AD bit (RFC 6840 §5.7), not for signatures.

    Raises NetworkError(DNS_FAILED) if *question* cannot be asked.
    """
    name = _encoded_name(question)
    if name is None or question.type not in TYPES:
        raise NetworkError(FailureKind.DNS_FAILED, f"{str(question)!r} is no DNS question")
    flags = _RECURSE | (_AUTHENTIC if edns else 0)
    header = _HEADER.pack(int.from_bytes(os.urandom(2), "big"), flags, 1, 0, 0, int(edns))
    return Query(question, header + name + _QUESTION.pack(TYPES[question.type], IN) + (_OPT if edns else b""))


def _encoded_name(question: Question) -> bytes | None:
    """Return the name as labels, each after its length (RFC 1035 §3.1); None if there is no such name."""
    if not question.name.isascii():
        return None
    labels = question.name.encode("ascii").split(b".")
    wire = b"".join(bytes((len(label),)) + label for label in labels if len(label) < 64) + b"\0"
    whole = len(question.name) + 2 == len(wire) <= 255 and all(labels)
    return wire if whole else None


def read_plain(query: Query, wire: bytes) -> Response | None:
    """Return *wire* if it is plainly an answer, or a "no", to exactly this question; None: it has to be looked at."""
    if len(wire) < _HEADER.size:
        return None
    number, flags, questions, answers, authorities, _ = _HEADER.unpack_from(wire)
    start, rcode = _HEADER.size, flags & _RCODE
    asked = query.wire[start : start + len(query.question.name) + 2 + _QUESTION.size]
    plain = flags & (_RESPONSE | _OPCODE | _TRUNCATED) == _RESPONSE and questions == 1
    # The zone's SOA comes with each real "no" (RFC 2308 §2); without one the rest of the message may say otherwise.
    tells = rcode in (NOERROR, NXDOMAIN) and (answers > 0 or authorities > 0)
    if not (plain and tells and number == int.from_bytes(query.wire[:2], "big") and wire.startswith(asked, start)):
        return None
    rows = rows_of(wire, start + len(asked), answers)
    if rows is None or bool(rows) != bool(answers):
        return None
    return Response(rcode, authentic=bool(flags & _AUTHENTIC), rows=rows)


def rows_of(wire: bytes, start: int, count: int) -> tuple[ResourceRecord, ...] | None:
    """Return the *count* records that begin at *start*, MANY at most, those of other types and classes left out.

    None if they are not plainly what RFC 1035 says.
    """
    try:
        return tuple(_rows(wire, start, count))
    except (ValueError, IndexError, error):
        return None


def _rows(wire: bytes, at: int, count: int) -> Iterator[ResourceRecord]:
    for _ in range(min(count, MANY)):
        name, at = _name(wire, at)
        kind, class_, _, length = _FIXED.unpack_from(wire, at)
        at += _FIXED.size
        end = at + length
        if end > len(wire):
            raise ValueError("a record that goes on behind the message")
        if class_ == IN and kind in TYPES.values():
            yield ResourceRecord(name, kind, _value(wire, kind, at, end))
        at = end


def _value(wire: bytes, kind: int, at: int, end: int) -> Record:
    """Return what the record of type *kind* between *at* and *end* says."""
    if kind == A:
        return str(IPv4Address(wire[at:end]))
    if kind == AAAA:
        return str(IPv6Address(wire[at:end]))
    if kind == TXT:
        return b"".join(_strings(wire[at:end])).decode("utf-8", "replace")
    if kind == MX_TYPE:
        (preference,) = _SHORT.unpack_from(wire, at)
        return MX(preference, _last_name(wire, at + _SHORT.size, end))
    if kind == SRV_TYPE:
        priority, weight, port = _SERVICE.unpack_from(wire, at)
        return SRV(priority, weight, port, _last_name(wire, at + _SERVICE.size, end))
    return _last_name(wire, at, end)


def _strings(data: bytes) -> Iterator[bytes]:
    """Yield character-strings, each of which comes after its length; there is one at least."""
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
    """Return the name at *at* and what comes after it. Pointers lead backwards, so that there are no loops."""
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
    """Return *label* as master files have it, lower case: what no host has in its name is escaped (RFC 1035 §5.1)."""
    if _USUAL.fullmatch(label):
        return label.decode("ascii").lower()
    return "".join(map(_written, label.lower()))


def _written(byte: int) -> str:
    if byte in b'"().;\\@$':
        return f"\\{byte:c}"
    return f"{byte:c}" if 0x20 < byte < 0x7F else f"\\{byte:03d}"
