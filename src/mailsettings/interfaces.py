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
    """The answer of DNS to a question. No such name and no such record are answers, not errors."""

    question: Question
    records: tuple[Record, ...] = ()
    exists: bool = True  # False: NXDOMAIN
    authentic: bool = False  # the AD bit over TLS, or of a resolver that the policy trusts (RFC 4035 §3.2.3)
    aliases: tuple[str, ...] = ()  # the CNAME targets, in order


@dataclass(frozen=True, slots=True)
class Page:
    """A fetched document: its undecoded bytes, at most Limits.max_body of them."""

    url: str  # where it was found, after redirects
    status: int
    content_type: str
    body: bytes
    hops: tuple[str, ...] = ()  # every URL requested before, in order

    @property
    def route(self) -> tuple[str, ...]:
        """Every URL requested, in order: the one that was asked for first, *url* last."""
        return (*self.hops, self.url)

    @property
    def authentic(self) -> bool:
        """True if no response could have been forged in transit: all URLs are https."""
        return all(hop.startswith("https://") for hop in self.route)


class Net(Interface):
    """The network, as lookups see it. Failures are raised as NetworkError."""

    @property
    def policy(self) -> Policy:
        """What this detection may do; lookups consult it on what they may send."""
        ...

    async def ask(self, question: Question) -> Answer:
        """Ask DNS. The same question is sent once per detection."""
        ...

    async def resolve(self, host: str) -> tuple[str, ...]:
        """Return the IP addresses of *host*, from A and AAAA records asked in parallel. NetworkError if it has none."""
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
        """Fetch a document over https or http, following redirects as far as the policy allows.

        The same request is sent once per detection. Redirects of a POST are not followed: its body may contain the
        address, and the next host may be any. *answers* are HTTP statuses from 300 on that are a result here (401:
        the resource exists and requires a login); every other one raises NetworkError with HTTP_STATUS.
        """
        ...


@runtime_checkable
class Prober(Interface):
    """Contacts mail servers."""

    async def greet(self, endpoint: Endpoint, on_step: Callable[[Step], None]) -> Probe:
        """Contact a mail server, up to its capabilities inside TLS. Never raises NetworkError."""
        ...


@runtime_checkable
class Inspector(Interface):
    """Contacts servers that have failed, only to explain why. Nothing seen here verifies a server."""

    async def inspect(self, endpoint: Endpoint) -> Inspection:
        """Make an unverified TLS handshake, close, and return what was seen. Never raises NetworkError."""
        ...

    async def reach(self, host: str, port: int) -> bool:
        """Say whether *host* accepts a TCP connection to *port*."""
        ...

    def now(self) -> datetime:
        """Return the time by this machine's clock."""
        ...

    @property
    def dates(self) -> tuple[tuple[str, str], ...]:
        """Verified web servers, and the Date header that each of them sent."""
        ...


def prober_of(net: Net) -> Prober:
    """Return *net* as a Prober. TypeError if it is none."""
    if not isinstance(net, Prober):
        raise TypeError(f"{type(net).__name__} does not contact mail servers: pass a prober as well")
    return net
