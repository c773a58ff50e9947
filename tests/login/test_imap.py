"""IMAP logins, as transcripts."""

import pytest

from mailsettings.errors import Detail, FailureKind, NetworkError
from mailsettings.login.credentials import Credentials
from mailsettings.login.verify import login_dialogue
from tests.support.login_player import IMAPS, POLICY, TOKEN, listen, login_request, play

EXAMINED = """\
C: A22 CAPABILITY
S: * CAPABILITY IMAP4rev1 IDLE
S: A22 OK done
C: A23 EXAMINE INBOX
S: * 3 EXISTS
S: A23 OK [READ-ONLY] done
C: A2 LOGOUT
"""


def test_plain_goes_out_with_the_command_where_the_server_allows_it() -> None:
    """
    SASL-IR saves a round trip (RFC 4959); the inbox is opened for reading only, and its messages are counted.
    """
    session = play(login_request(IMAPS), "C: A21 AUTHENTICATE PLAIN AGFkYQBzZWNyZXQ=\nS: A21 OK welcome\n" + EXAMINED)

    assert (session.accepted, session.opened, session.messages) == (True, True, 3)
    assert (session.mechanism, session.capabilities) == ("PLAIN", ("IMAP4REV1", "IDLE"))


def test_without_sasl_ir_plain_waits_for_the_server() -> None:
    """
    The first response answers an empty challenge.
    """
    transcript = """\
        C: A21 AUTHENTICATE PLAIN
        S: +
        C: AGFkYQBzZWNyZXQ=
        S: A21 OK [CAPABILITY IMAP4rev1 MOVE] welcome
        C: A22 EXAMINE INBOX
        S: A22 OK done
        C: A2 LOGOUT
    """

    session = play(login_request(IMAPS, mechanism="late"), transcript)

    assert (session.opened, session.capabilities) == (True, ("IMAP4REV1", "MOVE"))


def test_the_login_command_sends_literals() -> None:
    """
    Quotes, backslashes and letters outside ASCII need no escapes; lengths are in octets.
    """
    transcript = """\
        C: A21 LOGIN {3}
        S: + go
        C: ada {9}
        S: + go
        C: p"\\äöü
        S: A21 NO [AUTHENTICATIONFAILED] no
        C: A2 LOGOUT
    """

    session = play(login_request(IMAPS, Credentials.password('p"\\äöü'), mechanism="native"), transcript)

    assert not session.accepted
    assert session.replies[-1].text == "NO [AUTHENTICATIONFAILED] no"


def test_the_server_is_introduced_to_when_it_wants_that() -> None:
    """
    NetEase accepts the login and refuses to open a folder until an ID has come: no second login is needed.
    """
    transcript = """\
        C: A21 AUTHENTICATE PLAIN AGFkYQBzZWNyZXQ=
        S: A21 OK [CAPABILITY IMAP4rev1 ID] welcome
        C: A22 EXAMINE INBOX
        S: A22 NO SELECT Unsafe Login. Please contact support
        C: A23 ID ("name" "mailsettings" "support-url" "https://pypi.org/project/mailsettings/")
        S: * ID NIL
        S: A23 OK done
        C: A24 EXAMINE INBOX
        S: * 0 EXISTS
        S: A24 OK done
        C: A2 LOGOUT
    """

    session = play(login_request(IMAPS), transcript)

    assert session.opened
    assert [each.code for each in session.observations] == ["client-id-required"]


def test_an_ok_that_hides_an_error_is_no_login() -> None:
    """
    Microsoft says OK with [Error=…] when the mailbox is on another server.
    """
    transcript = """\
        C: A21 AUTHENTICATE PLAIN AGFkYQBzZWNyZXQ=
        S: A21 OK [Error="WrongServerException"] AUTHENTICATE completed.
        C: A2 LOGOUT
    """

    assert not play(login_request(IMAPS), transcript).accepted


def test_a_farewell_instead_of_an_answer_is_the_answer() -> None:
    """
    BYE, and the connection is gone: what was said is kept.
    """
    transcript = """\
        C: A21 AUTHENTICATE PLAIN AGFkYQBzZWNyZXQ=
        S: * BYE Too many connections
        EOF
        C: A2 LOGOUT
    """

    assert play(login_request(IMAPS), transcript).replies[-1].text == "* BYE Too many connections"


def test_oauth_errors_are_read_and_answered() -> None:
    """
    RFC 7628 §3.2.3: the challenge says why, a lone ^A asks for the final refusal.
    """
    transcript = """\
        C: A21 AUTHENTICATE OAUTHBEARER bixhPWFkYSwBaG9zdD1tYWlsLmV4YW1wbGUub3JnAXBvcnQ9OTkzAWF1dGg9QmVhcmVyIHQwa2VuAQE=
        S: + eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=
        C: AQ==
        S: A21 NO [AUTHENTICATIONFAILED] no
        C: A2 LOGOUT
    """

    session = play(login_request(IMAPS, TOKEN, mechanism="OAUTHBEARER"), transcript)

    assert session.replies[0].text == '{"status":"invalid_token"}'


def test_a_token_is_never_sent_as_a_password() -> None:
    """
    Where only passwords are taken, nothing is sent, and that is the finding.
    """
    session = play(login_request(IMAPS, TOKEN), "C: A2 LOGOUT\n")

    assert not session.accepted
    assert [each.code for each in session.observations] == ["mechanism-not-offered"]


def test_a_password_is_not_sent_where_only_tokens_are_taken() -> None:
    """
    OAuth only: no attempt is made.
    """
    session = play(login_request(IMAPS, mechanism="token only"), "C: A2 LOGOUT\n")

    assert [each.code for each in session.observations] == ["basic-auth-disabled"]


def test_a_server_without_any_method_says_nothing_of_credentials() -> None:
    """
    Neither for passwords nor for tokens: the caller hears that there is no way in.
    """
    with pytest.raises(NetworkError) as caught:
        play(login_request(IMAPS, mechanism="GSSAPI"), "")

    assert caught.value.kind is FailureKind.NO_LOGIN


def test_an_answer_to_another_question_ends_the_login() -> None:
    """
    A tagged reply that nobody asked for is somebody's trick; what it says is not repeated, it may be the password.
    """
    with pytest.raises(NetworkError, match="something else") as caught:
        play(login_request(IMAPS), "C: A21 AUTHENTICATE PLAIN AGFkYQBzZWNyZXQ=\nS: A99 OK secret\n")

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("offers", ["AUTH=PLAIN", "LOGINDISABLED"])
def test_no_password_is_sent_to_a_server_that_counts_as_logged_in(offers: str) -> None:
    """
    Whatever it offers, its yes to a login would prove nothing.
    """
    dialogue = login_dialogue(login_request(IMAPS), policy=POLICY, tag="A")
    lines = [b"* PREAUTH hi", b"* CAPABILITY IMAP4rev1 " + offers.encode(), b"A1 OK done"]

    with pytest.raises(NetworkError) as caught:
        listen(dialogue, lines)

    assert (caught.value.kind, caught.value.detail) == (FailureKind.PREAUTH, Detail.INSIDE_TLS)
