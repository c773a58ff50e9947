"""The laboratory as a fixture; tests/conftest.py marks every test below this directory `lab`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.lab.domains import WORLDS, ZONES
from tests.lab.laboratory import Laboratory, obstacle, opened


@pytest.fixture(scope="session")
def lab() -> Iterator[Laboratory]:
    """Open the laboratory once; without root or packages skip with the reason, which continuous integration forbids."""
    reason = obstacle()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
    with opened((*ZONES, *(world.zone for world in WORLDS))) as laboratory:
        yield laboratory
