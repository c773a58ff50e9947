"""27 certificates and handshakes × IMAP, POP3, SMTP × TLS at once and STARTTLS, with real TLS on loopback."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailsettings import Endpoint, FailureKind, Policy, Probe, Protocol, Security
from mailsettings.net.network import open_network
from mailsettings.testing import Certificate, FakeNetwork, imap, pop3, smtp
from tests.support.loopback import LOOPBACK, Loopback, serving
from tests.support.security.harness import DOMAIN, detect_in, is_unsafe, texts
from tests.support.server_certificates import CONTEXTS, HOST, authority
from tests.support.tls_matrix import VERDICTS, MailServer, context


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
    assert server.read_inside is probe.verified
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

    result = detect_in(build)

    assert bool(result.verified) is (offered == chosen)
    assert offered == chosen or [failure.kind for failure in result.failures(f":{port} (")] == [FailureKind.ALPN]
