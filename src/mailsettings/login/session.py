"""A login as a dialogue on the stream of the greeting: greeting, TLS and capabilities as ever, then what is wanted.

protocol dialogue     … handshake, greeting, capabilities ──▶ farewell (kept back)
login dialogue                                            log in, open the mailbox ──▶ farewell
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import StrEnum

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.escape import excerpt
from mailsettings.login.credentials import Credentials
from mailsettings.model import Endpoint, Hello, Step
from mailsettings.protocols.dialogue import CommandGenerator, Dialogue, Send, Stage

INSPECT_MAILBOX = Stage(Step.LOOK)  # what begins when everything is verified: silence from here on takes nothing back
MAX_LINES = 8  # of one reply that are kept; providers say what is wrong in the first two


class Topic(StrEnum):
    """What a reply that was written down is about."""

    LOGIN = "login"  # the verdict on the credentials
    CHALLENGE = "challenge"  # a server's reason for refusing a token
    PROOF = "proof"  # the server did not prove that it knows the password
    OFFER = "offer"  # no mechanism fits the credentials
    ID = "id"
    MAILBOX = "mailbox"
    MESSAGE_IDS = "message-ids"
    SENDER = "sender"
    QUOTA = "quota"
    END = "end"  # what went wrong after the verdict


@dataclass(frozen=True, slots=True)
class ServerReply:
    """One reply: without tag, printable, without secrets; its lines separated by a line feed."""

    topic: Topic
    ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class MailboxObservation:
    """One thing about a mailbox that a mail program has to reckon with; *code* is one of diagnosis.codes."""

    code: str
    evidence: str


@dataclass(frozen=True, slots=True)
class LoginSession(Hello):
    """A hello, and how the login behind it went. *capabilities* are those after the login where it was accepted."""

    mechanism: str = ""  # that was used
    accepted: bool = False  # the server took the credentials
    opened: bool = False  # the mailbox could be read, or a sender be named: only this is "verified"
    replies: tuple[ServerReply, ...] = ()
    observations: tuple[MailboxObservation, ...] = ()
    messages: int | None = None  # in the inbox


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """What to do at one server."""

    endpoint: Endpoint
    username: str
    credentials: Credentials
    sender: str = ""  # the address for MAIL FROM
    mechanism: str = ""  # preferred
    send_id: bool = False  # send the IMAP ID before anything is opened
    thorough: bool = False  # also look at what a program that fetches mail will meet

    @property
    def ascii(self) -> bool:
        """True if user name and secret have no letters that a server may read in a charset of its own."""
        return (self.username + self.credentials.reveal()).isascii()


@dataclass(slots=True)
class LoginState:
    """A login under way: filled in by the dialogue, read in the end."""

    hello: Hello
    request: LoginRequest
    tag: str
    max_lines: int
    mechanism: str = ""
    accepted: bool = False
    opened: bool = False
    replies: list[ServerReply] = field(default_factory=list)
    observations: list[MailboxObservation] = field(default_factory=list)
    capabilities: tuple[str, ...] = ()
    messages: int | None = None

    def note(self, topic: Topic, ok: bool, lines: Iterable[bytes]) -> None:
        """Write down a reply, without anything secret in it."""
        # The secret first: a cut or an escape in the middle of it would hide it from the search.
        clean = (self.request.credentials.scrub(_text(line)) for line in tuple(dict.fromkeys(lines))[:MAX_LINES])
        self.replies.append(ServerReply(topic, ok, "\n".join(excerpt(line.encode()) for line in clean)))

    def observe(self, code: str, evidence: str) -> None:
        """Write down a fact about the mailbox."""
        self.observations.append(MailboxObservation(code, evidence))

    def session(self) -> LoginSession:
        """Return what has come of it."""
        known = {each.name: getattr(self.hello, each.name) for each in fields(Hello)}
        if self.capabilities:
            known["capabilities"] = self.capabilities
        return LoginSession(
            **known,
            mechanism=self.mechanism,
            accepted=self.accepted,
            opened=self.opened,
            replies=tuple(self.replies),
            observations=tuple(self.observations),
            messages=self.messages,
        )


def _text(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


class SecretCommand(Send):
    """A command with something in it that nobody may read: it prints as ***."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(***)"


def without_logout(dialogue: Dialogue) -> CommandGenerator[tuple[Hello, bytes]]:
    """Let *dialogue* run, but keep its farewell back; return its hello and the line it would have left with.

    Raises what it raises; a dialogue that gives up takes leave first.
    """
    command = dialogue.send(None)
    while command != Stage(Step.FAREWELL):
        try:
            answer = yield command
        except NetworkError as error:
            command = dialogue.throw(error)
        else:
            command = dialogue.send(answer)
    goodbye = dialogue.send(None)
    assert isinstance(goodbye, Send)
    try:
        dialogue.send(None)
    except StopIteration as end:
        return end.value, goodbye.line
    except NetworkError:
        yield command
        yield goodbye
        raise
    raise AssertionError("a dialogue ends with its farewell")


def require_tls(hello: Hello) -> None:
    """Make sure that what follows cannot be read on the way. NetworkError(INTERNAL): the caller has checked before."""
    if hello.tls is None:
        raise NetworkError(FailureKind.INTERNAL, "no login without TLS")
