"""The next method, where a server lists one that it does not accept (RFC 4954 §4, RFC 9051 §7.1.3)."""

import pytest

from mailsettings import parse_address
from mailsettings.login.session import LoginSession, Topic
from mailsettings.model import Endpoint, Protocol, Security, ServerSettings
from mailsettings.testing import HEAR, TLS, FakeNetwork, Say, Script, imap, scripted
from tests.support.login_player import IMAPS, POP3S, SMTPS, TOKEN, login_request, play
from tests.support.login_worlds import ADA, GOOD, D, verified, world

PLAIN = "C: AUTH PLAIN AGFkYQBzZWNyZXQ=\n"
LOGIN = "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: YWRh\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\n"
SENT = "C: MAIL FROM:<ada@example.org>\nS: 250 ok\nC: RSET\nS: 250 ok\nC: QUIT\n"
AUTHENTICATE = "C: A21 AUTHENTICATE PLAIN AGFkYQBzZWNyZXQ=\n"
LITERALS = "C: A22 LOGIN {3}\nS: + go on\nC: ada {6}\nS: + go on\nC: secret\n"
OPENED = "C: A23 CAPABILITY\nS: A23 OK done\nC: A24 EXAMINE INBOX\nS: * 3 EXISTS\nS: A24 OK done\nC: A2 LOGOUT\n"
USER = "C: USER ada\nS: +OK\nC: PASS secret\nS: +OK\nC: STAT\nS: +OK 1 100\nC: UIDL\nS: +OK\nS: 1 a\nS: .\nC: QUIT\n"


def topics(session: LoginSession) -> list[Topic]:
    """Return what the replies of *session* are about."""
    return [reply.topic for reply in session.replies]


@pytest.mark.parametrize(
    "refusal",
    [
        "504 5.5.4 Unrecognized authentication type",
        "504 no",
        "502 5.5.1 not implemented",
        "501 5.5.4 no initial response, please",
        "500 what?",
        "553 5.3.0 Auth failure",  # Naver's (andris9/simplesmtp#7)
        "535 5.7.4 that is none of ours",  # RFC 4954 §6: the enhanced code is about the mechanism
    ],
)
def test_smtp_goes_on_to_the_next_mechanism(refusal: str) -> None:
    """
    AUTH LOGIN after a refused AUTH PLAIN, in the same session.
    """
    session = play(login_request(SMTPS, attempts=2), f"{PLAIN}S: {refusal}\n{LOGIN}S: 235 ok\n{SENT}")

    assert (session.accepted, session.opened, session.mechanism) == (True, True, "LOGIN")
    assert topics(session) == [Topic.METHOD, Topic.LOGIN, Topic.SENDER]


@pytest.mark.parametrize(
    "refusal",
    [
        "535 5.7.8 authentication failed",
        "535 no",
        "534 5.7.9 Application-specific password required",
        "501 5.7.0 Authentication failed",
        "553 5.7.1 too many login attempts",
        "454 4.7.0 later",
        "421 4.3.0 busy",
        "550 5.7.1 no",
    ],
)
def test_refused_credentials_are_not_sent_again(refusal: str) -> None:
    """
    Another mechanism has the same password, and one more attempt may lock the account.
    """
    session = play(login_request(SMTPS, attempts=2), f"{PLAIN}S: {refusal}\nC: QUIT\n")

    assert (session.accepted, session.mechanism, topics(session)) == (False, "PLAIN", [Topic.LOGIN])


def test_one_attempt_is_one_method() -> None:
    """
    Where a login was refused before, the attempts are used up.
    """
    assert play(login_request(SMTPS, attempts=1), f"{PLAIN}S: 504 no\nC: QUIT\n").mechanism == "PLAIN"


def test_the_verdict_is_that_of_the_last_method() -> None:
    """
    PLAIN is unknown there, and the password is wrong.
    """
    session = play(login_request(SMTPS, attempts=2), f"{PLAIN}S: 504 no\n{LOGIN}S: 535 wrong\nC: QUIT\n")

    assert [(reply.topic, reply.text) for reply in session.replies] == [
        (Topic.METHOD, "504 no"),
        (Topic.LOGIN, "535 wrong"),
    ]


def test_a_server_that_hangs_up_has_refused() -> None:
    """
    It ends the connection instead of reading the next AUTH: the reply before is the verdict.
    """
    session = play(login_request(SMTPS, attempts=2), f"{PLAIN}S: 504 no\nC: AUTH LOGIN\nEOF\nC: QUIT\n")

    assert (session.accepted, topics(session)) == (False, [Topic.METHOD, Topic.LOGIN, Topic.END])
    assert session.replies[1].text == "504 no"


@pytest.mark.parametrize("refusal", ["BAD unknown command", "NO Unsupported authentication mechanism."])
def test_imap_goes_on_to_its_own_command(refusal: str) -> None:
    """
    A server without AUTHENTICATE has LOGIN (thunderbird-android#11237).
    """
    session = play(login_request(IMAPS, attempts=2), f"{AUTHENTICATE}S: A21 {refusal}\n{LITERALS}S: A22 OK\n{OPENED}")

    assert (session.accepted, session.mechanism, session.messages) == (True, "the LOGIN command", 3)


@pytest.mark.parametrize(
    "refusal", ["NO Login failed.", "BAD [AUTHENTICATIONFAILED] no", "NO what?", "NO [LIMIT] later"]
)
def test_imap_keeps_to_a_refusal_of_credentials(refusal: str) -> None:
    """
    NO is about the credentials, unless the text says otherwise; BAD is not, unless its code says otherwise.
    """
    session = play(login_request(IMAPS, attempts=2), f"{AUTHENTICATE}S: A21 {refusal}\nC: A2 LOGOUT\n")

    assert (session.accepted, topics(session)) == (False, [Topic.LOGIN])


@pytest.mark.parametrize(
    "refusal", ["Unsupported authentication mechanism", "unknown command", "unrecognized authentication type"]
)
def test_pop3_goes_on_to_user_and_pass(refusal: str) -> None:
    """
    POP3 has no codes: the text alone says that the method was refused.
    """
    session = play(login_request(POP3S, attempts=2), f"C: AUTH PLAIN AGFkYQBzZWNyZXQ=\nS: -ERR {refusal}\n{USER}")

    assert (session.accepted, session.mechanism) == (True, "USER and PASS")


@pytest.mark.parametrize("refusal", ["-ERR", "-ERR no", "-ERR [AUTH] no", "-ERR Authentication failed."])
def test_pop3_keeps_to_every_other_refusal(refusal: str) -> None:
    """
    An unknown text may be about the password.
    """
    session = play(login_request(POP3S, attempts=2), f"C: AUTH PLAIN AGFkYQBzZWNyZXQ=\nS: {refusal}\nC: QUIT\n")

    assert (session.accepted, topics(session)) == (False, [Topic.LOGIN])


def test_a_token_has_a_next_mechanism_too() -> None:
    """
    OAUTHBEARER and XOAUTH2; never a mechanism that sends passwords.
    """
    transcript = """\
        C: AUTH OAUTHBEARER bixhPWFkYSwBaG9zdD1tYWlsLmV4YW1wbGUub3JnAXBvcnQ9NDY1AWF1dGg9QmVhcmVyIHQwa2VuAQE=
        S: 504 no
        C: AUTH XOAUTH2 dXNlcj1hZGEBYXV0aD1CZWFyZXIgdDBrZW4BAQ==
        S: 504 no
        C: QUIT
    """

    session = play(login_request(SMTPS, TOKEN, mechanism="tokens", attempts=2), transcript)

    assert (session.accepted, topics(session)) == (False, [Topic.METHOD, Topic.LOGIN])


def submission(refusal: str, *, accepts: bool = True) -> Script:
    """Return a server that refuses AUTH PLAIN with *refusal*, and accepts AUTH LOGIN or refuses the password there."""

    def server() -> Script:
        yield TLS()
        yield Say(b"220 hi\r\n")
        while True:
            line = (yield HEAR).decode().upper()
            if line.startswith("EHLO"):
                yield Say(b"250-hi\r\n250 AUTH PLAIN LOGIN\r\n")
            elif line.startswith("AUTH PLAIN"):
                yield Say(f"{refusal}\r\n".encode())
            elif line.startswith("AUTH LOGIN"):
                yield Say(b"334 \r\n")
                yield HEAR
                yield Say(b"334 \r\n")
                yield HEAR
                yield Say(b"235 ok\r\n" if accepts else b"535 no\r\n")
            else:
                yield Say(b"250 ok\r\n")

    return server()


def submitted(refusal: str, *, accepts: bool = True) -> FakeNetwork:
    """Return a world with an IMAP server for ada and such a submission server."""
    return world(imap(accounts=GOOD), scripted(465, lambda: submission(refusal, accepts=accepts)))


TYPED = ServerSettings(
    parse_address(ADA),
    Endpoint(Protocol.IMAP, f"mail.{D}", 993, Security.TLS),
    Endpoint(Protocol.SMTP, f"mail.{D}", 465, Security.TLS),
)


def test_both_directions_are_verified_by_a_method_that_works() -> None:
    """
    The whole way, from the settings to the result.
    """
    result = verified(submitted("504 no"), TYPED)

    assert result.outgoing is not None
    assert (result.verified, result.outgoing.mechanism, result.findings) == (True, "LOGIN", ())


def test_two_refused_methods_are_two_attempts() -> None:
    """
    No other form of the user name is tried behind them.
    """
    result = verified(submitted("504 no", accepts=False), TYPED).outgoing

    assert result is not None
    assert (result.attempts, result.accepted, [item.code for item in result.findings]) == (
        2,
        False,
        ["bad-credentials"],
    )
