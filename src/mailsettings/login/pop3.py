"""Log in to POP3 and inspect the mailbox without changing it (RFC 1939 §5, §7; SASL: RFC 5034).

C: USER ada@example.org                 or  AUTH PLAIN …
S: +OK
C: PASS secret
S: +OK
C: STAT                                 Gmail refuses only here where POP is switched off
S: +OK 2 3200
C: UIDL
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.escape import excerpt
from mailsettings.login.methods import log_in_with
from mailsettings.login.sasl import usable_mechanisms
from mailsettings.login.sasl_exchange import SaslExchange, no_mechanism_error
from mailsettings.login.session import INSPECT_MAILBOX, LoginState, MailboxObservation, SecretCommand, Topic
from mailsettings.model import Auth, Step
from mailsettings.protocols.dialogue import CommandGenerator, Send, Stage, read_line, too_long

POP3_LOGIN = "USER and PASS"  # in place of the name of a SASL mechanism
MAX_LISTED = 900  # messages in lists that are read completely: within the limit of one reply (docs/limits.md)
MANY_MESSAGES = 50_000  # messages; services that poll a mailbox read its whole list each time, and may give up
LARGE_MAILBOX = 50_000_000  # octets of one message: what Gmail receives at most (support.google.com/mail/answer/6584)
MAX_HEADERS = 3  # messages whose headers are checked for dots
# Of messages or octets; Python reads no number of more than 4300 digits, and no mailbox needs one.
_NUMBER = re.compile(rb"[0-9]{1,18}")
_STATUS = re.compile(rb"(\+OK|-ERR)(?:[ \t]+(.*))?", re.IGNORECASE | re.DOTALL)
_MAX_COMMAND = 250  # octets of one line (RFC 2449 §4), less the line end


@dataclass(frozen=True, slots=True)
class Pop3Reply:
    """The response to one command; *lines* are those of a list, as received."""

    ok: bool
    text: bytes  # the first line
    lines: tuple[bytes, ...] = ()

    @property
    def accepted(self) -> bool:
        return self.ok

    @property
    def command_refused(self) -> bool:
        """POP3 has one status for all refusals: only the text may say that it is the command's."""
        return False

    @property
    def words(self) -> tuple[bytes, ...]:
        return (self.text,)


def log_in(state: LoginState) -> CommandGenerator[None]:
    """Log in, count the messages, read their ids; a thorough request checks the lists as well."""
    yield Stage(Step.LOGIN)
    reply = yield from _authenticate(state)
    state.accepted = reply.ok
    state.note(Topic.LOGIN, reply.ok, reply.words)
    if not reply.text:
        state.observe("empty-line", "the login was answered by an empty line")
    if reply.ok:
        yield Stage(Step.MAILBOX)
        yield from _open_mailbox(state)


def _open_mailbox(state: LoginState) -> CommandGenerator[None]:
    """Count the messages with STAT, then inspect the mailbox."""
    stat = yield from _command(state, b"STAT")
    state.note(Topic.MAILBOX, stat.ok, (stat.text,))
    numbers = stat.text.split()[1:3]
    if not stat.ok or len(numbers) < 2 or not all(map(_NUMBER.fullmatch, numbers)):
        return
    state.opened = True
    state.messages, size = (int(number) for number in numbers)
    state.observations += announced_limits(state.hello.capabilities)
    yield INSPECT_MAILBOX
    try:
        yield from _inspect_mailbox(state, size)
    except NetworkError as error:
        # The mailbox was opened, so the verdict stands; a program that fetches all messages meets this error.
        if not any(each.code == "dots-not-escaped" for each in state.observations):
            code = "reply-too-large" if error.kind is FailureKind.LIMIT else "bad-reply"
            state.observe(code, f"behind STAT: {error.redacted}")
        raise


def _authenticate(state: LoginState) -> CommandGenerator[Pop3Reply]:
    """Log in with SASL or USER and PASS. NetworkError(NO_LOGIN) where the server has neither for these credentials."""
    request, hello = state.request, state.hello
    sasl = [word for line in hello.capabilities if line.startswith("SASL ") for word in line.upper().split()[1:]]
    names = usable_mechanisms(sasl, request.credentials.auth, request.mechanism)
    methods = [partial(_sasl, state, name) for name in names]
    if request.credentials.auth is not Auth.OAUTH2 and "USER" in hello.mechanisms:
        methods.insert(1, partial(_user_and_pass, state))
    if not methods:
        raise no_mechanism_error(state)
    return (yield from log_in_with(state, methods))


def _user_and_pass(state: LoginState) -> CommandGenerator[Pop3Reply]:
    request = state.request
    state.mechanism = POP3_LOGIN
    if "UTF8 USER" in state.hello.capabilities and not request.ascii:
        # RFC 6856 §2.1: needed beyond ASCII. If it is refused, the reply to USER shows what that means.
        yield Send(b"UTF8")
        yield from _status()
    yield Send(f"USER {request.username}".encode())
    reply = yield from _status()
    if not reply.ok:
        return reply
    yield SecretCommand(b"PASS " + request.credentials.reveal().encode())
    return (yield from _status())


def _sasl(state: LoginState, name: str) -> CommandGenerator[Pop3Reply]:
    """Send AUTH, with the initial response in the same line where it is short enough."""
    exchange = SaslExchange(state, name)
    yield from exchange.begin(b"AUTH", initial_response=True, max_command=_MAX_COMMAND)
    while True:
        reply = yield from _status(challenges=True)
        if not reply.text.startswith(b"+ ") and reply.text != b"+":
            break
        yield from exchange.answer(reply.text[2:])
    if reply.ok:
        exchange.succeeded(reply.text)
    return reply


def _inspect_mailbox(state: LoginState, size: int) -> CommandGenerator[None]:
    """Check what programs depend on that leave mail on the server or fetch all of it."""
    count = state.messages or 0
    if count > MANY_MESSAGES:
        state.observe("mailbox-very-large", f"STAT counts {count} messages")
    whole = count <= MAX_LISTED
    ids = yield from _command(state, b"UIDL" if whole else b"UIDL 1", listed=whole)
    state.note(Topic.MESSAGE_IDS, ids.ok, (ids.text,))
    if not ids.ok:
        state.observe("leave-on-server-impossible", f"UIDL answered {excerpt(ids.text)}")
    elif whole:
        _check_ids(state, ids.lines, count)
    if state.request.thorough:
        yield from _inspect_thoroughly(state, count, size, whole=whole)


def _inspect_thoroughly(state: LoginState, count: int, size: int, *, whole: bool) -> CommandGenerator[None]:
    """Check what makes a service fail that polls the mailbox and keeps no state of its own."""
    if whole:
        sizes = yield from _command(state, b"LIST", listed=True)
        _check_sizes(state, sizes, count, size)
        for number in range(1, min(count, MAX_HEADERS) + 1):
            yield from _check_dots(state, number)
    else:
        for number in (1, count):
            yield from _check_edge(state, number)


def _check_edge(state: LoginState, number: int) -> CommandGenerator[None]:
    """Check `LIST n`: of a list that is too long to be read, only the two ends."""
    row = yield from _command(state, b"LIST %d" % number)
    fields = row.text.split()
    if not row.ok or fields[1:2] != [b"%d" % number]:
        state.observe("list-invalid", f"LIST {number} answered {excerpt(row.text)}")
    elif fields[2:3] and fields[2].isdigit() and int(fields[2]) > LARGE_MAILBOX:
        state.observe("message-very-large", f"message {number} has {int(fields[2])} octets")


def announced_limits(capabilities: Iterable[str]) -> Iterator[MailboxObservation]:
    """Yield what a server announces in CAPA that limits programs which fetch mail (RFC 2449 §6)."""
    for line in capabilities:
        keyword, *values = line.upper().split()
        if keyword == "EXPIRE" and values[:1] == ["0"]:
            seen = "the server says EXPIRE 0: fetched mail is deleted at once"
            yield MailboxObservation("leave-on-server-impossible", seen)
        elif keyword == "EXPIRE" and values and values[0].isdigit():
            seen = f"the server says EXPIRE {values[0]}: mail is deleted after so many days"
            yield MailboxObservation("mail-expires", seen)
        elif keyword == "LOGIN-DELAY" and values and values[0] != "0":
            seen = f"the server says LOGIN-DELAY {values[0]} (seconds between logins)"
            yield MailboxObservation("login-delay", seen)


def announces_uidl(capabilities: Iterable[str]) -> bool:
    """Say whether UIDL is announced. Where a login shows that UIDL answers, it counts as offered, announced or not.

    AOL and others list it in CAPA only behind the login, or never (RFC 2449 §6.8 wants it before, too).
    """
    return any(line.upper().split()[:1] == ["UIDL"] for line in capabilities)


def _check_ids(state: LoginState, lines: Sequence[bytes], count: int) -> None:
    """Check UIDL: one unique id of 1 to 70 printable characters for every message (RFC 1939 §7)."""
    rows = [line.split() for line in lines]
    ids = [row[1] for row in rows if len(row) > 1]
    _check_numbers(state, "UIDL", rows, count)
    if len(set(ids)) < len(ids):
        state.observe("ids-not-unique", f"UIDL lists {len(ids)} ids, {len(set(ids))} of them different")
    if len(ids) < len(rows) or any(len(each) > 70 for each in ids):
        state.observe("ids-not-unique", "UIDL lists messages without a usable id")


def _check_sizes(state: LoginState, sizes: Pop3Reply, count: int, size: int) -> None:
    """Check LIST: every message once, in order from 1, with the total size of STAT (RFC 1939 §5)."""
    if not sizes.ok:
        state.observe("list-invalid", f"LIST answered {excerpt(sizes.text)}")
        return
    rows = [line.split() for line in sizes.lines]
    _check_numbers(state, "LIST", rows, count)
    listed = [int(row[1]) for row in rows if len(row) > 1 and _NUMBER.fullmatch(row[1])]
    octets = sum(listed)
    if listed and max(listed) > LARGE_MAILBOX:
        state.observe("message-very-large", f"a message has {max(listed)} octets")
    if len(rows) == count and octets != size:
        state.observe("list-invalid", f"LIST adds up to {octets} octets, STAT says {size}")


def _check_numbers(state: LoginState, name: str, rows: Sequence[Sequence[bytes]], count: int) -> None:
    if any(not row for row in rows):
        state.observe("empty-line", f"{name} has an empty line in its list")
    numbers = [int(row[0]) for row in rows if row and _NUMBER.fullmatch(row[0])]
    if numbers != list(range(1, count + 1)):
        seen = ", ".join(map(str, numbers[:5]))
        state.observe("list-invalid", f"{name} numbers {len(numbers)} messages ({seen} …), STAT counts {count} from 1")


def _check_dots(state: LoginState, number: int) -> CommandGenerator[None]:
    """Check `TOP n 0`: lines that begin with a dot have another one in front, and nothing follows the final dot."""
    top = yield from _command(state, b"TOP %d 0" % number, listed=True)
    if not top.ok:
        return  # optional (RFC 1939 §7)
    bare = any(line.startswith(b".") and not line.startswith(b"..") for line in top.lines)
    yield Send(b"NOOP")
    after = yield from read_line()
    if bare or not _STATUS.fullmatch(after.strip()):
        state.observe("dots-not-escaped", f"message {number} has a line that begins with a single dot")
        # The session is out of step from here on: the next replies are the rest of the message.
        raise NetworkError(FailureKind.BAD_REPLY, "the end of a message cannot be told from a line with a dot")


def _command(state: LoginState, line: bytes, *, listed: bool = False) -> CommandGenerator[Pop3Reply]:
    """Send one command and read its reply, with the list behind it where the reply is *listed*."""
    yield Send(line)
    reply = yield from _status()
    if not reply.text.strip():
        state.observe("empty-line", f"{excerpt(line)} was answered by an empty line")
        reply = yield from _status()
    if not reply.ok or not listed:
        return reply
    lines: list[bytes] = []
    for _ in range(state.max_lines):
        each = yield from read_line()
        if each == b".":
            return Pop3Reply(True, reply.text, tuple(lines))
        lines.append(each)
    raise too_long(state.max_lines)


def _status(*, challenges: bool = False) -> CommandGenerator[Pop3Reply]:
    """Read a status line, or a challenge (RFC 5034 §4) where *challenges* may come; an empty line is neither."""
    line = (yield from read_line()).strip()
    if not line or (challenges and line.startswith(b"+") and not line.upper().startswith(b"+OK")):
        return Pop3Reply(False, line)
    found = _STATUS.fullmatch(line)
    if found is None:
        # Not quoted: a server may repeat what it was sent.
        raise NetworkError(FailureKind.BAD_REPLY, "a line that is neither +OK nor -ERR")
    return Pop3Reply(found[1].upper() == b"+OK", line)
