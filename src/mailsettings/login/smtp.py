"""Log in to a submission server and check the sender; no mail is sent (RFC 4954 §4, RFC 5321 §4.1.1.2, §4.1.1.5).

C: AUTH PLAIN AGFkYQBzZWNyZXQ=
S: 235 2.7.0 ok
C: MAIL FROM:<ada@example.org>
S: 250 2.1.0 ok
C: RSET
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.login.methods import log_in_with
from mailsettings.login.sasl import usable_mechanisms
from mailsettings.login.sasl_exchange import SaslExchange, no_mechanism_error
from mailsettings.login.session import INSPECT_MAILBOX, LoginState, Topic
from mailsettings.model import Step
from mailsettings.protocols.dialogue import CommandGenerator, Send, Stage, read_line, too_long

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ \t-])(.*))?", re.DOTALL)
# RFC 4954 §4 allows command lines of 12288 octets, but older servers keep to the 512 of RFC 5321.
_MAX_COMMAND = 500
# "Unknown", "syntax", "not implemented", "parameter", and the 553 of Naver (2026-11): none is about the password.
_COMMAND_REFUSED = frozenset({500, 501, 502, 504, 553})


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """One reply; *lines* have their code, as received."""

    code: int
    lines: tuple[bytes, ...]
    text: bytes = b""  # of the last line, without the code

    @property
    def accepted(self) -> bool:
        return self.code == 235

    @property
    def command_refused(self) -> bool:
        return self.code in _COMMAND_REFUSED

    @property
    def words(self) -> tuple[bytes, ...]:
        return self.lines


def log_in(state: LoginState) -> CommandGenerator[None]:
    """Log in, then check whether the address may send."""
    yield Stage(Step.LOGIN)
    reply = yield from _authenticate(state)
    state.accepted = reply.accepted
    state.note(Topic.LOGIN, state.accepted, reply.words)
    if not state.accepted:
        return
    yield Stage(Step.MAILBOX)
    state.opened = True
    international = not state.request.sender.isascii()
    if international and "SMTPUTF8" not in state.hello.capabilities:
        return  # MAIL FROM cannot have such a sender there (RFC 6531 §3.2); the login itself is verified
    yield Send(f"MAIL FROM:<{state.request.sender}>{' SMTPUTF8' if international else ''}".encode())
    sender = yield from _reply(state.max_lines)
    state.opened = sender.code == 250
    state.note(Topic.SENDER, state.opened, sender.lines)
    if state.opened:
        yield INSPECT_MAILBOX
    yield Send(b"RSET")
    yield from _reply(state.max_lines)


def _authenticate(state: LoginState) -> CommandGenerator[SmtpReply]:
    """Log in with the best mechanism. NetworkError(NO_LOGIN) where the server has none for these credentials."""
    request = state.request
    names = usable_mechanisms(state.hello.mechanisms, request.credentials.auth, request.mechanism)
    if not names:
        raise no_mechanism_error(state)
    return (yield from log_in_with(state, [partial(_sasl, state, name) for name in names]))


def _sasl(state: LoginState, name: str) -> CommandGenerator[SmtpReply]:
    exchange = SaslExchange(state, name)
    yield from exchange.begin(b"AUTH", initial_response=True, max_command=_MAX_COMMAND)
    while (reply := (yield from _reply(state.max_lines))).code == 334:
        yield from exchange.answer(reply.text)
    if reply.accepted:
        exchange.succeeded(reply.text)
    return reply


def _reply(max_lines: int) -> CommandGenerator[SmtpReply]:
    """Read one reply; of a refusal, the server may close the connection before the last line."""
    lines: list[bytes] = []
    code = 0
    for _ in range(max_lines):
        try:
            line = (yield from read_line()).rstrip()
        except NetworkError:
            if code < 400:
                raise
            return SmtpReply(code, tuple(lines))
        found = _LINE.fullmatch(line)
        if found is None or code not in (0, int(found[1])):
            # Not quoted: a server may repeat what it was sent.
            raise NetworkError(FailureKind.BAD_REPLY, "a line that belongs to no SMTP reply")
        code = int(found[1])
        lines.append(line)
        if found[2] != b"-":
            return SmtpReply(code, tuple(lines), found[3] or b"")
    raise too_long(max_lines)
