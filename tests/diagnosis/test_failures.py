"""A zone whose signatures are wrong is told from one whose servers are broken."""

import pytest

from mailsettings.diagnosis.endpoints import EndpointOutcome, EndpointOutcomes
from mailsettings.diagnosis.failures import findings_at
from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Failure, Question
from mailsettings.net.dns.resolver import _query
from tests.support.diagnosis_runs import Refusing
from tests.support.values import endpoint


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("errors", "code"), [((), "dns-broken"), ((22,), "dns-broken"), ((6,), "dnssec-broken"), ((7,), "dnssec-broken")]
)
async def test_the_resolver_s_reason_becomes_the_finding(errors: tuple[int, ...], code: str) -> None:
    """
    RFC 8914: 6 is bogus, 7 an expired signature; 22 is only a server that does not answer.
    """
    with pytest.raises(NetworkError) as caught:
        await _query(Refusing(*errors), Question("imap.example.org", "A"))

    assert caught.value.kind is FailureKind.DNS_FAILED
    typed = endpoint("imap://imap.example.org:993")
    place = EndpointOutcome(typed, Failure.of(typed, caught.value), stated=True)
    assert [item.code for item in findings_at(place, EndpointOutcomes((place,)))] == [code]
