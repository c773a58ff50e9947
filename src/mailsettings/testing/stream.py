"""Streams of a FakeNetwork: net.streams.Stream over a Peer."""

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

# What a server without TLS reads first of a handshake; the line end lets it answer as to any bad command.
CLIENT_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n"


class FakeStream:
    """One connection. `FakeNetwork.open_streams` lists it until it is closed."""

    def __init__(
        self,
        address: str,
        peer: Peer,
        ledger: Recording[FakeStream],
        *,
        certificate_for: Callable[[str], Certificate],
        segment: int,
        speaks_lines: bool,
    ) -> None:
        self.address = address  # "192.0.2.10:993"
        self.secure = False  # inside TLS
        self._peer = peer
        self._ledger = ledger
        self._certificate_for = certificate_for
        self._segment = segment
        self._speaks_lines = speaks_lines
        self._sent_lines = b""  # an unfinished line
        self._closed = False
        self._cut = False  # the rest of what the server says is lost
        self._changed = anyio.Event()  # set and replaced when a waiting task has to look again
        ledger.opened(self)

    def __repr__(self) -> str:
        return f"<FakeStream {self.address}>"

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Return the next segment; empty at the end of the stream. NetworkError(CLOSED) on reset."""
        step = await self._ledger.step()
        while True:
            now = self._now()
            if self._cut:
                return b""
            if (data := self._peer.take(now, min(max_bytes, self._segment))) is not None:
                self._cut = step in self._ledger.cuts
                return data[: len(data) // 2] if self._cut else data
            await self._until(self._peer.due(now))

    async def send(self, data: bytes) -> None:
        """Send all of *data*. NetworkError(CLOSED) when the other side is known to be gone."""
        await self._ledger.step()
        now = self._now()
        if self._peer.close_has_arrived(now):
            raise NetworkError(FailureKind.CLOSED, "the server has closed the connection")
        self._note(data)
        self._peer.receive(data, now)
        self._wake()

    async def start_tls(self, host: str, alpn: tuple[str, ...]) -> TLSFacts:
        """Shake hands as the server's certificate lets it end; its name is not compared.

        NetworkError(NOT_TLS) if the server speaks in clear, CLOSED if it hangs up, or the certificate's problem.
        """
        certificate = await self._handshake(host, alpn)
        if certificate.problem is not None:
            raise NetworkError(certificate.problem, f"the certificate shown for {host}")
        self._peer.secured(self._now())
        self.secure = True
        return certificate.facts()

    async def inspect(self, host: str) -> UnverifiedHandshake:
        """Shake hands believing everything, close, and return what the certificate says. NetworkError(NOT_TLS | …)."""
        try:
            return (await self._handshake(host, ())).handshake()
        finally:
            await self.aclose()

    async def _handshake(self, host: str, alpn: tuple[str, ...]) -> Certificate:
        self._ledger.record(partial(Handshake, self.address, host, alpn))
        await self._ledger.step()
        wish = await self._server_ready()
        await self._pass(self._peer.rtt)
        return wish.certificate or self._certificate_for(host)

    async def aclose(self) -> None:
        """Close at once; a task that waits in `receive` gets NetworkError(CLOSED)."""
        self._closed = True
        self._ledger.closed(self)
        self._peer.abandon()
        self._wake()

    async def _server_ready(self) -> TLS:
        """Wait until the server waits for the handshake. Raises NetworkError(NOT_TLS) when it says anything else."""
        greeted = False
        while True:
            now = self._now()
            if (said := self._peer.take(now, 80)) is not None:
                raise _not_tls(said)
            wish = self._peer.awaited(now)
            if isinstance(wish, TLS) and self._peer.silent:
                return wish
            if wish is not None and not isinstance(wish, TLS) and not greeted:
                greeted = True
                self._peer.receive(CLIENT_HELLO, now)
                continue
            await self._until(self._peer.due(now))

    def _now(self) -> float:
        """Return the time after the server has acted up to it. NetworkError(CLOSED) after `aclose`."""
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
        """Let *seconds* pass, whatever another task does meanwhile."""
        await anyio.sleep(seconds)
        self._now()  # raises if that was a close

    def _wake(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    def _note(self, data: bytes) -> None:
        """Write down the lines that *data* completes."""
        if not self._speaks_lines:
            return
        *lines, self._sent_lines = (self._sent_lines + data).split(b"\n")
        for line in lines:
            self._ledger.record(partial(Line, self.address, line.removesuffix(b"\r"), self.secure))


def _not_tls(said: bytes) -> NetworkError:
    if not said:
        return NetworkError(FailureKind.CLOSED, "the server closed instead of shaking hands")
    return NetworkError(FailureKind.NOT_TLS, f"the server said {said!r} instead of shaking hands")
