"""When to contact whom, and when an answer is settled. Pure: no network, no clock."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest

from mailsettings.decision.result import detection_of
from mailsettings.decision.scheduling import decide
from mailsettings.decision.state import RunningProbe, SearchState
from mailsettings.errors import FailureKind
from mailsettings.interfaces import Net
from mailsettings.leads import Lead, NoMail, NotOffered
from mailsettings.model import (
    Authority,
    Claim,
    Evidence,
    Fact,
    Failure,
    Probe,
    Protocol,
    Provider,
    Question,
    SettledBy,
    Step,
)
from mailsettings.policy import Policy
from tests.support.values import ADA, claim, endpoint, failed, verified

IMAP, IMAP143, POP = "imap://imap.example.org:993", "imap://imap.example.org:143", "pop3://pop.example.org:995"
SMTP, SUBMISSION = "smtp://smtp.example.org:465", "smtp://smtp.example.org:587"
NULL_MX = NoMail(Failure(FailureKind.NO_MAIL, Question("example.org", "MX"), "example.org receives no {mail}"))
SENTENCES = {
    SettledBy.VERIFIED: "both directions verified, and nothing outstanding could be better",
    SettledBy.VERIFIED_IMPATIENT: "verified; better-ranked work kept silent for too long",
    SettledBy.NOTHING_LEFT: "everything was tried",
    SettledBy.SILENCE: "no server said a word within 4.5 s",
    SettledBy.DEADLINE: "the deadline of 10 s",
    SettledBy.NO_MAIL: "example.org receives no {mail}",
    SettledBy.CLOSED_PROVIDER: "the provider lets no mail program in",
    SettledBy.TABLE_ONLY: "the provider table alone; nobody was contacted",
}


@dataclass(frozen=True, slots=True)
class Silent:
    """A lookup that never answers."""

    authority: Authority = Authority.DOMAIN
    name: str = "silent"
    place: int = 0
    disputes_row: bool = False

    async def run(self, net: Net) -> Sequence[Lead]:
        raise AssertionError("the decision runs nothing")

    def __str__(self) -> str:
        return self.name


def state_with(
    *claims: Claim, probes: Sequence[Probe] = (), running: Sequence[Silent] = (), at: float = 0.0
) -> SearchState:
    state = SearchState(ADA, Policy())
    state.add([*claims, *running])
    for lookup in running:
        del state.pending[lookup]
        state.running_lookups[lookup] = None
    for probe in probes:
        state.record_probe(probe, at)
    return state


def to_contact(state: SearchState, now: float) -> list[str]:
    return [f"{e.protocol}://{e.host}:{e.port}" for e in decide(state, now).start_probes]


def contact(state: SearchState, where: str, at: float, step: Step = Step.CONNECT) -> None:
    state.running_probes[endpoint(where)] = RunningProbe(at, step)


def test_the_best_server_of_each_direction_is_contacted_first() -> None:
    """One connection each; the next best one waits for these."""
    state = state_with(
        claim(IMAP, Authority.TABLE),
        claim(POP, Authority.TABLE, order=1),
        claim(SMTP, Authority.TABLE),
        claim(SUBMISSION, Authority.TABLE, order=1),
    )

    assert to_contact(state, 0) == [IMAP, SMTP]


def test_the_next_best_server_follows_a_silent_one() -> None:
    """A dead first entry costs one stagger, not a time-out."""
    state = state_with(claim(IMAP, Authority.TABLE), claim(POP, Authority.TABLE, order=1))
    contact(state, IMAP, at=0)

    assert to_contact(state, 0.1) == []
    assert to_contact(state, Policy().timeouts.next_server_delay) == [POP]


def test_the_next_best_server_follows_a_failed_one_at_once() -> None:
    """Refused is an answer."""
    state = state_with(claim(IMAP, Authority.TABLE), claim(IMAP143, Authority.TABLE, order=1), probes=[failed(IMAP)])

    assert to_contact(state, 0.01) == [IMAP143]


def test_likely_guesses_are_contacted_as_soon_as_their_names_resolve() -> None:
    """They do not wait for the published sources."""
    state = state_with(claim(IMAP), claim(SMTP), claim(SUBMISSION, order=1), running=[Silent()])

    assert to_contact(state, 0) == [IMAP, SMTP, SUBMISSION]


def test_unlikely_guesses_wait_for_the_published_sources() -> None:
    """A domain that publishes its settings is not port-scanned; a silent source holds this up for 0.3 s at most."""
    late = claim(IMAP143, eager=False)

    assert to_contact(state_with(late, running=[Silent()]), 0.1) == []
    assert to_contact(state_with(late, running=[Silent()]), Policy().timeouts.guess_after) == [IMAP143]
    assert to_contact(state_with(late), 0.1) == [IMAP143]


def test_few_unlikely_guesses_are_contacted_side_by_side() -> None:
    """Politeness: the rest follows as these fail or do not respond."""
    claims = [claim(f"imap://h{n}.example.org:143", order=n, eager=False) for n in range(9)]

    assert len(to_contact(state_with(*claims), 1)) == 4


def test_servers_that_could_not_be_the_answer_are_not_contacted() -> None:
    """IMAP verified: POP3 of the same source is left alone."""
    state = state_with(claim(IMAP, Authority.SRV), claim(POP, Authority.SRV), probes=[verified(IMAP)])

    assert to_contact(state, 0.1) == []


def test_who_has_not_answered_yet_is_dropped_when_a_better_server_has() -> None:
    """It still waits for its turn at a crowded address; one that talks already may finish."""
    state = state_with(claim(IMAP), claim(IMAP143, order=1), claim(POP), claim(SMTP), probes=[verified(IMAP)])
    contact(state, IMAP143, at=0)
    contact(state, POP, at=0, step=Step.GREETING)

    assert decide(state, 0.1).cancel_probes == (endpoint(IMAP143),)


def test_plain_is_never_contacted() -> None:
    """But the same host is tried with TLS."""
    state = state_with(claim("plain+imap://imap.example.org:143", Authority.TABLE))

    assert to_contact(state, 0) == [IMAP]


def test_a_guess_is_not_contacted_where_the_provider_is_known() -> None:
    """The mailboxes are where the MX points."""
    state = state_with(claim("imap://imap.hoster.example:993", Authority.MX_TABLE), claim(IMAP))

    assert to_contact(state, 1) == ["imap://imap.hoster.example:993"]


def test_both_directions_verified_and_nothing_better_out_is_settled() -> None:
    """No waiting for what cannot change the answer."""
    worse = Silent(Authority.MX_DOCUMENT)
    state = state_with(
        claim(IMAP, Authority.SRV), claim(SMTP, Authority.SRV), probes=[verified(IMAP), verified(SMTP)], running=[worse]
    )

    assert decide(state, 0.1).settled is SettledBy.VERIFIED


def test_a_verified_answer_waits_for_better_work_but_not_long() -> None:
    """Patience is half a second, from the moment the first server verified."""
    state = state_with(claim(IMAP), claim(SMTP), probes=[verified(IMAP), verified(SMTP)], running=[Silent()], at=0.2)

    assert decide(state, 0.69).settled is None
    assert decide(state, 0.2 + Policy().timeouts.better_source_grace).settled is SettledBy.VERIFIED_IMPATIENT


def test_a_better_server_that_never_accepted_a_connection_is_not_waited_for_twice() -> None:
    """It has had its patience already while the next one was tried."""
    state = state_with(
        claim(IMAP, Authority.TABLE), claim(IMAP143, Authority.TABLE, order=1), probes=[verified(IMAP143)], at=0.6
    )
    contact(state, IMAP, at=0)

    assert decide(state, 0.6).settled is SettledBy.VERIFIED_IMPATIENT

    contact(state, IMAP, at=0, step=Step.GREETING)
    assert decide(state, 0.6).settled is None


def test_the_next_decision_is_due_when_patience_ends() -> None:
    """No polling: the engine sleeps until something can change."""
    state = state_with(claim(IMAP), claim(SMTP), probes=[verified(IMAP), verified(SMTP)], running=[Silent()], at=0.31)

    assert decide(state, 0.6).wake_at == pytest.approx(0.31 + Policy().timeouts.better_source_grace)


def test_a_displaced_guess_settles_nothing() -> None:
    """The provider's own server is silent; the guess that works is still not the answer."""
    state = state_with(
        claim("imap://imap.hoster.example:993", Authority.MX_TABLE), claim(IMAP), claim(SMTP), probes=[verified(IMAP)]
    )
    contact(state, "imap://imap.hoster.example:993", at=0)

    assert decide(state, 3.0).settled is None


def test_everything_silent_is_given_up_before_the_deadline() -> None:
    """Every port filtered: "no" within five seconds."""
    state = state_with(claim(IMAP), claim(SMTP))
    contact(state, IMAP, at=0)
    contact(state, SMTP, at=0)

    assert decide(state, 4.4).settled is None
    assert decide(state, 4.5).settled is SettledBy.SILENCE


def test_the_time_that_deciding_takes_does_not_postpone_the_timeout_for_ever() -> None:
    """
    Each decision takes 2 ms, which count as starvation: the search decided again 2 ms later, until its deadline.
    """
    state = state_with(claim(IMAP))
    contact(state, IMAP, at=0, step=Step.GREETING)
    now, responsive, decisions = 4.4, 4.4, 0
    while (decision := decide(state, now)).settled is None:
        now, decisions = now + 0.002, decisions + 1
        responsive += decision.wake_at - now
        now = decision.wake_at
        state.starvation = now - responsive

    assert (decision.settled, decisions < 10) == (SettledBy.SILENCE, True)


def test_a_server_that_spoke_earns_the_others_more_time() -> None:
    """Incoming found, outgoing greets slowly: the search goes on to the deadline."""
    state = state_with(claim(IMAP), claim(SMTP), probes=[verified(IMAP)])
    contact(state, SMTP, at=0)

    assert decide(state, 9.9).settled is None
    assert decide(state, 10).settled is SettledBy.DEADLINE


def test_an_awaited_greeting_extends_the_deadline() -> None:
    """Greet delays are meant to outlast the impatient; 15 s is the end."""
    state = state_with(claim(IMAP), claim(SMTP), probes=[verified(IMAP)])
    contact(state, SMTP, at=4, step=Step.GREETING)

    assert decide(state, 10).settled is None
    assert decide(state, 15).settled is SettledBy.DEADLINE


def test_while_the_table_may_answer_nothing_else_is_looked_up() -> None:
    """A table hit costs two connections; the others start when it fails or does not respond."""
    claims = (claim(IMAP, Authority.TABLE), claim(SMTP, Authority.TABLE))
    held = Silent()
    state = SearchState(ADA, Policy())
    state.add([*claims, held])

    assert decide(state, 0).start_lookups == ()
    assert decide(state, Policy().timeouts.better_source_grace).start_lookups == (held,)

    state.record_probe(failed(SMTP), 0.1)
    assert decide(state, 0.1).start_lookups == (held,)


def exchangers(name: str = "exchangers") -> Silent:
    """Return a lookup that may show that the row is wrong."""
    return Silent(Authority.MX_TABLE, name, disputes_row=True)


def test_beside_the_table_the_exchangers_are_looked_up_at_once() -> None:
    """They show whether the row is still right, and their answer comes before any server's."""
    claims = (claim(IMAP, Authority.TABLE), claim(SMTP, Authority.TABLE))
    mx, other = exchangers(), Silent()
    state = SearchState(ADA, Policy())
    state.add([*claims, mx, other])

    assert decide(state, 0).start_lookups == (mx,)

    state.add([claim("imap://imap.third.example:993", Authority.MX_TABLE)])
    assert decide(state, 0.05).start_lookups == (mx, other)


def test_a_verified_row_waits_for_the_exchangers() -> None:
    """At most as long as for better sources."""
    claims = (claim(IMAP, Authority.TABLE), claim(SMTP, Authority.TABLE))
    mx = exchangers()
    state = state_with(*claims, probes=[verified(IMAP), verified(SMTP)], running=[mx])

    assert decide(state, 0.1).settled is None
    assert decide(state, 0.1 + Policy().timeouts.better_source_grace).settled is SettledBy.VERIFIED_IMPATIENT

    del state.running_lookups[mx]
    assert decide(state, 0.1).settled is SettledBy.VERIFIED


def test_a_better_place_of_the_same_authority_is_waited_for() -> None:
    """The domain's first document beats its second even if that came sooner."""

    def second(where: str) -> Claim:
        found = claim(where, Authority.DOMAIN, authentic=True)
        return replace(found, evidence=replace(found.evidence, place=1))

    claims = (second(IMAP), second(SMTP))
    state = state_with(*claims, probes=[verified(IMAP), verified(SMTP)], running=[Silent(Authority.DOMAIN)])
    later = state_with(*claims, probes=[verified(IMAP), verified(SMTP)], running=[Silent(Authority.DOMAIN, place=2)])

    assert decide(state, 0.1).settled is None
    assert decide(later, 0.1).settled is SettledBy.VERIFIED


def test_a_service_that_is_not_offered_is_not_guessed() -> None:
    """RFC 2782 target ".": the guess is withdrawn, the rest goes on."""
    state = state_with(claim(POP), claim(SMTP))
    state.add([NotOffered(Protocol.POP3, Question("_pop3s._tcp.example.org", "SRV"))])

    assert to_contact(state, 0) == [SMTP]


def test_a_provider_without_mail_access_ends_the_search() -> None:
    """Nothing is guessed for a provider that lets no mail program in."""
    state = state_with(claim(IMAP), running=[Silent()])
    state.add([Fact(Provider("tuta", "Tuta", "none"), Evidence(Authority.TABLE, "table", "tuta"))])

    assert decide(state, 0.1).settled is SettledBy.CLOSED_PROVIDER


def test_a_domain_without_mail_ends_the_search() -> None:
    """A null MX (RFC 7505): nothing that is still outstanding matters."""
    state = state_with(claim(IMAP), running=[Silent()])
    state.add([NULL_MX])

    assert decide(state, 0.1).settled is SettledBy.NO_MAIL


def test_a_dead_row_of_the_table_lets_the_guesses_through() -> None:
    """Its host no longer exists: the row is out of date."""
    row = "imap://old.hoster.example:993"
    state = state_with(claim(row, Authority.TABLE), claim(IMAP), probes=[failed(row, FailureKind.NO_SUCH_NAME)])

    assert to_contact(state, 0.1) == [IMAP]


def test_everything_tried_and_nothing_found_is_an_answer() -> None:
    """All refused: no reason to wait."""
    state = state_with(claim(IMAP), claim(SMTP), probes=[failed(IMAP), failed(SMTP)])

    assert decide(state, 0.1).settled is SettledBy.NOTHING_LEFT


@pytest.mark.parametrize("reason", SettledBy, ids=str)
def test_each_reason_to_end_has_its_sentence(reason: SettledBy) -> None:
    """The sentence is written once, with the numbers of the policy; programs read the reason."""
    state = SearchState(ADA, Policy())
    state.add([NULL_MX])

    detection = detection_of(state, settled=reason, seconds=1.0)

    assert (reason, SENTENCES[reason]) == (detection.settled, detection.settled_by)
