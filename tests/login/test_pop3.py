"""POP3 logins and what a program that fetches mail meets, as transcripts."""

import pytest

from mailsettings.errors import NetworkError
from tests.support.login_player import POLICY, POP3S, login_request, play

WELCOME = "C: AUTH PLAIN AGFkYQBzZWNyZXQ=\nS: +OK welcome\n"


def codes(transcript: str, *, thorough: bool = False, mechanism: str = "") -> list[str]:
    session = play(login_request(POP3S, thorough=thorough, mechanism=mechanism), transcript)
    assert session.opened
    return [each.code for each in session.observations]


def test_a_mailbox_is_counted_and_its_ids_read() -> None:
    """
    STAT and UIDL behind the login: only then is it verified.
    """
    session = play(
        login_request(POP3S), WELCOME + "C: STAT\nS: +OK 2 300\nC: UIDL\nS: +OK\nS: 1 aa\nS: 2 bb\nS: .\nC: QUIT\n"
    )

    assert (session.accepted, session.opened, session.messages, session.observations) == (True, True, 2, ())


def test_user_and_pass_serve_where_sasl_does_not() -> None:
    """
    RFC 1939 §7; the password may have blanks, which PASS takes as they are.
    """
    transcript = "C: USER ada\nS: +OK\nC: PASS secret\nS: -ERR [AUTH] no\nC: QUIT\n"

    session = play(login_request(POP3S, mechanism="native"), transcript)

    assert (session.mechanism, session.replies[-1].text) == ("USER and PASS", "-ERR [AUTH] no")


def test_a_refusal_behind_the_login_is_seen() -> None:
    """
    Gmail accepts the password and says at STAT that POP is switched off.
    """
    session = play(login_request(POP3S), WELCOME + "C: STAT\nS: -ERR [SYS/PERM] not enabled for POP access\nC: QUIT\n")

    assert (session.accepted, session.opened) == (True, False)


STAT = "C: STAT\nS: +OK 2 300\n"
GOOD_IDS = "C: UIDL\nS: +OK\nS: 1 aa\nS: 2 bb\nS: .\n"
GOOD_LIST = "C: LIST\nS: +OK\nS: 1 100\nS: 2 200\nS: .\n"
TOPS = "".join(f"C: TOP {n} 0\nS: +OK\nS: Subject: x\nS: \nS: .\nC: NOOP\nS: +OK\n" for n in (1, 2))


@pytest.mark.parametrize(
    ("transcript", "wanted"),
    [
        pytest.param(GOOD_IDS + GOOD_LIST + TOPS, [], id="nothing-wrong"),
        pytest.param(GOOD_IDS.replace("bb", "aa") + GOOD_LIST + TOPS, ["ids-not-unique"], id="the-same-id-twice"),
        pytest.param(GOOD_IDS.replace("2 bb", "2") + GOOD_LIST + TOPS, ["ids-not-unique"], id="a-message-without-id"),
        pytest.param("C: UIDL\nS: -ERR unknown\n" + GOOD_LIST + TOPS, ["leave-on-server-impossible"], id="no-UIDL"),
        pytest.param(
            GOOD_IDS + GOOD_LIST.replace("1 100", "0 100").replace("2 200", "1 200") + TOPS,
            ["list-invalid"],
            id="list-starts-at-0",
        ),
        pytest.param(
            GOOD_IDS + GOOD_LIST.replace("S: 1 100\nS: 2 200", "S: 2 200\nS: 1 100") + TOPS,
            ["list-invalid"],
            id="list-out-of-order",
        ),
        pytest.param(
            GOOD_IDS + GOOD_LIST.replace("200", "201") + TOPS, ["list-invalid"], id="sizes-do-not-add-up-to-STAT"
        ),
        pytest.param(
            GOOD_IDS + GOOD_LIST.replace("S: 2 200", "S: \nS: 2 200") + TOPS, ["empty-line"], id="empty-line-in-a-list"
        ),
    ],
)
def test_the_list_of_the_mail_fetcher_is_gone_through(transcript: str, wanted: list[str]) -> None:
    """
    Each fault that makes a service that polls POP3 stop, alone in an otherwise good mailbox.
    """
    found = codes(WELCOME + STAT + transcript + "C: QUIT\n", thorough=True)

    assert list(dict.fromkeys(found)) == wanted


def test_a_line_with_a_single_dot_breaks_a_message() -> None:
    """
    RFC 1939 §3 wants a second dot; without it the rest of the message passes for the next answer.
    """
    broken = "C: TOP 1 0\nS: +OK\nS: Subject: x\nS: .\nC: NOOP\nS: rest of the message\nC: QUIT\n"

    assert codes(WELCOME + STAT + GOOD_IDS + GOOD_LIST + broken, thorough=True) == ["dots-not-escaped"]


def test_what_the_server_says_of_leaving_mail_is_heard() -> None:
    """
    EXPIRE 0 deletes what was fetched, LOGIN-DELAY asks for patience (RFC 2449 §6.5, §6.7).
    """
    transcript = "C: USER ada\nS: +OK\nC: PASS secret\nS: +OK\n" + STAT + GOOD_IDS + "C: QUIT\n"

    assert codes(transcript, mechanism="expire") == ["leave-on-server-impossible", "login-delay"]


def test_a_mailbox_with_very_many_messages_is_not_listed() -> None:
    """
    One id shows that there are ids, two sizes that the list has its ends; all of it would be more than we read.
    """
    transcript = WELCOME + "C: STAT\nS: +OK 60000 9\nC: UIDL 1\nS: +OK 1 aa\n"
    edges = "C: LIST 1\nS: +OK 1 100\nC: LIST 60000\nS: +OK 60000 100\nC: QUIT\n"

    assert codes(transcript + edges, thorough=True) == ["mailbox-very-large"]


@pytest.mark.parametrize(
    ("first", "last", "wanted"),
    [
        ("+OK 1 100", "+OK 2000 100", []),
        ("+OK 0 100", "+OK 2000 100", ["list-invalid"]),
        ("+OK 1 100", "-ERR no such message", ["list-invalid"]),
        ("+OK 1 60000000", "+OK 2000 100", ["message-very-large"]),
    ],
)
def test_a_long_list_is_looked_at_from_both_ends(first: str, last: str, wanted: list[str]) -> None:
    """
    It begins at 1 and ends at what STAT counts.
    """
    transcript = WELCOME + "C: STAT\nS: +OK 2000 9\nC: UIDL 1\nS: +OK 1 aa\n"
    edges = f"C: LIST 1\nS: {first}\nC: LIST 2000\nS: {last}\nC: QUIT\n"

    assert codes(transcript + edges, thorough=True) == wanted


def test_an_answer_that_is_none_behind_the_login_is_a_fault_of_the_server() -> None:
    """
    The mailbox was opened; a program that fetches all of it stops here.
    """
    assert codes(WELCOME + STAT + "C: UIDL\nS: whatever\nC: QUIT\n") == ["bad-reply"]


def test_a_list_without_end_is_too_large() -> None:
    """
    More lines than anybody reads: what comes is not what STAT has announced.
    """
    endless = "C: UIDL\nS: +OK\n" + "S: 1 aa\n" * POLICY.limits.max_lines + "C: QUIT\n"

    assert codes(WELCOME + STAT + endless) == ["reply-too-large"]


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [("+OK\nS: .", []), ("-ERR unknown command", ["leave-on-server-impossible"])],
    ids=["answers", "refused"],
)
def test_ids_that_are_not_announced_are_asked_for(answer: str, wanted: list[str]) -> None:
    """
    Some servers list UIDL in CAPA only behind the login, or never: what UIDL itself answers counts.
    """
    transcript = "C: USER ada\nS: +OK\nC: PASS secret\nS: +OK\nC: STAT\nS: +OK 0 0\n"
    lists = f"C: UIDL\nS: {answer}\nC: LIST\nS: +OK\nS: .\nC: QUIT\n"

    assert codes(transcript + lists, thorough=True, mechanism="silent") == wanted


def test_a_message_of_many_megabytes_is_named() -> None:
    """
    Services that fetch have a limit for one message.
    """
    transcript = WELCOME + "C: STAT\nS: +OK 2 60000100\n" + GOOD_IDS + GOOD_LIST.replace("200", "60000000") + TOPS

    assert codes(transcript + "C: QUIT\n", thorough=True) == ["message-very-large"]


def test_an_empty_line_where_an_answer_belongs_is_noted() -> None:
    """
    "Received an empty line": the answer behind it counts.
    """
    assert codes(WELCOME + "C: STAT\nS: \nS: +OK 0 0\nC: UIDL\nS: +OK\nS: .\nC: QUIT\n") == ["empty-line"]


def test_an_answer_that_is_none_is_not_repeated() -> None:
    """
    A server may echo the password.
    """
    with pytest.raises(NetworkError) as caught:
        play(login_request(POP3S), "C: AUTH PLAIN AGFkYQBzZWNyZXQ=\nS: you said secret\n")

    assert "secret" not in str(caught.value)
