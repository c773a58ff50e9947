"""A zone whose signatures are wrong is told from one whose servers are broken."""

import dns.edns
import dns.message
import dns.rcode
import pytest

from mailsettings.diagnosis.failures import of_place
from mailsettings.diagnosis.places import Place, Places
from mailsettings.errors import Kind, NetworkError
from mailsettings.interfaces import Question
from mailsettings.model import Failure
from mailsettings.net.dns.message import Query, Response
from mailsettings.net.dns.resolver import _once
from mailsettings.net.dns.transports import response_to
from tests.values import endpoint


class Refusing:
    """A name server that says SERVFAIL with these extended errors."""

    round_trips = 1

    def __init__(self, *errors: int) -> None:
        self._errors = errors

    async def exchange(self, query: Query) -> Response:
        response = dns.message.make_response(dns.message.from_wire(query.wire))
        response.set_rcode(dns.rcode.SERVFAIL)
        response.use_edns(0, options=[dns.edns.EDEOption(dns.edns.EDECode(error)) for error in self._errors])
        read = response_to(query, response.to_wire())
        assert read is not None
        return read

    async def aclose(self) -> None:
        """Nothing is open."""


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("errors", "code"), [((), "dns-broken"), ((22,), "dns-broken"), ((6,), "dnssec-broken"), ((7,), "dnssec-broken")]
)
async def test_the_resolver_s_reason_becomes_the_finding(errors: tuple[int, ...], code: str) -> None:
    """
    RFC 8914: 6 is bogus, 7 an expired signature; 22 is only a server that does not answer.
    """
    with pytest.raises(NetworkError) as caught:
        await _once(Refusing(*errors), Question("imap.example.org", "A"))

    assert caught.value.kind is Kind.DNS_FAILED
    typed = endpoint("imap://imap.example.org:993")
    place = Place(typed, Failure(caught.value.kind, str(typed), caught.value.seen), stated=True)
    assert [item.code for item in of_place(place, Places((place,)))] == [code]
