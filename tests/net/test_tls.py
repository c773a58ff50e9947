"""TLS on loopback: every fault has its own kind, and the name is checked by us."""

from __future__ import annotations

import ssl
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import anyio
import pytest
import trustme
from anyio.abc import ByteStream
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mailsettings.errors import Detail, FailureKind, NetworkError
from mailsettings.model import TLSFacts
from mailsettings.net.certificates import CertificateError
from mailsettings.net.internet import Internet
from mailsettings.net.tls import NO_ALPN, fault, secure
from mailsettings.observations import UnverifiedHandshake
from mailsettings.policy import Policy
from tests.support.loopback import kind_of, server_context, serving

HOST = "imap.example.org"
IMAP, POP3 = ("imap",), ("pop3",)  # ALPN names
NOW = datetime.now(UTC)


async def greeting(stream: ByteStream) -> None:
    await stream.send(b"* OK ready\r\n")
    await anyio.sleep_forever()


async def shake(port: int, ca_file: str, host: str = HOST, alpn: tuple[str, ...] = IMAP) -> TLSFacts:
    """Connect to *port* of this machine and start TLS."""
    stream = await Internet(Policy(ca_file=ca_file)).connect(ip_address("127.0.0.1"), port)
    async with aclosing(stream):
        with anyio.fail_after(5):
            return await secure(stream, host, alpn)


@pytest.mark.anyio
@pytest.mark.parametrize("names", [(HOST,), ("*.example.org",), ("example.org", HOST)], ids=" ".join)
async def test_a_good_certificate_is_accepted(ca: trustme.CA, ca_file: str, names: tuple[str, ...]) -> None:
    """
    Chain, dates and name fit: the facts are returned.
    """
    async with serving(greeting, server_context(ca.issue_cert(*names), alpn=("imap",))) as port:
        facts = await shake(port, ca_file)

    assert (facts.names, facts.alpn) == (names, "imap")


@pytest.mark.anyio
async def test_a_certificate_for_other_names_is_shown(ca: trustme.CA, ca_file: str) -> None:
    """
    The wrong name is refused, but what the certificate says is there to learn from.
    """
    async with serving(greeting, server_context(ca.issue_cert("mail.example.net"))) as port:
        with pytest.raises(CertificateError) as caught:
            await shake(port, ca_file)

    assert (caught.value.kind, caught.value.facts.names) == (FailureKind.CERTIFICATE_NAME, ("mail.example.net",))


@pytest.mark.anyio
async def test_the_common_name_counts_for_nothing(ca: trustme.CA, ca_file: str) -> None:
    """
    A host named only in the subject is not named.
    """
    certificate = ca.issue_cert("other.example.org", common_name=HOST)
    async with serving(greeting, server_context(certificate)) as port:
        with pytest.raises(CertificateError) as caught:
            await shake(port, ca_file)

    assert caught.value.facts.subject.startswith(HOST)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("since", "until", "kind"),
    [
        pytest.param(-20, -10, FailureKind.CERTIFICATE_EXPIRED, id="expired"),
        pytest.param(10, 20, FailureKind.CERTIFICATE_NOT_YET_VALID, id="not yet valid"),
    ],
)
async def test_dates_are_checked(ca: trustme.CA, ca_file: str, since: int, until: int, kind: FailureKind) -> None:
    """
    A certificate before or after its time is refused, and which of the two is told.
    """
    certificate = ca.issue_cert(HOST, not_before=NOW + timedelta(since), not_after=NOW + timedelta(until))
    async with serving(greeting, server_context(certificate)) as port:
        with pytest.raises(NetworkError) as caught:
            await shake(port, ca_file)

    assert caught.value.kind is kind


@pytest.mark.anyio
async def test_an_unknown_authority_is_refused(ca_file: str) -> None:
    """
    A chain that ends nowhere we know is no chain; a CA file of the policy stands for the whole store.
    """
    async with serving(greeting, server_context(trustme.CA().issue_cert(HOST))) as port:
        with pytest.raises(NetworkError) as caught:
            await shake(port, ca_file)

    assert caught.value.kind is FailureKind.CERTIFICATE_UNKNOWN_CA


@pytest.mark.anyio
async def test_self_signed_is_told_from_unknown(ca_file: str, tmp_path: Path) -> None:
    """
    A server that vouches for itself has its own kind: the advice is another one.
    """
    async with serving(greeting, self_signed(tmp_path)) as port:
        with pytest.raises(NetworkError) as caught:
            await shake(port, ca_file)

    assert caught.value.kind is FailureKind.CERTIFICATE_SELF_SIGNED


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("alert", "kind"),
    [
        pytest.param(70, FailureKind.TLS_TOO_OLD, id="protocol version"),
        pytest.param(40, FailureKind.TLS_FAILED, id="handshake failure"),
    ],
)
async def test_alerts_are_told_apart(ca_file: str, alert: int, kind: FailureKind) -> None:
    """
    A server without TLS 1.2 says so in an alert (RFC 8446 §6.2).
    """

    async def refuse(stream: ByteStream) -> None:
        await stream.receive()
        await stream.send(bytes((21, 3, 1, 0, 2, 2, alert)))

    async with serving(refuse) as port:
        with pytest.raises(NetworkError) as caught:
            await shake(port, ca_file)

    assert caught.value.kind is kind


async def silent(stream: ByteStream) -> None:
    await stream.receive()


async def speaks_first(stream: ByteStream) -> None:
    await stream.send(b"220 mail.example.org ESMTP\r\n")
    await anyio.sleep_forever()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("handler", "kind"),
    [(speaks_first, FailureKind.NOT_TLS), (silent, FailureKind.CLOSED)],
    ids=["clear text", "closing"],
)
async def test_servers_without_tls_are_recognized(ca_file: str, handler: object, kind: FailureKind) -> None:
    """
    Clear text on a port that should begin with TLS is told from a closed port.
    """
    async with serving(handler) as port:  # type: ignore[arg-type]  # a parametrised function has no better type
        with pytest.raises(NetworkError) as caught:
            await shake(port, ca_file)

    assert caught.value.kind is kind


@pytest.mark.anyio
async def test_each_connection_offers_its_own_protocol(ca: trustme.CA, ca_file: str) -> None:
    """
    Connections of one thread share a context, but what one offers does not leak into another.
    """
    context = server_context(ca.issue_cert(HOST), alpn=("imap", "pop3", "http/1.1"))
    chosen: dict[tuple[str, ...], list[str]] = {IMAP: [], POP3: [], NO_ALPN: []}

    async def one(port: int, alpn: tuple[str, ...]) -> None:
        chosen[alpn].append((await shake(port, ca_file, alpn=alpn)).alpn)

    async with serving(greeting, context) as port, anyio.create_task_group() as group:
        for _ in range(3):
            for alpn in chosen:
                group.start_soon(one, port, alpn)

    assert chosen == {IMAP: ["imap"] * 3, POP3: ["pop3"] * 3, NO_ALPN: [""] * 3}


@pytest.mark.parametrize(
    ("reason", "kind", "detail"),
    [
        ("DH_KEY_TOO_SMALL", FailureKind.TLS_FAILED, Detail.WEAK_DH),
        ("WRONG_VERSION_NUMBER", FailureKind.NOT_TLS, None),
        ("dh key too small", FailureKind.TLS_FAILED, None),
    ],
)
def test_a_fault_is_known_by_its_symbol(reason: str, kind: FailureKind, detail: Detail | None) -> None:
    """
    OpenSSL's symbols are stable, its messages are not.
    """
    error = ssl.SSLError(1, "dh key too small")
    error.reason = reason

    assert (fault(error).kind, fault(error).detail) == (kind, detail)


class UnofferedProtocol:
    """A stream whose server chooses what was not offered."""

    async def receive(self, max_bytes: int = 65536) -> bytes:
        return b""

    async def send(self, data: bytes) -> None: ...

    async def start_tls(self, host: str, alpn: tuple[str, ...]) -> TLSFacts:
        return TLSFacts("TLSv1.3", (host,), alpn="http/1.1")

    async def inspect(self, host: str) -> UnverifiedHandshake:
        """No test inspects here."""
        raise NetworkError(FailureKind.TLS_FAILED, host)

    async def aclose(self) -> None: ...


@pytest.mark.anyio
async def test_a_protocol_that_was_not_offered_is_refused() -> None:
    """
    A web server behind a mail port may be somebody else's (ALPACA).
    """
    with pytest.raises(NetworkError) as caught:
        await secure(UnofferedProtocol(), HOST, IMAP)

    assert caught.value.kind is FailureKind.ALPN


@pytest.mark.anyio
@pytest.mark.parametrize("text", ["", "no certificate\n"], ids=["missing", "not PEM"])
async def test_an_unusable_ca_file_is_named(tmp_path: Path, ca: trustme.CA, text: str) -> None:
    """
    Who names a CA file that cannot be read is told so, and nothing is trusted instead.
    """
    path = tmp_path / "ca.pem"
    if text:
        path.write_text(text)
    async with serving(greeting, server_context(ca.issue_cert(HOST))) as port:
        with pytest.raises(NetworkError, match="the CA file") as caught:
            await shake(port, str(path))

    assert caught.value.kind is FailureKind.TLS_FAILED


@pytest.mark.anyio
async def test_a_cancelled_handshake_leaves_no_connection(ca_file: str) -> None:
    """
    Whoever gives up in the middle of a handshake hangs up.
    """
    ended = anyio.Event()

    async def never_answers(stream: ByteStream) -> None:
        while True:
            try:
                await stream.receive()
            except (anyio.EndOfStream, anyio.BrokenResourceError):
                ended.set()
                return

    async with serving(never_answers) as port:
        with anyio.move_on_after(0.05):
            await shake(port, ca_file)
        with anyio.fail_after(2):
            await ended.wait()


@pytest.mark.anyio
async def test_a_closed_port_is_refused() -> None:
    """
    Nobody listens: the kernel says so, and so do we.
    """
    async with serving(greeting) as port:
        pass

    with pytest.raises(NetworkError) as caught:
        await Internet(Policy()).connect(ip_address("127.0.0.1"), port)

    assert kind_of(caught.value) is FailureKind.REFUSED


def self_signed(directory: Path) -> ssl.SSLContext:
    """Return the TLS context of a server whose certificate nobody else has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), NOW, NOW + timedelta(9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = directory / "self.pem"
    encoding = serialization.Encoding.PEM
    clear = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, clear) + certificate.public_bytes(encoding)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
