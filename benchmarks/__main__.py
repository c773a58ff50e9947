"""Run every measurement that fits into five minutes and print one table: `make bench`.

python -m benchmarks            what each module prints, then one line for each with its verdict and duration
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass

# The quick and exact ones first; benchmarks.corpus needs recorded material and is run by `make corpus`.
ALL = (
    ("latency", (), "round trips of a detection beside the fewest possible, in virtual time"),
    ("population", (), "three hundred domains in the shares of the world: how many are asked about, none wrong"),
    ("table", ("3",), "the provider table: look-ups, memory"),
    ("formats", ("1000",), "documents: usual ones and the slowest broken ones"),
    ("cold", ("15",), "fresh processes beside a bare Python"),
    ("real", ("3",), "whole processes against real servers, 40 ms per round trip"),
)
NEEDLESS_BELOW = 0.5  # seconds left, in which no measurement can be made
AT_MOST = 300.0  # seconds for all of them


@dataclass(frozen=True, slots=True)
class Done:
    """One measurement. *seconds* is what it took."""

    name: str
    verdict: str
    seconds: float
    last_line: str  # of what it printed: its summary


def main() -> int:
    """Print all of it; the exit code is 1 if a bar was missed."""
    end = time.monotonic() + AT_MOST
    done = [measured(name, arguments, what, end - time.monotonic()) for name, arguments, what in ALL]
    print(f"\n{'measurement':12} {'verdict':18} {'seconds':>8}   summary")
    for each in done:
        print(f"{each.name:12} {each.verdict:18} {each.seconds:8.1f}   {each.last_line}")
    return int(any(each.verdict == "a bar was missed" for each in done))


def measured(name: str, arguments: tuple[str, ...], what: str, left: float) -> Done:
    """Run the module *name*, pass on what it prints, and say how it ended; *left* seconds are there for it."""
    print(f"\n== {name}: {what}\n", flush=True)
    if left < NEEDLESS_BELOW:
        return Done(name, "no time left", 0.0, "")
    started, last = time.monotonic(), ""
    command = (sys.executable, "-m", f"benchmarks.{name}", *arguments)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            last = line.strip() or last
    verdict = {0: "within its bars", 1: "a bar was missed"}.get(process.returncode, f"exit code {process.returncode}")
    return Done(name, verdict, time.monotonic() - started, last)


if __name__ == "__main__":
    sys.exit(main())
