"""IMAP dialogues, each a transcript."""

import pytest

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Auth, Hello, Note, NoteKind, Protocol, Security
from tests.support import dialogue_player
from tests.support.dialogue_player import FACTS

GREETING = "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready"


def play(security: Security, transcript: str) -> Hello:
    return dialogue_player.play(Protocol.IMAP, security, transcript)


def failure(security: Security, transcript: str) -> NetworkError:
    return dialogue_player.failure(Protocol.IMAP, security, transcript)


def inside(greeting: str, *replies: str) -> str:
    """Return a transcript with implicit TLS, in which CAPABILITY is answered with *replies*."""
    said = "".join(f"S: {line}\n" for line in replies)
    return f"TLS\nS: {greeting}\nC: A1 CAPABILITY\n{said}S: A1 OK done\nC: A2 LOGOUT"


def test_implicit_tls() -> None:
    """
    With implicit TLS the handshake comes first; then greeting, capabilities and a farewell nobody waits for.
    """
    hello = play(
        Security.TLS,
        """
        TLS
        S: * OK Dovecot ready.
        C: A1 CAPABILITY
        S: * CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2
        S: A1 OK done
        C: A2 LOGOUT
        """,
    )

    expected = Hello(
        greeting="Dovecot ready.",
        software="Dovecot",
        capabilities=("IMAP4REV1", "SASL-IR", "AUTH=PLAIN", "AUTH=XOAUTH2"),
        mechanisms=("PLAIN", "XOAUTH2", "LOGIN"),
        auth=(Auth.OAUTH2, Auth.PASSWORD),
        tls=FACTS,
    )
    assert expected == hello


def test_starttls() -> None:
    """
    After STARTTLS the capabilities are asked again, and only those count.
    """
    hello = play(
        Security.STARTTLS,
        """
        S: * OK ready
        C: A1 CAPABILITY
        S: * CAPABILITY IMAP4rev1 STARTTLS AUTH=GSSAPI LOGINDISABLED
        S: A1 OK done
        C: A2 STARTTLS
        S: A2 OK go
        TLS
        C: A3 CAPABILITY
        S: * CAPABILITY IMAP4rev1 AUTH=PLAIN
        S: A3 OK done
        C: A4 LOGOUT
        """,
    )

    assert hello.mechanisms == ("PLAIN", "LOGIN")
    assert hello.tls == FACTS


def test_starttls_listed_in_the_greeting_is_not_asked_for_again() -> None:
    """
    A greeting that lists STARTTLS saves a round trip.
    """
    hello = play(
        Security.STARTTLS,
        f"""
        S: {GREETING}
        C: A1 STARTTLS
        S: A1 OK go
        TLS
        C: A2 CAPABILITY
        S: * CAPABILITY IMAP4rev1
        S: A2 OK done
        C: A3 LOGOUT
        """,
    )

    assert hello.mechanisms == ("LOGIN",)


def test_login_methods_said_in_clear_are_forgotten() -> None:
    """
    A greeting in clear that promises AUTH= does not help out where the reply inside TLS has none.
    """
    hello = play(
        Security.STARTTLS,
        """
        S: * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=XOAUTH2] ready
        C: A1 STARTTLS
        S: A1 OK go
        TLS
        C: A2 CAPABILITY
        S: * CAPABILITY IMAP4rev1
        S: A2 OK done
        C: A3 LOGOUT
        """,
    )

    assert hello.mechanisms == ("LOGIN",)


def test_the_greeting_in_clear_is_marked() -> None:
    """
    A greeting that came before TLS may be anybody's, and the hello says so.
    """
    hello = play(
        Security.STARTTLS,
        f"""
        S: {GREETING}
        C: A1 STARTTLS
        S: A1 OK go
        TLS
        C: A2 CAPABILITY
        S: A2 OK done
        C: A3 LOGOUT
        """,
    )

    assert hello.notes[0].kind is NoteKind.UNPROTECTED_GREETING


def test_plain_is_for_diagnosis() -> None:
    """
    In clear the dialogue ends with the capabilities, LOGINDISABLED or not.
    """
    hello = play(
        Security.PLAIN,
        f"""
        S: {GREETING}
        C: A1 CAPABILITY
        S: * CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED
        S: A1 OK done
        C: A2 LOGOUT
        """,
    )

    assert (hello.tls, hello.mechanisms) == (None, ())


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("* capability imap4rev1 auth=plain", id="lower case"),
        pytest.param("* CAPABILITY IMAP4rev1 AUTH=PLAIN  ", id="trailing spaces"),
        pytest.param("*\tCAPABILITY\tIMAP4rev1\tAUTH=PLAIN", id="tabs"),
        pytest.param("* CAPABILITY AUTH=PLAIN IMAP4rev2 IMAP4rev1 AUTH=PLAIN", id="any order, twice"),
        pytest.param("* CAPABILITY IMAP4rev1 AUTH= AUTH=PLAIN AUTH=\xff", id="mechanisms that are no names"),
    ],
)
def test_capabilities_are_read_tolerantly(line: str) -> None:
    """
    Case, spacing and order do not matter.
    """
    hello = play(Security.TLS, inside("* OK ready", line))

    assert hello.mechanisms == ("PLAIN", "LOGIN")


@pytest.mark.parametrize(
    ("greeting", "text"),
    [
        pytest.param("* OK", "", id="no text"),
        pytest.param("* ok Ready", "Ready", id="lower case"),
        pytest.param("*  OK\tready  ", "ready", id="spaces and tabs"),
        pytest.param("* OK [CAPABILITY IMAP4rev1] ready", "ready", id="capabilities before the text"),
        pytest.param("* OK ready [TQBX==]", "ready [TQBX==]", id="brackets that are no code"),
        pytest.param("* OK ]-:^:-[ x", "]-:^:-[ x", id="brackets the wrong way round"),
        pytest.param("* OK Verf\xfcgung", "Verfügung", id="latin-1"),
        pytest.param("* OK \xe2\x80\xaegpj.exe", r"\u202egpj.exe", id="bidi override"),
        pytest.param("* OK \x1b[2Jhi", r"\x1b[2Jhi", id="terminal escape"),
    ],
)
def test_greetings_are_read_tolerantly(greeting: str, text: str) -> None:
    """
    A greeting keeps its text, with everything dangerous escaped.
    """
    hello = play(Security.TLS, inside(greeting, "* CAPABILITY IMAP4rev1"))

    assert text == hello.greeting


def test_login_methods_only_in_the_greeting() -> None:
    """
    iCloud names its login methods in the greeting and nowhere else.
    """
    hello = play(Security.TLS, inside("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi", "* CAPABILITY IMAP4rev1 IDLE"))

    assert hello.capabilities == ("IMAP4REV1", "IDLE", "AUTH=PLAIN")


def test_the_reply_is_the_truth() -> None:
    """
    Where the reply names login methods, the greeting's do not count.
    """
    hello = play(Security.TLS, inside("* OK [CAPABILITY IMAP4rev1 AUTH=NTLM] hi", "* CAPABILITY IMAP4rev1 AUTH=PLAIN"))

    assert hello.mechanisms == ("PLAIN", "LOGIN")


def test_no_capabilities_anywhere() -> None:
    """
    A server that lists nothing is taken as it is, with a note.
    """
    hello = play(Security.TLS, inside("* OK hi"))

    assert (hello.capabilities, hello.notes) == ((), (Note("the server lists no capabilities"),))


def test_a_second_greeting_is_read() -> None:
    """
    A busy Dovecot says that it waits, and lists its capabilities when it is there.
    """
    hello = play(Security.TLS, inside("* OK Waiting ..", "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready"))

    assert hello.mechanisms == ("PLAIN", "LOGIN")


def test_capabilities_in_the_tagged_answer() -> None:
    """
    A server may put its list into the answer's response code instead of a line of its own.
    """
    hello = play(
        Security.TLS,
        "TLS\nS: * OK hi\nC: A1 CAPABILITY\nS: A1 OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] done\nC: A2 LOGOUT",
    )

    assert hello.mechanisms == ("PLAIN", "LOGIN")


def test_alerts_and_referrals_go_nowhere() -> None:
    """
    What a server says unasked is in no field of the hello.
    """
    hello = play(
        Security.TLS,
        inside("* OK hi", "* OK [ALERT] call +1 555", "* OK [REFERRAL imaps://evil.example] x", "* 1 EXISTS"),
    )

    assert not [word for word in ("555", "evil", "EXISTS") if word in repr(hello)]


def test_login_disabled_with_another_way() -> None:
    """
    LOGINDISABLED forbids the LOGIN command, not AUTHENTICATE.
    """
    hello = play(Security.TLS, inside("* OK hi", "* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=PLAIN"))

    assert hello.mechanisms == ("PLAIN",)


def test_login_disabled_inside_tls() -> None:
    """
    A server without any login inside TLS is none to log in at.
    """
    error = failure(Security.TLS, inside("* OK hi", "* CAPABILITY IMAP4rev1 LOGINDISABLED"))

    assert error.kind == FailureKind.NO_LOGIN


def test_preauth_inside_tls() -> None:
    """
    PREAUTH inside TLS is noted, and no login method is missed.
    """
    hello = play(Security.TLS, inside("* PREAUTH hi", "* CAPABILITY IMAP4rev1 LOGINDISABLED"))

    assert "PREAUTH" in hello.notes[0].text


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.PLAIN])
def test_preauth_in_clear(security: Security) -> None:
    """
    PREAUTH in clear would keep TLS from starting (CVE-2020-12398): nothing is said to such a server.
    """
    error = failure(security, "S: * PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi")

    assert error.kind == FailureKind.PREAUTH


@pytest.mark.parametrize(
    ("greeting", "kind"),
    [
        pytest.param("* BYE [ALERT] Too many connections.", FailureKind.GREETING_REFUSED, id="bye"),
        pytest.param("* BYE", FailureKind.GREETING_REFUSED, id="bye without text"),
        pytest.param("+OK ready", FailureKind.WRONG_PROTOCOL, id="POP3"),
        pytest.param("220 ready", FailureKind.WRONG_PROTOCOL, id="SMTP"),
        pytest.param("SSH-2.0-OpenSSH_9.6", FailureKind.WRONG_PROTOCOL, id="SSH"),
        pytest.param("HTTP/1.1 400 Bad Request", FailureKind.WRONG_PROTOCOL, id="HTTP"),
        pytest.param("", FailureKind.BAD_REPLY, id="empty line"),
        pytest.param("* NO", FailureKind.BAD_REPLY, id="untagged NO"),
        pytest.param("* OKAY", FailureKind.BAD_REPLY, id="no word boundary"),
        pytest.param("A1 OK", FailureKind.BAD_REPLY, id="tagged"),
        pytest.param("hello", FailureKind.BAD_REPLY, id="anything"),
    ],
)
def test_nothing_is_sent_after_a_bad_greeting(greeting: str, kind: FailureKind) -> None:
    """
    Only a valid greeting gets an answer, so a probe says nothing to a port that belongs to something else.
    """
    error = failure(Security.STARTTLS, f"S: {greeting}")

    assert kind == error.kind


def test_the_refusal_is_quoted() -> None:
    """
    What a refusing server says can be read in the failure, escaped.
    """
    error = failure(Security.STARTTLS, "S: * BYE \x1b[31mfull")

    assert error.seen == r"BYE: '\x1b[31mfull'"


def test_starttls_not_offered() -> None:
    """
    A server without STARTTLS is left politely, and nothing else is tried in clear.
    """
    error = failure(
        Security.STARTTLS,
        """
        S: * OK hi
        C: A1 CAPABILITY
        S: * CAPABILITY IMAP4rev1 AUTH=PLAIN
        S: A1 OK done
        C: A2 LOGOUT
        """,
    )

    assert error.kind == FailureKind.STARTTLS_NOT_OFFERED


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param("A1 NO not now", FailureKind.STARTTLS_REFUSED, id="NO"),
        pytest.param("A1 BAD what", FailureKind.STARTTLS_REFUSED, id="BAD"),
        pytest.param("* BYE no", FailureKind.GREETING_REFUSED, id="BYE"),
        pytest.param("+ go on", FailureKind.BAD_REPLY, id="continuation"),
        pytest.param("ZZ9 OK go", FailureKind.BAD_REPLY, id="another tag"),
        pytest.param("a1 OK go", FailureKind.BAD_REPLY, id="tag in another case"),
        pytest.param("A1 OKAY go", FailureKind.BAD_REPLY, id="no status"),
        pytest.param("A1", FailureKind.BAD_REPLY, id="tag alone"),
        pytest.param("* PREAUTH hi", FailureKind.BAD_REPLY, id="late PREAUTH"),
    ],
)
def test_starttls_wants_its_own_answer(answer: str, kind: FailureKind) -> None:
    """
    TLS starts after a tagged OK to this very command; anything else ends the dialogue.
    """
    error = failure(Security.STARTTLS, f"S: {GREETING}\nC: A1 STARTTLS\nS: {answer}")

    assert kind == error.kind


@pytest.mark.parametrize("line", ["* CAPABILITY {4294967295}", "* 1 FETCH (BODY[] {10}", "* LIST () NIL {3+}"])
def test_literals_are_refused(line: str) -> None:
    """
    No reply that is asked for here has literals; one that announces 4 GiB is not read.
    """
    error = failure(Security.TLS, f"TLS\nS: * OK hi\nC: A1 CAPABILITY\nS: {line}")

    assert error.kind == FailureKind.LIMIT


def test_an_endless_reply_ends() -> None:
    """
    The dialogue itself counts lines, whoever carries it.
    """
    flood = "\n".join(["S: * 1 EXISTS"] * 50)

    error = failure(Security.TLS, f"TLS\nS: * OK hi\nC: A1 CAPABILITY\n{flood}")

    assert error.kind == FailureKind.LIMIT


def test_goodbye_instead_of_capabilities() -> None:
    """
    Yandex says BYE three times and never answers the command.
    """
    error = failure(Security.TLS, "TLS\nS: * OK hi\nC: A1 CAPABILITY\nS: * BYE Autologout; idle for too long (1)")

    assert error.kind == FailureKind.GREETING_REFUSED


def test_refused_capability_command() -> None:
    """
    A server that refuses to list its capabilities lists none; with STARTTLS wanted, that is the end.
    """
    error = failure(Security.STARTTLS, "S: * OK hi\nC: A1 CAPABILITY\nS: A1 BAD unknown command\nC: A2 LOGOUT")

    assert error.kind == FailureKind.STARTTLS_NOT_OFFERED


@pytest.mark.parametrize(
    ("greeting", "wanted"),
    [
        (
            "* OK [ALERT] System shutdown in 10 minutes",
            ["the server asked to show this: System shutdown in 10 minutes"],
        ),
        ("* OK [alert] a\x1bb", [r"the server asked to show this: a\x1bb"]),
        ("* OK [ALERT]", []),
        ("* OK ready(163com[8db726ec]) [ALERT is no code here", []),
    ],
    ids=["alert", "escaped", "empty", "no code"],
)
def test_an_alert_in_the_greeting_is_noted(greeting: str, wanted: list[str]) -> None:
    """
    RFC 3501 S7.1: the text of ALERT must be presented to the user.
    """
    hello = play(Security.TLS, inside(greeting, "* CAPABILITY IMAP4rev1"))

    assert [note.text for note in hello.notes if note.kind is NoteKind.ALERT] == wanted


def test_an_alert_before_tls_says_so() -> None:
    """
    Anyone on the way could have written it.
    """
    hello = play(
        Security.STARTTLS,
        """
        S: * OK [ALERT] Call us
        C: A1 CAPABILITY
        S: * CAPABILITY IMAP4rev1 STARTTLS
        S: A1 OK done
        C: A2 STARTTLS
        S: A2 OK go
        TLS
        C: A3 CAPABILITY
        S: * CAPABILITY IMAP4rev1
        S: A3 OK done
        C: A4 LOGOUT
        """,
    )

    alerts = [note.text for note in hello.notes if note.kind is NoteKind.ALERT]
    assert alerts == [
        "before TLS began, where anyone on the way could have said it, the server asked to show this: Call us"
    ]
