"""Hostile mail servers, found by detect(): the right verdict, in time, nothing left open, not a byte of a login."""

from __future__ import annotations

import pytest

from mailsettings import Policy
from mailsettings.policy import Timeouts
from tests.support.security.attack import HOST, Attack
from tests.support.security.harness import LATE, commands_of, detect_in, texts
from tests.support.security.misbehaving_servers import CERTIFICATES, FOREIGN, RESOURCES, WORDS
from tests.support.security.starttls_attacks import STARTTLS

ATTACKS = (*STARTTLS, *RESOURCES, *FOREIGN, *WORDS, *CERTIFICATES)
# Nobody else is there: a word of the server is waited for as long as a greeting may take.
PATIENT = Policy(timeouts=Timeouts(first_response_timeout=15.0), guess=False)


def test_every_attack_has_a_name_of_its_own() -> None:
    """Two with one name would be one that is never tried."""
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize("attack", ATTACKS, ids=[f"{attack.threat}-{attack.name}" for attack in ATTACKS])
def test_the_verdict_is_right_and_in_time(attack: Attack) -> None:
    """The failure that is the server's fault and no other, no command where none is due, by the step's own limit."""
    result = detect_in(attack.build, policy=PATIENT)

    kinds = {failure.kind for failure in result.failures(HOST)}
    assert kinds <= set(attack.kinds)
    assert bool(kinds) == bool(attack.kinds)
    assert result.verified == (() if attack.kinds else (f"{HOST}:{attack.port}",))
    assert result.seconds <= attack.seconds + LATE
    assert not (attack.silent and commands_of(result))


@pytest.mark.parametrize("attack", [each for each in ATTACKS if each.shown or each.hidden], ids=lambda each: each.name)
def test_what_a_server_says_is_shown_escaped_or_not_at_all(attack: Attack) -> None:
    """What it says of itself is there to read; what it said in clear, or to the user, is not."""
    text = "\n".join(texts(detect_in(attack.build, policy=PATIENT).detection))

    assert attack.shown in text
    assert not attack.hidden or attack.hidden not in text


@pytest.mark.parametrize("attack", STARTTLS, ids=lambda each: each.name)
def test_starttls_is_asked_for_once(attack: Attack) -> None:
    """A refusal is an answer, and a second handshake inside the first is nobody's wish."""
    asked = [
        line for line in commands_of(detect_in(attack.build, policy=PATIENT)) if line.endswith(("STARTTLS", "STLS"))
    ]

    assert len(asked) <= 1
