"""Logins at real servers: Dovecot for IMAP and POP3, Postfix with Dovecot's SASL for sending."""

from __future__ import annotations

from tests.support.lab.laboratory import Laboratory
from tests.support.lab.login_runs import checked, codes

PASSWORD = "laboratory"  # of everybody: see tests/support/lab/dovecot.py


def test_right_credentials_open_the_inbox_and_may_send(lab: Laboratory) -> None:
    """
    Dovecot opens the inbox, Postfix takes the sender.
    """
    code, answer = checked(lab, "ada@both.example", PASSWORD)

    results = [answer["verification"][name]["verified"] for name in ("incoming", "outgoing")]
    assert (results, codes(answer), code) == ([True, True], [], 0)


def test_a_wrong_password_is_named_and_not_tried_again(lab: Laboratory) -> None:
    """
    Dovecot refuses once; Postfix is not asked with the same password.
    """
    code, answer = checked(lab, "ada@both.example", "not-that-one")

    assert (codes(answer), code) == (["bad-credentials", "not-tried"], 1)


def test_any_character_reaches_the_server_as_it_is(lab: Laboratory) -> None:
    """
    Quotes, backslashes, blanks, braces and letters outside ASCII: a clean refusal, not a protocol error.
    """
    _, answer = checked(lab, "ada@both.example", 'lab" \\ {5} ö лаб')

    assert codes(answer)[0] == "bad-credentials"


def test_pop3_is_fit_for_services_that_fetch(lab: Laboratory) -> None:
    """
    Dovecot's lists fit together: the answer to the Mail Fetcher's question is yes.
    """
    code, answer = checked(lab, "ada@poponly.example", PASSWORD, "--profile", "pop-fetcher")

    verdicts = [each["verdict"] for each in answer["fitness"] if "polls POP3" in each["subject"]]
    assert (verdicts, code) == (["yes"], 0)


def test_a_typed_port_of_another_protocol_is_corrected(lab: Laboratory) -> None:
    """
    POP3 asked of Dovecot's IMAP port: the finding names what answers.
    """
    code, answer = checked(lab, "ada@both.example", PASSWORD, "--incoming", "pop3+starttls://imap.both.example:143")

    assert (codes(answer)[0], code) == ("wrong-protocol-on-port", 1)
