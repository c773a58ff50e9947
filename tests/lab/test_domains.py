"""The command against real servers: for every domain of the laboratory the one right answer."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.lab.domains import WORLDS
from tests.lab.laboratory import Laboratory
from tests.lab.world import World

COMMAND = str(Path(sys.executable).with_name("mailsettings"))


def detected(lab: Laboratory, domain: str, resolver: str = "{}") -> tuple[int, dict[str, Any]]:
    """Run the command for a user of *domain*; return its exit code and its JSON."""
    options = ("--resolver", resolver.format(lab.resolver), "--ca", str(lab.ca_file))
    done = lab.in_client(COMMAND, f"ada@{domain}", "--json", *options)
    assert done.stdout, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, answer


def best(choices: list[dict[str, Any]]) -> tuple[str, bool] | None:
    """Return the first choice as Endpoint prints itself, and whether it was verified."""
    if not choices:
        return None
    choice = choices[0]
    return f"{choice['protocol']}://{choice['host']}:{choice['port']} ({choice['security']})", choice["verified"]


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.domain)
def test_each_domain_gets_its_right_answer(lab: Laboratory, world: World) -> None:
    """
    Servers, verification, what to confirm, exit code: as written down, within the time that is promised.
    """
    expected = (
        (world.incoming, world.verified) if world.incoming else None,
        (world.outgoing, world.verified) if world.outgoing else None,
        list(world.confirm),
        world.exit_code,
    )

    code, answer = detected(lab, world.domain)

    assert expected == (best(answer["incoming"]), best(answer["outgoing"]), answer["confirm"], code)
    assert world.kinds <= {failure["kind"] for failure in answer["failures"]}
    assert [words for words in world.notes if words not in " ".join(answer["notes"])] == []
    assert answer["seconds"] <= world.within


def test_a_resolver_may_be_asked_over_tls(lab: Laboratory) -> None:
    """
    DNS over TLS, with a certificate for the resolver's address, brings the same answer.
    """
    code, answer = detected(lab, "both.example", "tls://{}")

    assert (code, best(answer["incoming"])) == (0, ("imap://imap.both.example:993 (tls)", True))


@pytest.mark.parametrize(("domain", "code"), [("gmail.com", 1), ("both.example", 4)])
def test_without_any_network_the_table_still_answers(lab: Laboratory, domain: str, code: int) -> None:
    """
    On the island a table row is an answer that nobody verified; without one the command says that there is no network.
    """
    done = lab.on_island(COMMAND, f"ada@{domain}", "--json", "--resolver", lab.resolver)

    answer = json.loads(done.stdout)
    verified = [choice["verified"] for choice in (*answer["incoming"], *answer["outgoing"])]
    assert (code, any(verified), bool(verified)) == (done.returncode, False, code == 1)
