"""What real servers were heard to say to logins, and what it means.

Dovecot 2.3.19, Postfix 3.7.11, Exim 4.96 and Courier 5.0.13 in November 2026; tests/lab has the servers themselves.
"""

import pytest

from mailsettings.login.credentials import Credentials
from mailsettings.login.result import LoginResult, login_result
from mailsettings.login.session import LoginRequest
from mailsettings.model import Confidence, Probe
from tests.support.login_player import IMAPS, POP3S, SMTPS, TOKEN, login_request, play

IMAP_SENT = "C: A21 AUTHENTICATE PLAIN AGFkYQBzZWNyZXQ=\nS: A21 "
POP3_SENT = "C: AUTH PLAIN AGFkYQBzZWNyZXQ=\nS: "
LEAVE = {IMAPS: "\nC: A2 LOGOUT\n", POP3S: "\nC: QUIT\n", SMTPS: "\nC: QUIT\n"}


def outcome(what: LoginRequest, transcript: str) -> LoginResult:
    """Return what the login *what* that went like *transcript* means."""
    session = play(what, transcript + LEAVE[what.endpoint])
    return login_result(Probe(what.endpoint, hello=session), what, None)


def codes(what: LoginRequest, transcript: str) -> list[str]:
    return [item.code for item in outcome(what, transcript).findings]


@pytest.mark.parametrize(
    ("what", "reply", "wanted"),
    [
        # Dovecot, wrong password; also for an account that its own log calls "user disabled".
        (login_request(IMAPS), IMAP_SENT + "NO [AUTHENTICATIONFAILED] Authentication failed.", ["bad-credentials"]),
        (login_request(POP3S), POP3_SENT + "-ERR [AUTH] Authentication failed.", ["bad-credentials"]),
        # Dovecot, nologin.
        (login_request(IMAPS), IMAP_SENT + "NO [CONTACTADMIN] Login disabled for this user", ["account-locked"]),
        (login_request(POP3S), POP3_SENT + "-ERR [AUTH] Login disabled for this user", ["account-locked"]),
        # Dovecot, mail_max_userip_connections: said to the login, about something else than the login.
        (
            login_request(IMAPS),
            IMAP_SENT
            + "NO [LIMIT] Maximum number of connections from user+IP exceeded (mail_max_userip_connections=2)",
            ["too-many-connections"],
        ),
        (
            login_request(POP3S),
            POP3_SENT + "-ERR [IN-USE] Maximum number of connections from user+IP exceeded "
            "(mail_max_userip_connections=2)",
            ["too-many-connections"],
        ),
        # Postfix with Dovecot's SASL.
        (
            login_request(SMTPS),
            POP3_SENT + "535 5.7.8 Error: authentication failed: (reason unavailable)",
            ["bad-credentials"],
        ),
        # Exim has no enhanced codes there.
        (login_request(SMTPS), POP3_SENT + "535 Incorrect authentication data", ["bad-credentials"]),
        # They cannot look the user up; Dovecot also says when and where, for its administrator to find it.
        (
            login_request(IMAPS),
            IMAP_SENT + "NO [UNAVAILABLE] Temporary authentication failure. [mail:2026-11-28 10:42:51]",
            ["server-fault"],
        ),
        (
            login_request(POP3S),
            POP3_SENT + "-ERR [SYS/TEMP] Temporary authentication failure. [mail:2026-11-28 10:42:51]",
            ["server-fault"],
        ),
        (login_request(SMTPS), POP3_SENT + "435 Unable to authenticate at present", ["server-fault"]),
        (
            login_request(SMTPS),
            POP3_SENT + "454 4.7.0 Temporary authentication failure: Connection lost",
            ["server-fault"],
        ),
    ],
    ids=[
        "dovecot",
        "dovecot-pop3",
        "nologin",
        "nologin-pop3",
        "limit",
        "limit-pop3",
        "postfix",
        "exim",
        "unavailable",
        "unavailable-pop3",
        "unavailable-exim",
        "unavailable-postfix",
    ],
)
def test_a_refusal_has_its_meaning(what: LoginRequest, reply: str, wanted: list[str]) -> None:
    """
    One refusal, word for word, and nothing found beside what it means; but where it leaves open which of the two is
    wrong, the user name may be, which has only the local part here.
    """
    perhaps = ["username-must-be-full-address"] if wanted == ["bad-credentials"] else []
    assert codes(what, reply) == [*wanted, *perhaps]


@pytest.mark.parametrize(
    ("mechanism", "first", "challenge", "answer"),
    [
        (
            "OAUTHBEARER",
            "bixhPWFkYSwBaG9zdD1tYWlsLmV4YW1wbGUub3JnAXBvcnQ9OTkzAWF1dGg9QmVhcmVyIHQwa2VuAQE=",
            "eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIn0=",
            "AQ==",
        ),
        (
            "XOAUTH2",
            "dXNlcj1hZGEBYXV0aD1CZWFyZXIgdDBrZW4BAQ==",
            "eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIiwic2NvcGUiOiJtYWlsIn0=",
            "",
        ),
    ],
)
def test_dovecot_refuses_a_token_in_two_steps(mechanism: str, first: str, challenge: str, answer: str) -> None:
    """
    JSON as a challenge, then the words for a wrong password: one finding, which has both as its evidence.
    """
    transcript = f"""\
        C: A21 AUTHENTICATE {mechanism} {first}
        S: + {challenge}
        C: {answer}
        S: A21 NO [AUTHENTICATIONFAILED] Authentication failed.
        C: A2 LOGOUT
    """
    what = login_request(IMAPS, TOKEN, mechanism=mechanism)

    result = login_result(Probe(IMAPS, hello=play(what, transcript)), what, None)

    assert [item.code for item in result.findings] == ["oauth-token-rejected"]
    assert result.findings[0].evidence.splitlines()[1] == "NO [AUTHENTICATIONFAILED] Authentication failed."


def test_a_token_refused_at_once_is_a_token_refused() -> None:
    """
    Servers that skip the challenge say what they say of passwords. Microsoft's four words may mean two things of a
    password, and one of a token.
    """
    sent = "dXNlcj1hZGEBYXV0aD1CZWFyZXIgdDBrZW4BAQ=="
    by_mail = codes(login_request(SMTPS, TOKEN, mechanism="XOAUTH2"), f"C: AUTH XOAUTH2 {sent}\nS: 535 5.7.8 no")
    by_imap = outcome(
        login_request(IMAPS, TOKEN, mechanism="XOAUTH2"),
        f"C: A21 AUTHENTICATE XOAUTH2 {sent}\nS: A21 NO AUTHENTICATE failed.",
    )

    assert by_mail == ["oauth-token-rejected"]
    assert [(item.code, item.confidence) for item in by_imap.findings] == [("oauth-token-rejected", Confidence.LIKELY)]


def test_a_connection_that_ends_behind_the_reason_has_said_enough() -> None:
    """
    The challenge is the verdict, whether the refusal behind it comes or not.
    """
    transcript = """\
        C: AUTH XOAUTH2 dXNlcj1hZGEBYXV0aD1CZWFyZXIgdDBrZW4BAQ==
        S: 334 eyJzdGF0dXMiOiI0MDAifQ==
        C:
        EOF
        C: QUIT
    """
    what = login_request(SMTPS, TOKEN, mechanism="XOAUTH2")

    result = login_result(Probe(SMTPS, hello=play(what, transcript)), what, None)

    assert [item.code for item in result.findings] == ["oauth-token-rejected"]


def test_dovecot_with_tokens_alone_lists_user_all_the_same() -> None:
    """
    PASS is refused for what it is, not for the password in it.
    """
    transcript = "C: USER ada\nS: +OK\nC: PASS secret\nS: -ERR [AUTH] Unsupported authentication mechanism."

    found = codes(login_request(POP3S, mechanism="token only"), transcript)

    assert found == ["mechanism-not-offered", "basic-auth-disabled"]


LOGIN = "C: A21 LOGIN {3}\nS: + OK\nC: ada {6}\nS: + OK\nC: secret\n"


def test_courier_says_what_microsoft_says() -> None:
    """
    "Login failed." points to OAuth only where the server has it.
    """
    found = codes(login_request(IMAPS, mechanism="native"), LOGIN + "S: A21 NO Login failed.")

    assert found == ["bad-credentials", "username-must-be-full-address"]


def test_courier_wants_tls_on_the_port_in_clear() -> None:
    """
    "TLS required to log in." is no word about the password.
    """
    transcript = "C: USER ada\nS: +OK Password required.\nC: PASS secret\nS: -ERR TLS required to log in."

    assert codes(login_request(POP3S, mechanism="native"), transcript) == ["tls-required"]


def test_an_alert_beside_a_good_login_is_no_trouble() -> None:
    """
    Courier tells everybody of its missing file monitor: the words are passed on, and the mailbox works.
    """
    alert = "S: * OK [ALERT] Filesystem notification initialization error -- contact your mail administrator\n"
    behind = """\
        S: A21 OK LOGIN Ok.
        C: A22 CAPABILITY
        S: * CAPABILITY IMAP4rev1 QUOTA
        S: A22 OK CAPABILITY completed
        C: A23 EXAMINE INBOX
        S: * 0 EXISTS
        S: A23 OK [READ-ONLY] Ok
        C: A24 GETQUOTAROOT INBOX
        S: * QUOTAROOT "INBOX" ""
        S: A24 OK GETQUOTAROOT Ok."""

    result = outcome(
        login_request(IMAPS, mechanism="native"), LOGIN + alert + "\n".join(map(str.strip, behind.splitlines()))
    )

    assert (result.verified, [item.code for item in result.findings]) == (True, ["server-alert"])


EXAMINED = """\
C: A21 AUTHENTICATE PLAIN AGFkYQBzZWNyZXQ=
S: A21 OK [CAPABILITY IMAP4rev1 QUOTA] Logged in
C: A22 EXAMINE INBOX
S: * 1 EXISTS
S: A22 OK [READ-ONLY] Examine completed (0.017 + 0.000 + 0.016 secs).
C: A23 GETQUOTAROOT INBOX
"""


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["* QUOTAROOT INBOX mailbox", "* QUOTA mailbox (STORAGE 3 2)", "A23 OK done"], ["STORAGE: 3 of 2"]),
        (["* QUOTA mailbox (STORAGE 1 2)", "A23 OK done"], []),
        (['* QUOTA "a (9 1)" (STORAGE 1 2 MESSAGE 10 10)', "A23 OK done"], ["MESSAGE: 10 of 10"]),
        (["* QUOTA mailbox (STORAGE 3 0)", "A23 OK done"], []),
        (["* QUOTA mailbox ()", "A23 OK done"], []),
        (["* QUOTA {7}", "mailbox (STORAGE 3 2)"], []),
        (["A23 NO [SERVERBUG] Quota is out of order"], []),
        (["EOF"], []),
    ],
    ids=["full", "room", "messages", "no-limit", "nothing", "literal", "refused", "gone"],
)
def test_a_full_mailbox_is_known_by_its_quota(lines: list[str], wanted: list[str]) -> None:
    """
    Used and allowed, for each resource; without an answer that can be read the mailbox is as good as it was.
    """
    reply = "\n".join(line if line == "EOF" else f"S: {line}" for line in lines)

    result = outcome(login_request(IMAPS), EXAMINED + reply)

    assert (result.verified, [item.evidence for item in result.findings]) == (
        True,
        [f"QUOTA {each}" for each in wanted],
    )


def test_a_server_of_utf_8_only_is_told_before_the_inbox_is_opened() -> None:
    """
    RFC 6855 §6: it refuses to open anything before ENABLE.
    """
    transcript = """\
C: A21 AUTHENTICATE PLAIN AGFkYQBzZWNyZXQ=
S: A21 OK [CAPABILITY IMAP4rev1 ENABLE UTF8=ONLY] Logged in
C: A22 ENABLE UTF8=ACCEPT
S: * ENABLED UTF8=ACCEPT
S: A22 OK done
C: A23 EXAMINE INBOX
S: * 1 EXISTS
S: A23 OK done"""

    assert outcome(login_request(IMAPS), transcript).verified


FOREIGN = Credentials.password("pässwort")


def test_letters_that_a_command_may_not_have_are_a_possible_cause() -> None:
    """
    LOGIN without UTF8=ACCEPT: the server may have read something else than was typed.
    """
    transcript = "C: A21 LOGIN {3}\nS: + OK\nC: ada {9}\nS: + OK\nC: pässwort\nS: A21 NO [AUTHENTICATIONFAILED] no"

    assert "client-quoting" in codes(login_request(IMAPS, FOREIGN, mechanism="native"), transcript)
    assert "client-quoting" not in codes(login_request(IMAPS, FOREIGN, mechanism="UTF8"), transcript)


@pytest.mark.parametrize("answer", ["+OK Unicode is fine", "-ERR not now"])
def test_pop3_is_told_utf_8_before_such_letters(answer: str) -> None:
    """
    RFC 6856: where CAPA has "UTF8 USER"; whatever is said to it, the login goes on.
    """
    transcript = f"C: UTF8\nS: {answer}\nC: USER ada\nS: +OK\nC: PASS pässwort\nS: -ERR [AUTH] no"

    found = codes(login_request(POP3S, FOREIGN, mechanism="UTF8"), transcript)

    assert found == ["bad-credentials", "username-must-be-full-address"]


def test_pop3_is_not_told_utf_8_without_need() -> None:
    """
    A password in ASCII is sent as ever.
    """
    transcript = "C: USER ada\nS: +OK\nC: PASS secret\nS: -ERR [AUTH] no"

    assert "bad-credentials" in codes(login_request(POP3S, mechanism="UTF8"), transcript)


@pytest.mark.parametrize(
    ("mechanism", "transcript"),
    [
        ("SMTPUTF8", "C: MAIL FROM:<jörg@example.org> SMTPUTF8\nS: 250 ok\nC: RSET\nS: 250 ok"),
        ("", ""),
    ],
    ids=["offered", "not-offered"],
)
def test_a_sender_outside_ascii_is_named_where_that_is_possible(mechanism: str, transcript: str) -> None:
    """
    RFC 6531 §3.4; elsewhere the accepted login is all that can be seen.
    """
    what = LoginRequest(SMTPS, "ada", login_request(SMTPS).credentials, sender="jörg@example.org", mechanism=mechanism)

    result = outcome(what, f"{POP3_SENT}235 2.7.0 Authentication successful\n{transcript}".rstrip("\n"))

    assert (result.accepted, result.verified) == (True, True)
