"""The rules about one host, picked out of the public suffix list, against the whole list."""

from __future__ import annotations

from pathlib import Path

import pytest
from publicsuffixlist import PSLFILE, PublicSuffixList

from mailsettings.hostnames import is_public_suffix, registrable

LINES = Path(PSLFILE).read_text("utf-8").splitlines()
RULES = [line for line in LINES if line and not line.startswith("//")]
# Every rule that is not plain, and of the plain ones as many as take a second.
TRIED = [rule for number, rule in enumerate(RULES) if number % 25 == 0 or "*" in rule or "!" in rule]
TRIED += [rule for rule in RULES if not rule.isascii()]


@pytest.fixture(scope="module")
def whole() -> PublicSuffixList:
    return PublicSuffixList()


@pytest.mark.slow
@pytest.mark.parametrize("below", ["", "a.", "a.b."])
def test_a_few_rules_say_what_all_of_them_say(whole: PublicSuffixList, below: str) -> None:
    """
    For names at, directly below and further below a suffix, international ones included, nothing is lost by picking.
    """
    hosts = [below + rule.lstrip("!").replace("*.", "w.").encode("idna").decode() for rule in TRIED]

    expected = [(whole.privatesuffix(host) or host, whole.publicsuffix(host) == host) for host in hosts]

    assert expected == [(registrable(host), is_public_suffix(host)) for host in hosts]


def test_the_list_is_written_as_it_is_looked_up() -> None:
    """
    Each rule stands on a line of its own, in lower case, with nothing behind it: else it would not be found.
    """
    assert [rule for rule in RULES if rule != rule.lower() or rule != "".join(rule.split())] == []


def test_labels_that_are_no_international_names_are_looked_up_as_they_are() -> None:
    """
    What only looks like an encoded label is nobody's suffix.
    """
    assert registrable("imap.xn--0.co.uk") == "xn--0.co.uk"
