"""Log in to IMAP, look at the inbox without changing it, and read how full it is.

C: A20 AUTHENTICATE PLAIN AGFkYQBzZWNyZXQ=          or  A20 LOGIN {3}  + continuations
S: A20 OK [CAPABILITY …] Logged in
C: A21 ID ("name" "mailsettings")                    only where the provider wants it
C: A22 EXAMINE INBOX
S: * 3 EXISTS
S: A22 OK [READ-ONLY]
C: A23 GETQUOTAROOT INBOX                            only where the server lists QUOTA

C: A24 GETQUOTAROOT INBOX
S: * QUOTAROOT INBOX ""
S: * QUOTA "" (STORAGE 1000 1024 MESSAGE 12 5000)         STORAGE in units of 1024 octets
S: A24 OK done
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.escape import excerpt, quoted
from mailsettings.login.sasl import choose_mechanism
from mailsettings.login.sasl_exchange import SaslExchange, no_mechanism_error
from mailsettings.login.session import INSPECT_MAILBOX, LoginState, SecretCommand, Topic
from mailsettings.model import Auth, Step
from mailsettings.protocols.dialogue import CommandGenerator, Send, Stage, read_line, too_long

IMAP_LOGIN = "the LOGIN command"  # what stands for a mechanism where it is none of SASL
_ID = 'ID ("name" "mailsettings" "support-url" "https://pypi.org/project/mailsettings/")'
_CAPABILITY = re.compile(rb"\[CAPABILITY[ \t]+([^\]]*)\]", re.IGNORECASE)
_EXISTS = re.compile(rb"\*[ \t]+([0-9]{1,10})[ \t]+EXISTS", re.IGNORECASE)
# Microsoft says OK and hides in the code that the mailbox cannot be opened (2026-11).
_ERROR_IN_OK = re.compile(rb"\[Error=", re.IGNORECASE)
_FIRST_TAG = 20  # the greeting has used the lower ones


@dataclass(frozen=True, slots=True)
class ImapReply:
    """The tagged answer to one command; *untagged* are the lines before it."""

    ok: bool
    text: bytes  # status and text, without the tag
    untagged: tuple[bytes, ...] = ()


@dataclass(slots=True)
class TagSequence:
    """The tags of this conversation, each used once."""

    prefix: str
    number: int = _FIRST_TAG

    def next(self) -> str:
        self.number += 1
        return f"{self.prefix}{self.number}"


def log_in(course: LoginState) -> CommandGenerator[None]:
    """Log in, introduce ourselves where that is wanted, open the inbox for reading only."""
    tags = TagSequence(course.tag)
    yield Stage(Step.LOGIN)
    reply = yield from _authenticate(course, tags)
    course.accepted = reply.ok and not _ERROR_IN_OK.search(reply.text)
    course.note(Topic.LOGIN, course.accepted, (*_human_texts(reply.untagged), reply.text))
    if not course.accepted:
        return
    course.capabilities = _capabilities((*reply.untagged, reply.text))
    yield Stage(Step.MAILBOX)
    if not course.capabilities:
        listed = yield from command(tags.next(), "CAPABILITY", course.max_lines)
        course.capabilities = _capabilities(listed.untagged)
    if "UTF8=ONLY" in course.capabilities:
        # RFC 6855 §6: such a server refuses to open anything before that.
        yield from command(tags.next(), "ENABLE UTF8=ACCEPT", course.max_lines)
    if course.request.send_id:
        yield from _send_id(course, tags)
    yield from _examine(course, tags)
    if course.opened and has_quotas(course.capabilities):
        yield INSPECT_MAILBOX
        yield from _read_quota(course, tags)


def _authenticate(course: LoginState, tags: TagSequence) -> CommandGenerator[ImapReply]:
    """Choose between SASL and LOGIN, and log in. NetworkError(NO_LOGIN) where neither will do."""
    errand, hello = course.request, course.hello
    sasl = [word.removeprefix("AUTH=") for word in hello.capabilities if word.startswith("AUTH=")]
    name = choose_mechanism(sasl, errand.credentials.auth, errand.mechanism)
    if name:
        return (yield from _sasl(course, tags.next(), name))
    if errand.credentials.auth is Auth.OAUTH2 or "LOGIN" not in hello.mechanisms:
        raise no_mechanism_error(course)
    course.mechanism = IMAP_LOGIN
    return (yield from _login(course, tags.next()))


def _sasl(course: LoginState, tag: str, name: str) -> CommandGenerator[ImapReply]:
    """AUTHENTICATE, with the first response in the same line where the server allows that."""
    exchange = SaslExchange(course, name)
    at_once = "SASL-IR" in course.hello.capabilities
    yield from exchange.begin(b"%b AUTHENTICATE" % tag.encode(), at_once=at_once)
    while not isinstance(line := (yield from answer_to(tag, course.max_lines)), ImapReply):
        yield from exchange.answer(line)
    if line.ok:
        exchange.succeeded(line.text)
    return line


def _login(course: LoginState, tag: str) -> CommandGenerator[ImapReply]:
    """LOGIN with literals: any character but NUL may be in them (RFC 9051 §4.3)."""
    username, password = course.request.username.encode(), course.request.credentials.reveal().encode()
    yield SecretCommand(b"%b LOGIN {%d}" % (tag.encode(), len(username)))
    line = yield from answer_to(tag, course.max_lines)
    if isinstance(line, ImapReply):
        return line
    yield SecretCommand(b"%b {%d}" % (username, len(password)))
    line = yield from answer_to(tag, course.max_lines)
    if isinstance(line, ImapReply):
        return line
    yield SecretCommand(password)
    line = yield from answer_to(tag, course.max_lines)
    if isinstance(line, ImapReply):
        return line
    raise NetworkError(FailureKind.BAD_REPLY, "the server wants more behind the password of LOGIN")


def _send_id(course: LoginState, tags: TagSequence) -> CommandGenerator[None]:
    """Send the ID that some providers insist on (RFC 2971 §3.1)."""
    reply = yield from command(tags.next(), _ID, course.max_lines)
    course.note(Topic.ID, reply.ok, (reply.text,))


def _examine(course: LoginState, tags: TagSequence) -> CommandGenerator[None]:
    """Open the inbox; where that is refused to a stranger, introduce ourselves and ask once more."""
    reply = yield from command(tags.next(), "EXAMINE INBOX", course.max_lines)
    introduced = any(said.topic is Topic.ID for said in course.replies)
    if not reply.ok and not introduced and "ID" in course.capabilities:
        course.note(Topic.MAILBOX, False, (reply.text,))
        before = reply.text
        yield from _send_id(course, tags)
        reply = yield from command(tags.next(), "EXAMINE INBOX", course.max_lines)
        if reply.ok:
            course.observe("client-id-required", excerpt(before))
    course.opened = reply.ok
    course.note(Topic.MAILBOX, reply.ok, (*_human_texts(reply.untagged), reply.text))
    counts = [int(found[1]) for line in reply.untagged if (found := _EXISTS.match(line))]
    course.messages = counts[-1] if counts else None


def _read_quota(course: LoginState, tags: TagSequence) -> CommandGenerator[None]:
    """See whether the mailbox is full: the login and the inbox do not show it (RFC 9208 §4.1.2, §4.2.1)."""
    reply = yield from command(tags.next(), "GETQUOTAROOT INBOX", course.max_lines)
    record_quota(course, reply.untagged)


def command(tag: str, text: str, max_lines: int) -> CommandGenerator[ImapReply]:
    """Send one command and return its tagged answer."""
    yield Send(f"{tag} {text}".encode())
    reply = yield from answer_to(tag, max_lines)
    if not isinstance(reply, ImapReply):
        raise NetworkError(FailureKind.BAD_REPLY, f"the server wants more behind {text.split(maxsplit=1)[0]}")
    return reply


def answer_to(tag: str, max_lines: int) -> CommandGenerator[ImapReply | bytes]:
    """Read up to the tagged answer, or to a continuation request, whose text is returned.

    A BYE before the connection closes is the answer, too: nothing else will come.
    """
    untagged: list[bytes] = []
    for _ in range(max_lines):
        try:
            line = (yield from read_line()).strip()
        except NetworkError:
            farewells = [each for each in untagged if each.upper().startswith(b"* BYE")]
            if not farewells:
                raise
            return ImapReply(False, farewells[-1], tuple(untagged))
        word, _, rest = line.partition(b" ")
        if word == b"+":
            return rest
        if word == tag.encode():
            return ImapReply(_is_ok(rest), rest.strip(), tuple(untagged))
        if word != b"*" and line:
            # Not quoted: a server may repeat what it was sent.
            raise NetworkError(FailureKind.BAD_REPLY, f"an answer to something else than {tag}")
        untagged.append(line)
    raise too_long(max_lines)


def _is_ok(rest: bytes) -> bool:
    status = rest.split(None, 1)[0].upper() if rest.split() else b""
    if status not in (b"OK", b"NO", b"BAD"):
        raise NetworkError(FailureKind.BAD_REPLY, "{} is neither OK nor NO nor BAD", quoting=quoted(status[:20]))
    return status == b"OK"


def _human_texts(untagged: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return what the server says to people: ALERT and other texts, not the data of the mailbox."""
    return tuple(line for line in untagged if line.upper().startswith((b"* NO", b"* BAD", b"* BYE", b"* OK [ALERT")))


def _capabilities(lines: Iterable[bytes]) -> tuple[str, ...]:
    """Return the capabilities that *lines* list, as data or inside a code."""
    found: list[bytes] = []
    for line in lines:
        if line.upper().startswith(b"* CAPABILITY "):
            found += line.split()[2:]
        elif code := _CAPABILITY.search(line):
            found += code[1].split()
    return tuple(dict.fromkeys(excerpt(word).upper() for word in found))


NEARLY_FULL = 90  # per cent; some providers begin to refuse large mail there
_RESOURCE = re.compile(rb"([A-Za-z][A-Za-z-]{0,30}) +([0-9]{1,18}) +([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class QuotaResource:
    """One thing of which there is only so much."""

    name: str  # STORAGE, MESSAGE …
    used: int
    limit: int

    @property
    def percent(self) -> int:
        return self.used * 100 // self.limit

    def __str__(self) -> str:
        if self.name == "STORAGE":
            return f"{self.used // 1024} of {self.limit // 1024} MB"
        return f"{self.used} of {self.limit} ({self.name.lower()})"


def has_quotas(capabilities: Iterable[str]) -> bool:
    """Say whether the server knows quotas, by the older document or by the newer one."""
    return any(word == "QUOTA" or word.startswith("QUOTA=") for word in capabilities)


def record_quota(course: LoginState, lines: Iterable[bytes]) -> None:
    """Write down the figures of *lines*, and what a user has to know of them."""
    found = tuple(resources(lines))
    if found:
        course.note(Topic.QUOTA, True, ("; ".join(map(str, found)).encode(),))
    for each in found:
        if each.percent >= NEARLY_FULL:
            code = "over-quota" if each.percent >= 100 else "quota-nearly-full"
            course.observe(code, f"QUOTA {each.name}: {each.used} of {each.limit}")


def resources(lines: Iterable[bytes]) -> Iterator[QuotaResource]:
    """Yield what is limited; where a server says 0 it has no limit."""
    for line in lines:
        if not line.upper().startswith(b"* QUOTA "):
            continue
        for name, used, limit in _RESOURCE.findall(line.rpartition(b"(")[2]):
            if int(limit):
                yield QuotaResource(name.decode().upper(), int(used), int(limit))
