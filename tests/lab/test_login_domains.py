"""Accounts of every kind at real servers: Dovecot for IMAP and POP3, Postfix with Dovecot's SASL for sending."""

from __future__ import annotations

import pytest

from mailsettings.model import Protocol
from tests.support.lab.laboratory import Laboratory
from tests.support.lab.login_domains import DOMAIN, FOREIGN, MECHANISMS, MIXED, PASSWORD, TOKEN, TOKENS
from tests.support.lab.login_runs import IMAP, POP3, SMTP, checked, codes, held, server, verified

HOST = f"mail.{DOMAIN}"
ALL = pytest.mark.parametrize("protocol", [IMAP, POP3, SMTP], ids=str)
MAILBOXES = pytest.mark.parametrize("protocol", [IMAP, POP3], ids=str)


def option(protocol: Protocol, host: str = HOST) -> tuple[str, str]:
    """Return the words that name the server to the command."""
    endpoint = server(host, protocol)
    return ("--outgoing" if protocol is SMTP else "--incoming", f"{protocol}://{host}:{endpoint.port}")


# The local part of the address, the password, the user name if it is another, and what is to be found.
CASES = [
    pytest.param("ada", PASSWORD, "", [], id="good"),
    pytest.param("ada", "wrong horse", "", ["bad-credentials"], id="wrong-password"),
    # Dovecot writes "user disabled" to its log, and to the client what it says of a wrong password.
    pytest.param("gone", PASSWORD, "", ["bad-credentials"], id="disabled"),
    pytest.param("ada", FOREIGN, f"jörg@{DOMAIN}", [], id="non-ascii"),
    pytest.param("ada", FOREIGN, "", ["bad-credentials"], id="non-ascii-wrong"),
    pytest.param("local", PASSWORD, "", ["bad-credentials"], id="local-part-only"),
    pytest.param("local", PASSWORD, "local", [], id="local-part-given"),
    pytest.param(
        "ada", PASSWORD, "ada", ["bad-credentials", "username-must-be-full-address"], id="full-address-only-unsaid"
    ),
]


@ALL
@pytest.mark.parametrize(("local", "password", "username", "wanted"), CASES)
def test_each_account_has_its_finding(
    login_lab: Laboratory, protocol: Protocol, local: str, password: str, username: str, wanted: list[str]
) -> None:
    """
    The same account over each protocol, by the library: verified without a finding, or refused for its reason.
    """
    result = verified(login_lab, server(HOST, protocol), f"{local}@{DOMAIN}", password, username=username)

    assert (codes(result), result.verified) == (wanted, not wanted)


@ALL
@pytest.mark.parametrize(("local", "password", "username", "wanted"), CASES)
def test_the_command_says_the_same(
    login_lab: Laboratory, protocol: Protocol, local: str, password: str, username: str, wanted: list[str]
) -> None:
    """
    `mailsettings check` with the server typed: the same codes, and an exit code that fits to them.
    """
    words = (*option(protocol), *(("--username", username) if username else ()))

    code, answer = checked(login_lab, f"{local}@{DOMAIN}", password, *words)

    assert (codes(answer), code) == (wanted, 1 if wanted else 0)


@pytest.mark.parametrize(("protocol", "port"), [(IMAP, 143), (POP3, 110), (SMTP, 587)], ids=["imap", "pop3", "smtp"])
def test_a_login_behind_starttls_is_as_good(login_lab: Laboratory, protocol: Protocol, port: int) -> None:
    """
    TLS first, then the password, on the ports that begin without TLS.
    """
    assert verified(login_lab, server(HOST, protocol, port), f"ada@{DOMAIN}", PASSWORD).verified


@MAILBOXES
def test_a_login_that_is_switched_off_says_so(login_lab: Laboratory, protocol: Protocol) -> None:
    """
    Dovecot's nologin: "Login disabled for this user". Postfix does not hear of it and lets the user send.
    """
    refused = verified(login_lab, server(HOST, protocol), f"off@{DOMAIN}", PASSWORD)
    sending = verified(login_lab, server(HOST, SMTP), f"off@{DOMAIN}", PASSWORD)

    assert (codes(refused), sending.verified) == (["account-locked"], True)


@MAILBOXES
def test_the_whole_address_is_tried_where_the_server_asks_for_it(login_lab: Laboratory, protocol: Protocol) -> None:
    """
    The refusal of the local part names its cause: one more attempt, and the user learns which name is right.
    """
    result = verified(login_lab, server(HOST, protocol), f"bob@{DOMAIN}", PASSWORD, username="bob")

    assert (codes(result), result.username, result.verified) == (["username-other-form"], f"bob@{DOMAIN}", True)


@pytest.mark.parametrize(
    ("protocol", "wanted"), [(IMAP, "server-fault"), (POP3, "server-fault"), (SMTP, "bad-credentials")], ids=str
)
def test_a_server_that_cannot_look_the_user_up_has_not_judged_the_password(
    login_lab: Laboratory, protocol: Protocol, wanted: str
) -> None:
    """
    [UNAVAILABLE] and [SYS/TEMP]: a trouble of the server, and nothing said about the password. Postfix makes of it what
    it makes of a wrong password, 535 5.7.8: nobody outside can tell them apart.
    """
    result = verified(login_lab, server(HOST, protocol), f"broken@{DOMAIN}", PASSWORD)

    assert (result.accepted, codes(result)) == (False, [wanted])


@pytest.mark.parametrize(
    ("address", "name"), [("eva@web.de", "eva@web.de"), ("max@comcast.net", "max")], ids=["address", "local-part"]
)
def test_the_second_form_of_the_table_is_tried(login_lab: Laboratory, address: str, name: str) -> None:
    """
    The row has local part and whole address, or the reverse; the server knows the second form only. It is found with
    the second attempt, and the other direction uses it at once.
    """
    code, answer = checked(login_lab, address, PASSWORD)

    results = [answer["verification"][way] for way in ("incoming", "outgoing")]
    assert [(each["username"], each["verified"]) for each in results] == [(name, True), (name, True)]
    assert (codes(answer), code) == (["username-other-form"], 0)


def test_two_refused_forms_are_the_end(login_lab: Laboratory) -> None:
    """
    Both forms of the row with a wrong password: Dovecot has seen two attempts, Postfix none; what is usual is named.
    """
    log = login_lab.directory / "dovecot-two-forms/log"
    before = log.read_text().count("auth failed, 1 attempts")

    code, answer = checked(login_lab, "eva@web.de", "wrong horse")

    usual = ["app-password-required", "imap-disabled"]
    assert (codes(answer), code) == (["bad-credentials", *usual, "not-tried"], 1)
    assert log.read_text().count("auth failed, 1 attempts") - before == 2


def test_a_full_mailbox_is_seen_behind_the_login(login_lab: Laboratory) -> None:
    """
    Neither login nor inbox show it: GETQUOTAROOT does. POP3 has no word for it, and a full mailbox may send.
    """
    address = f"full@{DOMAIN}"
    found = {
        protocol: verified(login_lab, server(HOST, protocol), address, PASSWORD) for protocol in (IMAP, POP3, SMTP)
    }

    code, answer = checked(login_lab, address, PASSWORD, *option(IMAP))

    assert [result.verified for result in found.values()] == [True, True, True]
    assert [codes(result) for result in found.values()] == [["over-quota"], [], []]
    assert (codes(answer), code) == (["over-quota"], 1)


@pytest.mark.parametrize(
    ("protocol", "host", "count"), [(IMAP, HOST, 2), (POP3, HOST, 2), (SMTP, f"busy.{DOMAIN}", 1)], ids=str
)
def test_too_many_connections_are_told_from_a_wrong_password(
    login_lab: Laboratory, protocol: Protocol, host: str, count: int
) -> None:
    """
    mail_max_userip_connections of Dovecot answers the login, smtpd_client_connection_count_limit of Postfix greets.
    """
    user = f"busy@{DOMAIN}"
    with held(login_lab, host, protocol, count, user, PASSWORD):
        result = verified(login_lab, server(host, protocol), user, PASSWORD)
        code, answer = checked(login_lab, user, PASSWORD, *option(protocol, host))

    assert (codes(result), set(codes(answer)), code) == (["too-many-connections"], {"too-many-connections"}, 1)


@ALL
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_every_mechanism_logs_in(login_lab: Laboratory, protocol: Protocol, mechanism: str) -> None:
    """
    A server with one mechanism alone: the right password is verified with it, a wrong one is a wrong one.
    """
    domain = MECHANISMS[mechanism]
    good, bad = (
        verified(login_lab, server(f"mail.{domain}", protocol), f"ada@{domain}", password)
        for password in (PASSWORD, "wrong horse")
    )

    assert (good.mechanism, good.verified, codes(good)) == (mechanism, True, [])
    assert (bad.mechanism, bad.accepted, codes(bad)) == (mechanism, False, ["bad-credentials"])


@ALL
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_every_mechanism_carries_any_letter(login_lab: Laboratory, protocol: Protocol, mechanism: str) -> None:
    """
    UTF-8 in user name and password, in each mechanism's own form.
    """
    domain = MECHANISMS[mechanism]

    result = verified(
        login_lab, server(f"mail.{domain}", protocol), f"ada@{domain}", FOREIGN, username=f"jörg@{domain}"
    )

    assert (result.mechanism, result.verified, codes(result)) == (mechanism, True, [])


@ALL
def test_scram_needs_a_password_that_is_stored_for_it(login_lab: Laboratory, protocol: Protocol) -> None:
    """
    As {SCRAM-SHA-256} it is. As {SHA512-CRYPT} the right password is refused as a wrong one would be: why PLAIN comes
    first where it is offered.
    """
    domain = MECHANISMS["SCRAM-SHA-256"]
    good, bad = (
        verified(login_lab, server(f"mail.{domain}", protocol), f"{local}@{domain}", PASSWORD)
        for local in ("bob", "eve")
    )

    assert (good.mechanism, good.verified, codes(good)) == ("SCRAM-SHA-256", True, [])
    assert (bad.accepted, codes(bad)) == (False, ["bad-credentials"])


@ALL
@pytest.mark.parametrize("local", ["ada", "bob"])
def test_a_listed_scram_is_not_relied_upon(login_lab: Laboratory, protocol: Protocol, local: str) -> None:
    """
    One password is stored as SHA512-CRYPT, which SCRAM cannot do, the other as SCRAM-SHA-256: PLAIN does with both.
    """
    result = verified(login_lab, server(f"mail.{MIXED}", protocol), f"{local}@{MIXED}", PASSWORD)

    assert (result.mechanism, result.verified, codes(result)) == ("PLAIN", True, [])


def test_a_sender_that_is_not_theirs_is_told_from_a_wrong_password(login_lab: Laboratory) -> None:
    """
    Postfix takes the login and refuses MAIL FROM: "Sender address rejected: not owned by user".
    """
    host = f"strict.{DOMAIN}"

    result = verified(login_lab, server(host, SMTP), f"ada@{DOMAIN}", PASSWORD)
    code, answer = checked(login_lab, f"ada@{DOMAIN}", PASSWORD, *option(SMTP, host))

    assert (result.accepted, result.verified, codes(result)) == (True, False, ["sender-not-allowed"])
    assert (codes(answer), code) == (["sender-not-allowed"], 1)


@ALL
@pytest.mark.parametrize("mechanism", TOKENS)
def test_a_token_is_accepted_or_rejected(login_lab: Laboratory, protocol: Protocol, mechanism: str) -> None:
    """
    Dovecot asks the token service of the laboratory: one token is valid, an expired or invented one is not.
    """
    domain = TOKENS[mechanism]
    good, bad = (
        verified(login_lab, server(f"mail.{domain}", protocol), f"ada@{domain}", token, token=True)
        for token in (TOKEN, "ya29.expired")
    )

    assert (good.mechanism, good.verified, codes(good)) == (mechanism, True, [])
    assert (bad.mechanism, bad.accepted, codes(bad)) == (mechanism, False, ["oauth-token-rejected"])


@pytest.mark.parametrize("mechanism", TOKENS)
def test_the_command_takes_a_token(login_lab: Laboratory, mechanism: str) -> None:
    """
    `--token-stdin`: both directions of a domain that was found by itself.
    """
    address = f"ada@{TOKENS[mechanism]}"

    good, found = checked(login_lab, address, TOKEN, token=True)
    bad, refused = checked(login_lab, address, "ya29.expired", token=True)

    assert (good, codes(found)) == (0, [])
    assert (bad, codes(refused)) == (1, ["oauth-token-rejected", "not-tried"])


@ALL
def test_a_token_of_somebody_else_is_rejected(login_lab: Laboratory, protocol: Protocol) -> None:
    """
    The token is valid, the user is not the one it was made for.
    """
    domain = TOKENS["XOAUTH2"]

    result = verified(login_lab, server(f"mail.{domain}", protocol), f"eve@{domain}", TOKEN, token=True)

    assert (result.accepted, codes(result)) == (False, ["oauth-token-rejected"]), result.findings


@pytest.mark.parametrize("protocol", [IMAP, SMTP], ids=str)
@pytest.mark.parametrize("mechanism", TOKENS)
def test_a_password_where_only_tokens_are_taken_stays_here(
    login_lab: Laboratory, protocol: Protocol, mechanism: str
) -> None:
    """
    OAuth only: no attempt is made.
    """
    domain = TOKENS[mechanism]

    result = verified(login_lab, server(f"mail.{domain}", protocol), f"ada@{domain}", PASSWORD)

    assert (result.mechanism, codes(result)) == ("", ["basic-auth-disabled"])


def test_pop3_lists_user_where_it_takes_only_tokens(login_lab: Laboratory) -> None:
    """
    Dovecot's CAPA has USER all the same, and PASS is answered "[AUTH] Unsupported authentication mechanism".
    """
    domain = TOKENS["XOAUTH2"]

    result = verified(login_lab, server(f"mail.{domain}", POP3), f"ada@{domain}", PASSWORD)

    assert codes(result) == ["mechanism-not-offered", "basic-auth-disabled"]


@ALL
def test_a_token_where_only_passwords_are_taken_stays_here(login_lab: Laboratory, protocol: Protocol) -> None:
    """
    A token is no password: nothing is sent.
    """
    result = verified(login_lab, server(HOST, protocol), f"ada@{DOMAIN}", TOKEN, token=True)

    assert (result.mechanism, codes(result)) == ("", ["mechanism-not-offered"])
