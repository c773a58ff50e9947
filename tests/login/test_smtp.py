"""SMTP logins, as transcripts."""

import base64

import pytest

from mailsettings.errors import NetworkError
from mailsettings.login.credentials import Credentials
from tests.support.login_player import SMTPS, TOKEN, login_request, play

PLAIN = "C: AUTH PLAIN AGFkYQBzZWNyZXQ=\n"


def test_a_login_is_verified_by_naming_a_sender() -> None:
    """
    MAIL FROM, then RSET: no mail is sent.
    """
    session = play(
        login_request(SMTPS),
        PLAIN + "S: 235 ok\nC: MAIL FROM:<ada@example.org>\nS: 250 ok\nC: RSET\nS: 250 ok\nC: QUIT\n",
    )

    assert (session.accepted, session.opened) == (True, True)


def test_a_refused_sender_is_no_refused_login() -> None:
    """
    The password is right, the address is another one's.
    """
    words = "553 5.7.1 <ada@example.org>: Sender address rejected: not owned by user ada"  # Postfix 3.7.11, 2026-11
    session = play(
        login_request(SMTPS),
        f"{PLAIN}S: 235 ok\nC: MAIL FROM:<ada@example.org>\nS: {words}\nC: RSET\nS: 250 ok\nC: QUIT\n",
    )

    assert (session.accepted, session.opened, session.replies[-1].text) == (True, False, words)


def test_every_line_of_a_refusal_is_kept() -> None:
    """
    Gmail says in the second line where to read on.
    """
    session = play(
        login_request(SMTPS), PLAIN + "S: 535-5.7.8 not accepted.\nS: 535 5.7.8 https://example.org/\nC: QUIT\n"
    )

    assert session.replies[0].text == "535-5.7.8 not accepted.\n535 5.7.8 https://example.org/"


def test_login_answers_two_prompts() -> None:
    """
    AUTH LOGIN is prompted for user name and password.
    """
    transcript = """\
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: YWRh
        S: 334 UGFzc3dvcmQ6
        C: c2VjcmV0
        S: 535 no
        C: QUIT
    """

    assert not play(login_request(SMTPS, mechanism="LOGIN"), transcript).accepted


def test_a_long_response_waits_for_its_own_line() -> None:
    """
    Old servers read 512 octets of a command (RFC 5321 §4.5.3.1.4); a token may have thousands.
    """
    token = Credentials.token("t" * 600)
    sent = base64.b64encode(f"user=ada\x01auth=Bearer {token.reveal()}\x01\x01".encode()).decode()
    transcript = f"C: AUTH XOAUTH2\nS: 334 \nC: {sent}\nS: 535 no\nC: QUIT\n"

    assert not play(login_request(SMTPS, token, mechanism="XOAUTH2"), transcript).accepted


def test_the_reason_of_a_refused_token_is_kept() -> None:
    """
    The challenge is JSON; an empty line asks for the refusal itself.
    """
    transcript = """\
        C: AUTH XOAUTH2 dXNlcj1hZGEBYXV0aD1CZWFyZXIgdDBrZW4BAQ==
        S: 334 eyJzdGF0dXMiOiI0MDAifQ==
        C:
        S: 535 5.7.8 no
        C: QUIT
    """

    session = play(login_request(SMTPS, TOKEN, mechanism="XOAUTH2"), transcript)

    assert [said.text for said in session.replies] == ['{"status":"400"}', "535 5.7.8 no"]


def test_who_refuses_may_hang_up_at_once() -> None:
    """
    The verdict stands without its last line.
    """
    session = play(login_request(SMTPS), PLAIN + "S: 535-no\nEOF\nC: QUIT\n")

    assert session.replies[0].text == "535-no"


def test_a_line_that_is_no_reply_is_not_repeated() -> None:
    """
    A server may echo the password.
    """
    with pytest.raises(NetworkError) as caught:
        play(login_request(SMTPS), PLAIN + "S: secret\n")

    assert "secret" not in str(caught.value)
