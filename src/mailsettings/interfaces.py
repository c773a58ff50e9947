"""What the network answers, as values: DNS answers and fetched pages."""

from __future__ import annotations

from dataclasses import dataclass


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
class Question:
    """One DNS question. *name* is absolute, lower-case, without the trailing dot; *type* is A, AAAA, MX, SRV, TXT …"""

    name: str
    type: str

    def __str__(self) -> str:
        return f"{self.name} {self.type}"


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
