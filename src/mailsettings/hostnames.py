"""Whose name a host is: its registrable domain, by the public suffix list. Pure.

Both parts of the list count. Without its private part two customers of one hosting company, a.github.io and
b.github.io, would pass for one domain: the one's password could go to the other without a question. What it costs:
hosts of a company that gives its own domain away in this manner do not belong together either, and the user is asked.

The whole list takes 60 ms to parse, more than all else before the first question: so only the rules about one host are.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


def registrable(host: str) -> str:
    """Return the domain somebody registered that *host* is or belongs to; *host* itself where there is none.

    registrable("imap.mail.example.co.uk") is "example.co.uk"; registrable("co.uk") stays "co.uk", so that two hosts
    with nothing but a suffix in common never compare equal by accident.
    """
    plain = host.lower().removesuffix(".")
    # The rule "*" of the list: an unknown top level is taken for a suffix.
    return _suffixes_of(plain).privatesuffix(plain) or plain


def is_public_suffix(host: str) -> bool:
    """Say whether *host* is a suffix under which anybody may have a name: `com`, `co.uk`, `github.io`."""
    plain = host.lower().removesuffix(".")
    return _suffixes_of(plain).publicsuffix(plain) == plain


def _suffixes_of(host: str) -> PublicSuffixList:
    """Return the list as far as it is about *host*: what to make of its rules is the package's business."""
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - 3 ms that the offline path does without

    rules = (mark + name for name in _names_above(host) for mark in ("", "*.", "!"))
    return PublicSuffixList([rule for rule in rules if rule.encode() in _lines()])


def _names_above(host: str) -> Iterator[str]:
    """Yield *host* and the names above it, as the list writes them: international ones in Unicode."""
    labels = host.split(".")
    for start in range(len(labels)):
        name = ".".join(labels[start:])
        yield name
        if "xn--" in name:
            try:
                yield name.encode().decode("idna")
            except UnicodeError:  # in which no rule can be written
                continue


@cache
def _lines() -> frozenset[bytes]:
    """Read the list: one rule a line, lower case. The comments among them match no name."""
    from publicsuffixlist import PSLFILE  # noqa: PLC0415 - as above

    return frozenset(Path(PSLFILE).read_bytes().split(b"\n"))
