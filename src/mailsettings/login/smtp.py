"""Log in to a submission server and name a sender; no mail is sent (RFC 4954 §4, RFC 5321 §4.1.1.2, §4.1.1.5).

C: AUTH PLAIN AGFkYQBzZWNyZXQ=
S: 235 2.7.0 ok
C: MAIL FROM:<ada@example.org>
S: 250 2.1.0 ok
C: RSET
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.login.sasl import choose_mechanism
from mailsettings.login.sasl_exchange import SaslExchange, no_mechanism_error
from mailsettings.login.session import INSPECT_MAILBOX, LoginState, Topic
from mailsettings.model import Step
from mailsettings.protocols.dialogue import CommandGenerator, Send, Stage, read_line, too_long

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ \t-])(.*))?", re.DOTALL)
# RFC 4954 §4 allows command lines of 12288 octets, but servers of before keep to RFC 5321's 512.
_MAX_COMMAND = 500


@dataclass(frozen=True, slots=True)
class SmtpReply:
    """One reply; *lines* with their code, as they came."""

    code: int
    lines: tuple[bytes, ...]
    text: bytes = b""  # of the last line, without the code


def log_in(course: LoginState) -> CommandGenerator[None]:
    """Log in, then see whether the address may send."""
    yield Stage(Step.LOGIN)
    reply = yield from _authenticate(course)
    course.accepted = reply.code == 235
    course.note(Topic.LOGIN, course.accepted, reply.lines)
    if not course.accepted:
        return
    yield Stage(Step.MAILBOX)
    course.opened = True
    international = not course.request.sender.isascii()
    if international and "SMTPUTF8" not in course.hello.capabilities:
        return  # such a sender cannot be named there (RFC 6531 §3.2); the login itself is what was asked
    yield Send(f"MAIL FROM:<{course.request.sender}>{' SMTPUTF8' if international else ''}".encode())
    sender = yield from _reply(course.max_lines)
    course.opened = sender.code == 250
    course.note(Topic.SENDER, course.opened, sender.lines)
    if course.opened:
        yield INSPECT_MAILBOX
    yield Send(b"RSET")
    yield from _reply(course.max_lines)


def _authenticate(course: LoginState) -> CommandGenerator[SmtpReply]:
    """AUTH with the best mechanism. NetworkError(NO_LOGIN) where the server has none that will do."""
    errand, hello = course.request, course.hello
    name = choose_mechanism(hello.mechanisms, errand.credentials.auth, errand.mechanism)
    if not name:
        raise no_mechanism_error(course)
    exchange = SaslExchange(course, name)
    yield from exchange.begin(b"AUTH", at_once=True, max_command=_MAX_COMMAND)
    while (reply := (yield from _reply(course.max_lines))).code == 334:
        yield from exchange.answer(reply.text)
    if reply.code == 235:
        exchange.succeeded(reply.text)
    return reply


def _reply(max_lines: int) -> CommandGenerator[SmtpReply]:
    """Read one reply; who refuses may hang up before its last line."""
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
