"""The command against real servers: for every domain of the laboratory the one right answer."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.lab.domains import WORLDS
from tests.support.lab.laboratory import Laboratory
from tests.support.lab.world import World

COMMAND = str(Path(sys.executable).with_name("mailsettings"))


def detected(lab: Laboratory, domain: str, *more: str, resolver: str = "{}") -> tuple[int, dict[str, Any]]:
    """Run the command for a user of *domain*, with *more* options; return its exit code and its JSON."""
    options = ("--resolver", resolver.format(lab.resolver), "--resolver-validates", "--ca", str(lab.ca_file))
    done = lab.in_client(COMMAND, f"ada@{domain}", "--json", *options, *more)
    assert done.stdout, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, answer


def best(choices: list[dict[str, Any]]) -> tuple[str, bool] | None:
    """Return the first choice as Endpoint prints itself, and whether it was verified."""
    if not choices:
        return None
    choice = choices[0]
    return f"{choice['protocol']}://{choice['host']}:{choice['port']} ({choice['security']})", choice["verified"]


def source(world: World, choices: list[dict[str, Any]]) -> tuple[str, str]:
    """Return trust and origin of the first choice, as far as *world* says what they should be."""
    if not choices:
        return "", ""
    first = choices[0]["evidence"][0]
    return choices[0]["trust"] * bool(world.trust), f"{first['authority']} {first['source']}" * bool(world.learned)


def tokens(answer: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return where tokens are to be had, and whether the table vouches for that, if a document led there."""
    sources = [source for source in answer["oauth"] if not source["locator"].startswith("provider table")]
    assert [source["oauth"]["token_url"] for source in sources if not source["known"]] == [""] * len(sources)
    return [(source["stated"]["token_endpoint"], source["known"]) for source in sources]


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.domain)
def test_each_domain_gets_its_right_answer(lab: Laboratory, world: World) -> None:
    """
    Servers, verification, what to confirm, exit code: as written down, within the time that is promised.
    """
    expected = (
        (world.incoming, world.verified and world.incoming_verified) if world.incoming else None,
        (world.outgoing, world.verified) if world.outgoing else None,
        list(world.confirm),
        world.exit_code,
    )

    code, answer = detected(lab, world.domain, *world.options)

    assert expected == (best(answer["incoming"]), best(answer["outgoing"]), answer["confirm"], code)
    assert world.kinds <= {failure["kind"] for failure in answer["failures"]}
    assert [words for words in world.notes if words not in " ".join(answer["notes"])] == []
    assert [words for words in world.quiet if words in " ".join(answer["notes"])] == []
    assert tokens(answer) == ([world.tokens] if world.tokens else [])
    assert source(world, answer["incoming"]) == (world.trust, world.learned)
    assert answer["seconds"] <= world.within


def test_a_resolver_may_be_asked_over_tls(lab: Laboratory) -> None:
    """
    DNS over TLS, with a certificate for the resolver's address, brings the same answer.
    """
    code, answer = detected(lab, "both.example", resolver="tls://{}")

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


def test_the_address_is_told_to_the_domain_over_https_only(lab: Laboratory) -> None:
    """
    What the web servers have logged: ?emailaddress= came over https, to the domain that had to be asked twice.
    """
    for domain in ("achttp.example", "asks.example", "ispdb.example"):
        detected(lab, domain)

    log = (lab.directory / "nginx" / "access.log").read_text().splitlines()

    sent = {line.partition("?")[0] for line in log if "ada" in line}
    assert {line.split()[0] for line in sent} == {"https"}
    assert [line for line in sent if "asks.example" in line] == [
        "https GET autoconfig.asks.example/mail/config-v1.1.xml"
    ]
    assert "http GET autoconfig.achttp.example/mail/config-v1.1.xml" in log
    assert "https GET live.thunderbird.net/autoconfig/v1.1/ispdb.example" in log
