"""The interfaces of the I/O layer: Transport asks a resolver and connects to one checked address; Stream is TCP or TLS.

`net.internet` implements them for the Internet, `mailsettings.testing` in memory. Every decision (policy, happy
eyeballs, limits, certificate names, dialogues) is made above them and is the same for both.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol as Interface

from mailsettings.interfaces import Answer
from mailsettings.model import Question, TLSFacts
from mailsettings.observations import UnverifiedHandshake
from mailsettings.policy import IPAddress


class Stream(Interface):
    """One TCP connection."""

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Return the next bytes, at most *max_bytes*; empty at the end of the stream. NetworkError(CLOSED) on reset."""
        ...

    async def send(self, data: bytes) -> None:
        """Send all of *data*. NetworkError(CLOSED) if the peer has closed the connection."""
        ...

    async def start_tls(self, host: str, alpn: tuple[str, ...]) -> TLSFacts:
        """Start TLS (SNI *host*), and verify chain and dates against the trust store.

        The certificate's *name* is compared in net.tls, not here, so that a certificate for another name can be
        reported and its names tried. NetworkError with a TLS_… or CERTIFICATE_… kind.
        """
        ...

    async def inspect(self, host: str) -> UnverifiedHandshake:
        """Make an unverified TLS handshake (SNI *host*), close, and return what the server presented.

        For diagnosis only. NetworkError(TLS_FAILED | NOT_TLS | CLOSED …).
        """
        ...

    async def aclose(self) -> None:
        """Close at once, without TLS close_notify."""
        ...


class ReleasingStream:
    """A stream that calls *on_close* once when it is closed, to release a resource that was acquired for it."""

    def __init__(self, stream: Stream, on_close: Callable[[], None]) -> None:
        self._stream = stream
        self._release = ExitStack()  # runs its callbacks once, however often it is closed
        self._release.callback(on_close)

    async def receive(self, max_bytes: int = 65536) -> bytes:
        return await self._stream.receive(max_bytes)

    async def send(self, data: bytes) -> None:
        await self._stream.send(data)

    async def start_tls(self, host: str, alpn: tuple[str, ...]) -> TLSFacts:
        return await self._stream.start_tls(host, alpn)

    async def inspect(self, host: str) -> UnverifiedHandshake:
        return await self._stream.inspect(host)

    async def aclose(self) -> None:
        with self._release:
            await self._stream.aclose()


class Transport(Interface):
    """DNS and TCP: the operations of the network that everything above is built on."""

    async def ask(self, question: Question) -> Answer:
        """Ask the resolver once. NetworkError(DNS_FAILED | DNS_TIMEOUT | NO_NETWORK)."""
        ...

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        """Connect to exactly this address. NetworkError(REFUSED | UNREACHABLE | CONNECT_TIMEOUT | NO_NETWORK …)."""
        ...

    async def aclose(self) -> None:
        """Close everything."""
        ...
