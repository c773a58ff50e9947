"""What a source yields: claims at once, lookups that may turn into more leads, and facts about the domain.

A source is a function `EmailAddress -> Iterable[Lead]` that contacts nobody. Only a lookup's `run` asks the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol as Interface

from mailsettings.address import EmailAddress
from mailsettings.model import Authority, Claim, Endpoint, Failure, Link, Probe, Protocol, Provider
from mailsettings.records import Answer, Page, Question


class Net(Interface):
    """The one door to the network, as lookups and the engine see it. Failure is raised as NetworkError."""

    async def ask(self, question: Question) -> Answer:
        """Ask DNS. The same question is asked once per detection, whoever asks."""
        ...

    async def get(self, url: str) -> Page:
        """Fetch a document over https or http; redirects are followed by the policy's rules."""
        ...

    async def greet(self, endpoint: Endpoint, on_step: Callable[[str], None]) -> Probe:
        """Contact a mail server, up to its capabilities inside TLS; never raises NetworkError."""
        ...


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


@dataclass(frozen=True, slots=True)
class KnownProvider:
    """The table knows who runs this domain's mail; claims come beside it."""

    provider: Provider
    authority: Authority  # TABLE by domain, MX_TABLE by MX host, HOSTING by weaker traces


@dataclass(frozen=True, slots=True)
class Note:
    """Something odd that a person should be told."""

    text: str


@dataclass(frozen=True, slots=True)
class NoMail:
    """The domain does not receive mail: nothing further is worth asking."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class NotOffered:
    """The domain says that it has no such service (RFC 2782 target "."): do not guess it."""

    protocol: Protocol
    source: str


@dataclass(frozen=True, slots=True)
class Help:
    """A page for the domain's users, named by a document."""

    link: Link


Fact = KnownProvider | Note | NoMail | NotOffered | Help
Lead = Claim | Lookup | Fact
Source = Callable[[EmailAddress], Iterable[Lead]]
