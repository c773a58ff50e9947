"""What goes into a run over many addresses, and what comes out of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from mailsettings.address import EmailAddress, parse_address
from mailsettings.hostnames import parse_host, shown_host
from mailsettings.model import Detection

# Every domain that receives mail has this mailbox (RFC 5321 §4.5.1): the search for a whole domain is made in its name,
# so that no person's address is told to anybody or shows up in another person's answer.
POSTMASTER = "postmaster"


@dataclass(frozen=True, slots=True)
class Entry:
    """One address of the input as it stands there, and its *place*, which starts at 1."""

    place: int
    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """One entry with its detection, or with what is wrong with the address."""

    place: int
    text: str
    detection: Detection | None = None
    error: str = ""


def parse_entry(text: str) -> EmailAddress:
    """Read *text* as an address; a domain alone stands for its postmaster. AddressError if it is neither."""
    bare = text.strip(" \t\r\n")
    if "@" in bare or "." not in bare:
        return parse_address(bare)
    return postmaster_of(parse_host(bare))


def postmaster_of(domain: str) -> EmailAddress:
    """Return the address in whose name *domain* (A-labels) is searched."""
    return EmailAddress(POSTMASTER, domain, shown_host(domain))
