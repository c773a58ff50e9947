"""What a source yields: claims at once, lookups that may turn into more leads, and facts about the domain.

A source is a function `EmailAddress -> Iterable[Lead]` that contacts nobody. Only a lookup's `run` asks the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol as Interface
from typing import runtime_checkable

from mailsettings.address import EmailAddress
from mailsettings.interfaces import Net
from mailsettings.model import (
    Authority,
    Claim,
    Evidence,
    Failure,
    Link,
    Note,
    OAuth,
    Protocol,
    Provider,
    Question,
    Service,
    Task,
    Where,
)
from mailsettings.policy import Policy


class Lookup(Interface):
    """One question to the network: hashable, printable, listed by --plan without being asked."""

    @property
    def authority(self) -> Authority:
        """The best rank that what comes of this lookup may have."""
        ...

    async def run(self, net: Net) -> Sequence[Lead]:
        """Ask, and return what follows. Raises NetworkError or DocumentError when there is nothing usable."""
        ...

    def __hash__(self) -> int: ...

    def __str__(self) -> str:
        """Say what is asked: a URL, or a DNS question such as `_imaps._tcp.example.org SRV`."""
        ...


@runtime_checkable
class LocatedLookup(Interface):
    """A lookup of one place; str() of that is how the lookup prints."""

    @property
    def where(self) -> Where:
        """Return what is asked: a DNS question, a host's name, a URL."""
        ...


@runtime_checkable
class FollowedUp(Interface):
    """A lookup whose answer mostly leads to another question."""

    @property
    def then(self) -> str:
        """Say what is asked next, and when."""
        ...


def disclosed(lookup: Lookup, policy: Policy) -> str | None:
    """Say what *lookup* tells besides its question, mostly nothing; None if *policy* does not let it be asked.

    A lookup that tells more, or that not every policy allows, has a method of its own: `sends(policy)`.
    """
    sends: Callable[[Policy], str | None] | None = getattr(lookup, "sends", None)
    return "" if sends is None else sends(policy)


def where_of(lookup: Lookup) -> Where:
    """Return what *lookup* asks, as a value; a caller's own lookup may have no more than its name."""
    where: Where | None = getattr(lookup, "where", None)
    return Task(str(lookup)) if where is None else where


@dataclass(frozen=True, slots=True)
class IdentifiedProvider:
    """The table knows who runs this domain's mail; claims come beside it."""

    provider: Provider
    authority: Authority  # TABLE by domain, MX_TABLE by MX host, HOSTING by weaker traces


@dataclass(frozen=True, slots=True)
class NoMail:
    """The domain does not receive mail: nothing further is worth asking."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class NotOffered:
    """The domain says that it has no such service (RFC 2782 target "."): do not guess it."""

    protocol: Protocol
    question: Question


@dataclass(frozen=True, slots=True)
class HelpPage:
    """A page for the domain's users, named by a document."""

    link: Link


@dataclass(frozen=True, slots=True)
class OAuthIssuer:
    """The domain selects who issues OAuth tokens. Only the table says how a well-known issuer is talked to."""

    url: str
    evidence: Evidence
    oauth: OAuth | None = None  # of an issuer unknown to the table: what its own metadata says (RFC 8414)


Fact = IdentifiedProvider | Note | NoMail | NotOffered | HelpPage | OAuthIssuer | Service | Failure
Lead = Claim | Lookup | Fact
Source = Callable[[EmailAddress], Iterable[Lead]]
