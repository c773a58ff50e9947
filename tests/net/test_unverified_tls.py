"""Second looks, with real TLS on loopback: what a handshake that believes everything shows of 27 servers."""

from __future__ import annotations

import anyio
import pytest
import trustme
from cryptography.hazmat.primitives.serialization import Encoding

from mailsettings import Endpoint, FailureKind, Policy, Protocol, Security
from mailsettings.net.network import open_network
from mailsettings.net.unverified_tls import read_certificate
from mailsettings.observations import Inspection, PresentedCertificate
from scripts.fuzz_targets import CERTIFICATE
from tests.support.loopback import LOOPBACK, Loopback, server_context, serving
from tests.support.server_certificates import HOST, NOW, authority
from tests.support.tls_matrix import VERDICTS, MailServer, context

pytestmark = pytest.mark.anyio


class Counting(MailServer):
    """A mail server that knows how many connections are open."""

    open = 0

    async def __call__(self, stream: anyio.abc.ByteStream) -> None:
        self.open += 1
        try:
            await super().__call__(stream)
        finally:
            self.open -= 1


async def look(server: Counting, protocol: Protocol, security: Security) -> Inspection:
    async with serving(server) as port:
        policy = Policy(mail_ports=frozenset({port}), allow_networks=LOOPBACK)
        async with open_network(policy, Loopback(policy)) as network:
            seen = await network.inspect(Endpoint(protocol, HOST, port, security))
            with anyio.fail_after(5):
                while server.open:
                    await anyio.lowlevel.checkpoint()
    return seen


# OpenSSL reads 100 KiB of certificates, in any handshake.
READABLE = [name for name in VERDICTS if name != "10000-names"]


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
@pytest.mark.parametrize("name", READABLE)
async def test_every_certificate_is_read_and_nothing_is_sent(name: str, security: Security) -> None:
    """The handshake ends well with all of them, the server hears no command inside, and the connection is closed."""
    server = Counting(Protocol.IMAP, context(name), at_once=security is Security.TLS)

    seen = await look(server, Protocol.IMAP, security)

    assert seen.failure is None
    assert seen.leaf is not None
    assert not server.read_inside
    assert seen.greeting == ("* OK hi" if security is Security.STARTTLS else "")


async def shown(name: str) -> Inspection:
    return await look(Counting(Protocol.SMTP, context(name), at_once=True), Protocol.SMTP, Security.TLS)


async def test_each_fault_stands_in_the_certificate() -> None:
    """Dates, names, key, purpose, who signed: what OpenSSL would have stopped at."""
    seen = {name: (await shown(name)).leaf for name in READABLE}
    leaves = {name: leaf for name, leaf in seen.items() if leaf is not None}
    today = f"{NOW:%Y-%m-%dT%H:%M:%SZ}"

    assert {name for name, leaf in leaves.items() if leaf.not_after < today} == {"expired"}
    assert {name for name, leaf in leaves.items() if leaf.not_before > today} == {"future"}
    assert {name for name, leaf in leaves.items() if leaf.self_signed} == {"self-signed"}
    assert {name for name, leaf in leaves.items() if leaf.weak} == {"rsa-1024"}
    assert {name for name, leaf in leaves.items() if not leaf.for_servers} == {"for-clients-only"}
    assert leaves["wrong-name"].names == ("imap.example.net",)
    assert leaves["missing-intermediate"].issuer == "Intermediate"
    assert leaves["escape-in-the-name"].names == ()


@pytest.mark.parametrize(
    ("name", "version", "cipher"),
    [("tls-1.0", "TLSv1", ""), ("tls-1.1", "TLSv1.1", ""), ("weak-dh", "TLSv1.2", "DHE-")],
)
async def test_versions_of_before_are_seen(name: str, version: str, cipher: str) -> None:
    """The usual handshake refuses them without a word about what the server can do."""
    found = (await shown(name)).handshake

    assert found is not None
    assert (found.version, found.cipher.startswith(cipher)) == (version, True)


async def test_a_server_without_tls_cannot_be_looked_at() -> None:
    """What goes wrong is in the look."""

    async def plain(stream: anyio.abc.ByteStream) -> None:
        await stream.send(b"220 hi\r\n")
        await stream.receive()

    async with serving(plain) as port:
        policy = Policy(mail_ports=frozenset({port}), allow_networks=LOOPBACK)
        async with open_network(policy, Loopback(policy)) as network:
            seen = await network.inspect(Endpoint(Protocol.SMTP, HOST, port, Security.TLS))

    assert seen.handshake is None
    assert seen.failure is not None
    assert seen.failure.kind is FailureKind.NOT_TLS


async def test_a_port_that_is_not_one_of_mail_is_not_looked_at() -> None:
    """The rules of all other connections."""
    policy = Policy(allow_networks=LOOPBACK)
    transport = Loopback(policy)
    async with open_network(policy, transport) as network:
        seen = await network.inspect(Endpoint(Protocol.SMTP, HOST, 22, Security.TLS))

    assert seen.failure is not None
    assert (seen.failure.kind, transport.connected) == (FailureKind.DENIED, [])


async def test_a_web_port_is_reached_or_not() -> None:
    """One connection, closed at once; what the policy does not allow is not tried."""

    async def quiet(stream: anyio.abc.ByteStream) -> None:
        await anyio.sleep_forever()

    async with serving(quiet) as port:
        policy = Policy(web_ports=frozenset({port}), allow_networks=LOOPBACK)
        async with open_network(policy, Loopback(policy)) as network:
            assert await network.reach(HOST, port)
            assert not await network.reach(HOST, 22)


@pytest.mark.parametrize("cut", [0, 1, 10, 100, 300])
def test_a_broken_certificate_is_none(cut: int) -> None:
    """Strangers may send anything."""
    whole = authority().certificate.public_bytes(Encoding.DER)

    assert read_certificate(whole) is not None
    assert read_certificate(whole[:cut]) is None


def test_a_certificate_with_any_byte_changed_is_read_or_none() -> None:
    """Each byte in turn becomes some others: nothing but a certificate or none comes of it."""
    for place in range(len(CERTIFICATE)):
        for byte in (0, 1, 0x30, 0x80, 0xFF):
            changed = CERTIFICATE[:place] + bytes([byte]) + CERTIFICATE[place + 1 :]

            assert read_certificate(changed) is None or isinstance(read_certificate(changed), PresentedCertificate)


async def test_the_whole_chain_is_read() -> None:
    """The server's own certificate first, then those that vouch for it."""
    between = trustme.CA().create_child_ca()
    server = Counting(Protocol.IMAP, server_context(between.issue_cert(HOST)), at_once=True)

    seen = (await look(server, Protocol.IMAP, Security.TLS)).handshake

    assert seen is not None
    assert len(seen.chain) == 2
    assert (seen.chain[0].names, seen.chain[0].issuer) == ((HOST,), seen.chain[1].subject)


def test_who_signs_himself_is_told() -> None:
    """A certificate of our own authority is signed by itself."""
    found = read_certificate(authority().certificate.public_bytes(Encoding.DER))

    assert found is not None
    assert (found.subject, found.self_signed, len(found.fingerprint)) == ("Matrix CA", True, 64)
