"""The answer section of a DNS response, read by hand: the seven types that are asked for (RFC 1035 §3.3, §4.1.4). Pure.

What is odd is not read at all: dnspython decides what it is worth (net/dns/fallback.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from struct import Struct, error

from mailsettings.interfaces import MX, SRV, Record

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33}
A, NS, CNAME, MX_TYPE, TXT, AAAA, SRV_TYPE = TYPES.values()
IN = 1

_FIXED = Struct("!HHIH")  # type, class, seconds to live, length of the data
_SHORT = Struct("!H")
_SERVICE = Struct("!HHH")
MANY = 500  # records are read, of however many there are: no list is used beyond its first twenty
_MAX_NAME = 255  # octets (RFC 1035 §2.3.4)
_MAX_POINTERS = 16  # in one name; servers make one, and a chain through a whole packet would cost seconds
_POINTER = 0xC0
_USUAL = re.compile(rb"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Row:
    """One record as it came: *value* has its names as they were written, lower case, the root as an empty one."""

    name: str
    type: int
    value: Record


def rows_of(wire: bytes, start: int, count: int) -> tuple[Row, ...] | None:
    """Return the *count* records that begin at *start*, MANY at most, those of other types and classes left out.

    None if they are not plainly what RFC 1035 says.
    """
    try:
        return tuple(_rows(wire, start, count))
    except (ValueError, IndexError, error):
        return None


def _rows(wire: bytes, at: int, count: int) -> Iterator[Row]:
    for _ in range(min(count, MANY)):
        name, at = _name(wire, at)
        kind, class_, _, length = _FIXED.unpack_from(wire, at)
        at += _FIXED.size
        end = at + length
        if end > len(wire):
            raise ValueError("a record that goes on behind the message")
        if class_ == IN and kind in TYPES.values():
            yield Row(name, kind, _value(wire, kind, at, end))
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
