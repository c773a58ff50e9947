"""Many at once, and little memory: a tarpit costs the detection that contacts it, and no other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.crowd import loopback, virtual

ROOT = Path(__file__).parent.parent.parent
MB = 1_000_000


def test_tarpits_delay_no_other_detection() -> None:
    """T41: forty detections at once, twenty of them of silent servers; the other twenty take what one takes alone."""
    outcome = virtual(40)

    assert (outcome.wrong, outcome.left) == (0, 0)
    assert outcome.p95 < 3


@pytest.mark.slow
def test_two_hundred_at_once() -> None:
    """T41: the same with two hundred."""
    outcome = virtual(200)

    assert (outcome.wrong, outcome.left) == (0, 0)
    assert outcome.p95 < 3


def test_real_sockets_are_given_back() -> None:
    """T41: with real TLS on this machine; afterwards it has as many open files as before."""
    outcome = loopback(8)

    assert (outcome.wrong, outcome.left) == (0, 0)


@pytest.mark.slow
def test_everything_big_is_met_with_little_memory() -> None:
    """T39: endless lines, bombs and long lists, within 512 MB of address space; what was really used is far less."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.security.memory_limit_program"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.stderr == ""
    assert int(done.stdout) < 100 * MB


@pytest.mark.slow
def test_a_crowd_needs_little_memory() -> None:
    """T41: two hundred at once, the world they search included, within 300 MB."""
    code = "from benchmarks.crowd import virtual; print(virtual(200).memory)"

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True
    )

    assert int(done.stdout) < 300 * MB
