"""The laboratory as a fixture; tests/conftest.py marks every test below this directory `lab`."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.support.lab.domains import WORLDS, ZONES
from tests.support.lab.laboratory import Laboratory, obstacle, opened
from tests.support.lab.login_domains import ZONES as LOGIN_ZONES


@pytest.fixture(scope="session")
def lab() -> Iterator[Laboratory]:
    """Open the laboratory once; without root or packages skip with the reason, which continuous integration forbids."""
    _must_be_possible()
    with opened((*ZONES, *(world.zone for world in WORLDS))) as laboratory:
        yield laboratory


@pytest.fixture(scope="session")
def login_lab() -> Iterator[Laboratory]:
    """Open a second one, whose users have accounts of their own."""
    _must_be_possible()
    with opened(LOGIN_ZONES, name="members") as laboratory:
        yield laboratory


def _must_be_possible() -> None:
    reason = obstacle()
    if reason and os.environ.get("CI") == "true":
        pytest.fail(reason)
    if reason:
        pytest.skip(reason)
