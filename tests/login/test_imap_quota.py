"""How full a mailbox is, as transcripts behind an IMAP login."""

import pytest

from mailsettings.login.imap import quota_resources
from mailsettings.login.session import Topic
from tests.support.login_player import IMAPS, login_request, play

LOGIN = """\
C: A21 AUTHENTICATE PLAIN AGFkYQBzZWNyZXQ=
S: A21 OK [CAPABILITY IMAP4rev1 {}] welcome
C: A22 EXAMINE INBOX
S: A22 OK done
"""
ASKED = "C: A23 GETQUOTAROOT INBOX\n{}C: A2 LOGOUT\n"


def quota(*lines: str, tagged: str = "OK done") -> tuple[list[str], str]:
    """Return the codes observed, and the figures as they are shown."""
    said = "".join(f"S: {line}\n" for line in (*lines, f"A23 {tagged}"))
    session = play(login_request(IMAPS), LOGIN.format("QUOTA") + ASKED.format(said))
    assert session.opened
    return [each.code for each in session.observations], next(
        (s.text for s in session.replies if s.topic is Topic.QUOTA), ""
    )


@pytest.mark.parametrize(
    ("line", "codes", "shown"),
    [
        ('* QUOTA "" (STORAGE 512000 1024000)', [], "500 of 1000 MB"),
        ('* QUOTA "" (STORAGE 921600 1024000)', ["quota-nearly-full"], "900 of 1000 MB"),
        ('* QUOTA "" (STORAGE 1024000 1024000)', ["over-quota"], "1000 of 1000 MB"),
        (
            '* QUOTA "User quota" (STORAGE 1 1024 MESSAGE 99 100)',
            ["quota-nearly-full"],
            "0 of 1 MB; 99 of 100 (message)",
        ),
        ('* quota "" (storage 10 0)', [], ""),
        ('* QUOTA "" ()', [], ""),
        ('* QUOTA "" (STORAGE many 10)', [], ""),
        ('* QUOTAROOT INBOX ""', [], ""),
    ],
)
def test_the_server_s_figures_are_read(line: str, codes: list[str], shown: str) -> None:
    """
    Full, nearly full, or neither; 0 is no limit, and what is no figure is none.
    """
    assert quota('* QUOTAROOT INBOX ""', line) == (codes, shown)


def test_a_server_that_refuses_to_say_is_fit_all_the_same() -> None:
    """
    The mailbox was opened; that nobody knows how full it is, is no fault.
    """
    assert quota(tagged="NO not for you") == ([], "")


def test_a_server_without_quotas_is_not_asked() -> None:
    """
    Nothing is sent that the server does not list.
    """
    assert play(login_request(IMAPS), LOGIN.format("IDLE") + "C: A2 LOGOUT\n").observations == ()


def test_the_resources_of_rfc_9208_are_asked_for_as_well() -> None:
    """
    QUOTA=RES-STORAGE stands for QUOTA in a server that knows the newer document alone.
    """
    transcript = LOGIN.format("QUOTA=RES-STORAGE") + ASKED.format("S: A23 OK done\n")

    assert play(login_request(IMAPS), transcript).opened


@pytest.mark.parametrize("start", [b"* QUOTA (", b"* QUOTA (A", b"* QUOTA (A 1", b"* QUOTA (A 1 1"])
def test_long_lines_have_no_figures(start: bytes) -> None:
    """
    Whatever a stranger sends: figures of sixty thousand digits are none.
    """
    assert all(each.limit < 10**18 for each in quota_resources([start + start[-1:] * 60000]))
