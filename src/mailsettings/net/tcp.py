"""TCP connections to one checked address, plaintext or TLS, with typed errors."""

from __future__ import annotations

import errno
import socket
import ssl
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, TypeAlias

import anyio
import anyio.lowlevel
from anyio.abc import ByteStream, SocketAttribute
from anyio.streams.tls import TLSAttribute, TLSStream

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import TLSFacts
from mailsettings.net.certificates import covers_address, facts_of
from mailsettings.net.tls import context_for, fault, secure
from mailsettings.observations import UnverifiedHandshake
from mailsettings.policy import IPAddress

_BY_ERRNO = {
    errno.ECONNREFUSED: FailureKind.REFUSED,
    errno.ETIMEDOUT: FailureKind.CONNECT_TIMEOUT,
    errno.ECONNRESET: FailureKind.CLOSED,
    errno.ECONNABORTED: FailureKind.CLOSED,
    errno.EPIPE: FailureKind.CLOSED,
    # This process has run out of resources: it says nothing about the network.
    errno.EMFILE: FailureKind.BUDGET,
    errno.ENFILE: FailureKind.BUDGET,
    errno.ENOBUFS: FailureKind.BUDGET,
}


def os_fault(error: OSError) -> NetworkError:
    """Convert *error* of a socket into a NetworkError; UNREACHABLE unless its errno says more."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    kind = _BY_ERRNO.get(cause.errno or 0, FailureKind.UNREACHABLE)
    return NetworkError(kind, (cause.strerror or type(cause).__name__).lower())


async def connect(ip: IPAddress, port: int, *, ca_file: str = "") -> TCPStream:
    """Return a TCP connection to *ip*; the peer's address is compared with it.

    Raises NetworkError(REFUSED | UNREACHABLE | CONNECT_TIMEOUT | CLOSED | BUDGET | DENIED). Waits as long as the
    system does: the caller sets a timeout.
    """
    try:
        stream = await anyio.connect_tcp(str(ip), port)
    except OSError as error:
        raise os_fault(error) from error
    if (objection := _objection(stream, ip)) is not None:
        await anyio.aclose_forcefully(stream)
        raise objection
    return TCPStream(stream, ca_file)


def _objection(stream: ByteStream, ip: IPAddress) -> NetworkError | None:
    """Return the error if the peer of *stream* is not *ip*, else None."""
    peer = stream.extra(SocketAttribute.remote_address, None)  # noqa: S610 - anyio's extra(), not Django's
    if peer is None:
        # The socket no longer has a peer.
        return NetworkError(FailureKind.CLOSED, "the connection was reset at once")
    if ip_address(peer[0]) != ip:
        return NetworkError(FailureKind.DENIED, f"{peer[0]} answered instead of {ip}")
    return None


def quick_ack(stream: ByteStream) -> None:
    """Send the next TCP acknowledgement of *stream* at once (TCP_QUICKACK).

    Linux delays it by 40 ms otherwise. For that time a server with Nagle's algorithm holds back its greeting, which
    follows the session tickets of TLS 1.3, and the second part of each reply. The kernel resets the option: set it for
    each read.
    """
    if sys.platform == "linux" and (raw := stream.extra(SocketAttribute.raw_socket, None)):  # noqa: S610 - anyio's
        with suppress(OSError):  # reset meanwhile: receive() will raise
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


class _Buffered(ByteStream):
    """A stream with bytes put back in front."""

    def __init__(self, data: bytes, stream: ByteStream) -> None:
        self._data = data
        self._stream = stream

    async def receive(self, max_bytes: int = 65536) -> bytes:
        if not self._data:
            return await self._stream.receive(max_bytes)
        await anyio.lowlevel.checkpoint()
        data, self._data = self._data[:max_bytes], self._data[max_bytes:]
        return data

    async def send(self, item: bytes) -> None:
        await self._stream.send(item)

    async def send_eof(self) -> None:
        await self._stream.send_eof()

    async def aclose(self) -> None:
        await self._stream.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._stream.extra_attributes


class TCPStream:
    """One connection, unencrypted until start_tls()."""

    def __init__(self, stream: ByteStream, ca_file: str) -> None:
        self._stream = stream
        self._ca_file = ca_file

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Return the next bytes; empty at the end. NetworkError(CLOSED | TLS_FAILED)."""
        quick_ack(self._stream)
        try:
            return await self._stream.receive(max_bytes)
        except anyio.EndOfStream:
            return b""
        except (anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise NetworkError(FailureKind.CLOSED, "the connection was reset") from error
        except ssl.SSLError as error:
            raise fault(error) from error

    async def send(self, data: bytes) -> None:
        """Send all of *data*. NetworkError(CLOSED | TLS_FAILED)."""
        try:
            await self._stream.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, anyio.EndOfStream) as error:
            raise NetworkError(FailureKind.CLOSED, "the connection was closed") from error
        except ssl.SSLError as error:
            raise fault(error) from error

    def put_back(self, data: bytes) -> None:
        """Make *data*, which was read too far, the next bytes to receive."""
        if data:
            self._stream = _Buffered(data, self._stream)

    async def start_tls(self, host: str, alpn: tuple[str, ...]) -> TLSFacts:
        """Start TLS as a client of *host*; the certificate's name is not compared here."""
        await self._wrap(host, context_for(self._ca_file, alpn))
        return facts_of(self._stream.extra(TLSAttribute.ssl_object))  # noqa: S610 - anyio's extra(), not Django's

    async def inspect(self, host: str) -> UnverifiedHandshake:
        """Make an unverified TLS handshake, close, and return what the server presented."""
        from mailsettings.net import unverified_tls

        try:
            await self._wrap(host, unverified_tls.context())
            return unverified_tls.handshake_of(self._stream.extra(TLSAttribute.ssl_object))  # noqa: S610 - anyio's
        finally:
            await self.aclose()

    async def _wrap(self, host: str, context: ssl.SSLContext) -> None:
        """Wrap the stream in TLS."""
        try:
            # Mail servers close without close_notify: that is no error (standard_compatible=False).
            self._stream = await TLSStream.wrap(
                self._stream, server_side=False, hostname=host, ssl_context=context, standard_compatible=False
            )
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError) as error:
            raise NetworkError(FailureKind.CLOSED, "closed during the TLS handshake") from error
        except ssl.SSLError as error:
            raise fault(error) from error

    @property
    def certificate(self) -> Mapping[str, Any]:
        """The verified certificate, as `getpeercert()` gives it; empty before TLS."""
        found: Mapping[str, Any] | None = self._stream.extra(TLSAttribute.peer_certificate, None)  # noqa: S610 - anyio's
        return found or {}

    async def aclose(self) -> None:
        """Close at once, without close_notify: the peer could delay it."""
        await anyio.aclose_forcefully(self._stream)


Connect: TypeAlias = Callable[[IPAddress, int], Awaitable[TCPStream]]  # connects, directly or through a proxy


async def secure_host(stream: TCPStream, host: str, alpn: tuple[str, ...]) -> None:
    """Start TLS with a configured resolver or proxy; its certificate must be for *host*, a name or an address."""
    try:
        address = ip_address(host)
    except ValueError:
        await secure(stream, host, alpn)
        return
    await stream.start_tls(host, alpn)
    if not covers_address(stream.certificate, address):
        raise NetworkError(FailureKind.CERTIFICATE_NAME, f"the certificate is not for {host}")
