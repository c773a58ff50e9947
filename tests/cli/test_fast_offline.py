"""The short way for a table look-up gives the answers of the usual way."""

import os
import subprocess
import sys

import pytest

from mailsettings import offline
from mailsettings.cli import fast_offline
from mailsettings.cli.card import card
from mailsettings.cli.exit_codes import exit_code
from mailsettings.cli.terminal import pen
from mailsettings.provider_table.table import all_providers
from mailsettings.schema import Object, to_dict

SLOW = ("dataclasses", "inspect", "pathlib", "typing", "mailsettings.errors", "mailsettings.model")
DOMAINS = [domain for row in all_providers() for domain in row.domains]


def shown(detection: Object) -> tuple[str, int]:
    """Return card and exit code of *detection*."""
    return card(detection, pen(colours=False)), exit_code(detection)


def usual(address: str) -> tuple[str, int]:
    """Return card and exit code of *address* as the engine answers."""
    return shown(to_dict(offline(address)))


@pytest.mark.slow
def test_every_domain_of_the_table_gets_the_same_card() -> None:
    """
    No provider is shown in another order, with other names or another exit code.
    """
    answers = {address: fast_offline.offline_json(address) for address in (f"Ada.L+x@{domain}" for domain in DOMAINS)}
    answered = {address: answer for address, answer in answers.items() if answer is not None}

    assert len(answered) > 0.9 * len(DOMAINS)
    assert [address for address, answer in answered.items() if shown(answer) != usual(address)] == []


@pytest.mark.parametrize("address", ["ada@gmail.com", "ADA@GMAIL.COM", "ada.l@gandi.net", "a-b_c+d@outlook.com"])
def test_the_short_way_gives_the_same_card(address: str) -> None:
    """
    Card and exit code are those of the usual way.
    """
    short = fast_offline.offline_json(address)

    assert short is not None
    assert usual(address) == shown(short)


def test_the_short_way_loads_nothing_slow() -> None:
    """
    What is not loaded is what makes it short; the row comes through the table's one index all the same.
    """
    code = f"""
import sys
from mailsettings.cli import fast_offline
assert fast_offline.answer_offline(["--offline", "ada@gmail.com"]) == 1
print(*[name for name in {SLOW!r} if name in sys.modules])
"""
    # Without site (-S): what the .pth files of other packages load is not ours.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-S", "-c", code]

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("ada@nobody-knows.example", id="unknown domain"),
        pytest.param("ada@bücher.example", id="international domain"),
        pytest.param("a..b@gmail.com", id="dots that no mailbox has"),
        pytest.param(".a@gmail.com", id="leading dot"),
        pytest.param("a'b@gmail.com", id="rare characters"),
        pytest.param("a" * 65 + "@gmail.com", id="local part too long"),
        pytest.param("a@gmail.com\n", id="line end"),
        pytest.param("ａ@gmail.com", id="wide letter"),
        pytest.param("a@gmail.com 0", id="blank, as in the index"),
        pytest.param("@gmail.com", id="nothing before the @"),
        pytest.param("", id="empty"),
    ],
)
def test_what_is_not_plain_is_left_to_the_usual_way(address: str) -> None:
    """
    The short way has no opinion on anything unusual.
    """
    assert fast_offline.offline_json(address) is None


@pytest.mark.parametrize(
    "arguments",
    [[], ["ada@gmail.com"], ["--offline"], ["--offline", "--json", "a@gmail.com"], ["--offline", "--offline"]],
    ids=str,
)
def test_other_arguments_are_left_to_the_usual_way(arguments: list[str]) -> None:
    """
    Only `--offline` with one address is answered.
    """
    assert fast_offline.answer_offline(arguments) is None
