"""Opening and closing the laboratory: nothing is left behind, whatever happens inside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pytest

from tests.support.lab.addressing import placed, sockets
from tests.support.lab.laboratory import Laboratory, obstacle, opened
from tests.support.lab.processes import ROOT
from tests.support.lab.world import IMAPS, SUBMISSIONS, TARPIT, WEB, Host, Software, Zone

SMALL = (
    Zone("small.example", (Host("imap", (IMAPS,)), Host("smtp", (SUBMISSIONS,)), Host("www", (*WEB, TARPIT[0])))),
    Zone("tiny.example", (Host("smtp", (SUBMISSIONS,), software=Software.EXIM),)),
)
# A laboratory in a process of its own, which says where it is and waits to be ended.
SCRIPT = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below a shell that runs this in the background
from tests.support.lab.laboratory import opened
from tests.lab.test_laboratory import SMALL
with opened(SMALL) as lab:
    print(lab.directory, *lab.namespaces.all, flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True, slots=True)
class Traces:
    """What a laboratory that is open has on this machine."""

    paths: tuple[Path, ...]  # its directory and its namespaces
    inodes: frozenset[int]  # of its namespaces, by which its processes are known

    @classmethod
    def of(cls, directory: str | Path, namespaces: Iterable[str]) -> Self:
        """Look at an open laboratory."""
        files = tuple(Path("/run/netns", name) for name in namespaces)
        return cls((Path(directory), *files), frozenset(file.stat().st_ino for file in files))

    def left(self) -> list[str]:
        """Return the files and the processes that still exist."""
        return [str(path) for path in (*self.paths, *self._processes()) if path.exists()]

    def _processes(self) -> Iterator[Path]:
        for process in Path("/proc").glob("[0-9]*"):
            # Processes end while we look, and some sandboxes hide their first one.
            with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                if (process / "ns/net").stat().st_ino in self.inodes:
                    yield process


class OverturnedError(Exception):
    """What goes wrong inside a laboratory."""

    def __init__(self, traces: Traces) -> None:
        super().__init__("overturned")
        self.traces = traces


def overturn() -> None:
    with opened(SMALL, name="second") as second:
        traces = Traces.of(second.directory, second.namespaces.all)
        assert len(traces.left()) > 10, "servers run while the laboratory is open"
        raise OverturnedError(traces)


def test_an_error_inside_leaves_nothing_behind(lab: Laboratory) -> None:
    """
    An error inside the block ends the servers and removes namespaces and files; other laboratories stay.
    """
    with pytest.raises(OverturnedError) as caught:
        overturn()

    assert caught.value.traces.left() == []
    assert len(Traces.of(lab.directory, lab.namespaces.all).left()) > 10


@pytest.fixture
def elsewhere(lab: Laboratory) -> Iterator[tuple[subprocess.Popen[str], Traces]]:
    """Open a laboratory in another process; hand out the process, and the traces of what it says it has opened."""
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        directory, *names = process.stdout.readline().split()
        yield process, Traces.of(directory, names)
        process.kill()


def test_an_interrupt_leaves_nothing_behind(elsewhere: tuple[subprocess.Popen[str], Traces]) -> None:
    """
    Ctrl-C ends the servers and removes namespaces and files.
    """
    process, traces = elsewhere

    process.send_signal(signal.SIGINT)
    process.wait(60)

    assert traces.left() == []


def test_the_next_laboratory_clears_away_what_a_killed_one_left(
    elsewhere: tuple[subprocess.Popen[str], Traces],
) -> None:
    """
    SIGKILL leaves everything running; the next laboratory ends and removes it.
    """
    process, traces = elsewhere

    process.send_signal(signal.SIGKILL)
    process.wait(60)
    assert len(traces.left()) > 10
    with opened(SMALL, name="third"):
        pass

    assert traces.left() == []


def test_each_host_has_addresses_of_its_own() -> None:
    """
    No two hosts share an address, so that each server can listen on its real port.
    """
    addresses = [ip for place in placed(SMALL) for ip in place.addresses]

    assert len(set(addresses)) == len(addresses) == 8


def test_sockets_to_wait_for_are_all_that_accept() -> None:
    """
    Every service of every address is waited for before a test starts.
    """
    assert len(sockets(placed(SMALL))) == 2 * 6


def test_a_missing_program_is_named() -> None:
    """
    What is not installed is said by name, with the script that installs it.
    """
    if os.geteuid() != 0:
        pytest.skip("without root that is the first obstacle")

    actual = obstacle(which=lambda name: None if name == "nsd" else name)

    assert actual == "not installed: nsd; run tests/lab/install"
