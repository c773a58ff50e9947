"""Log in to POP3 and look at the mailbox without changing it (RFC 1939 §5, §7; SASL: RFC 5034).

C: USER ada@example.org                 or  AUTH PLAIN …
S: +OK
C: PASS secret
S: +OK
C: STAT                                 Gmail says only here that POP is switched off
S: +OK 2 3200
C: UIDL
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.escape import excerpt
from mailsettings.login.sasl import choose_mechanism
from mailsettings.login.sasl_exchange import SaslExchange, no_mechanism_error
from mailsettings.login.session import INSPECT_MAILBOX, LoginState, MailboxObservation, SecretCommand, Topic
from mailsettings.model import Auth, Step
from mailsettings.protocols.dialogue import CommandGenerator, Send, Stage, read_line, too_long

POP3_LOGIN = "USER and PASS"  # what stands for a mechanism where it is none of SASL
MAX_LISTED = 900  # messages whose lists are read whole: within what one reply may be (docs/limits.md)
MANY_MESSAGES = 50_000  # messages; services that poll a mailbox read its whole list each time, and give up
LARGE_MAILBOX = 50_000_000  # octets of one message: what Gmail receives at most (support.google.com/mail/answer/6584)
MAX_HEADERS = 3  # messages whose headers are looked at for their dots
# Of messages or octets; Python reads no number of more than 4300 digits, and no mailbox needs one.
_NUMBER = re.compile(rb"[0-9]{1,18}")
_STATUS = re.compile(rb"(\+OK|-ERR)(?:[ \t]+(.*))?", re.IGNORECASE | re.DOTALL)
_MAX_COMMAND = 250  # octets of one line (RFC 2449 §4), less the line end


@dataclass(frozen=True, slots=True)
class Pop3Reply:
    """The answer to one command; *lines* are those of a list, as they came."""

    ok: bool
    text: bytes  # the first line
    lines: tuple[bytes, ...] = ()


def log_in(course: LoginState) -> CommandGenerator[None]:
    """Log in, count the messages, read their ids; a thorough errand reads the lists as well."""
    yield Stage(Step.LOGIN)
    reply = yield from _authenticate(course)
    course.accepted = reply.ok
    course.note(Topic.LOGIN, reply.ok, (reply.text,))
    if not reply.text:
        course.observe("empty-line", "the login was answered by an empty line")
    if not reply.ok:
        return
    yield Stage(Step.MAILBOX)
    stat = yield from _command(course, b"STAT")
    course.note(Topic.MAILBOX, stat.ok, (stat.text,))
    numbers = stat.text.split()[1:3]
    if not stat.ok or len(numbers) < 2 or not all(map(_NUMBER.fullmatch, numbers)):
        return
    course.opened = True
    course.messages, size = (int(number) for number in numbers)
    course.observations += announced(course.hello.capabilities)
    yield INSPECT_MAILBOX
    try:
        yield from _inspect_mailbox(course, size)
    except NetworkError as error:
        # The mailbox was opened, so the verdict stands; a program that fetches all of it meets this.
        if not any(each.code == "dots-not-escaped" for each in course.observations):
            code = "reply-too-large" if error.kind is FailureKind.LIMIT else "bad-reply"
            course.observe(code, f"behind STAT: {error.redacted}")
        raise


def _authenticate(course: LoginState) -> CommandGenerator[Pop3Reply]:
    """Prefer SASL, then USER and PASS. NetworkError(NO_LOGIN) where neither will do."""
    errand, hello = course.request, course.hello
    sasl = [word for line in hello.capabilities if line.startswith("SASL ") for word in line.upper().split()[1:]]
    name = choose_mechanism(sasl, errand.credentials.auth, errand.mechanism)
    if name:
        return (yield from _sasl(course, name))
    if errand.credentials.auth is Auth.OAUTH2 or "USER" not in hello.mechanisms:
        raise no_mechanism_error(course)
    course.mechanism = POP3_LOGIN
    if "UTF8 USER" in hello.capabilities and not errand.ascii:
        # RFC 6856 §2.1: it takes other letters then. Whether it minds the command is shown by what it says to USER.
        yield Send(b"UTF8")
        yield from _status()
    yield Send(f"USER {errand.username}".encode())
    reply = yield from _status()
    if not reply.ok:
        return reply
    yield SecretCommand(b"PASS " + errand.credentials.reveal().encode())
    return (yield from _status())


def _sasl(course: LoginState, name: str) -> CommandGenerator[Pop3Reply]:
    """AUTH, with the first response in the same line where that is short enough."""
    exchange = SaslExchange(course, name)
    yield from exchange.begin(b"AUTH", at_once=True, max_command=_MAX_COMMAND)
    while True:
        reply = yield from _status(challenges=True)
        if not reply.text.startswith(b"+ ") and reply.text != b"+":
            break
        yield from exchange.answer(reply.text[2:])
    if reply.ok:
        exchange.succeeded(reply.text)
    return reply


def _inspect_mailbox(course: LoginState, size: int) -> CommandGenerator[None]:
    """Read what a program that leaves mail on the server, or fetches all of it, depends on."""
    count = course.messages or 0
    if count > MANY_MESSAGES:
        course.observe("mailbox-very-large", f"STAT counts {count} messages")
    whole = count <= MAX_LISTED
    ids = yield from _command(course, b"UIDL" if whole else b"UIDL 1", listed=whole)
    course.note(Topic.MESSAGE_IDS, ids.ok, (ids.text,))
    if not ids.ok:
        course.observe("leave-on-server-impossible", f"UIDL answered {excerpt(ids.text)}")
    elif whole:
        _check_ids(course, ids.lines, count)
    if course.request.thorough:
        yield from _inspect_thoroughly(course, count, size, whole=whole)


def _inspect_thoroughly(course: LoginState, count: int, size: int, *, whole: bool) -> CommandGenerator[None]:
    """Look at what makes a service stop that polls the mailbox and keeps no state of its own."""
    if not has_ids(course.hello.capabilities):
        course.observe("ids-not-announced", "UIDL is not among what CAPA lists")
    if whole:
        sizes = yield from _command(course, b"LIST", listed=True)
        _check_sizes(course, sizes, count, size)
        for number in range(1, min(count, MAX_HEADERS) + 1):
            yield from _check_dots(course, number)
    else:
        for number in (1, count):
            yield from _check_edge(course, number)


def _check_edge(course: LoginState, number: int) -> CommandGenerator[None]:
    """LIST n: where the list is too long to be read, its two ends are looked at."""
    row = yield from _command(course, b"LIST %d" % number)
    words = row.text.split()
    if not row.ok or words[1:2] != [b"%d" % number]:
        course.observe("list-invalid", f"LIST {number} answered {excerpt(row.text)}")
    elif words[2:3] and words[2].isdigit() and int(words[2]) > LARGE_MAILBOX:
        course.observe("message-very-large", f"message {number} has {int(words[2])} octets")


def announced(capabilities: Iterable[str]) -> Iterator[MailboxObservation]:
    """Yield what a server says of itself in CAPA that a program which fetches mail has to reckon with (RFC 2449 §6)."""
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


def has_ids(capabilities: Iterable[str]) -> bool:
    """Say whether UIDL is announced: services that fetch mail believe CAPA, and do not try."""
    return any(line.upper().split()[:1] == ["UIDL"] for line in capabilities)


def _check_ids(course: LoginState, lines: Sequence[bytes], count: int) -> None:
    """UIDL: one unique id of 1 to 70 printable characters for every message (RFC 1939 §7)."""
    rows = [line.split() for line in lines]
    ids = [row[1] for row in rows if len(row) > 1]
    _check_numbers(course, "UIDL", rows, count)
    if len(set(ids)) < len(ids):
        course.observe("ids-not-unique", f"UIDL lists {len(ids)} ids, {len(set(ids))} of them different")
    if len(ids) < len(rows) or any(len(each) > 70 for each in ids):
        course.observe("ids-not-unique", "UIDL lists messages without a usable id")


def _check_sizes(course: LoginState, sizes: Pop3Reply, count: int, size: int) -> None:
    """LIST: every message once, in order from 1, and as large together as STAT says (RFC 1939 §5)."""
    if not sizes.ok:
        course.observe("list-invalid", f"LIST answered {excerpt(sizes.text)}")
        return
    rows = [line.split() for line in sizes.lines]
    _check_numbers(course, "LIST", rows, count)
    each = [int(row[1]) for row in rows if len(row) > 1 and _NUMBER.fullmatch(row[1])]
    octets = sum(each)
    if each and max(each) > LARGE_MAILBOX:
        course.observe("message-very-large", f"a message has {max(each)} octets")
    if len(rows) == count and octets != size:
        course.observe("list-invalid", f"LIST adds up to {octets} octets, STAT says {size}")


def _check_numbers(course: LoginState, name: str, rows: Sequence[Sequence[bytes]], count: int) -> None:
    if any(not row for row in rows):
        course.observe("empty-line", f"{name} has an empty line in its list")
    numbers = [int(row[0]) for row in rows if row and _NUMBER.fullmatch(row[0])]
    if numbers != list(range(1, count + 1)):
        seen = ", ".join(map(str, numbers[:5]))
        course.observe("list-invalid", f"{name} numbers {len(numbers)} messages ({seen} …), STAT counts {count} from 1")


def _check_dots(course: LoginState, number: int) -> CommandGenerator[None]:
    """TOP n 0: a line that begins with a dot has one more of it, and behind the last dot comes nothing."""
    top = yield from _command(course, b"TOP %d 0" % number, listed=True)
    if not top.ok:
        return  # optional (RFC 1939 §7)
    bare = any(line.startswith(b".") and not line.startswith(b"..") for line in top.lines)
    yield Send(b"NOOP")
    after = yield from read_line()
    if bare or not _STATUS.fullmatch(after.strip()):
        course.observe("dots-not-escaped", f"message {number} has a line that begins with a single dot")
        # From here on nothing fits: what follows is the rest of the message.
        raise NetworkError(FailureKind.BAD_REPLY, "the end of a message cannot be told from a line with a dot")


def _command(course: LoginState, line: bytes, *, listed: bool = False) -> CommandGenerator[Pop3Reply]:
    """Send one command and read its answer, with the list behind it if one is due."""
    yield Send(line)
    reply = yield from _status()
    if not reply.text.strip():
        course.observe("empty-line", f"{excerpt(line)} was answered by an empty line")
        reply = yield from _status()
    if not reply.ok or not listed:
        return reply
    lines: list[bytes] = []
    for _ in range(course.max_lines):
        each = yield from read_line()
        if each == b".":
            return Pop3Reply(True, reply.text, tuple(lines))
        lines.append(each)
    raise too_long(course.max_lines)


def _status(*, challenges: bool = False) -> CommandGenerator[Pop3Reply]:
    """Read a status line, or a challenge (RFC 5034 §4) where one may come; an empty line is neither."""
    line = (yield from read_line()).strip()
    if not line or (challenges and line.startswith(b"+") and not line.upper().startswith(b"+OK")):
        return Pop3Reply(False, line)
    found = _STATUS.fullmatch(line)
    if found is None:
        # Not quoted: a server may repeat what it was sent.
        raise NetworkError(FailureKind.BAD_REPLY, "a line that is neither +OK nor -ERR")
    return Pop3Reply(found[1].upper() == b"+OK", line)
