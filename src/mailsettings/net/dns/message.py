"""DNS queries, written by hand, and responses that are plainly an answer or a "no". Pure.

A detection asks some forty questions, and three in four answers are "no such name" or "no such record": header and
question show that. dnspython takes half a millisecond for each message and 35 ms to be loaded: it reads what is odd.

    12 bytes of header | the question | with EDNS an OPT record of 11 bytes       (RFC 1035 §4.1, RFC 6891 §6.1.2)
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from struct import Struct

from mailsettings.errors import Kind, NetworkError
from mailsettings.interfaces import Question
from mailsettings.net.dns.rows import IN, TYPES, Row, rows_of

EDNS_PAYLOAD = 1232  # bytes: fits into one packet everywhere (DNS flag day 2020)

NOERROR, FORMERR, NXDOMAIN, NOTIMP = 0, 1, 3, 4  # RFC 1035 §4.1.1

_HEADER = Struct("!HHHHHH")  # id, flags, and how many questions, answers, authorities and additional records
_QUESTION = Struct("!HH")  # type and class
_OPT = b"\0" + Struct("!HHIH").pack(41, EDNS_PAYLOAD, 0, 0)
_RESPONSE, _OPCODE, _TRUNCATED, _RECURSE, _AUTHENTIC, _RCODE = 0x8000, 0x7800, 0x0200, 0x0100, 0x0020, 0x000F


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
class Response:
    """What came back, as far as it is understood."""

    rcode: int
    truncated: bool = False
    authentic: bool = False  # the AD bit
    rows: tuple[Row, ...] = ()
    said: str = ""  # the code in words, where it is an error


def query_of(question: Question, *, edns: bool = True) -> Query:
    """Return a query with a fresh random id. It asks for the AD bit (RFC 6840 §5.7), not for signatures.

    Raises NetworkError(DNS_FAILED) if *question* cannot be asked.
    """
    name = _name(question)
    if name is None or question.type not in TYPES:
        raise NetworkError(Kind.DNS_FAILED, f"{str(question)!r} is no DNS question")
    flags = _RECURSE | (_AUTHENTIC if edns else 0)
    header = _HEADER.pack(int.from_bytes(os.urandom(2), "big"), flags, 1, 0, 0, int(edns))
    return Query(question, header + name + _QUESTION.pack(TYPES[question.type], IN) + (_OPT if edns else b""))


def _name(question: Question) -> bytes | None:
    """Return the name as labels, each after its length (RFC 1035 §3.1); None if there is no such name."""
    if not question.name.isascii():
        return None
    labels = question.name.encode("ascii").split(b".")
    wire = b"".join(bytes((len(label),)) + label for label in labels if len(label) < 64) + b"\0"
    whole = len(question.name) + 2 == len(wire) <= 255 and all(labels)
    return wire if whole else None


def at_a_glance(query: Query, wire: bytes) -> Response | None:
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
