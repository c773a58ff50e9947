"""Inputs that fuzzing has found (`make fuzz`), each of which once did harm, and a few thousand new ones."""

from __future__ import annotations

import random

import pytest

from scripts.fuzz import harm, mutated
from scripts.fuzz_target import Target
from scripts.fuzz_targets import CERTIFICATE, TARGETS

BY_NAME = {target.name: target for target in TARGETS}
COUNT = 150  # of each parser; `make fuzz` takes minutes
MANY = b"9" * 5000
# A mailbox with a message, up to its STAT.
WITHIN = b"+OK\r\n+OK\r\nUIDL\r\nSASL PLAIN OAUTHBEARER\r\n.\r\n+OK\r\n"
FOUND = [
    # 2026-11: a certificate of version 56 was an error without a root.
    pytest.param(
        "certificate-der",
        CERTIFICATE.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x37"),
        id="certificate-version",
    ),
    # 2026-11: a list as a key of a mapping was a TypeError.
    pytest.param("table", b"providers:\n  ? - {protocol: imap}\n  : x\n", id="table-list-as-a-key"),
    # 2026-11: a signature outside ASCII was a TypeError.
    pytest.param("scram", b"r=NONCEs,s=QSXCR+Q6sek8bf92,i=4096\nv=\xc3\xa4", id="scram-signature-outside-ascii"),
    # 2026-11: a number of more than 4300 digits was a ValueError.
    pytest.param("login-pop3", WITHIN + b"+OK 2 " + MANY + b"\r\n", id="stat-of-many-digits"),
    pytest.param("login-pop3", WITHIN + b"+OK 1 1\r\n+OK\r\n" + MANY + b" aa\r\n.\r\n", id="uidl-of-many-digits"),
    pytest.param(
        "login-pop3",
        WITHIN + b"+OK 1 1\r\n+OK\r\n1 aa\r\n.\r\n+OK\r\n1 " + MANY + b"\r\n.\r\n",
        id="list-of-many-digits",
    ),
]


@pytest.mark.parametrize(("name", "data"), FOUND)
def test_what_was_found_does_no_harm_any_more(name: str, data: bytes) -> None:
    """Read or refused as promised, and soon."""
    assert harm(BY_NAME[name], data) == ""


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_the_seeds_are_read(target: Target) -> None:
    """Fuzzing starts from what is valid."""
    assert harm(target, target.seeds[0]) == ""
    assert target.run(target.seeds[0]) is not None


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_some_broken_input_does_no_harm(target: Target) -> None:
    """The same few on every run; what raises anything but our own errors, or takes long, is printed."""
    chance = random.Random(target.name)

    assert [data for data in (mutated(target.seeds, chance) for _ in range(COUNT)) if harm(target, data)] == []
