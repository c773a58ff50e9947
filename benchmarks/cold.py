"""What a fresh process costs: the import, the table alone, a live detection; and the second detection in one process.

python -m benchmarks.cold [COUNT]

Each command alternates with a bare Python. Bars: `--offline` 60 ms where bare Python takes 14; a live detection's own
CPU and imports 250 ms; the second call in a process 5 ms over the network's time, which is what the same exchange
takes with blocking sockets (benchmarks/exchange.py). Live ones need root and the servers of tests/lab (docs/lab.md);
there the way to them takes 0.1 ms, so that nearly all of the time is our own.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from statistics import median

from benchmarks.processes import BARE, IDLE_BARE, Command, Runs, alternate
from tests.support.lab.domains import WORLDS, ZONES
from tests.support.lab.laboratory import Laboratory, obstacle, opened

OFFLINE = 0.060  # seconds of a whole process
LIVE = 0.250  # seconds of CPU over bare Python
SECOND = 0.005  # seconds of CPU
LIVE_DOMAINS = {"gmail.com": "table", "office.example": "table by MX", "srv.example": "SRV", "both.example": "guessed"}
COMMAND = (sys.executable, "-m", "mailsettings")
# CPU, not the clock: the servers run on the same cores. Trio is kept out as the command does it; the library may not.
CALLS = """
import sys, time
sys.modules["trio"] = None
address, resolver, ca_file = sys.argv[1:]
from mailsettings import Policy, sync
policy = Policy(resolver=resolver, ca_file=ca_file)
for call in range(31):
    cpu, clock = time.process_time(), time.perf_counter()
    found = sync.detect(address, policy=policy)
    assert found.incoming[0].verified and found.outgoing[0].verified, found
    print(time.process_time() - cpu, time.perf_counter() - clock)
"""


def main(count: int) -> int:
    """Print every figure; the exit code is 1 if one is over its bar."""
    fine = _report(alternate(_still(), count), {"--offline, in the table": ("wall", OFFLINE)})
    if reason := obstacle():
        print(f"live detections not measured: {reason}")
        return int(not fine)
    with opened((*ZONES, *(world.zone for world in WORLDS)), name="cold") as lab:
        fine &= _report(alternate(_live(lab), count), dict.fromkeys(map(_live_name, LIVE_DOMAINS), ("cpu", LIVE)))
        fine &= _calls(lab, "gmail.com", network=_exchanged(lab))
        _calls(lab, "both.example")
    return int(not fine)


def _still() -> dict[str, Command]:
    """Return the commands that open no connection."""
    return {
        "bare Python": BARE,
        "import mailsettings": (sys.executable, "-c", "import mailsettings"),
        "--offline, in the table": (*COMMAND, "--offline", "ada@gmail.com"),
        "--offline, not in the table": (*COMMAND, "--offline", "ada@nowhere.example"),
        "--plan": (*COMMAND, "--plan", "ada@nowhere.example"),
    }


def _live_name(domain: str) -> str:
    return f"{domain}, {LIVE_DOMAINS[domain]}"


def _live(lab: Laboratory) -> dict[str, Command]:
    """Name the processes that contact servers; all of them run where those are."""
    inside = ("ip", "netns", "exec", lab.namespaces.client)
    options = ("--resolver", lab.resolver, "--ca", str(lab.ca_file))
    found = {_live_name(domain): (*inside, *COMMAND, f"ada@{domain}", *options) for domain in LIVE_DOMAINS}
    return {"bare Python": (*inside, *BARE), **found}


def _report(measured: Mapping[str, Runs], bars: Mapping[str, tuple[str, float]]) -> bool:
    """Print a line for each command beside bare Python; say whether all are within their *bars*."""
    bare = measured["bare Python"]
    print(f"{'ms':32} {'median':>7} {'least':>7} {'times bare':>11} {'least CPU':>10} {'over bare':>10}")
    fine = True
    for name, runs in measured.items():
        over, times = runs.cpu - bare.cpu, runs.median / bare.median
        line = f"{runs.median * 1e3:7.1f} {runs.least * 1e3:7.1f} {times:11.1f}"
        line += f" {runs.cpu * 1e3:10.1f} {over * 1e3:10.1f}"
        kind, bar = bars.get(name, ("", 0.0))
        # A bar is for a machine on which bare Python takes 14 ms: elsewhere it is as much higher or lower.
        share = over / (bar * bare.cpu / IDLE_BARE) if kind == "cpu" else times / (bar / IDLE_BARE) if kind else 0.0
        fine &= share <= 1
        print(f"{name:32} {line}{f'   {share:.2f} of the bar ({kind} {bar * 1e3:.0f} ms)' if kind else ''}")
    print()
    return fine


def _calls(lab: Laboratory, domain: str, network: float = 0.0) -> bool:
    """Print what calls of `sync.detect` in one process take, the first and later ones, beside the *network*'s ms."""
    command = (sys.executable, "-c", CALLS, f"ada@{domain}", lab.resolver, str(lab.ca_file))
    (first, first_clock), *later = _timed(lab, *command)
    cpu, clock = (median(column) for column in zip(*later, strict=True))
    print(
        f"sync.detect {domain}: first call {first:.0f} ms of CPU ({first_clock:.0f} by the clock), "
        f"later ones {cpu:.1f} ({clock:.1f})"
    )
    if network:
        over = cpu - network
        print(f"  the bare exchange takes {network:.1f} ms of CPU: {over:.1f} over it, bar {SECOND * 1e3:.0f}")
        return bool(over <= SECOND * 1e3)
    return True


def _exchanged(lab: Laboratory) -> float:
    """Return the CPU milliseconds of an exchange with the same servers, with nothing around it."""
    rows = _timed(lab, sys.executable, "-m", "benchmarks.exchange", lab.resolver, str(lab.ca_file))
    return median(cpu for cpu, _ in rows)


def _timed(lab: Laboratory, *command: str) -> list[tuple[float, ...]]:
    """Run *command* where the user is; return the numbers of each line it prints, in milliseconds."""
    inside = ("ip", "netns", "exec", lab.namespaces.client, *command)
    lines = subprocess.run(inside, capture_output=True, text=True, check=True).stdout.splitlines()
    return [tuple(float(word) * 1e3 for word in line.split()) for line in lines]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
