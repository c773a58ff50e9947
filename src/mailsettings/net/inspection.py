"""Inspect a server that failed, by an unverified TLS handshake: for diagnosis only.

The dialogue is the usual one up to STARTTLS; the connection ends with the handshake. Nothing is sent inside TLS, and
nothing seen here makes a server count as verified.
"""

from __future__ import annotations

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.escape import excerpt
from mailsettings.events import ignore
from mailsettings.model import Endpoint, Security, TLSFacts
from mailsettings.net.session import run_session
from mailsettings.net.streams import Stream
from mailsettings.observations import Inspection, UnverifiedHandshake
from mailsettings.policy import Policy
from mailsettings.protocols.dialogue import Dialogue

_MAX_RECEIVED = 1024  # bytes of received plaintext that are recorded


async def inspect_server(stream: Stream, endpoint: Endpoint, dialogue: Dialogue, policy: Policy) -> Inspection:
    """Run *dialogue* up to the handshake, and return what the server presents. The caller closes *stream*."""
    recording, inspector = _RecordingStream(stream), _Inspector()
    result = await run_session(
        recording, dialogue, endpoint=endpoint, policy=policy, on_step=ignore, secure=inspector.secure
    )
    greeting = ""
    if endpoint.security is not Security.TLS:
        greeting = excerpt(recording.received.partition(b"\n")[0].strip())
    return Inspection(endpoint, inspector.handshake, None if inspector.handshake else result.failure, greeting)


class _Inspector:
    """Replaces net.tls.secure: makes an unverified handshake and ends the dialogue."""

    def __init__(self) -> None:
        self.handshake: UnverifiedHandshake | None = None

    async def secure(self, stream: Stream, host: str, alpn: tuple[str, ...]) -> TLSFacts:  # noqa: ARG002 - see Secure
        self.handshake = await stream.inspect(host)
        raise NetworkError(FailureKind.TLS_FAILED, "looked at only")


class _RecordingStream:
    """A stream that records the beginning of the received plaintext."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.received = b""

    async def receive(self, max_bytes: int = 65536) -> bytes:
        data = await self._stream.receive(max_bytes)
        self.received = (self.received + data)[:_MAX_RECEIVED]
        return data

    async def send(self, data: bytes) -> None:
        await self._stream.send(data)

    async def start_tls(self, host: str, alpn: tuple[str, ...]) -> TLSFacts:
        return await self._stream.start_tls(host, alpn)

    async def inspect(self, host: str) -> UnverifiedHandshake:
        return await self._stream.inspect(host)

    async def aclose(self) -> None:
        await self._stream.aclose()
