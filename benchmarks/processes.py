"""Measure whole processes beside a bare Python of the same moment: wall clock and CPU, alternating.

On a machine that others use, too, the least of many runs says most; ratios hold where milliseconds do not.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Command = Sequence[str]

BARE: Command = (sys.executable, "-c", "pass")
IDLE_BARE = 0.014  # seconds that BARE takes on the idle machine for which the bars were set
# Every child but the first finds its bytecode, as with an installed package.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True, slots=True)
class Run:
    """One process, in seconds."""

    wall: float
    cpu: float  # user and system
    code: int  # of its exit


@dataclass(frozen=True, slots=True)
class Runs:
    """All runs of one command."""

    name: str
    runs: tuple[Run, ...]

    @property
    def median(self) -> float:
        return statistics.median(run.wall for run in self.runs)

    @property
    def least(self) -> float:
        return min(run.wall for run in self.runs)

    @property
    def cpu(self) -> float:
        """The least CPU time of all runs."""
        return min(run.cpu for run in self.runs)


def run(command: Command) -> Run:
    """Run *command* to its end, its output thrown away."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=_ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Run(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, process.returncode)


def alternate(commands: Mapping[str, Command], count: int) -> dict[str, Runs]:
    """Run each of *commands* *count* times, alternating, so that all run under the same load of the machine."""
    for command in commands.values():
        run(command)  # writes bytecode, fills the page cache
    rows = [{name: run(command) for name, command in commands.items()} for _ in range(count)]
    return {name: Runs(name, tuple(row[name] for row in rows)) for name in commands}
