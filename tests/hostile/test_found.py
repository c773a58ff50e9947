"""Inputs that fuzzing has found (`make fuzz`), each of which once did harm, and a few thousand new ones."""

from __future__ import annotations

import random

import pytest

from scripts.fuzz import harm, mutated
from scripts.fuzz_targets import CERTIFICATE, TARGETS, Target

BY_NAME = {target.name: target for target in TARGETS}
COUNT = 150  # of each parser; `make fuzz` takes minutes
FOUND = [
    # 2026-11: a list as a key of a mapping was a TypeError.
    # 2026-11: a certificate of version 56 was an error without a root.
    pytest.param(
        "certificate-der",
        CERTIFICATE.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x37"),
        id="certificate-version",
    ),
    pytest.param("table", b"providers:\n  ? - {protocol: imap}\n  : x\n", id="table-list-as-a-key"),
]


@pytest.mark.parametrize(("name", "data"), FOUND)
def test_what_was_found_does_no_harm_any_more(name: str, data: bytes) -> None:
    """Read or refused as promised, and soon."""
    assert harm(BY_NAME[name].run, data) == ""


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_the_seeds_are_read(target: Target) -> None:
    """Fuzzing starts from what is valid."""
    assert harm(target.run, target.seeds[0]) == ""
    assert target.run(target.seeds[0]) is not None


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_some_broken_input_does_no_harm(target: Target) -> None:
    """The same few on every run; what raises anything but our own errors, or takes long, is printed."""
    chance = random.Random(target.name)

    assert [data for data in (mutated(target.seeds, chance) for _ in range(COUNT)) if harm(target.run, data)] == []
