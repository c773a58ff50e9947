"""Programs of the laboratory: started inside a namespace, ended by their own pid."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]  # of the project: where `-m tests.support.lab.…` is found
END_WITHIN = 5.0  # seconds between asking a program to end and ending it


@dataclass(frozen=True, slots=True)
class Daemon:
    """A program that stays in the foreground."""

    name: str
    command: tuple[str, ...]


@contextmanager
def running(daemons: Sequence[Daemon], namespace: str, logs: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run *daemons* in *namespace*; what they print goes to *logs*. All of them are ended in the end."""
    started: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for daemon in daemons:
            started[daemon.name] = _start(daemon, namespace, logs / f"{daemon.name}.out")
        yield started
    finally:
        for process in started.values():
            process.send_signal(signal.SIGTERM)
        for process in started.values():
            _await_end(process)


def _start(daemon: Daemon, namespace: str, log: Path) -> subprocess.Popen[bytes]:
    command = ["ip", "netns", "exec", namespace, *daemon.command]
    with log.open("wb") as output:
        # A session of its own: Ctrl-C goes to pytest alone, which then ends everything in order.
        return subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )


def _await_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(END_WITHIN)
    except subprocess.TimeoutExpired:
        # Its children are in its session; a master that hangs must not leave them behind.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def run(*command: str, given: str | None = None) -> str:
    """Run *command* to its end and return what it prints. Raises RuntimeError with what it complains of."""
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout
