"""The step at which a connection ended decides what its end means."""

import pytest

from mailsettings import Protocol
from mailsettings.testing import HEAR, TLS, FakeNetwork, Say, Script, Sleep, scripted
from tests.support.diagnosis_runs import codes, diagnosed

MAIL = "mail.world.example"
GREETINGS = {Protocol.IMAP: b"* OK hi\r\n", Protocol.POP3: b"+OK hi\r\n", Protocol.SMTP: b"220 hi\r\n"}
OFFERS = {
    Protocol.IMAP: "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n{tag} OK done\r\n",
    Protocol.POP3: "+OK\r\nSTLS\r\n.\r\n",
    Protocol.SMTP: "250-hi\r\n250 STARTTLS\r\n",
}
GO_AHEAD = {Protocol.IMAP: "{tag} OK begin\r\n", Protocol.POP3: "+OK begin\r\n", Protocol.SMTP: "220 begin\r\n"}
PORTS = {Protocol.IMAP: 143, Protocol.POP3: 110, Protocol.SMTP: 587}


def server(protocol: Protocol, end: str) -> Script:
    """Talk as *protocol* up to STARTTLS; *end* says at which step the connection ends, and how."""
    if end == "at once":
        return
    yield Say(GREETINGS[protocol])
    if end == "greeted":
        return
    tag = (yield HEAR).decode().partition(" ")[0]
    yield Say(OFFERS[protocol].format(tag=tag).encode())
    tag = (yield HEAR).decode().partition(" ")[0]
    if end == "asked":
        return
    yield Say(GO_AHEAD[protocol].format(tag=tag).encode())
    if end == "silent":
        yield Sleep(600)


def world(protocol: Protocol, end: str) -> FakeNetwork:
    """Return a network with such a server."""
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).serve(scripted(PORTS[protocol], lambda: server(protocol, end)))
    return net


@pytest.mark.parametrize("protocol", PORTS)
@pytest.mark.parametrize("end", ["agreed", "silent"])
def test_behind_the_go_ahead_it_is_the_server_s_tls(protocol: Protocol, end: str) -> None:
    """
    It has agreed to STARTTLS, and has no certificate (stalwart#135): no other network helps.
    """
    found = diagnosed(world(protocol, end), f"{protocol}://{MAIL}:{PORTS[protocol]}").findings

    assert [(item.code, item.whose, item.confidence) for item in found] == [("tls-failed", "provider", "likely")]
    assert f"{MAIL}:{PORTS[protocol]}" in found[0].text
    assert "network" not in found[0].advice


@pytest.mark.parametrize("protocol", PORTS)
@pytest.mark.parametrize("end", ["at once", "greeted", "asked"])
def test_before_it_the_network_may_have_cut_the_connection(protocol: Protocol, end: str) -> None:
    """
    The control: nothing shows that the server itself closed it.
    """
    assert codes(world(protocol, end), f"{protocol}://{MAIL}:{PORTS[protocol]}") == ["connection-reset"]


def old_server(ehlo: str, helo: str) -> Script:
    """Talk SMTP with these replies to EHLO and HELO."""
    yield TLS()
    yield Say(b"220 hi\r\n")
    while True:
        word = (yield HEAR).decode().upper().partition(" ")[0]
        yield Say({"EHLO": ehlo, "HELO": helo}.get(word, "221 bye").encode() + b"\r\n")


@pytest.mark.parametrize(
    ("ehlo", "helo", "code"),
    [
        ("504 5.5.2 what?", "250 hi", "no-login-method"),
        ("554 what?", "250 hi", "no-login-method"),
        ("502 what?", "502 what?", "no-login-method"),
        ("554 5.7.1 no service for you", "554 5.7.1 no service for you", "greeting-refused"),
        ("501 Syntactically invalid HELO argument(s)", "501 no", "bad-helo-name"),
    ],
)
def test_an_old_server_is_told_from_a_refusal(ehlo: str, helo: str, code: str) -> None:
    """
    Servers older than RFC 1869 know HELO only; those that refuse the client refuse both.
    """
    net = FakeNetwork(rtt=0.05)
    net.host(MAIL).serve(scripted(465, lambda: old_server(ehlo, helo)))

    assert codes(net, f"smtp://{MAIL}:465") == [code]
