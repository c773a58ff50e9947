"""POP3 dialogues, each a transcript."""

import pytest

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Auth, Hello, Note, Protocol, Security
from tests.support import dialogue_player
from tests.support.dialogue_player import FACTS


def play(security: Security, transcript: str) -> Hello:
    return dialogue_player.play(Protocol.POP3, security, transcript)


def failure(security: Security, transcript: str) -> NetworkError:
    return dialogue_player.failure(Protocol.POP3, security, transcript)


def inside(*capabilities: str, greeting: str = "+OK ready", ok: str = "+OK") -> str:
    """Return a transcript with implicit TLS, in which CAPA lists *capabilities*."""
    said = "".join(f"S: {line}\n" for line in capabilities)
    return f"TLS\nS: {greeting}\nC: CAPA\nS: {ok}\n{said}S: .\nC: QUIT"


def test_implicit_tls() -> None:
    """
    With implicit TLS the handshake comes first; then greeting, capabilities and a farewell nobody waits for.
    """
    hello = play(Security.TLS, inside("UIDL", "USER", "SASL PLAIN XOAUTH2", "IMPLEMENTATION Cyrus POP3 v2"))

    expected = Hello(
        greeting="ready",
        software="Cyrus",
        capabilities=("UIDL", "USER", "SASL PLAIN XOAUTH2", "IMPLEMENTATION Cyrus POP3 v2"),
        mechanisms=("PLAIN", "XOAUTH2", "USER"),
        auth=(Auth.OAUTH2, Auth.PASSWORD),
        tls=FACTS,
    )
    assert expected == hello


def test_starttls() -> None:
    """
    After STLS the capabilities are asked again, and only those count.
    """
    hello = play(
        Security.STARTTLS,
        """
        S: +OK ready
        C: CAPA
        S: +OK
        S: STLS
        S: SASL NTLM
        S: .
        C: STLS
        S: +OK go
        TLS
        C: CAPA
        S: +OK
        S: USER
        S: .
        C: QUIT
        """,
    )

    assert (hello.capabilities, hello.mechanisms) == (("USER",), ("USER",))


@pytest.mark.parametrize(
    ("capabilities", "mechanisms"),
    [
        pytest.param(["sasl plain login", "user"], ("PLAIN", "LOGIN", "USER"), id="lower case"),
        pytest.param(["SASL", "USER"], ("USER",), id="empty SASL list"),
        pytest.param(["USER  ", "UIDL "], ("USER",), id="trailing spaces"),
        pytest.param(["SASL\tPLAIN"], ("PLAIN",), id="tab"),
        pytest.param(["", "USER"], ("USER",), id="empty line"),
        pytest.param(["USER", "USER"], ("USER",), id="twice"),
        pytest.param(["EXPIRE 31 USER", "SASL X"], ("X",), id="USER only as an argument"),
    ],
)
def test_capabilities_are_read_tolerantly(capabilities: list[str], mechanisms: tuple[str, ...]) -> None:
    """
    Case, spacing and empty lists do not matter.
    """
    hello = play(Security.TLS, inside(*capabilities))

    assert mechanisms == hello.mechanisms


def test_dots_are_unstuffed() -> None:
    """
    A line that begins with a dot was sent with one more (RFC 1939 §3), and ends nothing.
    """
    hello = play(Security.TLS, inside("..", "..X", "USER"))

    assert hello.capabilities == (".", ".X", "USER")


@pytest.mark.parametrize(
    ("greeting", "offered"),
    [
        pytest.param("+OK <12345.1012345678@mail.example>", True, id="nothing else"),
        pytest.param("+OK <1.2@mail.example>, POP3 server ready.", True, id="first"),
        pytest.param("+OK ready <1.2@mail.example>", True, id="last"),
        pytest.param("+OK ready <1234.5678@(null)>", True, id="(null) host"),
        pytest.param("+OK ready <Jana-Server>", False, id="no @"),
        pytest.param("+OK Ready when you are <200212312359.", False, id="not closed"),
        pytest.param("+OK ready", False, id="none"),
        pytest.param("+OK", False, id="bare +OK"),
    ],
)
def test_apop_by_its_timestamp(greeting: str, offered: bool) -> None:
    """
    APOP is offered by a message-id in the greeting (RFC 1939 §7), and by nothing else.
    """
    hello = play(Security.TLS, inside("USER", greeting=greeting))

    assert offered == ("APOP" in hello.mechanisms)


def test_a_server_from_before_capa() -> None:
    """
    Who does not know CAPA has USER.
    """
    hello = play(Security.TLS, "TLS\nS: +OK hi\nC: CAPA\nS: -ERR unknown\nC: QUIT")

    assert (hello.mechanisms, hello.notes) == (("USER",), (Note("the server does not know CAPA"),))


def test_no_login_inside_tls() -> None:
    """
    A server that offers no login inside TLS is none to log in at.
    """
    error = failure(Security.TLS, inside("UIDL", "SASL"))

    assert error.kind == FailureKind.NO_LOGIN


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param("S: +OK\nS: USER\nS: .", id="not listed"),
        pytest.param("S: -ERR unknown", id="no CAPA"),
        pytest.param("S: +OK\nS: X STLS\nS: .", id="only as an argument"),
    ],
)
def test_stls_not_offered(reply: str) -> None:
    """
    A server without STLS is left politely, and nothing else is tried in clear.
    """
    error = failure(Security.STARTTLS, f"S: +OK hi\nC: CAPA\n{reply}\nC: QUIT")

    assert error.kind == FailureKind.STARTTLS_NOT_OFFERED


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param("-ERR no", FailureKind.STARTTLS_REFUSED, id="-ERR"),
        pytest.param("220 go", FailureKind.BAD_REPLY, id="another protocol"),
        pytest.param("", FailureKind.BAD_REPLY, id="empty line"),
    ],
)
def test_stls_is_tried_once(answer: str, kind: FailureKind) -> None:
    """
    A refusal is final: Thunderbird once asked for ever (its bug 1641882).
    """
    error = failure(Security.STARTTLS, f"S: +OK hi\nC: CAPA\nS: +OK\nS: STLS\nS: .\nC: STLS\nS: {answer}")

    assert kind == error.kind


@pytest.mark.parametrize(
    ("greeting", "kind", "seen"),
    [
        pytest.param("-ERR \x1b[31mbusy", FailureKind.GREETING_REFUSED, r"\x1b[31mbusy", id="refused"),
        pytest.param("* OK [CAPABILITY IMAP4rev1] hi", FailureKind.WRONG_PROTOCOL, "IMAP", id="IMAP"),
        pytest.param("220 hi", FailureKind.WRONG_PROTOCOL, "SMTP", id="SMTP"),
        pytest.param("HTTP/1.0 200 OK", FailureKind.WRONG_PROTOCOL, "HTTP", id="HTTP"),
        pytest.param("OK", FailureKind.BAD_REPLY, "OK", id="no plus"),
    ],
)
def test_nothing_is_sent_after_a_bad_greeting(greeting: str, kind: FailureKind, seen: str) -> None:
    """
    Only a valid greeting gets an answer, and what came instead is named.
    """
    error = failure(Security.STARTTLS, f"S: {greeting}")

    assert kind == error.kind
    assert seen in error.seen


def test_an_endless_list_ends() -> None:
    """
    The dialogue itself counts lines, whoever carries it.
    """
    error = failure(Security.PLAIN, "S: +OK hi\nC: CAPA\nS: +OK\n" + "\n".join(["S: X"] * 50))

    assert error.kind == FailureKind.LIMIT
