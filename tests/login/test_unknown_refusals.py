"""Refusals in words that are not known, alerts, and mailboxes that do not open behind an accepted login."""

import pytest

from mailsettings import parse_address
from mailsettings.diagnosis.replies import login_refusal_findings
from mailsettings.login.result import LoginResult, login_result
from mailsettings.login.session import LoginRequest
from mailsettings.login.verify import Verification
from mailsettings.model import Confidence, Endpoint, Hint, Probe, Protocol, Provider, Security, ServerSettings
from mailsettings.testing import HEAR, TLS, FakeNetwork, Say, Script, scripted
from tests.support.login_player import IMAPS, POP3S, SMTPS, login_request, play
from tests.support.login_worlds import ADA, D, verified

LEAVE = {IMAPS: "\nC: A2 LOGOUT\n", POP3S: "\nC: QUIT\n", SMTPS: "\nC: QUIT\n"}
SENT = {
    IMAPS: "C: A21 AUTHENTICATE PLAIN AGFkYQBzZWNyZXQ=\nS: A21 ",
    POP3S: "C: AUTH PLAIN AGFkYQBzZWNyZXQ=\nS: ",
    SMTPS: "C: AUTH PLAIN AGFkYQBzZWNyZXQ=\nS: ",
}
SWITCHED_OFF = Provider("x", "X", hints=(Hint("enable_imap", "…"), Hint("app_password_2fa", "…")))


def outcome(what: LoginRequest, reply: str, provider: Provider | None = None) -> LoginResult:
    """Return what the refusal *reply* of the login *what* means."""
    session = play(what, SENT[what.endpoint] + reply + LEAVE[what.endpoint])
    return login_result(Probe(what.endpoint, hello=session), what, provider)


def codes(result: LoginResult) -> list[str]:
    return [item.code for item in result.findings]


@pytest.mark.parametrize(
    ("endpoint", "reply"),
    [
        (IMAPS, "BAD Zorg 17"),
        (SMTPS, "550 Zorg 17"),
        (SMTPS, "500 5.5.1 Zorg 17"),
        (SMTPS, "571 Zorg 17"),
    ],
)
def test_a_reply_about_the_command_says_nothing_of_the_password(endpoint: Endpoint, reply: str) -> None:
    """
    IMAP BAD, and in SMTP everything but 535: the words are quoted, and the password is not blamed.
    """
    result = outcome(login_request(endpoint), reply)

    assert codes(result) == ["server-refused"]
    assert "Zorg 17" in result.findings[0].text
    assert not result.credentials_refused


@pytest.mark.parametrize(("endpoint", "reply"), [(IMAPS, "NO Zorg 17"), (POP3S, "-ERR Zorg 17")])
def test_a_refused_login_in_unknown_words_names_the_password_as_possible(endpoint: Endpoint, reply: str) -> None:
    """
    The status is that of a refused login: a wrong password is one possible cause, and no other server is asked.
    """
    result = outcome(login_request(endpoint), reply)

    found = {item.code: item.confidence for item in result.findings}
    assert found["server-refused"] is Confidence.CERTAIN
    assert found["bad-credentials"] is Confidence.POSSIBLE
    assert result.credentials_refused


@pytest.mark.parametrize(
    ("endpoint", "reply", "wanted"),
    [
        (IMAPS, "NO Zorg", ["server-refused", "bad-credentials", "app-password-required", "imap-disabled"]),
        (POP3S, "-ERR Zorg", ["server-refused", "bad-credentials", "app-password-required", "access-disabled"]),
        (SMTPS, "550 Zorg", ["server-refused", "app-password-required"]),
        (IMAPS, "NO authentication failed", ["bad-credentials", "app-password-required", "imap-disabled"]),
    ],
)
def test_the_hints_of_a_provider_name_possible_causes(endpoint: Endpoint, reply: str, wanted: list[str]) -> None:
    """
    What the table says of a provider is usual there: IMAP off by default, two-factor sign-in.
    """
    found = outcome(login_request(endpoint), reply, SWITCHED_OFF).findings

    assert [item.code for item in found if item.code != "username-must-be-full-address"] == wanted


@pytest.mark.parametrize(("text", "protocol"), [("", Protocol.POP3), ("\x1b[2J", Protocol.IMAP), ("x" * 999, "imap")])
def test_quoted_words_are_short_and_printable(text: str, protocol: Protocol) -> None:
    """
    Whatever a server says fits into the sentence.
    """
    first = next(login_refusal_findings(text, Protocol(protocol)))

    assert first.text.isprintable()
    assert len(first.text) < 260


def test_words_in_an_old_charset_are_quoted_in_their_letters() -> None:
    """
    A POP3 server in Russia, in KOI8-R: the user can read what it says.
    """

    def old() -> Script:
        yield TLS()
        yield Say(b"+OK hi\r\n")
        while True:
            verb = (yield HEAR).split()[0].upper()
            replies = {b"CAPA": b"+OK\r\nUSER\r\n.", b"PASS": "-ERR зорг семнадцать и восемь".encode("koi8-r")}
            yield Say(replies.get(verb, b"+OK") + b"\r\n")

    net = FakeNetwork(rtt=0.05)
    net.host(f"mail.{D}").serve(scripted(995, old))
    typed = Endpoint(Protocol.POP3, f"mail.{D}", 995, Security.TLS)

    found = verified(net, ServerSettings(parse_address(ADA), typed, None)).findings

    assert "зорг семнадцать" in found[0].text


def test_an_alert_in_a_tagged_ok_is_shown() -> None:
    """
    RFC 3501 §7.1: the text must be presented to the user, also where everything works.
    """
    transcript = (
        SENT[IMAPS] + "OK [ALERT] Your certificate ends on Friday\n"
        "C: A22 CAPABILITY\nS: * CAPABILITY IMAP4rev1\nS: A22 OK done\n"
        "C: A23 EXAMINE INBOX\nS: * OK [ALERT] Backup tonight\nS: * 3 EXISTS\nS: A23 OK done" + LEAVE[IMAPS]
    )
    what = login_request(IMAPS)

    result = login_result(Probe(IMAPS, hello=play(what, transcript)), what, None)

    assert result.verified
    assert [(item.code, item.text) for item in result.findings] == [
        ("server-alert", "The server has a message for you: “Your certificate ends on Friday”."),
        ("server-alert", "The server has a message for you: “Backup tonight”."),
    ]


def test_an_alert_that_is_the_refusal_is_shown_once() -> None:
    """
    The refusal's evidence has it already.
    """
    result = outcome(login_request(IMAPS), "NO [ALERT] Zorg 17")

    assert "server-alert" not in codes(result)
    assert "Zorg 17" in result.findings[0].text


def behind_login(then: bytes | None, login: bytes = b"OK done") -> Script:
    """Accept every login of IMAP with *login*, answer what follows with *then* (TAG stands for the tag) or nothing."""
    yield TLS()
    yield Say(b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi\r\n")
    while True:
        tag, _, command = (yield HEAR).partition(b" ")
        if command.upper().startswith(b"CAPABILITY"):
            yield Say(b"* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN\r\n" + tag + b" OK\r\n")
        elif command.upper().startswith(b"AUTHENTICATE"):
            yield Say(tag + b" " + login + b"\r\n")
        elif then is not None:
            yield Say(then.replace(b"TAG", tag) + b"\r\n")


def opened(then: bytes | None, login: bytes = b"OK done") -> Verification:
    """Return the result of a login behind which the mailbox is asked for."""
    net = FakeNetwork(rtt=0.05)
    net.host(f"mail.{D}").serve(scripted(993, lambda: behind_login(then, login)))
    typed = Endpoint(Protocol.IMAP, f"mail.{D}", 993, Security.TLS)
    return verified(net, ServerSettings(parse_address(ADA), typed, None))


ALERT = b"[ALERT] Please enable IMAP access in your account settings first."


@pytest.mark.parametrize(
    ("then", "login"),
    [(b"TAG NO " + ALERT, b"OK " + ALERT), (b"* BAD " + ALERT, b"OK " + ALERT), (None, b"OK " + ALERT)],
    ids=["refused", "untagged BAD", "silent"],
)
def test_an_alert_behind_an_accepted_login_explains_a_closed_mailbox(then: bytes | None, login: bytes) -> None:
    """
    interia.pl accepts the password, says in an alert that IMAP is off, and answers no command as it should.
    """
    found = opened(then, login).findings

    assert [item.code for item in found] == ["imap-disabled"]
    assert "enable IMAP" in found[0].evidence


def test_a_silent_mailbox_behind_an_accepted_login_is_not_a_slow_server() -> None:
    """
    The server has just answered the login in time: what is wrong is the mailbox.
    """
    result = opened(None)

    assert [item.code for item in result.findings] == ["mailbox-not-opened"]
    assert result.incoming is not None
    assert (result.incoming.accepted, result.incoming.verified) == (True, False)


def test_a_mailbox_refused_in_unknown_words_quotes_them() -> None:
    """
    The password was accepted: it is not among the causes, and no sentence has an empty place.
    """
    found = opened(b"TAG NO Zorg 17").findings

    assert [item.code for item in found] == ["server-refused"]
    assert not any(" it " in item.text for item in found)
