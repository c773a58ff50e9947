"""SMTP dialogues, each a transcript."""

import pytest

from mailsettings.errors import Detail, FailureKind, NetworkError
from mailsettings.model import Auth, Hello, Note, Protocol, Security
from tests.support import dialogue_player
from tests.support.dialogue_player import FACTS


def play(security: Security, transcript: str) -> Hello:
    return dialogue_player.play(Protocol.SMTP, security, transcript)


def failure(security: Security, transcript: str) -> NetworkError:
    return dialogue_player.failure(Protocol.SMTP, security, transcript)


def inside(*reply: str, greeting: str = "220 mail.example ESMTP") -> str:
    """Return a transcript with implicit TLS, in which EHLO is answered with *reply*."""
    said = "".join(f"S: {line}\n" for line in reply)
    return f"TLS\nS: {greeting}\nC: EHLO me.invalid\n{said}C: QUIT"


def in_clear(*reply: str, greeting: str = "220 mail.example ESMTP") -> str:
    """Return the beginning of a transcript with STARTTLS, up to the EHLO *reply*."""
    said = "".join(f"S: {line}\n" for line in reply)
    return f"S: {greeting}\nC: EHLO me.invalid\n{said}"


def test_implicit_tls() -> None:
    """
    With implicit TLS the handshake comes first; then greeting, extensions and a farewell nobody waits for.
    """
    hello = play(
        Security.TLS,
        inside("250-mail.example", "250-SIZE 1", "250 AUTH PLAIN LOGIN", greeting="220 mail.example ESMTP Postfix"),
    )

    expected = Hello(
        greeting="mail.example ESMTP Postfix",
        software="Postfix",
        capabilities=("SIZE 1", "AUTH PLAIN LOGIN"),
        mechanisms=("PLAIN", "LOGIN"),
        auth=(Auth.PASSWORD,),
        tls=FACTS,
    )
    assert expected == hello


def test_starttls() -> None:
    """
    After STARTTLS there is a second EHLO, and only its answer counts.
    """
    hello = play(
        Security.STARTTLS,
        """
        S: 220 mail.example
        C: EHLO me.invalid
        S: 250-mail.example
        S: 250-AUTH NTLM
        S: 250 STARTTLS
        C: STARTTLS
        S: 220 go
        TLS
        C: EHLO me.invalid
        S: 250-mail.example
        S: 250 AUTH PLAIN
        C: QUIT
        """,
    )

    assert (hello.capabilities, hello.mechanisms) == (("AUTH PLAIN",), ("PLAIN",))


@pytest.mark.parametrize(
    ("lines", "mechanisms"),
    [
        pytest.param(["250-AUTH LOGIN PLAIN", "250 AUTH=LOGIN PLAIN"], ("LOGIN", "PLAIN"), id="twin lines"),
        pytest.param(["250 AUTH=LOGIN PLAIN"], ("LOGIN", "PLAIN"), id="only the old form"),
        pytest.param(["250-AUTH", "250 AUTH LOGIN"], ("LOGIN",), id="empty list"),
        pytest.param(["250 auth login"], ("LOGIN",), id="lower case"),
        pytest.param(["250 AUTH  LOGIN  "], ("LOGIN",), id="spaces"),
        pytest.param(["250 AUTH\tLOGIN"], ("LOGIN",), id="tab"),
        pytest.param(["250-X-EXPS=NTLM", "250-XAUTH NTLM", "250 AUTH LOGIN"], ("LOGIN",), id="words that look alike"),
        pytest.param(["250-", "250-\xff\xfe", "250-X_PIPE_CONNECT", "250 AUTH LOGIN"], ("LOGIN",), id="odd keywords"),
    ],
)
def test_extensions_are_read_tolerantly(lines: list[str], mechanisms: tuple[str, ...]) -> None:
    """
    AUTH is found in every form that servers give it, and nowhere else.
    """
    hello = play(Security.TLS, inside("250-mail", *lines))

    assert mechanisms == hello.mechanisms


@pytest.mark.parametrize(
    ("greeting", "text"),
    [
        pytest.param("220", "", id="code alone"),
        pytest.param("220 ", "", id="no text"),
        pytest.param("220  ESMTP", "ESMTP", id="no host name"),
        pytest.param("220-InterScan\nS: 220 x ESMTP Postfix", "InterScan x ESMTP Postfix", id="two lines"),
        pytest.param("220\tx", "x", id="tab"),
        pytest.param("220 ftp.example ESMTP", "ftp.example ESMTP", id="host that is named for FTP"),
        pytest.param("220 x\x00y", r"x\x00y", id="NUL"),
    ],
)
def test_greetings_are_read_tolerantly(greeting: str, text: str) -> None:
    """
    A greeting keeps the text of all its lines.
    """
    hello = play(Security.TLS, inside("250-mail", "250 AUTH PLAIN", greeting=greeting))

    assert text == hello.greeting


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(["250 mail.example Hello"], id="no extensions"),
        pytest.param(["250-mail.example", "250 PIPELINING"], id="no AUTH: a relay"),
        pytest.param(["502 what"], id="no EHLO"),
        pytest.param(["500 what"], id="unknown command"),
        pytest.param(["504 what\nC: HELO me.invalid\nS: 250 hi"], id="RFC 821, with 504"),
        pytest.param(["554 what\nC: HELO me.invalid\nS: 250 hi"], id="RFC 821, with 554"),
        pytest.param(["501-who\nS: 501 what\nC: HELO me.invalid\nS: 250 hi"], id="RFC 821, with 501"),
    ],
)
def test_no_auth_is_no_submission(reply: list[str]) -> None:
    """
    A server that offers no AUTH inside TLS is not one to send mail by.
    """
    error = failure(Security.TLS, inside(*reply))

    assert error.kind == FailureKind.NO_LOGIN


def test_no_auth_behind_starttls() -> None:
    """
    AUTH that was offered in clear does not count.
    """
    error = failure(
        Security.STARTTLS,
        """
        S: 220 x
        C: EHLO me.invalid
        S: 250-x
        S: 250-AUTH PLAIN
        S: 250 STARTTLS
        C: STARTTLS
        S: 220 go
        TLS
        C: EHLO me.invalid
        S: 250-x
        S: 250 PIPELINING
        C: QUIT
        """,
    )

    assert error.kind == FailureKind.NO_LOGIN


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(["250-x", "250 AUTH PLAIN"], id="stripped"),
        pytest.param(["502 no"], id="no EHLO, and HELO is not tried"),
        pytest.param(["250-x", "250 STARTTLSX"], id="another word"),
    ],
)
def test_starttls_not_offered(reply: list[str]) -> None:
    """
    A server without STARTTLS is left politely, and nothing else is tried in clear.
    """
    error = failure(Security.STARTTLS, in_clear(*reply) + "C: QUIT")

    assert error.kind == FailureKind.STARTTLS_NOT_OFFERED


def test_a_middlebox_is_named() -> None:
    """
    Cisco's inspection leaves asterisks and XXXXXXXA where the server said its name and STARTTLS.
    """
    reply = in_clear("250-x", "250-XXXXXXXA", "250 XXXB", greeting="220 " + "*" * 20)

    error = failure(Security.STARTTLS, reply + "C: QUIT")

    assert error.kind == FailureKind.STARTTLS_NOT_OFFERED
    assert error.detail is Detail.STARTTLS_REWRITTEN
    assert (
        error.seen == f"no STARTTLS in the EHLO reply; a firewall on the way rewrites SMTP: {'*' * 20}, XXXXXXXA, XXXB"
    )


def test_a_middlebox_that_answers_ehlo_with_an_error_is_named() -> None:
    """
    The greeting is masked, and EHLO is refused as unknown: both are said.
    """
    reply = in_clear("502 no", greeting="220 " + "*" * 20)

    error = failure(Security.STARTTLS, reply + "C: QUIT")

    assert error.detail is Detail.STARTTLS_REWRITTEN
    assert error.seen.startswith("EHLO answered")
    assert error.seen.endswith(f"no STARTTLS; a firewall on the way rewrites SMTP: {'*' * 20}")


@pytest.mark.parametrize("answer", ["454 not now", "501 no", "200 STRIPTLS", "250 ok", "334 go on"])
def test_starttls_wants_220(answer: str) -> None:
    """
    TLS starts after 220 and after nothing else; smtplib once took any code for yes (CVE-2016-0772).
    """
    error = failure(Security.STARTTLS, in_clear("250-x", "250 STARTTLS") + f"C: STARTTLS\nS: {answer}")

    assert error.kind == FailureKind.STARTTLS_REFUSED


@pytest.mark.parametrize(
    ("greeting", "kind", "seen"),
    [
        pytest.param("421 too busy", FailureKind.GREETING_REFUSED, "421 too busy", id="421"),
        pytest.param("554-mx\nS: 554 no", FailureKind.GREETING_REFUSED, "554 mx no", id="554 in two lines"),
        pytest.param("554-mx", FailureKind.GREETING_REFUSED, "554 mx", id="554 cut short"),
        pytest.param("520 not you", FailureKind.GREETING_REFUSED, "520", id="520"),
        pytest.param("250 hi", FailureKind.BAD_REPLY, "250", id="another code"),
        pytest.param("220-x\nS: 250 y", FailureKind.BAD_REPLY, "250", id="code that changes"),
        pytest.param("Permission denied - do not try again.", FailureKind.BAD_REPLY, "Permission", id="no code"),
        pytest.param("220x", FailureKind.BAD_REPLY, "220x", id="no separator"),
        pytest.param("", FailureKind.BAD_REPLY, "''", id="empty line"),
        pytest.param("* OK hi", FailureKind.WRONG_PROTOCOL, "IMAP", id="IMAP"),
        pytest.param("+OK hi", FailureKind.WRONG_PROTOCOL, "POP3", id="POP3"),
        pytest.param("SSH-2.0-x", FailureKind.WRONG_PROTOCOL, "SSH", id="SSH"),
        pytest.param("220 (vsFTPd 3.0.3)", FailureKind.WRONG_PROTOCOL, "FTP", id="FTP"),
        pytest.param("200 news.example", FailureKind.WRONG_PROTOCOL, "NNTP", id="NNTP"),
    ],
)
def test_nothing_is_sent_after_a_bad_greeting(greeting: str, kind: FailureKind, seen: str) -> None:
    """
    Only a valid greeting gets an answer, and what came instead is named.
    """
    error = failure(Security.STARTTLS, f"S: {greeting}")

    assert kind == error.kind
    assert seen in error.seen


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        pytest.param("421 bye", FailureKind.GREETING_REFUSED, id="421"),
        pytest.param("550 no\nC: HELO me.invalid\nS: 550 no", FailureKind.GREETING_REFUSED, id="our name is refused"),
        pytest.param("554 no\nC: HELO me.invalid\nS: 421 no", FailureKind.GREETING_REFUSED, id="HELO is refused, too"),
        pytest.param("554 no\nC: HELO me.invalid", FailureKind.GREETING_REFUSED, id="it hangs up"),
        pytest.param("504 no\nC: HELO me.invalid\nS: what", FailureKind.GREETING_REFUSED, id="no reply to HELO"),
        pytest.param("400 STARTTLS is required first.", FailureKind.GREETING_REFUSED, id="Courier"),
        pytest.param("220 again", FailureKind.BAD_REPLY, id="a second greeting"),
        pytest.param("220-x\nS: 250 STARTTLS", FailureKind.BAD_REPLY, id="code that changes"),
        pytest.param("hello", FailureKind.BAD_REPLY, id="no code"),
    ],
)
def test_ehlo_refused(reply: str, kind: FailureKind) -> None:
    """
    Who refuses us at EHLO is not taken for a server without extensions.
    """
    error = failure(Security.STARTTLS, in_clear(reply))

    assert kind == error.kind


def test_an_endless_reply_ends() -> None:
    """
    The dialogue itself counts lines, whoever carries it.
    """
    error = failure(Security.PLAIN, "\n".join(["S: 220-hello"] * 50))

    assert error.kind == FailureKind.LIMIT


def test_plain_is_for_diagnosis() -> None:
    """
    In clear the dialogue ends with the extensions, and says what is odd about them.
    """
    hello = play(Security.PLAIN, in_clear("502 no") + "C: QUIT")

    assert hello.notes == (Note("EHLO answered '502 no'"),)
