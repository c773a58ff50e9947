"""The ways to log in that a server offers, one after the other. Pure.

    AUTH PLAIN …      504 unrecognized authentication type     the method was refused: the next one may do
    AUTH LOGIN …      535 authentication failed                the credentials were refused: no further attempt

A server may list a mechanism that it does not implement (RFC 4954 §4, code 504). What is refused there is the method,
and the same credentials may be accepted with another one. Every refusal counts as an attempt all the same: some servers
check the password first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol as Interface
from typing import TypeVar

from mailsettings.diagnosis.replies import meanings
from mailsettings.errors import NetworkError, UnprovenError
from mailsettings.login.session import LoginState, Topic
from mailsettings.protocols.dialogue import CommandGenerator


class LoginReply(Interface):
    """What the methods of all protocols end with."""

    @property
    def accepted(self) -> bool:
        """True if the server has accepted the login."""
        ...

    @property
    def command_refused(self) -> bool:
        """True if the status alone says that the command was refused, and not the credentials."""
        ...

    @property
    def words(self) -> tuple[bytes, ...]:
        """The lines with the server's reason."""
        ...


ReplyT = TypeVar("ReplyT", bound=LoginReply)
Method = Callable[[], CommandGenerator[ReplyT]]


def log_in_with(state: LoginState, methods: Sequence[Method[ReplyT]]) -> CommandGenerator[ReplyT]:
    """Log in with the first of *methods*, and with the next one where the server refuses the method itself."""
    first, *others = methods[: max(1, state.request.attempts)]
    reply = yield from first()
    for method in others:
        if reply.accepted or not _method_refused(state, reply):
            break
        state.note(Topic.METHOD, False, reply.words)
        reply = yield from _next(state, method, reply)
    return reply


def _next(state: LoginState, method: Method[ReplyT], before: ReplyT) -> CommandGenerator[ReplyT]:
    """Log in with *method*; where the connection ends instead, the refusal *before* is the verdict."""
    try:
        return (yield from method())
    except UnprovenError:
        raise
    except NetworkError:
        state.note(Topic.LOGIN, False, before.words)
        raise


def _method_refused(state: LoginState, reply: LoginReply) -> bool:
    """Say whether *reply* refuses the method. Where its text is known, the text decides; otherwise its status."""
    text = b"\n".join(reply.words).decode("latin-1")
    known = meanings(text, state.request.endpoint.protocol)
    return known[0][0] == "mechanism-not-offered" if known else reply.command_refused
