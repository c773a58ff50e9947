"""Guesses state nothing: IMAP comes before POP3, the likeliest name first, whichever of them exist and answer."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsettings.decision.candidates import merge
from mailsettings.decision.ranking import documents_of, in_direction, ranked
from mailsettings.decision.usual_names import IMAP_NAMES, POP3_NAMES
from mailsettings.model import Authority, Claim, Direction, Endpoint, Evidence, Probe, Protocol, Security
from mailsettings.sources.guess import GuessedHost, claims_on_mx_host, guess
from tests.support.values import ada, verified

D = "post.example.org"  # below its registrable domain, so that all usual names differ
EXCHANGER = f"mx.{D}"
NAMES = {Protocol.IMAP: IMAP_NAMES, Protocol.POP3: POP3_NAMES}
HOSTS = {
    protocol: [name.format(d=D, r="example.org") for name in (*names, "mx.{d}")] for protocol, names in NAMES.items()
}


def guesses(exchanger: str) -> list[Claim]:
    """Return every guess that can be made, with those on the host that receives the mail."""
    evidence = Evidence(Authority.GUESS, "mx", exchanger, domain=exchanger)
    by_name = [claim for lead in guess(ada(D)) if isinstance(lead, GuessedHost) for claim in lead.claims()]
    return [*by_name, *claims_on_mx_host(exchanger, evidence)]


ALL = guesses(EXCHANGER)
ALL_HOSTS = sorted({claim.endpoint.host for claim in ALL})


def incoming(claims: Sequence[Claim]) -> list[Endpoint]:
    """Return the endpoints for reading that *claims* are about."""
    return sorted({claim.endpoint for claim in claims if claim.endpoint.protocol is not Protocol.SMTP}, key=str)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Claim], list[Endpoint]]:
    """Draw which names exist, in which order DNS says so, and which ports answer there."""
    hosts = draw(st.sets(st.sampled_from(ALL_HOSTS), min_size=1, max_size=4))
    found = draw(st.permutations([claim for claim in ALL if claim.endpoint.host in hosts]))
    endpoints = incoming(found)
    alive = draw(st.sets(st.sampled_from(endpoints))) if endpoints else set()
    return found, sorted(alive, key=str)


def order_of(claims: Sequence[Claim], alive: Sequence[Endpoint]) -> list[Endpoint]:
    """Return the verified servers for reading, best first."""
    probes: dict[Endpoint, Probe] = {each: verified(f"{each.protocol}://{each.host}:{each.port}") for each in alive}
    candidates = in_direction(merge(claims), Direction.INCOMING)
    best_first = ranked(candidates, probes, documents_of(claims))
    return [candidate.endpoint for candidate in best_first if candidate.endpoint in probes]


def rank(endpoint: Endpoint) -> tuple[bool, bool, int]:
    """Say what comes first by the words of this file."""
    names = HOSTS[endpoint.protocol]
    return endpoint.protocol is Protocol.POP3, endpoint.security is Security.STARTTLS, names.index(endpoint.host)


@given(worlds())
def test_imap_comes_before_pop3_and_the_likeliest_name_first(world: tuple[list[Claim], list[Endpoint]]) -> None:
    """
    Whatever names exist, and whichever of their ports answer: the order is that of protocol, TLS and name.
    """
    claims, alive = world

    assert order_of(claims, alive) == sorted(alive, key=rank)


@pytest.mark.parametrize("authority", [Authority.GUESS, Authority.MX_TABLE, Authority.CERTIFICATE])
def test_the_machine_that_receives_the_mail_is_asked_for_imap_first(authority: Authority) -> None:
    """
    The table may name the machine, or nothing does: neither says anything about its protocols.
    """
    claims = list(claims_on_mx_host("srv1.example.org", Evidence(authority, "mx", "srv1.example.org")))

    assert [each.port for each in order_of(claims, incoming(claims))] == [993, 143, 995, 110]
