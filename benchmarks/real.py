"""Whole `mailsettings` processes against real servers, 40 ms per round trip: time, connections, DNS questions.

python -m benchmarks.real [COUNT]           each domain so many times

Needs root and the servers of tests/lab (docs/lab.md). What was sent is counted by the kernel, per namespace: TCP
connections that were begun, also those refused, and UDP datagrams, which are DNS questions. Bars, in the median: six
connections where the table knows the domain, 16 where its servers are guessed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median, quantiles

from benchmarks.processes import run
from tests.support.lab.domains import WORLDS, ZONES
from tests.support.lab.laboratory import Laboratory, obstacle, opened
from tests.support.lab.link_emulator import delayed
from tests.support.lab.processes import run as told
from tests.support.lab.world import World

ROUND_TRIP = 0.04  # seconds
COMMAND = (sys.executable, "-m", "mailsettings")
# One of each kind: table, table by MX, SRV, document, guesses of several patterns, trouble on the way.
DOMAINS = (
    *("gmail.com", "office.example", "atelier.example", "srv.example", "sub465.example", "both.example"),
    *("mailonly.example", "itself.example", "poponly.example", "starttls.example", "wild.example", "sixonly.example"),
)
BY_TABLE = ("gmail.com",)  # the domains that the table knows by their name
AT_MOST_BY_TABLE, AT_MOST = 6, 16  # connections


@dataclass(frozen=True, slots=True)
class Measured:
    """One process."""

    seconds: float
    connections: int
    questions: int
    right: bool  # the exit code is the world's


def main(count: int) -> int:
    """Print a line for each domain and the summary; the exit code is 1 if a bar is missed or an answer is wrong."""
    if reason := obstacle():
        print(f"not measured: {reason}")
        return 0
    with opened((*ZONES, *(world.zone for world in WORLDS)), name="real") as lab, delayed(lab.namespaces, ROUND_TRIP):
        print(f"{'domain':22} {'seconds':>8} {'connections':>12} {'questions':>10}   medians of {count}", flush=True)
        measured = {world.domain: _measured(lab, world, count) for world in WORLDS if world.domain in DOMAINS}
    return _summary(measured)


def _measured(lab: Laboratory, world: World, count: int) -> tuple[Measured, ...]:
    """Measure *world* *count* times and print its line."""
    runs = tuple(measure(lab, world) for _ in range(count))
    _line(world.domain, runs)
    return runs


def measure(lab: Laboratory, world: World) -> Measured:
    """Run the command for a user of *world* once."""
    inside = ("ip", "netns", "exec", lab.namespaces.client)
    before = _sent(lab)
    done = run((*inside, *COMMAND, f"ada@{world.domain}", "--resolver", lab.resolver, "--ca", str(lab.ca_file)))
    connections, questions = (after - earlier for after, earlier in zip(_sent(lab), before, strict=True))
    return Measured(done.wall, connections, questions, done.code == world.exit_code)


def _sent(lab: Laboratory) -> tuple[int, int]:
    """Return how many connections were begun and how many datagrams sent so far where the user is.

    /proc/net/snmp has pairs of lines: `Udp: InDatagrams NoPorts …`, `Udp: 17 0 …`.
    """
    lines = told("ip", "netns", "exec", lab.namespaces.client, "cat", "/proc/net/snmp").splitlines()
    words = [line.split() for line in lines]
    pairs = zip(words[::2], words[1::2], strict=True)
    tables = {names[0]: dict(zip(names, values, strict=True)) for names, values in pairs}
    return int(tables["Tcp:"]["ActiveOpens"]), int(tables["Udp:"]["OutDatagrams"])


def _line(domain: str, runs: Iterable[Measured]) -> None:
    rows = tuple(runs)
    seconds, connections, questions = (
        median(getattr(each, name) for each in rows) for name in ("seconds", "connections", "questions")
    )
    wrong = "" if all(each.right for each in rows) else "   WRONG exit code"
    print(f"{domain:22} {seconds:8.2f} {connections:12g} {questions:10g}{wrong}", flush=True)


def _summary(measured: dict[str, tuple[Measured, ...]]) -> int:
    """Print what holds for all domains; return the exit code."""
    runs = [each for rows in measured.values() for each in rows]
    seconds = sorted(each.seconds for each in runs)
    by_table = median(each.connections for domain in BY_TABLE for each in measured[domain])
    others = median(each.connections for domain, rows in measured.items() if domain not in BY_TABLE for each in rows)
    print(
        f"{len(measured)} domains, {ROUND_TRIP * 1e3:g} ms per round trip, whole processes: "
        f"p50 {median(seconds):.2f} s, p90 {quantiles(seconds, n=10)[-1]:.2f} s, max {seconds[-1]:.2f} s"
    )
    print(f"connections, median: table {by_table:g} (bar {AT_MOST_BY_TABLE}), others {others:g} (bar {AT_MOST})")
    return int(by_table > AT_MOST_BY_TABLE or others > AT_MOST or not all(each.right for each in runs))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
