"""Streams of a fake network: net.streams.Stream over a Peer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import anyio

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import TLSFacts
from mailsettings.observations import UnverifiedHandshake
from mailsettings.testing.certificates import Certificate
from mailsettings.testing.peer import Peer
from mailsettings.testing.recording import Handshake, Line, Recording
from mailsettings.testing.scripts import TLS

# The bytes of a handshake that a server without TLS reads as a line; it answers as to any bad command.
CLIENT_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n"


class FakeStream:
    """One connection. `FakeNetwork.open_streams` lists it until it is closed."""

    def __init__(
        self,
        address: str,
        peer: Peer,
        recording: Recording[FakeStream],
        *,
        certificate_for: Callable[[str], Certificate],
        segment: int,
        speaks_lines: bool,
    ) -> None:
        self.address = address  # "192.0.2.10:993"
        self.secure = False  # inside TLS
        self._peer = peer
        self._recording = recording
        self._certificate_for = certificate_for
        self._segment = segment
        self._speaks_lines = speaks_lines
        self._sent_lines = b""  # an unfinished line
        self._closed = False
        self._cut = False  # the rest of what the server sends is lost
        self._changed = anyio.Event()  # set and replaced when a waiting task has to check again
        recording.opened(self)

    def __repr__(self) -> str:
        return f"<FakeStream {self.address}>"

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Return the next segment; empty at the end of the stream. NetworkError(CLOSED) on reset."""
        step = await self._recording.step()
        while True:
            now = self._now()
            if self._cut:
                return b""
            if (data := self._peer.take(now, min(max_bytes, self._segment))) is not None:
                self._cut = step in self._recording.cuts
                return data[: len(data) // 2] if self._cut else data
            await self._until(self._peer.due(now))

    async def send(self, data: bytes) -> None:
        """Send all of *data*. NetworkError(CLOSED) if the server's close has arrived."""
        await self._recording.step()
        now = self._now()
        if self._peer.close_has_arrived(now):
            raise NetworkError(FailureKind.CLOSED, "the server has closed the connection")
        self._note(data)
        self._peer.receive(data, now)
        self._wake()

    async def start_tls(self, host: str, alpn: tuple[str, ...]) -> TLSFacts:
        """Do the handshake, which ends as the server's certificate says; its name is not compared.

        NetworkError(NOT_TLS) if the server sends plaintext, CLOSED if it closes, or the certificate's problem.
        """
        certificate = await self._handshake(host, alpn)
        if certificate.problem is not None:
            raise NetworkError(certificate.problem, f"the certificate shown for {host}")
        self._peer.secured(self._now())
        self.secure = True
        return certificate.facts()

    async def inspect(self, host: str) -> UnverifiedHandshake:
        """Do an unverified handshake, close, and return what was presented. NetworkError(NOT_TLS | CLOSED)."""
        try:
            return (await self._handshake(host, ())).handshake()
        finally:
            await self.aclose()

    async def _handshake(self, host: str, alpn: tuple[str, ...]) -> Certificate:
        self._recording.record(partial(Handshake, self.address, host, alpn))
        await self._recording.step()
        command = await self._server_ready()
        await self._pass(self._peer.rtt)
        return command.certificate or self._certificate_for(host)

    async def aclose(self) -> None:
        """Close at once; a task that waits in `receive` gets NetworkError(CLOSED)."""
        self._closed = True
        self._recording.closed(self)
        self._peer.abandon()
        self._wake()

    async def _server_ready(self) -> TLS:
        """Wait until the server waits for the handshake. NetworkError(NOT_TLS) if it sends anything else."""
        greeted = False
        while True:
            now = self._now()
            if (data := self._peer.take(now, 80)) is not None:
                raise _not_tls(data)
            command = self._peer.awaited(now)
            if isinstance(command, TLS) and self._peer.idle:
                return command
            if command is not None and not isinstance(command, TLS) and not greeted:
                greeted = True
                self._peer.receive(CLIENT_HELLO, now)
                continue
            await self._until(self._peer.due(now))

    def _now(self) -> float:
        """Run the server up to the present time and return it. NetworkError(CLOSED) after `aclose`."""
        if self._closed:
            raise NetworkError(FailureKind.CLOSED, "this side has closed the connection")
        now = anyio.current_time()
        self._peer.run(now)
        return now

    async def _until(self, deadline: float) -> None:
        """Wait for *deadline* or for another task's send or close."""
        with anyio.CancelScope(deadline=deadline):
            await self._changed.wait()

    async def _pass(self, seconds: float) -> None:
        """Wait *seconds*, whatever another task does meanwhile."""
        await anyio.sleep(seconds)
        self._now()  # raises if that was a close

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    def _note(self, data: bytes) -> None:
        """Record the lines that *data* completes."""
        if not self._speaks_lines:
            return
        *lines, self._sent_lines = (self._sent_lines + data).split(b"\n")
        for line in lines:
            self._recording.record(partial(Line, self.address, line.removesuffix(b"\r"), self.secure))


def _not_tls(data: bytes) -> NetworkError:
    if not data:
        return NetworkError(FailureKind.CLOSED, "the server closed instead of shaking hands")
    return NetworkError(FailureKind.NOT_TLS, f"the server said {data!r} instead of shaking hands")
