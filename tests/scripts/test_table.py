"""`make table` and `make verify-table`."""

from datetime import date

import anyio
import pytest

from mailsettings.net.network import open_network
from mailsettings.policy import Policy
from mailsettings.provider_table.document import read_bundled
from mailsettings.provider_table.rows import Row
from mailsettings.testing import FakeNetwork, imap, smtp
from scripts.stale import report, verify
from scripts.table import differences, tidy
from tests.support.provider_tables import IMAP, MINIMAL, SMTP, entry, table


def rows(**changes: object) -> tuple[Row, ...]:
    return table(example=entry(**changes)).all_providers()


async def visited(net: FakeNetwork, rows: tuple[Row, ...]) -> str:
    """Return the report on *rows* in the world of *net*."""
    policy = Policy()
    with anyio.fail_after(60):
        async with open_network(policy, net.transport(policy)) as network:
            return report(await verify(rows, network, pause=0))


def world() -> FakeNetwork:
    """A world in which exactly the servers of the minimal provider answer."""
    net = FakeNetwork()
    net.host("imap.example.org").serve(imap())
    net.host("smtp.example.org").serve(smtp())
    return net


@pytest.mark.anyio
async def test_rows_that_answer_are_fine() -> None:
    """The report is one line."""
    assert await visited(world(), rows()) == "1 providers, 2 servers: 2 answer, 0 do not"


@pytest.mark.anyio
async def test_a_server_that_is_gone_is_stale() -> None:
    """It is named with the reason, for whoever corrects the row."""
    gone = {**SMTP, "host": "smtp2.example.org"}

    lines = (await visited(world(), rows(outgoing=[SMTP, gone]))).splitlines()

    assert lines[0].startswith("stale  example: smtp://smtp2.example.org:465 (tls): no-such-name")
    assert lines[1] == "1 providers, 3 servers: 2 answer, 1 do not"


@pytest.mark.anyio
async def test_plain_servers_are_not_visited() -> None:
    """Without a certificate there is nothing to verify."""
    plain = {**IMAP, "port": 143, "security": "plain", "reason": "no protected way is known"}

    assert await visited(world(), rows(incoming=[plain])) == "1 providers, 1 servers: 1 answer, 0 do not"


def changes(old: str, new: str) -> list[str]:
    return list(differences(read_bundled(old, "old"), read_bundled(new, "new")))


def test_layout_is_no_difference_in_meaning() -> None:
    """Another order of fields or another way of quoting changes nothing."""
    assert changes(MINIMAL, MINIMAL.replace("name: Example Mail", 'name: "Example Mail"')) == []


def test_a_changed_fact_is_shown_before_and_after() -> None:
    """One line each, with the provider it is about."""
    assert changes(MINIMAL, MINIMAL.replace("imap.example.org, port", "in.example.org, port")) == [
        "- example: incoming 1: imap://imap.example.org:993 (tls)",
        "+ example: incoming 1: imap://in.example.org:993 (tls)",
    ]


def test_exchangers_and_changes_are_a_line_each() -> None:
    """What belongs together is not taken apart."""
    added = """\
    mx:
      - mx*.example.org
      - {pattern: fwd.example.org, kind: forwarder}
      - {suffix: example.org, kind: shared}
    changes:
      - {from: 2026-12-31, applies_to: POP, say: It ends., url: "https://example.org/"}
"""

    assert changes(MINIMAL, MINIMAL + added) == [
        "+ example: changes: from 2026-12-31, applies_to POP, say It ends., url https://example.org/",
        "+ example: mx: example.org (shared)",
        "+ example: mx: fwd.example.org (forwarder)",
        "+ example: mx: mx*.example.org",
    ]


def test_the_order_of_servers_is_a_fact() -> None:
    """The first one is the one that programs will use."""
    line = "      - {protocol: imap, host: imap.example.org, port: 993, security: tls}\n"
    other = line.replace("imap.example.org", "in.example.org")
    first = MINIMAL.replace(line, line + other)
    second = MINIMAL.replace(line, other + line)

    assert len(changes(first, second)) == 4


@pytest.mark.slow
def test_the_committed_files_are_in_their_form(capsys: pytest.CaptureFixture[str]) -> None:
    """`make table` was run before the commit."""
    assert tidy(write=False, today=date(2026, 12, 1)) == 0
