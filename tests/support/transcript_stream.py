"""A stream in memory that keeps to a transcript, and short ways to talk to it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from textwrap import dedent
from typing import Any

import anyio
import anyio.lowlevel
import trio
import trio.testing

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.events import ignore
from mailsettings.model import Endpoint, Protocol, Security, TLSFacts
from mailsettings.net.session import SessionResult, run_session
from mailsettings.net.streams import Stream
from mailsettings.observations import UnverifiedHandshake
from mailsettings.policy import Policy
from mailsettings.protocols import dialogue_for

FACTS = TLSFacts("TLSv1.3", names=("mail.example.org",))
IMAP_TLS = Endpoint(Protocol.IMAP, "mail.example.org", 993, Security.TLS)
IMAP_STARTTLS = Endpoint(Protocol.IMAP, "mail.example.org", 143, Security.STARTTLS)
POP3_TLS = Endpoint(Protocol.POP3, "mail.example.org", 995, Security.TLS)
POP3_STARTTLS = Endpoint(Protocol.POP3, "mail.example.org", 110, Security.STARTTLS)
SMTP_TLS = Endpoint(Protocol.SMTP, "mail.example.org", 465, Security.TLS)
SMTP_STARTTLS = Endpoint(Protocol.SMTP, "mail.example.org", 587, Security.STARTTLS)

GOOD = {
    IMAP_TLS: """
        TLS
        S: * OK ready
        C: A1 CAPABILITY
        S: * CAPABILITY IMAP4rev1 AUTH=PLAIN
        S: A1 OK done
        C: A2 LOGOUT
        """,
    IMAP_STARTTLS: """
        S: * OK ready
        C: A1 CAPABILITY
        S: * CAPABILITY IMAP4rev1 STARTTLS
        S: A1 OK done
        C: A2 STARTTLS
        S: * OK still here
        S: A2 OK go
        TLS
        C: A3 CAPABILITY
        S: * CAPABILITY IMAP4rev1 AUTH=PLAIN
        S: A3 OK done
        C: A4 LOGOUT
        """,
    POP3_TLS: """
        TLS
        S: +OK ready
        C: CAPA
        S: +OK
        S: USER
        S: .
        C: QUIT
        """,
    POP3_STARTTLS: """
        S: +OK ready
        C: CAPA
        S: +OK
        S: STLS
        S: .
        C: STLS
        S: +OK go
        TLS
        C: CAPA
        S: +OK
        S: USER
        S: .
        C: QUIT
        """,
    SMTP_TLS: """
        TLS
        S: 220-hello
        S: 220 ready
        C: EHLO mailsettings.invalid
        S: 250-mail.example.org
        S: 250 AUTH PLAIN
        C: QUIT
        """,
    SMTP_STARTTLS: """
        S: 220 ready
        C: EHLO mailsettings.invalid
        S: 250-mail.example.org
        S: 250 STARTTLS
        C: STARTTLS
        S: 220 go
        TLS
        C: EHLO mailsettings.invalid
        S: 250-mail.example.org
        S: 250 AUTH PLAIN
        C: QUIT
        """,
}


class Server:
    """A stream whose other side keeps to a transcript; behind its end it closes, or no longer responds."""

    def __init__(
        self, transcript: str, *, segment: int = 1 << 16, cut: int | None = None, silent: bool = False
    ) -> None:
        self.sent: list[bytes] = []
        self.alpn: tuple[str, ...] | None = None
        self.handed = 0
        self._steps = deque(dedent(transcript).strip("\n").splitlines())
        self._segment = segment
        self._cut = 1 << 30 if cut is None else cut
        self._silent = silent
        self._waiting = b""

    async def receive(self, max_bytes: int = 65536) -> bytes:
        await anyio.lowlevel.checkpoint()
        self._speak()
        size = min(max_bytes, self._segment, self._cut - self.handed)
        data, self._waiting = self._waiting[:size], self._waiting[size:]
        self.handed += len(data)
        if not data and self._silent:
            await anyio.sleep_forever()
        return data

    async def send(self, data: bytes) -> None:
        await anyio.lowlevel.checkpoint()
        self._speak()
        self.sent.append(data)
        if self.handed < self._cut:
            assert self._steps.popleft() == f"C: {data.decode().removesuffix(chr(10)).removesuffix(chr(13))}"

    async def start_tls(self, host: str, alpn: tuple[str, ...]) -> TLSFacts:
        await anyio.lowlevel.checkpoint()
        self.alpn = alpn
        self._speak()
        if self._waiting:
            raise NetworkError(FailureKind.NOT_TLS, "clear text")
        if not self._steps and self._silent:
            await anyio.sleep_forever()
        assert self._steps.popleft() == "TLS"
        return FACTS

    async def inspect(self, host: str) -> UnverifiedHandshake:
        """No test inspects here."""
        raise NetworkError(FailureKind.TLS_FAILED, host)

    async def aclose(self) -> None:
        pass

    def _speak(self) -> None:
        """Send all that is due. A `…` stands for a line that breaks off, a `¶` for LF alone."""
        while self._steps and self._steps[0].startswith("S:"):
            line = self._steps.popleft()[3:]
            if line.endswith("…"):
                self._waiting += line[:-1].encode("latin-1")
            elif line.endswith("¶"):
                self._waiting += line[:-1].encode("latin-1") + b"\n"
            else:
                self._waiting += line.encode("latin-1") + b"\r\n"


async def secure(stream: Stream, host: str, alpn: tuple[str, ...]) -> TLSFacts:
    """Every certificate is for the right name."""
    return await stream.start_tls(host, alpn)


async def carry(server: Stream, endpoint: Endpoint, *, policy: Policy | None = None, **more: Any) -> SessionResult:
    """Run a session with *server*; *more* goes to run_session()."""
    policy = policy or Policy()
    return await run_session(
        server,
        dialogue_for(endpoint, policy=policy, tag="A"),
        endpoint=endpoint,
        policy=policy,
        **{"secure": secure, "on_step": ignore, **more},
    )


def in_virtual_time(server: Stream, endpoint: Endpoint, **more: Any) -> tuple[SessionResult, float]:
    """Return the result of a session and how many seconds it would have taken."""

    async def main() -> tuple[SessionResult, float]:
        started = trio.current_time()
        result = await carry(server, endpoint, **more)
        return result, trio.current_time() - started

    return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))


@dataclass
class Drip:
    """A server that sends one byte a second."""

    byte: bytes
    sent: list[bytes] = field(default_factory=list)

    async def receive(self, max_bytes: int = 65536) -> bytes:
        await anyio.sleep(1)
        return self.byte

    async def send(self, data: bytes) -> None:
        self.sent.append(data)

    async def start_tls(self, host: str, alpn: tuple[str, ...]) -> TLSFacts:
        return FACTS

    async def inspect(self, host: str) -> UnverifiedHandshake:
        """No test inspects here."""
        raise NetworkError(FailureKind.TLS_FAILED, host)

    async def aclose(self) -> None:
        pass
