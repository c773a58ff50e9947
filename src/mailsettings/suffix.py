"""Whose name a host is: its registrable domain, by the ICANN part of the public suffix list. Pure.

Only the ICANN part, because the private part makes a domain of its own out of each customer of a hosting company; mail
hosts of one company would no longer belong together. The list and its package cost about 50 ms: loaded when first
asked.
"""

from __future__ import annotations

from functools import cache
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
    return _suffixes().privatesuffix(plain) or plain


def is_public_suffix(host: str) -> bool:
    """Say whether *host* is a suffix under which anybody may register: `com`, `co.uk`, an unknown top level."""
    plain = host.lower().removesuffix(".")
    return _suffixes().publicsuffix(plain) == plain


@cache
def _suffixes() -> PublicSuffixList:
    """Load the list, once per process: it is read-only and takes 50 ms."""
    from publicsuffixlist import PublicSuffixList  # noqa: PLC0415 - loaded on demand, see above

    return PublicSuffixList(only_icann=True)
