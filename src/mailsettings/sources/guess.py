"""Guesses: usual names of mail servers at the usual ports (RFC 8314 §3), resolved first: a missing name costs nothing.

Which names, in which order, is in decision.usual_names.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailsettings.address import EmailAddress
from mailsettings.decision.usual_names import IMAP_NAMES, POP3_NAMES, SMTP_NAMES, hosts_named
from mailsettings.interfaces import Net
from mailsettings.leads import Lead
from mailsettings.model import (
    Authority,
    Claim,
    Endpoint,
    Evidence,
    HostName,
    Note,
    Protocol,
    Question,
    Security,
)
from mailsettings.policy import Policy

# Resolved first, and contacted without waiting for better sources.
LIKELIEST_NAMES = ("imap.{d}", "smtp.{d}", "mail.{d}")

# (protocol, names, ports in the order to try, of which the first *n* are contacted at once on the likeliest names)
PROTOCOL_NAMES = (
    (Protocol.IMAP, IMAP_NAMES, ((993, Security.TLS), (143, Security.STARTTLS)), 1),
    (Protocol.POP3, POP3_NAMES, ((995, Security.TLS), (110, Security.STARTTLS)), 0),
    (Protocol.SMTP, SMTP_NAMES, ((465, Security.TLS), (587, Security.STARTTLS), (25, Security.STARTTLS)), 2),
)


def guess(address: EmailAddress) -> Iterator[Lead]:
    """Yield a lookup for each usual name, and one for a random name, to detect a wildcard."""
    names = dict.fromkeys((*LIKELIEST_NAMES, *(name for _, group, _, _ in PROTOCOL_NAMES for name in group)))
    for name, host in hosts_named(names, address.domain):
        yield GuessedHost(host, name)
    yield WildcardTest(address.domain)


@dataclass(frozen=True, slots=True)
class GuessedHost:
    """A usual name: if it resolves, it is worth contacting."""

    host: str
    name: str = ""  # the pattern it was made from

    @property
    def authority(self) -> Authority:
        return Authority.GUESS

    @property
    def where(self) -> HostName:
        return HostName(self.host)

    def __str__(self) -> str:
        return str(self.where)

    def sends(self, policy: Policy) -> str | None:
        """Return an empty text: nothing else is sent. None where *policy* does not allow guesses."""
        return "" if policy.guess else None

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return a claim for each protocol that is usual on this name. NetworkError if it does not resolve."""
        await net.resolve(self.host)
        return list(self.claims())

    def claims(self) -> Iterator[Claim]:
        """Yield the claims to be made if the name exists."""
        evidence = Evidence(Authority.GUESS, "guess", self.host, domain=self.host)
        for protocol, names, ports, at_once in PROTOCOL_NAMES:
            if self.name not in names:
                continue
            for place, (port, security) in enumerate(ports):
                eager = self.name in LIKELIEST_NAMES and place < at_once
                order = names.index(self.name) + place * len(names)
                yield Claim(Endpoint(protocol, self.host, port, security), evidence, order=order, eager=eager)


def claims_on_mx_host(host: str, evidence: Evidence) -> Iterator[Claim]:
    """Yield the usual ports of the host that receives the domain's mail: small sites run everything on one machine."""
    for protocol, names, ports, _ in PROTOCOL_NAMES:
        # Behind all usual names; where a row names the host there are none, and every protocol begins at 0.
        behind = len(names) if evidence.authority.guessed else 0
        for place, (port, security) in enumerate(ports):
            order = behind + place * (behind + 1)
            yield Claim(Endpoint(protocol, host, port, security), evidence, order=order, eager=False)


@dataclass(frozen=True, slots=True)
class WildcardTest:
    """A random name: if it resolves, every name does, and resolving proves nothing (RFC 4592)."""

    domain: str

    @property
    def authority(self) -> Authority:
        return Authority.GUESS

    @property
    def where(self) -> Question:
        return Question(f"(a random label).{self.domain}", "A")  # as it is reported; each question has a new label

    def __str__(self) -> str:
        return str(self.where)

    def sends(self, policy: Policy) -> str | None:
        """Return an empty text: nothing else is sent. None where *policy* does not allow guesses."""
        return "" if policy.guess else None

    async def run(self, net: Net) -> Sequence[Lead]:
        """Return a note if any name under the domain resolves."""
        answer = await net.ask(Question(f"x{os.urandom(6).hex()}.{self.domain}", "A"))
        if not answer.records:
            return []
        return [Note(f"any name under {self.domain} has an address, so that a name alone proves nothing")]
