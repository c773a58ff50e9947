"""Logins where the software differs: Courier for IMAP and POP3, Exim for sending."""

from __future__ import annotations

import pytest

from mailsettings.model import Protocol
from tests.support.lab.laboratory import Laboratory
from tests.support.lab.login_domains import COURIER, EXIM, FOREIGN, PASSWORD
from tests.support.lab.login_runs import IMAP, POP3, SMTP, codes, held, server, verified

MAILBOXES = pytest.mark.parametrize(("protocol", "port"), [(IMAP, 0), (IMAP, 143), (POP3, 0), (POP3, 110)], ids=str)
COMMANDS = {IMAP: "the LOGIN command", POP3: "USER and PASS"}


@MAILBOXES
def test_courier_is_logged_in_to_with_commands(login_lab: Laboratory, protocol: Protocol, port: int) -> None:
    """
    As Debian sets it up it has no SASL: LOGIN with literals, USER and PASS. Its POP3 wants ten seconds between logins.
    """
    result = verified(login_lab, server(f"mail.{COURIER}", protocol, port), f"ada@{COURIER}", PASSWORD)

    assert (result.mechanism, result.verified, result.messages) == (COMMANDS[protocol], True, 0)
    # Courier's IMAP says in an alert that it has no file monitor.
    said = [code for code in codes(result) if code != "server-alert"]
    assert said == (["login-delay"] if protocol is POP3 else [])


@MAILBOXES
def test_courier_refuses_a_wrong_password(login_lab: Laboratory, protocol: Protocol, port: int) -> None:
    """
    "NO Login failed." is what Microsoft says, too; here nobody is sent to OAuth, which the server does not have.
    """
    result = verified(login_lab, server(f"mail.{COURIER}", protocol, port), f"ada@{COURIER}", "wrong horse")

    assert (codes(result), result.accepted) == (["bad-credentials"], False)


@pytest.mark.parametrize("protocol", [IMAP, POP3], ids=str)
def test_any_letter_reaches_courier(login_lab: Laboratory, protocol: Protocol) -> None:
    """
    UTF-8, quotes, backslashes and braces in user name and password, in commands without base64 around them; Courier
    lists UTF8=ACCEPT and, for POP3, "UTF8 USER" (RFC 6855, RFC 6856).
    """
    endpoint = server(f"mail.{COURIER}", protocol)
    good, bad = (
        verified(login_lab, endpoint, f"ada@{COURIER}", password, username=f"jörg@{COURIER}")
        for password in (FOREIGN, FOREIGN + "x")
    )

    assert (good.verified, bad.accepted, codes(bad)) == (True, False, ["bad-credentials"])
    assert any("UTF8" in line for line in good.capabilities)


@pytest.mark.parametrize("protocol", [IMAP, POP3], ids=str)
def test_courier_says_nothing_to_too_many_connections(login_lab: Laboratory, protocol: Protocol) -> None:
    """
    It hangs up instead of greeting: that something cuts the connection is all that can be said.
    """
    host = f"mail.{COURIER}"
    with held(login_lab, host, protocol, 4, f"ada@{COURIER}", PASSWORD):
        result = verified(login_lab, server(host, protocol), f"ada@{COURIER}", PASSWORD)

    assert (codes(result), result.accepted) == (["connection-reset"], False)


@pytest.mark.parametrize("port", [0, 587])
def test_exim_takes_a_login_and_a_sender(login_lab: Laboratory, port: int) -> None:
    """
    235 without an enhanced status code, and MAIL FROM.
    """
    result = verified(login_lab, server(f"mail.{EXIM}", SMTP, port), f"ada@{EXIM}", PASSWORD)

    assert (result.mechanism, result.verified, codes(result)) == ("PLAIN", True, [])


@pytest.mark.parametrize("port", [0, 587])
def test_exim_refuses_a_wrong_password(login_lab: Laboratory, port: int) -> None:
    """
    "535 Incorrect authentication data": a basic code alone.
    """
    result = verified(login_lab, server(f"mail.{EXIM}", SMTP, port), f"ada@{EXIM}", "wrong horse")

    assert (codes(result), result.accepted) == (["bad-credentials"], False)


def test_exim_that_cannot_look_the_user_up_has_not_judged_the_password(login_lab: Laboratory) -> None:
    """
    "435 Unable to authenticate at present": a code that no RFC has, and a trouble of the server.
    """
    result = verified(login_lab, server(f"mail.{EXIM}", SMTP), f"broken@{EXIM}", PASSWORD)

    assert (codes(result), result.accepted) == (["server-fault"], False)
