"""What a source yields: claims, lookups that lead to more, and facts about the domain.

A source is a function `EmailAddress -> Iterable[Lead]` without I/O. Only a lookup's `run` uses the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, runtime_checkable
from typing import Protocol as Interface

from mailsettings.address import EmailAddress
from mailsettings.hostnames import is_public_suffix
from mailsettings.interfaces import Net
from mailsettings.model import (
    Authority,
    Claim,
    Fact,
    Failure,
    Link,
    Note,
    Protocol,
    Provider,
    Question,
    Service,
    StatedOAuth,
    Task,
    Where,
)
from mailsettings.policy import Policy

if TYPE_CHECKING:
    from typing_extensions import TypeIs


class Lookup(Interface):
    """One question to the network: hashable, printable, listed by --plan without being run."""

    @property
    def authority(self) -> Authority:
        """The best authority that its results can have."""
        ...

    async def run(self, net: Net) -> Sequence[Lead]:
        """Ask, and return the leads that follow. Raises NetworkError or DocumentError if there is nothing usable."""
        ...

    def __hash__(self) -> int: ...

    def __str__(self) -> str:
        """Return what is asked: a URL, or a DNS question such as `_imaps._tcp.example.org SRV`."""
        ...


@runtime_checkable
class LocatedLookup(Interface):
    """A lookup that names what it asks as a value, and prints as that value does."""

    @property
    def where(self) -> Where:
        """Return what is asked: a DNS question, a host's name, a URL."""
        ...


@runtime_checkable
class FollowedUp(Interface):
    """A lookup whose answer mostly leads to another question."""

    @property
    def then(self) -> str:
        """Say in a sentence what is asked next, and when."""
        ...


def is_lookup(lead: Lead) -> TypeIs[Lookup]:
    """Return True for a lead that asks the network, False for one that states something."""
    return not isinstance(lead, Claim | Fact | Note | NoMail | NotOffered | Failure)


def disclosed(lookup: Lookup, policy: Policy) -> str | None:
    """Return what *lookup* discloses besides its question, usually nothing; None if *policy* does not allow it.

    A lookup that discloses more, or that some policies do not allow, has a method for it: `sends(policy)`.
    """
    sends: Callable[[Policy], str | None] | None = getattr(lookup, "sends", None)
    return "" if sends is None else sends(policy)


def is_permitted(lookup: Lookup, address: EmailAddress, policy: Policy) -> bool:
    """Return whether *lookup* may be run for *address*: *policy* allows it, and it asks no stranger about the address.

    Some people have their mailbox right at a public suffix (ada@rub.de, ada@com.br), where anyone may register the
    names below. What autoconfig.com.br or imap.com.br answers is then a stranger's statement, so only records of the
    suffix itself are asked: com.br MX, _imaps._tcp.com.br SRV. A caller's own lookups may ask what they like.
    """
    if disclosed(lookup, policy) is None:
        return False
    return lookup.authority is Authority.OWN_TABLE or not _is_suffix(address.domain) or _is_own(lookup, address.domain)


@lru_cache(maxsize=64)
def _is_suffix(domain: str) -> bool:
    """Cache the answer: the lookups of one search are all about one domain."""
    return is_public_suffix(domain)


def _is_own(lookup: Lookup, domain: str) -> bool:
    """Return True if *lookup* asks DNS for records of *domain* itself, or nothing that has a name (a Task)."""
    match where_of(lookup):
        case Question(name):
            labels = name.removesuffix(domain).split(".")
            # No host has an underscore in its name, so no one can register these labels.
            return name == domain or (
                name.endswith(f".{domain}") and all(label.startswith("_") for label in labels[:-1])
            )
        case Task():
            return True
        case _:
            return False


def place_of(lookup: Lookup) -> int:
    """Return where *lookup* stands among those of the same authority, 0 first, which is what a lookup without has."""
    place: int = getattr(lookup, "place", 0)
    return place


def may_dispute_row(lookup: Lookup) -> bool:
    """Return True for a lookup that shows whether the table's row for a domain is still right.

    It is made although the row may answer alone: it has a true property `disputes_row`.
    """
    disputes: bool = getattr(lookup, "disputes_row", False)
    return disputes


def where_of(lookup: Lookup) -> Where:
    """Return what *lookup* asks, as a value; for a caller's own lookup without one, a Task of its name."""
    where: Where | None = getattr(lookup, "where", None)
    return Task(str(lookup)) if where is None else where


@dataclass(frozen=True, slots=True)
class NoMail:
    """The domain does not receive mail: nothing else needs to be looked up."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class NotOffered:
    """The domain states that it has no such service (RFC 2782 target "."): do not guess any."""

    protocol: Protocol
    question: Question


@dataclass(frozen=True, slots=True)
class OAuthIssuer:
    """Who issues OAuth tokens for the domain. Endpoints of well-known issuers come from the table only."""

    url: str
    # By the document; with the metadata of the issuer if the table does not have it.
    stated: StatedOAuth = field(default_factory=StatedOAuth)


FactValue = Provider | Link | Service | OAuthIssuer | Note  # a note that quotes its source
Remark = Note | NoMail | NotOffered | Failure
Lead = Claim | Fact[FactValue] | Lookup | Remark
Source = Callable[[EmailAddress], Iterable[Lead]]
