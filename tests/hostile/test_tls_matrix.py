"""27 certificates and handshakes × IMAP, POP3, SMTP × TLS at once and STARTTLS, with real TLS on loopback."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

import anyio
import pytest
from anyio.abc import ByteStream

from mailsettings import Endpoint, FailureKind, Policy, Probe, Protocol, Security
from mailsettings.net.network import open_network
from mailsettings.testing import Certificate, FakeNetwork, imap, pop3, smtp
from tests.hostile.certificates import CONTEXTS, HOST, authority
from tests.hostile.meeting import DOMAIN, is_unsafe, meet, texts
from tests.net.local import LOOPBACK, Loopback, serving

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
CLEAR = {
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
        """Shake hands if that has not been done, then send."""
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
    """Hear one command and answer it, with its tag where the reply has a place for it."""
    tag = (await stream.receive()).split()[0]
    await stream.send(reply.replace(b"%s", tag))


class MailServer:
    """A server of one protocol, as simple as it can be."""

    def __init__(self, protocol: Protocol, context: ssl.SSLContext, *, at_once: bool) -> None:
        self.heard_inside = False  # True once a command came through TLS
        self._protocol = protocol
        self._context = context
        self._at_once = at_once

    async def __call__(self, stream: ByteStream) -> None:
        if not self._at_once:
            await stream.send(GREETINGS[self._protocol])
            await answer(stream, CLEAR[self._protocol])
            await answer(stream, GO[self._protocol])
        inside = Inside(stream, self._context)
        if self._at_once:
            await inside.send(GREETINGS[self._protocol])
        await answer(inside, INSIDE[self._protocol])
        self.heard_inside = True
        await anyio.sleep_forever()


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("matrix") / "ca.pem"
    path.write_bytes(authority().pem)
    return str(path)


async def greet(server: MailServer, endpoint: Endpoint, policy: Policy) -> Probe:
    transport = Loopback(policy)
    async with open_network(policy, transport) as network:
        return await network.greet(endpoint, lambda _: None)


@pytest.mark.anyio
@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
@pytest.mark.parametrize("protocol", [Protocol.IMAP, Protocol.POP3, Protocol.SMTP])
@pytest.mark.parametrize("name", VERDICTS)
async def test_the_verdict_is_right(ca_file: str, name: str, protocol: Protocol, security: Security) -> None:
    """Verified is what has a valid certificate for this very name, and nothing else; the others hear no command."""
    server = MailServer(protocol, context(name), at_once=security is Security.TLS)
    async with serving(server) as port:
        policy = Policy(ca_file=ca_file, mail_ports=frozenset({port}), allow_networks=LOOPBACK)
        probe = await greet(server, Endpoint(protocol, HOST, port, security), policy)

    assert (probe.failure.kind if probe.failure else None) == VERDICTS[name]
    assert probe.verified is (VERDICTS[name] is None)
    assert server.heard_inside is probe.verified
    assert not [text for text in texts(probe) if is_unsafe(text)]


def test_the_matrix_is_complete() -> None:
    """Every certificate that is made has a verdict."""
    assert list(CONTEXTS) == list(VERDICTS)


@pytest.mark.parametrize("chosen", ["http/1.1", "h2", "ftp", "imap", "pop3"])
@pytest.mark.parametrize("port", [993, 995, 465, 143, 110, 587])
def test_a_protocol_that_was_not_offered_is_refused(port: int, chosen: str) -> None:
    """T29 (ALPACA): a server that chooses another protocol may be another server."""
    offered = {993: "imap", 995: "pop3"}.get(port)
    servers = {993: imap, 143: imap, 995: pop3, 110: pop3, 465: smtp, 587: smtp}
    labels = {993: "_imaps", 143: "_imap", 995: "_pop3s", 110: "_pop3", 465: "_submissions", 587: "_submission"}

    def build(net: FakeNetwork) -> None:
        net.records(f"{labels[port]}._tcp.{DOMAIN}", SRV=f"0 1 {port} mail.{DOMAIN}")
        wrong = Certificate((f"mail.{DOMAIN}",), alpn=chosen)
        net.host(f"mail.{DOMAIN}", certificate=wrong).serve(servers[port](port))

    met = meet(build)

    assert bool(met.verified) is (offered == chosen)
    assert offered == chosen or [failure.kind for failure in met.failures(f":{port} (")] == [FailureKind.ALPN]
