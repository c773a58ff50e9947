"""The interfaces to the network, and the values that pass through them: DNS answers and fetched documents.

Net         what a source is given: ask, resolve, get
Prober      contacts mail servers: greet
Inspector   explains failures: inspect, reach
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, runtime_checkable
from typing import Protocol as Interface

if TYPE_CHECKING:
    from datetime import datetime

    from mailsettings.model import Endpoint, Probe, Question, Step
    from mailsettings.observations import Inspection
    from mailsettings.policy import Policy


@dataclass(frozen=True, slots=True)
class MX:
    """A mail exchanger (RFC 5321 §5.1); an empty *host* with preference 0 is the null MX of RFC 7505."""

    preference: int
    host: str


@dataclass(frozen=True, slots=True)
class SRV:
    """A service record (RFC 2782); an empty *target* means "decidedly not available"."""

    priority: int
    weight: int
    port: int
    target: str


Record = str | MX | SRV  # str: an IP address for A and AAAA, joined character-strings for TXT, a host for CNAME and NS


@dataclass(frozen=True, slots=True)
class Answer:
    """What DNS says to a question. No such name and no such record are answers, not errors."""

    question: Question
    records: tuple[Record, ...] = ()
    exists: bool = True  # False: NXDOMAIN
    authentic: bool = False  # the AD bit of a resolver that may be believed (RFC 4035 §3.2.3)
    aliases: tuple[str, ...] = ()  # the CNAME targets on the way, in order


@dataclass(frozen=True, slots=True)
class Page:
    """A fetched document: its bytes undecoded, at most Policy.max_body of them."""

    url: str  # where it was found in the end
    status: int
    content_type: str
    body: bytes
    hops: tuple[str, ...] = ()  # every URL asked on the way, the first one first

    @property
    def authentic(self) -> bool:
        """True if no hop could have been forged on the way: all of them https."""
        return all(hop.startswith("https://") for hop in (*self.hops, self.url))


class Net(Interface):
    """The network, as lookups see it. Failure is raised as NetworkError."""

    @property
    def policy(self) -> Policy:
        """What this detection may do; lookups ask it what they may send."""
        ...

    async def ask(self, question: Question) -> Answer:
        """Ask DNS. The same question is asked once per detection."""
        ...

    async def resolve(self, host: str) -> tuple[str, ...]:
        """Return the IP addresses of *host*, A and AAAA asked at once. NetworkError if it has none."""
        ...

    async def get(
        self,
        url: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
        answers: frozenset[int] = frozenset(),
    ) -> Page:
        """Fetch a document over https or http; redirects are followed by the policy's rules.

        The same request is made once per detection. Redirects of a POST are not followed: its body may carry the
        address, and the next host may be anybody's. *answers* are HTTP statuses from 300 on that are an answer here
        (401: "there is something, behind a login"); every other one raises HTTP_STATUS.
        """
        ...


@runtime_checkable
class Prober(Interface):
    """Contacts mail servers."""

    async def greet(self, endpoint: Endpoint, on_step: Callable[[Step], None]) -> Probe:
        """Contact a mail server, up to its capabilities inside TLS; never raises NetworkError."""
        ...


@runtime_checkable
class Inspector(Interface):
    """Contacts servers that have failed, only to explain why. Nothing it sees makes a server count as verified."""

    async def inspect(self, endpoint: Endpoint) -> Inspection:
        """Return what an unverified TLS handshake shows, and close; never raises NetworkError."""
        ...

    async def reach(self, host: str, port: int) -> bool:
        """Say whether *host* accepts a connection to *port*."""
        ...

    def now(self) -> datetime:
        """Return the time by this machine's clock."""
        ...

    @property
    def dates(self) -> tuple[tuple[str, str], ...]:
        """Verified web servers, and the date that each of them sent."""
        ...


def prober_of(net: Net) -> Prober:
    """Return *net* as a Prober. TypeError if it is none."""
    if not isinstance(net, Prober):
        raise TypeError(f"{type(net).__name__} does not contact mail servers: pass a prober as well")
    return net
