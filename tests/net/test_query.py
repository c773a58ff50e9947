"""Queries written by hand, read back by dnspython; and responses that a glance is enough for."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsettings.errors import Kind, NetworkError
from mailsettings.net.carriers import response_to
from mailsettings.net.query import EDNS_PAYLOAD, TYPES, Query, Response, query_of
from mailsettings.records import Question

QUESTION = Question("_imaps._tcp.example.org", "SRV")
LABELS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=63)
NAMES = st.lists(LABELS, min_size=1, max_size=8).map(".".join).filter(lambda name: len(name) <= 253)


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

    assert caught.value.kind is Kind.DNS_FAILED


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


@pytest.mark.parametrize("kind", ["A", "SRV"])
def test_records_are_read_whole(kind: str) -> None:
    """
    What has answers is a message, whatever its authorities.
    """
    query = query_of(Question("example.org", kind))
    message = no(query, dns.rcode.NOERROR)
    message.answer.append(dns.rrset.from_text("example.org.", 60, "IN", "CNAME", "example.net."))

    response = response_to(query, message.to_wire())

    assert response is not None
    assert response.message == message


def test_a_no_without_proof_is_read_whole() -> None:
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

    assert query.anonymous.wire == b"\0\0" + query.wire[2:]
