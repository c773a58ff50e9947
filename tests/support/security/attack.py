"""One hostile mail server as data: its port, its script, and what has to come of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailsettings import FailureKind, Protocol
from mailsettings.testing import FakeNetwork, from_steps
from tests.support.security.harness import DOMAIN

Step = Sequence[str | int | float]
HOST = f"attacker.{DOMAIN}"
SERVICES = {
    993: ("_imaps", Protocol.IMAP),
    143: ("_imap", Protocol.IMAP),
    995: ("_pop3s", Protocol.POP3),
    110: ("_pop3", Protocol.POP3),
    465: ("_submissions", Protocol.SMTP),
    587: ("_submission", Protocol.SMTP),
}


@dataclass(frozen=True, slots=True)
class Attack:
    """A server at *port*, named by the domain itself in DNS.

    Its script is in the language of mailsettings.testing.script_json. *kinds* are the failures that are right; none:
    the server is verified in spite of what it does. *seconds* is when the answer has to be there, in virtual time.
    """

    name: str
    threat: str  # number in docs/threats.md
    port: int
    steps: tuple[Step, ...]
    kinds: tuple[FailureKind, ...] = ()
    seconds: float = 0.0
    silent: bool = False  # True: the server must not hear a command
    shown: str = ""  # must be in the answer
    hidden: str = ""  # must not be in the answer

    def build(self, net: FakeNetwork) -> None:
        """Put the server into a world, where the domain's SRV record names it."""
        label, protocol = SERVICES[self.port]
        net.records(f"{label}._tcp.{DOMAIN}", SRV=f"0 1 {self.port} {HOST}")
        net.host(HOST).serve(from_steps(self.port, protocol, self.steps))
