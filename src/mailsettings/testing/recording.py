"""The recording of a fake network: every call in order, open streams, and planned faults.

example.org MX
192.0.2.10:993
TLS imap.example.org
192.0.2.10:993 < a1 CAPABILITY
GET https://autoconfig.example.org/mail/config-v1.1.xml
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio
import anyio.lowlevel

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Question


@dataclass(frozen=True, slots=True)
class Resolve:
    """A DNS question; *at* is in seconds since the first call, here and below."""

    question: Question
    at: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        return str(self.question)


@dataclass(frozen=True, slots=True)
class Connect:
    """A TCP connection that was tried; *address* is `192.0.2.10:993` or `[2001:db8::1]:993`."""

    address: str
    at: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        return self.address


@dataclass(frozen=True, slots=True)
class Handshake:
    """A TLS handshake that was started; *host* is the SNI."""

    address: str
    host: str
    alpn: tuple[str, ...] = ()
    at: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        return f"TLS {self.host}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that was sent to a server, without its line end; recorded even if the server never reads it."""

    address: str
    text: bytes
    secure: bool  # True inside TLS
    at: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        return f"{self.address} < {self.text.decode('latin-1')}"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, complete with its body."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()  # names in lower case
    body: bytes = b""
    at: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


Entry = Resolve | Connect | Handshake | Line | Request


Opened = TypeVar("Opened")  # the type of an open connection


class Recording(Generic[Opened]):
    """All calls, the streams that are open, and the planned faults."""

    def __init__(self) -> None:
        self.calls: list[Entry] = []
        self.open: dict[int, Opened] = {}  # by number, in the order of opening
        self.most_open = 0
        self.steps = 0  # operations so far; the first one is 1
        self.faults: dict[int, FailureKind] = {}
        self.hangs: set[int] = set()  # operations that never end
        self.cuts: set[int] = set()  # reads that return half of what has arrived, then end of stream
        self._started: float | None = None

    def record(self, entry: Callable[[float], Entry]) -> None:
        """Record the call that *entry* makes from the present time."""
        now = anyio.current_time()
        if self._started is None:
            self._started = now
        self.calls.append(entry(now - self._started))

    async def step(self) -> int:
        """Let other tasks run, and fail or hang if that is planned here; return the number of the operation."""
        self.steps += 1
        step = self.steps
        if (kind := self.faults.get(step)) is not None:
            raise NetworkError(kind, f"planned fault at step {step}")
        if step in self.hangs:
            await anyio.sleep_forever()
        await anyio.lowlevel.checkpoint()
        return step

    def opened(self, stream: Opened) -> None:
        """Count *stream* as open until `closed` is called."""
        self.open[id(stream)] = stream
        self.most_open = max(self.most_open, len(self.open))

    def closed(self, stream: Opened) -> None:
        """No longer count *stream* as open; a second call does nothing."""
        self.open.pop(id(stream), None)
