"""Log in to IMAP, open the inbox read-only, and read its quota (RFC 9051, RFC 9208).

C: A20 AUTHENTICATE PLAIN AGFkYQBzZWNyZXQ=          or  A20 LOGIN {3}  + continuations
S: A20 OK [CAPABILITY …] Logged in
C: A21 ID ("name" "mailsettings")                    only where the provider requires it
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
from functools import partial

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.escape import excerpt, quoted
from mailsettings.login.methods import log_in_with
from mailsettings.login.sasl import usable_mechanisms
from mailsettings.login.sasl_exchange import SaslExchange, no_mechanism_error
from mailsettings.login.session import INSPECT_MAILBOX, LoginState, SecretCommand, Topic
from mailsettings.model import Auth, Step
from mailsettings.protocols.dialogue import CommandGenerator, Send, Stage, read_line, too_long

IMAP_LOGIN = "the LOGIN command"  # in place of the name of a SASL mechanism
_ID = 'ID ("name" "mailsettings" "support-url" "https://pypi.org/project/mailsettings/")'
_CAPABILITY = re.compile(rb"\[CAPABILITY[ \t]+([^\]]*)\]", re.IGNORECASE)
_EXISTS = re.compile(rb"\*[ \t]+([0-9]{1,10})[ \t]+EXISTS", re.IGNORECASE)
# Microsoft responds OK with a code that says that the mailbox cannot be opened (2026-11).
_ERROR_IN_OK = re.compile(rb"\[Error=", re.IGNORECASE)
_FIRST_TAG = 20  # the greeting has used the lower ones


@dataclass(frozen=True, slots=True)
class ImapReply:
    """The tagged response to one command; *untagged* are the lines before it."""

    ok: bool
    text: bytes  # status and text, without the tag
    untagged: tuple[bytes, ...] = ()

    @property
    def accepted(self) -> bool:
        return self.ok and not _ERROR_IN_OK.search(self.text)

    @property
    def command_refused(self) -> bool:
        """BAD is about the command, never about the credentials (RFC 9051 §7.1.3)."""
        return self.text[:4].strip().upper() == b"BAD"

    @property
    def words(self) -> tuple[bytes, ...]:
        return (*_human_texts(self.untagged), self.text)


@dataclass(slots=True)
class TagSequence:
    """The tags of one session, each used once."""

    prefix: str
    number: int = _FIRST_TAG

    def next(self) -> str:
        self.number += 1
        return f"{self.prefix}{self.number}"


def log_in(state: LoginState) -> CommandGenerator[None]:
    """Log in, send the ID where it is required, open the inbox read-only."""
    tags = TagSequence(state.tag)
    yield Stage(Step.LOGIN)
    reply = yield from _authenticate(state, tags)
    state.accepted = reply.accepted
    _record(state, Topic.LOGIN, state.accepted, reply)
    if not state.accepted:
        return
    state.capabilities = _capabilities((*reply.untagged, reply.text))
    yield Stage(Step.MAILBOX)
    yield from _open_mailbox(state, tags)


def _open_mailbox(state: LoginState, tags: TagSequence) -> CommandGenerator[None]:
    """Prepare the session as the server requires, open the inbox read-only, read its quota."""
    if not state.capabilities:
        listed = yield from command(tags.next(), "CAPABILITY", state.max_lines)
        state.show_alerts((*listed.untagged, listed.text))
        state.capabilities = _capabilities(listed.untagged)
    if "UTF8=ONLY" in state.capabilities:
        # RFC 6855 §6: such a server opens no mailbox before ENABLE.
        yield from command(tags.next(), "ENABLE UTF8=ACCEPT", state.max_lines)
    if state.request.send_id:
        yield from _send_id(state, tags)
    yield from _examine(state, tags)
    if state.opened and has_quotas(state.capabilities):
        yield INSPECT_MAILBOX
        yield from _read_quota(state, tags)


def _authenticate(state: LoginState, tags: TagSequence) -> CommandGenerator[ImapReply]:
    """Log in with SASL or LOGIN. NetworkError(NO_LOGIN) where the server has neither for these credentials."""
    request, hello = state.request, state.hello
    offered = [each.removeprefix("AUTH=") for each in hello.capabilities if each.startswith("AUTH=")]
    sasl = usable_mechanisms(offered, request.credentials.auth, request.mechanism)
    methods = [partial(_sasl, state, tags, name) for name in sasl]
    if request.credentials.auth is not Auth.OAUTH2 and "LOGIN" in hello.mechanisms:
        # Second: a server that does not understand AUTHENTICATE does not understand it with another mechanism either.
        methods.insert(1, partial(_login, state, tags))
    if not methods:
        raise no_mechanism_error(state)
    return (yield from log_in_with(state, methods))


def _sasl(state: LoginState, tags: TagSequence, name: str) -> CommandGenerator[ImapReply]:
    """Send AUTHENTICATE, with the initial response in the same line where the server allows it (SASL-IR)."""
    tag = tags.next()
    exchange = SaslExchange(state, name)
    yield from exchange.begin(b"%b AUTHENTICATE" % tag.encode(), initial_response="SASL-IR" in state.hello.capabilities)
    while not isinstance(line := (yield from answer_to(tag, state.max_lines)), ImapReply):
        yield from exchange.answer(line)
    if line.ok:
        exchange.succeeded(line.text)
    return line


def _login(state: LoginState, tags: TagSequence) -> CommandGenerator[ImapReply]:
    """Send LOGIN with literals: they may contain any character but NUL (RFC 9051 §4.3)."""
    state.mechanism, tag = IMAP_LOGIN, tags.next()
    username, password = state.request.username.encode(), state.request.credentials.reveal().encode()
    yield SecretCommand(b"%b LOGIN {%d}" % (tag.encode(), len(username)))
    line = yield from answer_to(tag, state.max_lines)
    if isinstance(line, ImapReply):
        return line
    yield SecretCommand(b"%b {%d}" % (username, len(password)))
    line = yield from answer_to(tag, state.max_lines)
    if isinstance(line, ImapReply):
        return line
    yield SecretCommand(password)
    line = yield from answer_to(tag, state.max_lines)
    if isinstance(line, ImapReply):
        return line
    raise NetworkError(FailureKind.BAD_REPLY, "the server wants more behind the password of LOGIN")


def _send_id(state: LoginState, tags: TagSequence) -> CommandGenerator[None]:
    """Send the ID that some providers require (RFC 2971 §3.1)."""
    reply = yield from command(tags.next(), _ID, state.max_lines)
    _record(state, Topic.ID, reply.ok, reply)


def _examine(state: LoginState, tags: TagSequence) -> CommandGenerator[None]:
    """Open the inbox; where it is refused before the ID was sent, send the ID and try once more."""
    reply = yield from command(tags.next(), "EXAMINE INBOX", state.max_lines)
    sent_id = any(each.topic is Topic.ID for each in state.replies)
    if not reply.ok and not sent_id and "ID" in state.capabilities:
        state.note(Topic.MAILBOX, False, (reply.text,))
        refusal = reply.text
        yield from _send_id(state, tags)
        reply = yield from command(tags.next(), "EXAMINE INBOX", state.max_lines)
        if reply.ok:
            state.observe("client-id-required", excerpt(refusal))
    state.opened = reply.ok
    _record(state, Topic.MAILBOX, reply.ok, reply)
    counts = [int(found[1]) for line in reply.untagged if (found := _EXISTS.match(line))]
    state.messages = counts[-1] if counts else None


def _read_quota(state: LoginState, tags: TagSequence) -> CommandGenerator[None]:
    """Read the quota: a full mailbox does not show in the login or the inbox (RFC 9208 §4.1.2, §4.2.1)."""
    reply = yield from command(tags.next(), "GETQUOTAROOT INBOX", state.max_lines)
    state.show_alerts((*reply.untagged, reply.text))
    record_quota(state, reply.untagged)


def command(tag: str, text: str, max_lines: int) -> CommandGenerator[ImapReply]:
    """Send one command and return its tagged response."""
    yield Send(f"{tag} {text}".encode())
    reply = yield from answer_to(tag, max_lines)
    if not isinstance(reply, ImapReply):
        raise NetworkError(FailureKind.BAD_REPLY, f"the server wants more behind {text.split(maxsplit=1)[0]}")
    return reply


def answer_to(tag: str, max_lines: int) -> CommandGenerator[ImapReply | bytes]:
    """Read up to the tagged response, or to a continuation request, whose text is returned.

    A BYE before the connection closes counts as the response: nothing else follows it. So does an untagged BAD before
    the server falls silent: interia.pl answers commands with it where IMAP is switched off (2026-11).
    """
    untagged: list[bytes] = []
    for _ in range(max_lines):
        try:
            line = (yield from read_line()).strip()
        except NetworkError:
            farewells = [each for each in untagged if each.upper().startswith((b"* BYE", b"* BAD"))]
            if not farewells:
                raise
            return ImapReply(False, farewells[-1], tuple(untagged))
        first, _, rest = line.partition(b" ")
        if first == b"+":
            return rest
        if first == tag.encode():
            return ImapReply(_is_ok(rest), rest.strip(), tuple(untagged))
        if first != b"*" and line:
            # Not quoted: a server may repeat what it was sent.
            raise NetworkError(FailureKind.BAD_REPLY, f"an answer to something else than {tag}")
        untagged.append(line)
    raise too_long(max_lines)


def _is_ok(rest: bytes) -> bool:
    status = rest.split(None, 1)[0].upper() if rest.split() else b""
    if status not in (b"OK", b"NO", b"BAD"):
        raise NetworkError(FailureKind.BAD_REPLY, "{} is neither OK nor NO nor BAD", quoting=quoted(status[:20]))
    return status == b"OK"


def _record(state: LoginState, topic: Topic, ok: bool, reply: ImapReply) -> None:
    """Record *reply*, without the data of the mailbox, and the alerts in it."""
    state.note(topic, ok, reply.words)
    state.show_alerts((*reply.untagged, reply.text))


def _human_texts(untagged: Iterable[bytes]) -> tuple[bytes, ...]:
    """Return the lines that have a text for the user: ALERT, NO, BAD and BYE, no data of the mailbox."""
    return tuple(line for line in untagged if line.upper().startswith((b"* NO", b"* BAD", b"* BYE", b"* OK [ALERT")))


def _capabilities(lines: Iterable[bytes]) -> tuple[str, ...]:
    """Return the capabilities in *lines*, listed as data or in a response code."""
    found: list[bytes] = []
    for line in lines:
        if line.upper().startswith(b"* CAPABILITY "):
            found += line.split()[2:]
        elif code := _CAPABILITY.search(line):
            found += code[1].split()
    return tuple(dict.fromkeys(excerpt(word).upper() for word in found))


NEARLY_FULL = 90  # per cent; some providers start to refuse large messages there
_RESOURCE = re.compile(rb"([A-Za-z][A-Za-z-]{0,30}) +([0-9]{1,18}) +([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class QuotaResource:
    """One limited resource of a mailbox, and how much of it is used."""

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
    """Say whether the server has quotas, by RFC 2087 or by RFC 9208."""
    return any(each == "QUOTA" or each.startswith("QUOTA=") for each in capabilities)


def record_quota(state: LoginState, lines: Iterable[bytes]) -> None:
    """Record the quota in *lines*, and an observation where the mailbox is full or nearly so."""
    found = tuple(quota_resources(lines))
    if found:
        state.note(Topic.QUOTA, True, ("; ".join(map(str, found)).encode(),))
    for each in found:
        if each.percent >= NEARLY_FULL:
            code = "over-quota" if each.percent >= 100 else "quota-nearly-full"
            state.observe(code, f"QUOTA {each.name}: {each.used} of {each.limit}")


def quota_resources(lines: Iterable[bytes]) -> Iterator[QuotaResource]:
    """Yield the resources that have a limit; 0 means none."""
    for line in lines:
        if not line.upper().startswith(b"* QUOTA "):
            continue
        for name, used, limit in _RESOURCE.findall(line.rpartition(b"(")[2]):
            if int(limit):
                yield QuotaResource(name.decode().upper(), int(used), int(limit))
