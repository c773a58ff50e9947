"""What a recorded server should be read as: right (True), wrong (a sentence) or not said by the row (None)."""

from __future__ import annotations

import re
from collections.abc import Callable

from benchmarks.transcripts import Row
from mailsettings.errors import FailureKind
from mailsettings.model import Hello, Protocol
from mailsettings.net.session import SessionResult

Verdict = str | bool | None

_NOT_A_GREETING = {"t110": FailureKind.BAD_REPLY}  # "Permission denied - do not try again.": no code, so no SMTP
_ATTACKS = {  # what must come of the four recorded attacks, in the mode that they are made for
    "t172": FailureKind.EARLY_BYTES,
    "t174": FailureKind.EARLY_BYTES,
    "t175": FailureKind.BAD_REPLY,
    "t176": FailureKind.PREAUTH,
}


def greeting(row: Row, plain: SessionResult) -> Verdict:
    """Is the greeting accepted or refused as it says, and its text kept?"""
    wanted = _refusal(row)
    if wanted is not None:
        return _is(plain, wanted)
    if plain.hello is None:
        late = row.id in _ATTACKS or b"* BYE" in row.reply or row.reply.startswith(b"4")
        return None if late else f"greeting not accepted: {plain.failure}"
    text = _words(_text(row))
    return plain.hello.greeting.endswith("…") or text == _words(plain.hello.greeting) or f"{plain.hello.greeting!r}"


def capabilities(row: Row, plain: SessionResult) -> Verdict:
    """Is every capability of the reply there, and nothing else?"""
    if plain.hello is None or not row.reply:
        return None
    wanted, seen = _listed(row), set(plain.hello.capabilities)
    return seen == wanted or f"missing {sorted(wanted - seen)}, too many {sorted(seen - wanted)}"


def starttls(row: Row, upgrade: SessionResult, sent: list[bytes]) -> Verdict:
    """Is STARTTLS asked for exactly where it is offered?"""
    if row.id in ("t175", "t176"):
        return None  # the attack prevents the request; see oddity
    asked = any(b"STARTTLS" in line or b"STLS" in line for line in sent)
    refused = upgrade.failure is not None and upgrade.failure.kind is FailureKind.STARTTLS_NOT_OFFERED
    if not row.starttls:
        known = refused or _refusal(row) is not None or b"BYE" in row.reply or row.reply.startswith(b"4")
        return (not asked and known) or f"asked for STARTTLS: {asked}; {upgrade.failure}"
    return asked or f"did not ask for STARTTLS: {upgrade.failure}"


def login(row: Row, plain: SessionResult, inside: SessionResult) -> Verdict:
    """Are the login methods those of the row, and is their absence inside TLS a failure?"""
    if plain.hello is None:
        return None
    seen = _sasl(plain.hello) if row.protocol is Protocol.IMAP else plain.hello.mechanisms
    if sorted(seen) != sorted(row.auth):
        return f"{sorted(seen)}, not {sorted(row.auth)}"
    nothing = not plain.hello.mechanisms
    failed = inside.failure is not None and inside.failure.kind is FailureKind.NO_LOGIN
    return nothing == failed or f"inside TLS: {inside.failure}"


def oddity(row: Row, plain: SessionResult, upgrade: SessionResult, inside: SessionResult) -> Verdict:
    """Is what the row calls weird dealt with? Crashes and cuts are checked by the caller."""
    if not row.weird:
        return None
    if row.id in _ATTACKS:
        return _is(upgrade, _ATTACKS[row.id])
    about = " ".join(row.weird)
    seen = repr((plain, upgrade, inside))
    failed = [(words, said) for words, holds in _HOLDS if words in about if (said := holds(seen, inside)) is not True]
    return not failed or f"{failed}"


_HOLDS: tuple[tuple[str, Callable[[str, SessionResult], Verdict]], ...] = (
    ("XXXXXXXA", lambda seen, _: "XXXXXXXA" in seen),
    ("masked as XXXA", lambda seen, _: "XXXA" in seen),
    ("asterisks", lambda seen, inside: "rewrites SMTP" in seen or inside.failure is None),
    ("masked (Cisco", lambda seen, _: "rewrites SMTP" in seen),
    ("ANSI escape", lambda seen, _: "\\x1b[" in seen and "\x1b" not in seen),
    ("BYE lines", lambda _, inside: _is(inside, FailureKind.GREETING_REFUSED)),
    ("BYE greeting", lambda _, inside: _is(inside, FailureKind.GREETING_REFUSED)),
    ("PREAUTH", lambda seen, inside: "PREAUTH" in seen and inside.failure is None),
    ("LF only", lambda _, inside: inside.hello is None or "LF" in " ".join(map(str, inside.hello.notes))),
    ("not an APOP timestamp", lambda seen, _: "'APOP'" not in seen),
    ("unclosed <", lambda seen, _: "'APOP'" not in seen),
    ("AUTH= only in greeting", lambda seen, inside: "named only in the greeting" in seen and inside.failure is None),
)


def _is(result: SessionResult, kind: FailureKind) -> Verdict:
    return (
        result.failure is not None and result.failure.kind is kind
    ) or f"{result.failure or result.hello}, not {kind}"


def _refusal(row: Row) -> FailureKind | None:
    """Return the expected failure of an invalid or refusing greeting before TLS."""
    if row.id in _NOT_A_GREETING:
        return _NOT_A_GREETING[row.id]
    if re.match(rb"\* PREAUTH", row.greeting):
        return FailureKind.PREAUTH
    return FailureKind.GREETING_REFUSED if re.match(rb"\* BYE|-ERR|[45]", row.greeting) else None


def _text(row: Row) -> str:
    """Return the greeting without status, code and capability list."""
    lines = row.greeting.decode("latin-1").splitlines() if row.protocol is Protocol.SMTP else [_whole(row.greeting)]
    lines = [re.sub(r"^(\* OK|\+OK|220)[ -]?(\[CAPABILITY [^]]*\])?", "", line) for line in lines]
    return " ".join(lines)


def _whole(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _words(text: str) -> list[str]:
    """Return the words of *text*: what is escaped or not printable separates them."""
    return re.sub(r"\\x[0-9a-f]{2}|[^ -~\xa1-\xac\xae-\xff]", " ", text).split()


def _listed(row: Row) -> set[str]:
    """Return the capabilities that the reply lists, in the form in which we give them."""
    text = row.reply.decode("latin-1")
    if row.protocol is Protocol.IMAP:
        lists = re.findall(r"(?im)^\* capability (.*?)\r?$", text)
        words = set(" ".join(lists).upper().split())
        before = set(re.findall(r"AUTH=\S+?(?=[\s\]])", row.greeting.decode("latin-1").upper()))
        return words if any(word.startswith("AUTH=") for word in words) else words | before
    lines = [line[4:] if row.protocol is Protocol.SMTP else line for line in text.splitlines()[1:] if line != "."]
    return {" ".join([line.split()[0].upper(), *line.split()[1:]]) for line in lines}


def _sasl(hello: Hello) -> list[str]:
    """Return the SASL mechanisms of an IMAP server; LOGIN may also be there as a command."""
    named = [word[5:] for word in hello.capabilities if word.startswith("AUTH=")]
    assert set(hello.mechanisms) - {"LOGIN"} == set(named) - {"LOGIN"}
    assert ("LOGIN" in hello.mechanisms) == ("LOGIN" in named or "LOGINDISABLED" not in hello.capabilities)
    return named
