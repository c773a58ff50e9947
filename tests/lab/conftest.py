"""The laboratory as a fixture; every test below this directory is marked `lab`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.domains import WORLDS, ZONES
from tests.lab.laboratory import Laboratory, obstacle, opened
from tests.lab.members import ZONES as MEMBERS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies here; the hook sees the items of all directories."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.lab)


@pytest.fixture(scope="session")
def lab() -> Iterator[Laboratory]:
    """Open the laboratory once; without root or packages skip with the reason, which continuous integration forbids."""
    _must_be_possible()
    with opened((*ZONES, *(world.zone for world in WORLDS))) as laboratory:
        yield laboratory


@pytest.fixture(scope="session")
def members() -> Iterator[Laboratory]:
    """Open a second one, whose users have accounts of their own."""
    _must_be_possible()
    with opened(MEMBERS, name="members") as laboratory:
        yield laboratory


def _must_be_possible() -> None:
    reason = obstacle()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
