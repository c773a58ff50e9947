"""Accounts of the scripted servers: passwords, SASL mechanisms, and the content of the mailboxes.

    net.host("imap.example.org").serve(imap(accounts={"ada@example.org": Account("secret", messages=3)}))

PLAIN, LOGIN, CRAM-MD5, XOAUTH2, OAUTHBEARER (the password is the token), IMAP LOGIN, POP3 USER and PASS.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from hashlib import md5

from mailsettings.testing.dialects import IMAP, POP3, Dialect, DialectReply
from mailsettings.testing.scripts import HEAR, Act, Say

CHALLENGE = b"<1896.697170952@postoffice.example>"  # the one of RFC 2195 §2
LoginDialogue = Generator[Say | Act, bytes, "Account | None"]


@dataclass(frozen=True, slots=True)
class Account:
    """One mailbox. Texts are as sent, without the tag: `NO [ALERT] …`, `-ERR …`, `535 …`."""

    password: str
    messages: int = 2  # of 100 octets each
    refusal: str = ""  # the reply to every login, whatever the password is
    mailbox_refusal: str = ""  # the reply after login to EXAMINE, STAT or MAIL
    wants_id: bool = False  # IMAP: *mailbox_refusal* only until the client has sent ID


_REFUSALS = {IMAP: "NO [AUTHENTICATIONFAILED] Authentication failed.", POP3: "-ERR [AUTH] Authentication failed."}
_SMTP_REFUSAL = "535 5.7.8 Error: authentication failed"


def refusal(dialect: Dialect) -> str:
    """Return the reply to a login with unknown credentials."""
    return _REFUSALS.get(dialect, _SMTP_REFUSAL)


def wants_login(dialect: Dialect, line: str) -> bool:
    """Say whether *line* starts a login."""
    words = line.upper().split()
    if dialect is IMAP:
        return words[1:2] in (["LOGIN"], ["AUTHENTICATE"])
    return (words[:1] == ["AUTH"] and len(words) > 1) or (dialect is POP3 and words[:1] == ["USER"])


def log_in(dialect: Dialect, line: str, accounts: Mapping[str, Account]) -> LoginDialogue:
    """Run the server's side of the login that *line* starts; return the account, None if the login is refused."""
    tag, words = _split_command(dialect, line)
    if words[0].upper() in ("LOGIN", "USER"):
        username, password = yield from _native(dialect, words)
    else:
        username, password = yield from _sasl(dialect, words)
    account = accounts.get(username)
    accepted = account is not None and password in (account.password, _digest(account.password))
    if account is None or not accepted or account.refusal:
        text = account.refusal if account is not None and account.refusal else refusal(dialect)
        yield Say(f"{tag}{text}\r\n".encode())
        return None
    yield Say(f"{tag}{_WELCOME.get(dialect, '235 2.7.0 Authentication successful')}\r\n".encode())
    return account


_WELCOME = {IMAP: "OK Logged in", POP3: "+OK Logged in"}


def _split_command(dialect: Dialect, line: str) -> tuple[str, list[str]]:
    """Split *line* into its tag, with a blank behind it, and the words of the command."""
    words = line.split(" ")
    return (words[0] + " ", words[1:]) if dialect is IMAP else ("", words)


def _native(dialect: Dialect, words: list[str]) -> Generator[Say | Act, bytes, tuple[str, str]]:
    """Read the user name and password of IMAP LOGIN with literals, or of USER and PASS."""
    if dialect is POP3:
        yield Say(b"+OK\r\n")
        return " ".join(words[1:]), (yield HEAR).decode().removeprefix("PASS ")
    yield Say(b"+ go on\r\n")
    username = (yield HEAR).decode().rpartition(" {")[0]
    yield Say(b"+ go on\r\n")
    return username, (yield HEAR).decode()


def _sasl(dialect: Dialect, words: list[str]) -> Generator[Say | Act, bytes, tuple[str, str]]:
    mechanism, *initial = words[1:]
    if mechanism in ("LOGIN", "CRAM-MD5"):
        first = yield from _ask(dialect, b"Username:" if mechanism == "LOGIN" else CHALLENGE)
        if mechanism == "CRAM-MD5":
            username, _, digest = first.decode().rpartition(" ")
            return username, digest
        return first.decode(), (yield from _ask(dialect, b"Password:")).decode()
    response = base64.b64decode(initial[0]) if initial else (yield from _ask(dialect, b""))
    if mechanism == "PLAIN":
        _, username, password = response.decode().split("\0")
        return username, password
    return _bearer(response.decode())


def _bearer(response: str) -> tuple[str, str]:
    """Read XOAUTH2 and OAUTHBEARER, whose fields are separated by ^A."""
    first, *fields = response.split("\x01")
    token = next((field.removeprefix("auth=Bearer ") for field in fields if field.startswith("auth=")), "")
    username = first.removeprefix("user=") if first.startswith("user=") else first.split(",")[1].removeprefix("a=")
    return username.replace("=2C", ",").replace("=3D", "="), token


def _ask(dialect: Dialect, challenge: bytes) -> Generator[Say | Act, bytes, bytes]:
    """Send a challenge and return the response."""
    prefix = b"+ " if dialect in (IMAP, POP3) else b"334 "
    yield Say(prefix + base64.b64encode(challenge) + b"\r\n")
    return base64.b64decode((yield HEAR))


def _digest(password: str) -> str:
    return hmac.new(password.encode(), CHALLENGE, md5).hexdigest()


def mailbox_reply(dialect: Dialect, line: str, account: Account, *, introduced: bool) -> DialectReply | None:
    """Answer a command after login; None if the reply does not depend on the account."""
    tag, words = _split_command(dialect, line)
    match words[0].upper():
        case "EXAMINE" | "STAT" | "MAIL" if account.mailbox_refusal and not (account.wants_id and introduced):
            return DialectReply(tag + account.mailbox_refusal)
        case "EXAMINE":
            return DialectReply(f"* {account.messages} EXISTS\n{tag}OK [READ-ONLY] Done.")
        case "STAT":
            return DialectReply(f"+OK {account.messages} {account.messages * 100}")
        case "UIDL" | "LIST" as name:
            return _list_reply(account, words, "id{}" if name == "UIDL" else "100")
        case name:
            text = _ANSWERS.get(name)
            return DialectReply(text) if text else None


_ANSWERS = {"TOP": "+OK\nSubject: a test\n\n.", "MAIL": "250 2.1.0 Ok"}


def _list_reply(account: Account, words: list[str], form: str) -> DialectReply:
    if len(words) > 1:
        return DialectReply(f"+OK {words[1]} {form.format(words[1])}")
    rows = [f"{number} {form.format(number)}" for number in range(1, account.messages + 1)]
    return DialectReply("\n".join(("+OK", *rows, ".")))
