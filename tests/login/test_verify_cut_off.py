"""Logins that end too early, at every byte, and that come in single bytes."""

import pytest

from mailsettings.model import Endpoint, Protocol, Security, ServerSettings
from mailsettings.testing import Server, imap, pop3, smtp
from tests.support.login_worlds import GOOD, TYPED, D, verified, world

SERVERS = [
    pytest.param(imap(accounts=GOOD), 993, Protocol.IMAP, id="imap"),
    pytest.param(pop3(accounts=GOOD), 995, Protocol.POP3, id="pop3"),
    pytest.param(smtp(accounts=GOOD), 465, Protocol.SMTP, id="smtp"),
    pytest.param(imap(143, accounts=GOOD), 143, Protocol.IMAP, id="imap-starttls"),
    pytest.param(pop3(110, accounts=GOOD), 110, Protocol.POP3, id="pop3-starttls"),
    pytest.param(smtp(587, accounts=GOOD), 587, Protocol.SMTP, id="smtp-starttls"),
]


@pytest.mark.parametrize(("server", "port", "protocol"), SERVERS)
def test_a_login_does_not_depend_on_segments(server: Server, port: int, protocol: Protocol) -> None:
    """
    Every byte alone, inside TLS at once and after STARTTLS: the same verified result.
    """
    net = world(server)
    net.segment = 1
    security = Security.TLS if port in (993, 995, 465) else Security.STARTTLS
    typed = Endpoint(protocol, f"mail.{D}", port, security)
    outgoing = protocol is Protocol.SMTP

    result = verified(net, ServerSettings(TYPED.address, None if outgoing else typed, typed if outgoing else None))

    found = result.outgoing if outgoing else result.incoming
    assert found is not None
    assert (found.verified, result.findings) == (True, ())
