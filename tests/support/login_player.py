"""Transcripts of logins, in the form of tests/support/dialogue_player.py, and a player that holds a login to them."""

from __future__ import annotations

from collections import deque
from textwrap import dedent

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.login.credentials import Credentials
from mailsettings.login.session import LoginRequest, LoginSession
from mailsettings.login.verify import login_dialogue
from mailsettings.model import Endpoint, Protocol, Security, TLSFacts
from mailsettings.policy import Policy
from mailsettings.protocols.dialogue import Command, Dialogue, ReadLine, Send, Stage, StartTLS

IMAPS = Endpoint(Protocol.IMAP, "mail.example.org", 993, Security.TLS)
POP3S = Endpoint(Protocol.POP3, "mail.example.org", 995, Security.TLS)
SMTPS = Endpoint(Protocol.SMTP, "mail.example.org", 465, Security.TLS)
FACTS = TLSFacts("TLSv1.3", names=("mail.example.org",))
POLICY = Policy(ehlo_name="me.invalid").for_mailboxes()
SECRET = Credentials.password("secret")
TOKEN = Credentials.token("t0ken")


def login_request(
    endpoint: Endpoint,
    credentials: Credentials = SECRET,
    *,
    mechanism: str = "",
    thorough: bool = False,
    attempts: int = 1,
) -> LoginRequest:
    """Return a request to log ada in at *endpoint*."""
    sender = "ada@example.org"
    return LoginRequest(endpoint, "ada", credentials, sender, mechanism=mechanism, thorough=thorough, attempts=attempts)


def play(what: LoginRequest, transcript: str) -> LoginSession:
    """Return the session of *what*; raises what it raises, and AssertionError where it leaves the transcript.

    An IMAP tag is written A21, A22 …; the greeting and the capabilities of the protocol come before the transcript.
    """
    steps = deque(dedent(_greeting(what) + dedent(transcript)).strip("\n").splitlines())
    talk = login_dialogue(what, policy=POLICY, tag="A")
    try:
        command = next(talk)
        while True:
            command = _grant(talk, command, steps)
    except StopIteration as end:
        return _checked(end.value, steps)


def listen(dialogue: Dialogue, lines: list[bytes]) -> list[bytes]:
    """Run *dialogue* against a server that says *lines* inside TLS, whatever it is told; return what it was told."""
    waiting, told = deque(lines), list[bytes]()
    command = next(dialogue)
    while True:
        match command:
            case StartTLS():
                command = dialogue.send(FACTS)
            case ReadLine():
                command = dialogue.send(waiting.popleft())
            case Send():
                told.append(command.line)
                command = dialogue.send(None)
            case _:
                command = dialogue.send(None)


def _checked(session: object, steps: deque[str]) -> LoginSession:
    """Make sure that the transcript was played to its end."""
    assert not steps, f"not said: {list(steps)}"
    assert isinstance(session, LoginSession)
    return session


def _greeting(what: LoginRequest) -> str:
    """Return the beginning of every transcript: TLS, the greeting, and what is offered."""
    offered = OFFERED[what.endpoint.protocol]
    words = offered.get(what.mechanism, offered[""])
    match what.endpoint.protocol:
        case Protocol.IMAP:
            return f"TLS\nS: * OK hi\nC: A1 CAPABILITY\nS: * CAPABILITY {' '.join(words)}\nS: A1 OK done\n"
        case Protocol.POP3:
            return "TLS\nS: +OK hi\nC: CAPA\nS: +OK\n" + "".join(f"S: {word}\n" for word in words) + "S: .\n"
    lines = "".join(f"S: 250-{word}\n" for word in ("hi", *words[:-1]))
    return f"TLS\nS: 220 hi\nC: EHLO me.invalid\n{lines}S: 250 {words[-1]}\n"


# What a server offers, by the mechanism that a test is about; names that are none of SASL stand for a case of ours.
OFFERED: dict[Protocol, dict[str, tuple[str, ...]]] = {
    Protocol.IMAP: {
        "": ("IMAP4rev1", "SASL-IR", "ID", "AUTH=PLAIN"),
        "native": ("IMAP4rev1", "ID"),
        "UTF8": ("IMAP4rev1", "ENABLE", "UTF8=ACCEPT"),
        "late": ("IMAP4rev1", "AUTH=PLAIN"),
        "token only": ("IMAP4rev1", "LOGINDISABLED", "AUTH=XOAUTH2", "AUTH=OAUTHBEARER"),
        "GSSAPI": ("IMAP4rev1", "LOGINDISABLED", "AUTH=GSSAPI"),
        **{
            name: ("IMAP4rev1", "SASL-IR", f"AUTH={name}")
            for name in ("LOGIN", "CRAM-MD5", "SCRAM-SHA-256", "SCRAM-SHA-1", "XOAUTH2", "OAUTHBEARER")
        },
    },
    Protocol.POP3: {
        "": ("UIDL", "TOP", "USER", "SASL PLAIN"),
        "native": ("UIDL", "USER"),
        "silent": ("USER",),
        "UTF8": ("UIDL", "USER", "UTF8 USER"),
        "token only": ("UIDL", "USER", "SASL XOAUTH2 OAUTHBEARER"),
        "expire": ("UIDL", "USER", "EXPIRE 0", "LOGIN-DELAY 300"),
    },
    Protocol.SMTP: {
        "": ("AUTH PLAIN LOGIN",),
        "LOGIN": ("AUTH LOGIN",),
        "XOAUTH2": ("AUTH XOAUTH2",),
        "tokens": ("AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER",),
        "SMTPUTF8": ("SMTPUTF8", "AUTH PLAIN LOGIN"),
    },
}


def _grant(talk: Dialogue, command: Command, steps: deque[str]) -> Command:
    if isinstance(command, Stage):
        return next(talk)
    if isinstance(command, Send):
        assert steps, f"{command.line!r} behind the end of the transcript"
        assert steps.popleft().removeprefix("C: ").removeprefix("C:") == command.line.decode()
        return next(talk)
    if isinstance(command, ReadLine):
        if not steps:
            return talk.throw(NetworkError(FailureKind.CLOSED, "end of the transcript"))
        step = steps.popleft()
        if step == "EOF":
            return talk.throw(NetworkError(FailureKind.CLOSED, "end of the stream"))
        assert step.startswith("S:"), f"a line is awaited where the transcript has {step!r}"
        return talk.send(step[3:].encode("latin-1"))
    assert steps.popleft() == "TLS"
    return talk.send(FACTS)
