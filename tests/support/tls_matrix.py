"""27 certificates and handshakes with their verdicts, and a mail server for each."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import cache
from typing import TypeVar

import anyio
from anyio.abc import ByteStream

from mailsettings import FailureKind, Protocol
from tests.support.server_certificates import CONTEXTS

T = TypeVar("T")


NAME, OLD = FailureKind.CERTIFICATE_NAME, FailureKind.TLS_TOO_OLD


VERDICTS: dict[str, FailureKind | None] = {
    "good": None,
    "wildcard": None,
    "good-among-others": None,
    "upper-case": None,
    "common-name-only": NAME,
    "common-name-beside-another": NAME,
    "wrong-name": NAME,
    "wildcard-one-label-short": NAME,
    "wildcard-one-label-long": NAME,
    "wildcard-inside-a-label": NAME,
    "wildcard-alone": NAME,
    "null-in-the-name": NAME,
    "escape-in-the-name": NAME,
    "address-only": NAME,
    "address-as-a-name": NAME,
    "uri-and-email-only": NAME,
    "expired": FailureKind.CERTIFICATE_EXPIRED,
    "future": FailureKind.CERTIFICATE_NOT_YET_VALID,
    "self-signed": FailureKind.CERTIFICATE_SELF_SIGNED,
    "unknown-ca": FailureKind.CERTIFICATE_UNKNOWN_CA,
    "missing-intermediate": FailureKind.CERTIFICATE_UNKNOWN_CA,
    "for-clients-only": FailureKind.CERTIFICATE_OTHER,
    "rsa-1024": FailureKind.CERTIFICATE_OTHER,
    "tls-1.0": OLD,
    "tls-1.1": OLD,
    "weak-dh": FailureKind.TLS_FAILED,
    "10000-names": FailureKind.TLS_FAILED,  # OpenSSL reads 100 KiB of certificates
}


GREETINGS = {Protocol.IMAP: b"* OK hi\r\n", Protocol.POP3: b"+OK hi\r\n", Protocol.SMTP: b"220 x\r\n"}


BEFORE_TLS = {
    Protocol.IMAP: b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n%s OK\r\n",
    Protocol.POP3: b"+OK\r\nSTLS\r\n.\r\n",
    Protocol.SMTP: b"250-x\r\n250 STARTTLS\r\n",
}


INSIDE = {
    Protocol.IMAP: b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n%s OK\r\n",
    Protocol.POP3: b"+OK\r\nUSER\r\n.\r\n",
    Protocol.SMTP: b"250-x\r\n250 AUTH PLAIN\r\n",
}


GO = {Protocol.IMAP: b"%s OK\r\n", Protocol.POP3: b"+OK\r\n", Protocol.SMTP: b"220 go\r\n"}


@cache
def context(name: str) -> ssl.SSLContext:
    """Return each server's context; made once, for keys take time."""
    return CONTEXTS[name]()


class Inside:
    """The server's side of TLS. It sends its alert before it gives up, as servers do and anyio's does not."""

    def __init__(self, stream: ByteStream, context: ssl.SSLContext) -> None:
        self._stream = stream
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)

    async def send(self, data: bytes) -> None:
        """Do the handshake if that has not been done, then send."""
        await self._do(lambda: self._tls.write(data))

    async def receive(self) -> bytes:
        return await self._do(lambda: self._tls.read(65536))

    async def _do(self, operation: Callable[[], T]) -> T:
        while True:
            try:
                result = operation()
            except ssl.SSLWantReadError:
                await self._flush()
                self._in.write(await self._stream.receive())
            except ssl.SSLError:
                await self._flush()
                raise
            else:
                await self._flush()
                return result

    async def _flush(self) -> None:
        if self._out.pending:
            await self._stream.send(self._out.read())


async def answer(stream: ByteStream | Inside, reply: bytes) -> None:
    """Read one command and answer it, with its tag where the reply has a place for it."""
    tag = (await stream.receive()).split()[0]
    await stream.send(reply.replace(b"%s", tag))


class MailServer:
    """A server of one protocol, as simple as it can be."""

    def __init__(self, protocol: Protocol, context: ssl.SSLContext, *, at_once: bool) -> None:
        self.read_inside = False  # True once a command came through TLS
        self._protocol = protocol
        self._context = context
        self._at_once = at_once

    async def __call__(self, stream: ByteStream) -> None:
        if not self._at_once:
            await stream.send(GREETINGS[self._protocol])
            await answer(stream, BEFORE_TLS[self._protocol])
            await answer(stream, GO[self._protocol])
        inside = Inside(stream, self._context)
        if self._at_once:
            await inside.send(GREETINGS[self._protocol])
        await answer(inside, INSIDE[self._protocol])
        self.read_inside = True
        await anyio.sleep_forever()
