"""A login as a continuation of the protocol's dialogue: after greeting, TLS and capabilities it logs in.

protocol dialogue     … handshake, greeting, capabilities ──▶ farewell (held back)
login dialogue                                            log in, open the mailbox ──▶ farewell
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from enum import StrEnum

from mailsettings.charsets import decoded
from mailsettings.errors import FailureKind, NetworkError
from mailsettings.escape import excerpt
from mailsettings.login.credentials import Credentials
from mailsettings.model import Endpoint, Hello, Step
from mailsettings.protocols.dialogue import CommandGenerator, Dialogue, Send, Stage

INSPECT_MAILBOX = Stage(Step.LOOK)  # begins when everything is verified: a time-out from here on does not change that
_ALERT = re.compile(rb"(?:\*[ \t]+)?(?:OK|NO|BAD|BYE)[ \t]+\[ALERT\][ \t]*(.+)", re.IGNORECASE | re.DOTALL)
MAX_LINES = 8  # of one reply that are recorded; providers give the cause in the first two


class Topic(StrEnum):
    """What a recorded reply is about."""

    LOGIN = "login"  # the verdict on the credentials
    METHOD = "method"  # a method was refused, and another one tried
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
    """One reply: printable, without tag and secrets; its lines are separated by a line feed."""

    topic: Topic
    ok: bool
    text: str


@dataclass(frozen=True, slots=True)
class MailboxObservation:
    """One property of a mailbox that matters to mail programs; *code* is one of diagnosis.catalogue."""

    code: str
    evidence: str


@dataclass(frozen=True, slots=True)
class LoginSession(Hello):
    """A hello, and the result of the login after it. *capabilities* are those after the login if it was accepted."""

    mechanism: str = ""  # that was used
    accepted: bool = False  # the server accepted the credentials
    opened: bool = False  # the mailbox was opened, or the sender accepted: only this is "verified"
    replies: tuple[ServerReply, ...] = ()
    observations: tuple[MailboxObservation, ...] = ()
    messages: int | None = None  # in the inbox


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """What to do at one server: credentials, sender, and what to inspect."""

    endpoint: Endpoint
    username: str
    credentials: Credentials
    sender: str = ""  # the address for MAIL FROM
    mechanism: str = ""  # preferred
    attempts: int = 1  # how many methods may be tried; the next one only where the server refuses a method as such
    send_id: bool = False  # send the IMAP ID before anything is opened
    thorough: bool = False  # also check what matters to programs that fetch mail

    @property
    def ascii(self) -> bool:
        """True if user name and secret are ASCII; others a server may read in a charset of its own."""
        return (self.username + self.credentials.reveal()).isascii()


@dataclass(slots=True)
class LoginState:
    """A login in progress: the dialogue records here what it learns, and session() returns it."""

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
        """Record a reply, without secrets."""
        recorded = [self._clean(line) for line in tuple(dict.fromkeys(lines))[:MAX_LINES]]
        self.replies.append(ServerReply(topic, ok, "\n".join(recorded)))

    def show_alerts(self, lines: Iterable[bytes]) -> None:
        """Record the alerts among *lines*, tagged or not: clients must show them to the user (RFC 3501 §7.1)."""
        for line in lines:
            if found := _ALERT.match(line):
                seen = MailboxObservation("server-alert", self._clean(found[1]))
                if seen not in self.observations and len(self.observations) < MAX_LINES:
                    self.observations.append(seen)

    def _clean(self, line: bytes) -> str:
        # Scrub before anything is cut, escaped or decoded by guess: part of a secret would not be found, nor one in
        # another charset.
        scrub = self.request.credentials.scrub
        text = decoded(scrub(line.decode("latin-1")).encode("latin-1", "replace"))
        return excerpt(scrub(text).encode())

    def observe(self, code: str, evidence: str) -> None:
        """Record an observation about the mailbox."""
        self.observations.append(MailboxObservation(code, evidence))

    def session(self) -> LoginSession:
        """Return what was recorded, with the hello."""
        hello = {each.name: getattr(self.hello, each.name) for each in fields(Hello)}
        if self.capabilities:
            hello["capabilities"] = self.capabilities
        return LoginSession(
            **hello,
            mechanism=self.mechanism,
            accepted=self.accepted,
            opened=self.opened,
            replies=tuple(self.replies),
            observations=tuple(self.observations),
            messages=self.messages,
        )


class SecretCommand(Send):
    """A command that contains a secret: it prints as ***."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(***)"


def without_logout(dialogue: Dialogue) -> CommandGenerator[tuple[Hello, bytes]]:
    """Run *dialogue* up to its farewell; return its hello and the line it would have sent as farewell.

    Raises what *dialogue* raises; in this case the farewell is sent first.
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
    """Raise NetworkError(INTERNAL) if the session is not encrypted; callers have checked it before."""
    if hello.tls is None:
        raise NetworkError(FailureKind.INTERNAL, "no login without TLS")
