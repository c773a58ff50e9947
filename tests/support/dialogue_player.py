"""Transcripts, and a player that holds a dialogue to them.

S: * OK ready            the server says
C: A1 CAPABILITY         the client must say exactly this, and now
TLS                      the handshake must take place here
"""

from __future__ import annotations

from collections import deque
from textwrap import dedent

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.model import Hello, Protocol, Security, TLSFacts
from mailsettings.protocols import imap, pop3, smtp
from mailsettings.protocols.dialogue import Command, Dialogue, ReadLine, Send, Stage

FACTS = TLSFacts("TLSv1.3", names=("mail.example.org",))


def dialogue(protocol: Protocol, security: Security, *, max_lines: int = 50) -> Dialogue:
    """Return a dialogue with the tag `A` and the name `me.invalid`."""
    match protocol:
        case Protocol.IMAP:
            return imap.dialogue(security, tag="A", max_lines=max_lines)
        case Protocol.POP3:
            return pop3.dialogue(security, max_lines=max_lines)
    return smtp.dialogue(security, name="me.invalid", max_lines=max_lines)


def play(protocol: Protocol, security: Security, transcript: str) -> Hello:
    """Return what the dialogue comes to; raises what it raises, and AssertionError where it leaves the transcript."""
    steps = deque(dedent(transcript).strip("\n").splitlines())
    talk = dialogue(protocol, security)
    try:
        command = next(talk)
        while True:
            command = _grant(talk, command, steps)
    except StopIteration as end:
        return _checked(end.value, steps)


def failure(protocol: Protocol, security: Security, transcript: str) -> NetworkError:
    """Return the error with which *transcript* ends, after all of it was said."""
    try:
        hello = play(protocol, security, transcript)
    except NetworkError as error:
        return error
    raise AssertionError(f"no error but {hello}")


def _checked(hello: object, steps: deque[str]) -> Hello:
    """Make sure that the transcript was played to its end."""
    assert not steps, f"not said: {list(steps)}"
    assert isinstance(hello, Hello)
    return hello


def _grant(talk: Dialogue, command: Command, steps: deque[str]) -> Command:
    """Do what the dialogue wants if the transcript allows it."""
    if isinstance(command, Stage):
        return next(talk)
    if isinstance(command, Send):
        assert steps, f"{command} behind the end of the transcript"
        assert steps.popleft().removeprefix("C: ") == command.line.decode()
        return next(talk)
    if isinstance(command, ReadLine):
        if not steps:
            return talk.throw(NetworkError(FailureKind.CLOSED, "end of the transcript"))
        step = steps.popleft()
        assert step.startswith("S:"), f"a line is awaited where the transcript has {step!r}"
        return talk.send(step[3:].encode("latin-1"))
    assert steps.popleft() == "TLS"
    return talk.send(FACTS)
