"""Queries and responses by hand, held against dnspython's."""

from __future__ import annotations

import struct
from dataclasses import replace
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Question
from mailsettings.net.dns.fallback import read
from mailsettings.net.dns.message import (
    EDNS_PAYLOAD,
    MAX_RECORDS,
    TYPES,
    Query,
    ResourceRecord,
    Response,
    query_of,
    read_plain,
)
from mailsettings.net.dns.transports import response_to

QUESTION = Question("_imaps._tcp.example.org", "SRV")
HOSTS = st.sampled_from(
    ["mx.example.org.", "a.b.mx.example.org.", "Mail.Example.NET.", ".", "localhost.", r"a\.b.example."]
)
NUMBERS = st.integers(0, 65535)
STRINGS = st.lists(st.text("abc ;=é\0", max_size=20), min_size=1, max_size=3)
DATA = {
    "A": st.ip_addresses(v=4).map(str),
    "AAAA": st.ip_addresses(v=6).map(str),
    "MX": st.tuples(NUMBERS, HOSTS).map(lambda each: "{} {}".format(*each)),
    "SRV": st.tuples(NUMBERS, NUMBERS, NUMBERS, HOSTS).map(lambda each: "{} {} {} {}".format(*each)),
    "TXT": STRINGS.map(lambda strings: " ".join(f'"{escaped(each)}"' for each in strings)),
    "NS": HOSTS,
    "PTR": HOSTS,
    "CNAME": HOSTS,
    "SOA": st.just("ns.example.org. root.example.org. 1 2 3 4 5"),  # of no use, and passed over
}
OWNERS = st.sampled_from(["example.org.", "EXAMPLE.org.", "mx.example.org.", "x.example.net."])
RECORDS = st.lists(
    st.sampled_from(sorted(DATA)).flatmap(lambda kind: st.tuples(OWNERS, st.just(kind), DATA[kind])),
    min_size=1,
    max_size=6,
    # Of two aliases of one name, which no zone may have, dnspython keeps the last.
    unique_by=lambda each: (each[0].lower(), each[1], each[1] == "CNAME" or each[2]),
)
LABELS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=63)
NAMES = st.lists(LABELS, min_size=1, max_size=8).map(".".join).filter(lambda name: len(name) <= 253)


def escaped(text: str) -> str:
    """Write *text* as master files have it, byte by byte."""
    return "".join(f"\\{byte:03d}" for byte in text.encode())


def yes(query: Query, records: list[tuple[str, str, str]]) -> dns.message.Message:
    """Return a response with *records* in their order, names compressed as servers do it."""
    response = dns.message.make_response(dns.message.from_wire(query.wire))
    for owner, kind, data in records:
        response.answer.append(dns.rrset.from_text(owner, 60, "IN", kind, data))
    return response


def no(query: Query, rcode: dns.rcode.Rcode = dns.rcode.NXDOMAIN, *, soa: bool = True) -> dns.message.Message:
    """Return what a resolver says of a name, or of a record, that does not exist."""
    response = dns.message.make_response(dns.message.from_wire(query.wire))
    response.set_rcode(rcode)
    if soa:
        data = "ns.example.org. root.example.org. 1 2 3 4 5"
        response.authority.append(dns.rrset.from_text("example.org.", 60, "IN", "SOA", data))
    return response


@given(NAMES, st.sampled_from(sorted(TYPES)), st.booleans())
def test_queries_are_what_dnspython_would_send(name: str, kind: str, edns: bool) -> None:
    """
    Name, type, class, flags and EDNS are read back as they were meant.
    """
    message = dns.message.from_wire(query_of(Question(name, kind), edns=edns).wire)

    (asked,) = message.question
    flags = dns.flags.RD | (dns.flags.AD if edns else 0)
    assert (asked.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(asked.rdtype)) == (name, kind)
    assert (message.flags, message.edns, message.payload) == (flags, 0 if edns else -1, EDNS_PAYLOAD if edns else 0)


def test_each_query_has_an_id_of_its_own() -> None:
    """
    Whoever forges an answer has to guess it.
    """
    assert len({query_of(QUESTION).wire[:2] for _ in range(200)}) > 100


@pytest.mark.parametrize(
    "name",
    ["", "a..b", ".a", "a.", "x" * 64, ".".join(["abcdefg"] * 32), "fürst.example", "a.b\N{FULLWIDTH FULL STOP}c"],
)
def test_what_is_no_name_is_not_asked(name: str) -> None:
    """
    Empty, long and foreign labels would be another question on the wire.
    """
    with pytest.raises(NetworkError) as caught:
        query_of(Question(name, "A"))

    assert caught.value.kind is FailureKind.DNS_FAILED


def test_what_is_no_type_is_not_asked() -> None:
    """
    Only types whose records are understood are asked for.
    """
    with pytest.raises(NetworkError):
        query_of(Question("example.org", "AXFR"))


@pytest.mark.parametrize("rcode", [dns.rcode.NXDOMAIN, dns.rcode.NOERROR], ids=dns.rcode.to_text)
@pytest.mark.parametrize("authentic", [True, False])
def test_a_no_is_seen_at_a_glance(rcode: dns.rcode.Rcode, authentic: bool) -> None:
    """
    "No such name" and "no such record" are read without the records that come with them.
    """
    query = query_of(QUESTION)
    message = no(query, rcode)
    message.flags |= dns.flags.AD if authentic else 0

    assert Response(int(rcode), authentic=authentic) == response_to(query, message.to_wire())


def test_a_no_without_proof_is_looked_at() -> None:
    """
    Without a SOA the code may go on in the OPT record: BADVERS looks like NOERROR in the header (RFC 6891 §6.1.3).
    """
    query = query_of(QUESTION)
    message = no(query, dns.rcode.BADVERS, soa=False)

    response = response_to(query, message.to_wire())

    assert response is not None
    assert response.rcode == dns.rcode.BADVERS


@pytest.mark.parametrize("place", range(12 + len(QUESTION.name) + 2 + 4))
def test_a_no_with_another_bit_is_no_answer_or_says_so(place: int) -> None:
    """
    Whatever is changed in header or question, a forged "no" is not taken for the true one.
    """
    query = query_of(QUESTION)
    wire = no(query).to_wire()
    true = response_to(query, wire)

    for bit in range(8):
        forged = bytearray(wire)
        forged[place] ^= 1 << bit
        told = response_to(query, bytes(forged))
        # Flags that say nothing of the answer (AA, RD, RA, Z, CD, AD), upper case in the name, counts of other records.
        harmless = place in {2, 3, 8, 9, 10, 11} or (12 < place < 12 + len(QUESTION.name) + 1 and bit == 5)
        assert told is None or harmless or told != true


@given(RECORDS, st.sampled_from(sorted(TYPES)))
def test_records_are_read_as_dnspython_reads_them(records: list[tuple[str, str, str]], kind: str) -> None:
    """
    Names, numbers, addresses and texts of all types, compressed names, other owners, other types.
    """
    query = query_of(Question("example.org", kind))
    wire = yes(query, records).to_wire()

    glance, whole = read_plain(query, wire), read(query, wire)

    assert whole is not None
    assert compared(glance or whole) == compared(whole)
    assert glance is not None or not whole.records


def compared(response: Response) -> set[ResourceRecord]:
    """Return the rows with their addresses as numbers, which are written in several ways."""
    addresses = (TYPES["A"], TYPES["AAAA"])
    number = {row: str(int(ip_address(str(row.value)))) for row in response.records if row.type in addresses}
    return {replace(row, value=number.get(row, row.value)) for row in response.records}


@given(RECORDS, st.data())
def test_broken_records_are_never_read_otherwise(records: list[tuple[str, str, str]], data: st.DataObject) -> None:
    """
    Bytes changed, cut off or put in: where both read it, both read the same; where one is in doubt, dnspython decides.
    """
    query = query_of(Question("example.org", "MX"))
    wire = bytearray(yes(query, records).to_wire())
    start = 12 + len("example.org") + 2 + 4
    for _ in range(data.draw(st.integers(1, 3))):
        wire[data.draw(st.integers(start, len(wire) - 1))] = data.draw(st.integers(0, 255))
    broken = bytes(wire[: -data.draw(st.sampled_from([0, 0, 0, 1, 5])) or None])

    glance, whole = read_plain(query, broken), read(query, broken)

    assert glance is None or whole is None or unaliased(glance) == unaliased(whole)


def unaliased(response: Response) -> set[ResourceRecord]:
    """Return the rows less the aliases: broken, one name may have two, of which dnspython keeps the last."""
    return {row for row in compared(response) if row.type != TYPES["CNAME"]}


@pytest.mark.parametrize(
    ("tail", "why"),
    [
        (b"\xc0\x1d", "a pointer to itself"),
        (b"\xc0\xff", "a pointer ahead"),
        (b"\x40" + b"a" * 64, "a label of another kind"),
        ((b"\x3f" + b"a" * 63) * 5 + b"\0", "a name of 321 octets"),
        (b"\x05ab", "a label that is cut off"),
    ],
)
def test_names_that_lead_astray_are_not_read(tail: bytes, why: str) -> None:
    """
    A stranger's packet costs no endless loop and no name that no host has.
    """
    query = query_of(Question("example.org", "A"))
    header = query.wire[:2] + b"\x81\x80\0\1\0\1\0\0\0\0"

    assert read_plain(query, header + query.wire[12:29] + tail + b"\0\1\0\1\0\0\0\1\0\4\1\2\3\4") is None, why


def message(query: Query, count: int, records: bytes) -> bytes:
    """Return a response that says to have *count* answers."""
    header = query.wire[:2] + b"\x81\x80\0\1" + count.to_bytes(2, "big") + bytes(4)
    return header + query.wire[12 : 12 + len(query.question.name) + 6] + records


def test_a_chain_of_pointers_through_the_packet_is_not_followed() -> None:
    """
    2026-11: each of 3,500 names began at the end of 5,000 pointers, which cost three seconds.
    """
    query = query_of(Question("example.org", "A"))
    first = 12 + len("example.org") + 6 + 11  # where the data of the first record begins
    places = range(first + 3, first + 10_000, 2)
    chain = b"\1a\0" + b"".join(struct.pack("!H", 0xC000 | max(first, place - 2)) for place in places)
    record = b"\0" + struct.pack("!HHIH", 99, 1, 0, len(chain)) + chain
    last = struct.pack("!H", 0xC000 | places[-1]) + struct.pack("!HHIH", 99, 1, 0, 0)
    wire = message(query, 3501, record + last * 3500)

    assert read_plain(query, wire) is None
    assert response_to(query, wire) is None


def test_of_very_many_records_the_first_are_read() -> None:
    """
    A zone with thousands of exchangers costs no more than one with hundreds.
    """
    query = query_of(Question("example.org", "MX"))
    record = b"\xc0\x0c" + struct.pack("!HHIH", 15, 1, 0, 4) + b"\0\5\xc0\x0c"

    response = response_to(query, message(query, 4000, record * 4000))

    assert response is not None
    assert len(response.records) == MAX_RECORDS


@given(st.binary(max_size=80))
def test_anything_else_is_no_response(data: bytes) -> None:
    """
    Noise is passed over, not an error.
    """
    query = query_of(QUESTION)

    assert response_to(query, data) is None or data[:2] == query.wire[:2]


def test_a_query_without_id_differs_in_nothing_else() -> None:
    """
    Over https the id is zero, so that answers can be cached on the way.
    """
    query = query_of(QUESTION)

    assert query.with_zero_id.wire == b"\0\0" + query.wire[2:]
