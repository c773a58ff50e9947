"""The ready-made servers: transcripts of good behaviour, and one test for each option."""

import pytest

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Security
from mailsettings.testing import Options, Server, imap, pop3, run_virtual, smtp
from tests.support.fake_network_client import HOST, dial, dial_tls, talk, world

pytestmark = pytest.mark.anyio


async def _heard(server: Server, *commands: bytes) -> list[str]:
    """Return what *server* says, inside TLS on its ports of implicit TLS."""
    net = world(server)
    stream = await (dial_tls if server.port in (993, 995, 465) else dial)(net, server.port)
    return [reply.decode().replace("\r\n", "\n") for reply in await talk(stream, *commands)]


async def test_imap_inside_tls() -> None:
    """Capabilities in the greeting and when asked, then farewell."""
    assert await _heard(imap(), b"a1 CAPABILITY\r\n", b"a2 logout\r\n") == [
        "* OK [CAPABILITY IMAP4rev1 SASL-IR LITERAL+ ID IDLE AUTH=PLAIN AUTH=LOGIN] Dovecot ready.\n",
        "* CAPABILITY IMAP4rev1 SASL-IR LITERAL+ ID IDLE AUTH=PLAIN AUTH=LOGIN\na1 OK Done.\n",
        "* BYE Leaving\na2 OK Done.\n",
    ]


async def test_pop3_inside_tls() -> None:
    """CAPA ends with a dot."""
    assert await _heard(pop3(), b"CAPA\r\n", b"QUIT\r\n") == [
        "+OK Dovecot ready.\n",
        "+OK\nTOP\nUIDL\nRESP-CODES\nPIPELINING\nUSER\nSASL PLAIN LOGIN\n.\n",
        "+OK Leaving\n",
    ]


async def test_smtp_inside_tls() -> None:
    """EHLO has many lines; no mail without a login."""
    assert await _heard(smtp(), b"EHLO me.example\r\n", b"MAIL FROM:<>\r\n", b"QUIT\r\n") == [
        "220 imap.example.org ESMTP Postfix\n",
        "250-imap.example.org\n250-PIPELINING\n250-SIZE 10240000\n250-8BITMIME\n250-ENHANCEDSTATUSCODES\n"
        "250 AUTH PLAIN LOGIN\n",
        "530 5.7.0 Log in first\n",
        "221 2.0.0 Bye\n",
    ]


UPGRADES = [
    pytest.param(imap(143), b"a1 STARTTLS\r\n", b"a2 CAPABILITY\r\n", "LOGINDISABLED", "AUTH=PLAIN", id="imap"),
    pytest.param(pop3(110), b"STLS\r\n", b"CAPA\r\n", "STLS", "SASL PLAIN", id="pop3"),
    pytest.param(smtp(587), b"STARTTLS\r\n", b"EHLO me.example\r\n", "STARTTLS", "AUTH PLAIN", id="smtp"),
]


@pytest.mark.parametrize(("server", "command", "question", "before", "after"), UPGRADES)
async def test_login_is_offered_after_starttls_only(
    server: Server, command: bytes, question: bytes, before: str, after: str
) -> None:
    """What is offered in plaintext and what is offered inside TLS exclude each other."""
    stream = await dial(world(server), server.port)
    _, clear, _ = [reply.decode() for reply in await talk(stream, question, command)]
    await stream.start_tls(HOST, ())
    await stream.send(question)
    secure = (await stream.receive()).decode()

    assert [before in clear, after in clear, before in secure, after in secure] == [True, False, False, True]


@pytest.mark.parametrize(
    ("server", "question"),
    [(imap(), b"a1 FETCH 1 BODY\r\n"), (pop3(), b"LIST\r\n"), (smtp(), b"HELP\r\n")],
    ids=["imap", "pop3", "smtp"],
)
async def test_other_commands_are_refused(server: Server, question: bytes) -> None:
    """In the manner of the protocol, and the conversation goes on."""
    refusal = (await _heard(server, question, question))[1:]

    assert refusal[0] == refusal[1]
    assert refusal[0].startswith(("a1 BAD", "-ERR", "502"))


@pytest.mark.parametrize(
    ("server", "login", "reply"),
    [
        pytest.param(imap(), b"a1 LOGIN ada secret\r\n", "a1 NO [AUTHENTICATIONFAILED]", id="imap"),
        pytest.param(imap(143), b"a1 LOGIN ada secret\r\n", "a1 NO [PRIVACYREQUIRED]", id="imap in clear"),
        pytest.param(pop3(), b"PASS secret\r\n", "-ERR [AUTH]", id="pop3"),
        pytest.param(pop3(110), b"PASS secret\r\n", "-ERR", id="pop3 in clear"),
        pytest.param(smtp(), b"AUTH PLAIN AGFkYQBzZWNyZXQ=\r\n", "535 5.7.8", id="smtp"),
        pytest.param(smtp(587), b"AUTH PLAIN AGFkYQBzZWNyZXQ=\r\n", "502", id="smtp in clear"),
    ],
)
async def test_logins_are_refused(server: Server, login: bytes, reply: str) -> None:
    """These servers know no accounts."""
    assert (await _heard(server, login))[1].startswith(reply)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param({"greeting": "* OK hi"}, "* OK hi\n", id="greeting"),
        pytest.param({"capabilities": ("IMAP4rev1",), "mechanisms": ()}, "IMAP4rev1]", id="capabilities"),
        pytest.param({"mechanisms": ("XOAUTH2",)}, "IDLE AUTH=XOAUTH2]", id="mechanisms"),
    ],
)
async def test_what_is_said_can_be_chosen(options: Options, expected: str) -> None:
    """Greeting, capabilities and login methods are options."""
    assert expected in (await _heard(imap(993, **options)))[0]


async def test_starttls_may_be_missing() -> None:
    """A stripped offer; the command is not known then."""
    greeting, refusal = await _heard(imap(143, starttls_offered=False), b"a1 STARTTLS\r\n")

    assert ("STARTTLS" in greeting, refusal) == (False, "a1 BAD Unknown command.\n")


async def test_plain_means_plaintext_login() -> None:
    """A server with plaintext logins, which no client should use."""
    greeting = (await _heard(imap(143, security=Security.PLAIN)))[0]

    assert ("STARTTLS" in greeting, "AUTH=PLAIN" in greeting) == (False, True)


async def test_plaintext_login_may_be_offered_beside_starttls() -> None:
    """As old servers do."""
    greeting = (await _heard(imap(143, clear_mechanisms=("CRAM-MD5",))))[0]

    assert "STARTTLS LOGINDISABLED AUTH=CRAM-MD5]" in greeting


async def test_starttls_may_be_refused() -> None:
    """The tag is the command's, and everything stays in plaintext."""
    replies = await _heard(imap(143, starttls_reply="{tag} NO not now"), b"x7 STARTTLS\r\n", b"x8 NOOP\r\n")

    assert replies[1:] == ["x7 NO not now\n", "x8 OK Done.\n"]


async def test_a_refusal_is_the_greeting_and_the_end() -> None:
    """Too many connections."""
    stream = await dial(world(smtp(25, refusal="554-mx\n554 no")), 25)

    assert [await stream.receive(), await stream.receive()] == [b"554-mx\r\n554 no\r\n", b""]


async def test_early_bytes_come_with_the_reply() -> None:
    """One segment, as an attacker on the way would make it (CVE-2011-0411 and its kin)."""
    replies = await _heard(smtp(587, early=b"250 AUTH INJECTED\r\n"), b"STARTTLS\r\n")

    assert replies[1] == "220 2.0.0 Ready to start TLS\n250 AUTH INJECTED\n"


async def test_another_protocol_may_listen() -> None:
    """An IMAP server on the port of POP3 is just that."""
    greeting = (await _heard(imap(995)))[0]

    assert greeting.startswith("* OK")


def test_a_silent_server_says_nothing_in_plaintext_either() -> None:
    """The connection is made, and that was it."""
    with pytest.raises(TimeoutError):
        run_virtual(_first_line, smtp(25, silent=True), limit=1e6)


async def _first_line(server: Server) -> bytes:
    return await (await dial(world(server), server.port)).receive()


@pytest.mark.parametrize("server", [imap(), imap(143)])
async def test_a_tls_handshake_belongs_where_it_belongs(server: Server) -> None:
    """Port 993 begins with it, port 143 does not."""
    stream = await dial(world(server), server.port)
    kind = None
    try:
        await stream.start_tls(HOST, ())
    except NetworkError as error:
        kind = error.kind

    assert kind == (None if server.port == 993 else FailureKind.NOT_TLS)
