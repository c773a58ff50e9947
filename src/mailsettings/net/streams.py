"""The seam below everything: questions to a resolver and streams to one checked address.

`net.internet` is the Internet, `mailsettings.testing` a world in memory. All that decides (policy, races, limits,
certificate names, dialogues) lies above this seam and is the same for both.
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
        """Return what came next, at most *max_bytes*; empty at the end of the stream. NetworkError(CLOSED) on reset."""
        ...

    async def send(self, data: bytes) -> None:
        """Send all of *data*. NetworkError(CLOSED) when the other side is gone."""
        ...

    async def start_tls(self, host: str, alpn: tuple[str, ...]) -> TLSFacts:
        """Shake hands (SNI *host*), verify chain and dates against the trust store, and go on inside TLS.

        The certificate's *name* is not compared here but by net.tls, so that a certificate for another name can be
        shown and learned from. NetworkError with a TLS_… or CERTIFICATE_… kind.
        """
        ...

    async def inspect(self, host: str) -> UnverifiedHandshake:
        """Shake hands (SNI *host*) without verifying anything, close, and return what was shown.

        For diagnosis only. NetworkError(TLS_FAILED | NOT_TLS | CLOSED …).
        """
        ...

    async def aclose(self) -> None:
        """Close at once, without a farewell."""
        ...


class ReleasingStream:
    """A stream that calls *on_close* when it is closed, once: something was taken for it and is given back."""

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
    """What the world offers."""

    async def ask(self, question: Question) -> Answer:
        """Ask the resolver once. NetworkError(DNS_FAILED | DNS_TIMEOUT | NO_NETWORK)."""
        ...

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        """Connect to exactly this address. NetworkError(REFUSED | UNREACHABLE | CONNECT_TIMEOUT | NO_NETWORK …)."""
        ...

    async def aclose(self) -> None:
        """Let go of everything."""
        ...
