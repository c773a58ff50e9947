"""Each oddity that mail servers are known for, in a short transcript of our own: whole, byte by byte, cut off anywhere.

The recorded servers that they were met at are read by `make corpus`; these say the same without anybody's texts.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from mailsettings.errors import FailureKind
from mailsettings.model import Endpoint, Hello
from mailsettings.net.session import SessionResult
from tests.support.transcript_stream import (
    IMAP_STARTTLS,
    IMAP_TLS,
    POP3_STARTTLS,
    POP3_TLS,
    SMTP_STARTTLS,
    SMTP_TLS,
    Server,
    in_virtual_time,
)

EARLY = frozenset({FailureKind.EARLY_BYTES, FailureKind.NOT_TLS})  # in a segment of its own it meets the handshake


@dataclass(frozen=True, slots=True, kw_only=True)
class Odd:
    """A server with one oddity, and how it has to be read: as a hello of which this holds, or as a failure."""

    at: Endpoint
    said: str
    kinds: frozenset[FailureKind] = frozenset()  # of the failure; any of them
    mechanisms: tuple[str, ...] | None = None
    text: str | None = None  # of the greeting
    holds: tuple[str, ...] = ()  # words that are in the capabilities or notes, or in what the failure has seen
    lacks: tuple[str, ...] = ()


def imap(greeting: str, *replies: str, tagged: str = "A1 OK done", **wanted: object) -> Odd:
    said = "".join(f"S: {line}\n" for line in (*replies, tagged))
    return Odd(at=IMAP_TLS, said=f"TLS\nS: {greeting}\nC: A1 CAPABILITY\n{said}C: A2 LOGOUT", **wanted)  # type: ignore[arg-type]  # a word that is none fails at once


def pop3(greeting: str, *capabilities: str, capa: str = "+OK", **wanted: object) -> Odd:
    listed = "".join(f"S: {line}\n" for line in (capa, *capabilities, *(["."] if capa.startswith("+OK") else [])))
    return Odd(at=POP3_TLS, said=f"TLS\nS: {greeting}\nC: CAPA\n{listed}C: QUIT", **wanted)  # type: ignore[arg-type]  # see imap


def smtp(greeting: str, *lines: str, **wanted: object) -> Odd:
    said = "".join(f"S: {line}\n" for line in lines)
    head = "".join(f"S: {line}\n" for line in greeting.splitlines())
    return Odd(at=SMTP_TLS, said=f"TLS\n{head}C: EHLO mailsettings.invalid\n{said}C: QUIT", **wanted)  # type: ignore[arg-type]  # see imap


def refused(
    at: Endpoint, *greeting: str, kind: FailureKind = FailureKind.GREETING_REFUSED, holds: tuple[str, ...] = ()
) -> Odd:
    lines = "".join(f"S: {line}\n" for line in greeting)
    before = "TLS\n" if at in (IMAP_TLS, POP3_TLS, SMTP_TLS) else ""
    return Odd(at=at, said=f"{before}{lines}", kinds=frozenset({kind}), holds=holds)


LIST = "* CAPABILITY IMAP4rev1 AUTH=PLAIN"
BOTH = ("PLAIN", "LOGIN")
EHLO = ("250-mail.example", "250 AUTH PLAIN LOGIN")

ODDITIES = {
    # IMAP
    "methods only in the greeting": imap(
        "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi", "* CAPABILITY IMAP4rev1 IDLE", mechanisms=BOTH, holds=("greeting",)
    ),
    "IMAP4 before IMAP4rev1": imap(
        "* OK hi", "* CAPABILITY X-ONE IMAP4 IMAP4rev1 AUTH=ATOKEN AUTH=PLAIN", mechanisms=("ATOKEN", *BOTH)
    ),
    "LOGIN as a mechanism only": imap("* OK hi", "* CAPABILITY IMAP4rev1 AUTH=LOGIN", mechanisms=("LOGIN",)),
    "no AUTH= at all": imap("* OK hi", "* CAPABILITY IMAP4rev1", mechanisms=("LOGIN",)),
    "BYE as a greeting": refused(IMAP_TLS, "* BYE your address is not welcome", holds=("not welcome",)),
    "Korean greeting": imap("* OK \xb9\xe6\xb0\xa1", LIST, text="방가"),
    "Chinese greeting": imap("* OK \xbb\xb6\xd3\xad", LIST, text="欢迎"),
    "Latin-2 greeting": imap("* OK witaj \xb1\xb3", LIST, text="witaj ął"),
    "IMAP4rev2 alone and last": imap("* OK hi", "* CAPABILITY AUTH=PLAIN IMAP4rev2", mechanisms=BOTH),
    "LOGINDISABLED beside AUTH=PLAIN": imap(
        "* OK hi", "* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=PLAIN", mechanisms=("PLAIN",)
    ),
    "PREAUTH inside TLS": imap("* PREAUTH you are root", LIST, holds=("PREAUTH",)),
    "PREAUTH that keeps STARTTLS away": refused(IMAP_STARTTLS, "* PREAUTH you are root", kind=FailureKind.PREAUTH),
    "tabs in the greeting": imap("* OK\thello\tthere", LIST, text=r"hello\x09there"),
    "space at the end": imap("* OK hello ", f"{LIST} ", text="hello", mechanisms=BOTH),
    "LF alone": imap("* OK hello¶", f"{LIST}¶", tagged="A1 OK done¶", mechanisms=BOTH, holds=("LF instead",)),
    "base64 in brackets": imap("* OK ready [SABlAGwAbABvAA==]", LIST, text="ready [SABlAGwAbABvAA==]"),
    "brackets that are no code": imap("* OK [one.example] hi", LIST, text="[one.example] hi"),
    "brackets the wrong way round": imap("* OK ]-:[ hi", LIST, text="]-:[ hi"),
    "greeting lists less than the reply": imap(
        "* OK [CAPABILITY IMAP4rev1] hi", "* CAPABILITY IMAP4rev1 IDLE AUTH=PLAIN", mechanisms=BOTH, holds=("IDLE",)
    ),
    "greeting lists more than the reply": imap(
        "* OK [CAPABILITY IMAP4rev1 STARTTLS] hi", LIST, mechanisms=BOTH, lacks=("STARTTLS",)
    ),
    "host name among the capabilities": imap("* OK hi", f"{LIST} box17.example.org", mechanisms=BOTH),
    "vendor capabilities": imap("* OK hi", f"{LIST} X-OF-OURS-1 XYZ", holds=("X-OF-OURS-1", "XYZ")),
    "lower case, and login as a word": imap("* ok hi", "* capability imap4rev1 auth=plain login", mechanisms=BOTH),
    "IMAPrev1": imap("* OK IMAPrev1", text="IMAPrev1", holds=("lists no capabilities",)),
    "farewells instead of a reply": Odd(
        at=IMAP_TLS,
        said="TLS\nS: * OK hi\nC: A1 CAPABILITY\nS: * BYE one\nS: * BYE two\nS: * BYE three\n",
        kinds=frozenset({FailureKind.GREETING_REFUSED}),
    ),
    "a second greeting": imap("* OK Waiting", "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] ready", mechanisms=BOTH),
    "an address and a version in the greeting": imap("* OK [192.0.2.7]:993 TLSv1.3 at 10:00", LIST, mechanisms=BOTH),
    "an answer ahead of its question": Odd(
        at=IMAP_TLS,
        said="TLS\nS: * OK hi\nC: A1 CAPABILITY\nS: A9 OK [CAPABILITY AUTH=ANY] done\n",
        kinds=frozenset({FailureKind.BAD_REPLY}),
    ),
    "clear text behind OK to STARTTLS": Odd(
        at=IMAP_STARTTLS,
        said="S: * OK [CAPABILITY STARTTLS] hi\nC: A1 STARTTLS\nS: A1 OK go\nS: * CAPABILITY AUTH=EVIL\nS: A2 OK x\n",
        kinds=EARLY,
    ),
    "plain login beside STARTTLS": Odd(
        at=IMAP_STARTTLS,
        said=(
            "S: * OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=PLAIN] hi\nC: A1 STARTTLS\nS: A1 OK go\nTLS\n"
            "C: A2 CAPABILITY\nS: * CAPABILITY IMAP4rev1 AUTH=LOGIN\nS: A2 OK done\nC: A3 LOGOUT"
        ),
        mechanisms=("LOGIN",),
    ),
    # POP3
    "no host in the timestamp": pop3("+OK hi <1.2@(null)>", "USER", mechanisms=("USER", "APOP")),
    "bare +OK": pop3("+OK", "USER", text=""),
    "bare -ERR": refused(POP3_TLS, "-ERR"),
    "terminal escapes in a refusal": refused(POP3_TLS, "-ERR \x1b[1mno", holds=(r"\x1b[1mno",)),
    "Big5 with letters as second bytes": pop3("+OK \xa4A\xb1i", "USER", text="¤A±i"),
    "GBK": pop3("+OK \xc4\xe3\xba\xc3", "USER", text="你好"),
    "cp1251": pop3("+OK \xcf\xf0\xe8", "USER", text="При"),
    "no mechanism behind SASL": pop3("+OK hi", "SASL", "USER", mechanisms=("USER",)),
    "EXPIRE of all kinds": pop3(
        "+OK hi", "EXPIRE NEVER", "EXPIRE 31 USER", "EXPIRE 0", "USER", holds=("EXPIRE 0", "EXPIRE 31 USER")
    ),
    "USER only as an argument": pop3("+OK hi", "EXPIRE 31 USER", "SASL PLAIN", mechanisms=("PLAIN",)),
    "LOGIN-DELAY": pop3("+OK hi", "LOGIN-DELAY 180", "USER", holds=("LOGIN-DELAY 180",)),
    "IMPLEMENTATION of several words": pop3("+OK hi", "IMPLEMENTATION Some Server 1.0", "USER", mechanisms=("USER",)),
    "UTF8 USER": pop3("+OK hi", "LANG", "UTF8 USER", "USER", holds=("UTF8 USER",)),
    "UIDL not listed": pop3("+OK hi", "USER", lacks=("UIDL",), mechanisms=("USER",)),
    "no CAPA": pop3("+OK hi", capa="-ERR what", mechanisms=("USER",), holds=("does not know CAPA",)),
    "brackets without @": pop3("+OK hi <Some-Server>", "USER", mechanisms=("USER",)),
    "brackets that stay open": pop3("+OK hi <1234.", "USER", mechanisms=("USER",)),
    "timestamp alone": pop3("+OK <1.2@mail.example>", "USER", mechanisms=("USER", "APOP")),
    "timestamp first": pop3("+OK <1.2@mail.example> hi", "USER", mechanisms=("USER", "APOP")),
    "timestamp last": pop3("+OK hi <1.2@mail.example>", "USER", mechanisms=("USER", "APOP")),
    "asterisks of somebody's own": pop3("+OK **** hi ****", "USER", text="**** hi ****"),
    "an empty line among the capabilities": pop3("+OK hi", "", "USER", mechanisms=("USER",)),
    "clear text behind +OK to STLS": Odd(
        at=POP3_STARTTLS,
        said="S: +OK hi\nC: CAPA\nS: +OK\nS: STLS\nS: .\nC: STLS\nS: +OK go\nS: +OK\nS: EVIL\nS: .\n",
        kinds=EARLY,
    ),
    "methods only inside TLS": Odd(
        at=POP3_STARTTLS,
        said=(
            "S: +OK hi\nC: CAPA\nS: +OK\nS: STLS\nS: SASL\nS: .\nC: STLS\nS: +OK go\nTLS\n"
            "C: CAPA\nS: +OK\nS: STLS\nS: SASL PLAIN\nS: .\nC: QUIT"
        ),
        mechanisms=("PLAIN",),
    ),
    # SMTP
    "twin lines of AUTH": smtp(
        "220 hi", "250-mail.example", "250-AUTH LOGIN PLAIN", "250 AUTH=LOGIN PLAIN", mechanisms=("LOGIN", "PLAIN")
    ),
    "AUTH= alone": smtp("220 hi", "250-mail.example", "250 AUTH=LOGIN", mechanisms=("LOGIN",)),
    "words that look like AUTH": smtp(
        "220 hi", "250-x", "250-X-EXPS=LOGIN", "250-XAUTH NTLM", "250 AUTH LOGIN", mechanisms=("LOGIN",)
    ),
    "no name in the EHLO reply": smtp("220 hi", "250-", "250 AUTH PLAIN LOGIN", mechanisms=BOTH),
    "spaces and signs in the EHLO text": smtp(
        "220 hi",
        "250-at your service, [fe80::1%3].",
        "250-SIZE",
        "250 AUTH PLAIN LOGIN",
        mechanisms=BOTH,
        holds=("SIZE",),
    ),
    "no host in the greeting": smtp("220  ESMTP", *EHLO, text="ESMTP"),
    "a name that differs": smtp("220 one.example ESMTP", "250-two.example", "250 AUTH PLAIN LOGIN", mechanisms=BOTH),
    "a name not filled in": smtp("220 %HOST% ESMTP", *EHLO, text="%HOST% ESMTP"),
    "underscore in a keyword": smtp(
        "220 hi", "250-x", "250-X_ONE_CONNECT", "250 AUTH PLAIN LOGIN", mechanisms=BOTH, holds=("X_ONE_CONNECT",)
    ),
    "lower case": smtp("220 hi", "250-x", "250-size 10", "250 auth plain login", mechanisms=BOTH, holds=("SIZE 10",)),
    "OK as an extension": smtp("220 hi", "250-x", "250-AUTH PLAIN LOGIN", "250 OK", mechanisms=BOTH),
    "a greeting of two lines": smtp("220-One 1.0\n220 two.example ESMTP", *EHLO, text="One 1.0 two.example ESMTP"),
    "LOGIN without PLAIN": smtp("220 hi", "250-x", "250 AUTH LOGIN XOAUTH2", mechanisms=("LOGIN", "XOAUTH2")),
    "a greeting that is masked": smtp("220 *****************", *EHLO, holds=("rewrites SMTP",)),
    "a greeting masked otherwise": smtp("220 ____________", *EHLO, holds=("rewrites SMTP",)),
    "220 that refuses in words": smtp("220 access not allowed!", *EHLO, text="access not allowed!"),
    "a refusal of several lines": refused(SMTP_TLS, "554-mx.example", "554 bad reputation", holds=("bad reputation",)),
    "421": refused(SMTP_TLS, "421 4.3.2 too many"),
    "451": refused(SMTP_TLS, "451 later"),
    "503": refused(SMTP_TLS, "503 you spoke too soon"),
    "520": refused(SMTP_TLS, "520 no"),
    "530": refused(SMTP_TLS, "530 no"),
    "552": refused(SMTP_TLS, "552 no"),
    "no code": refused(SMTP_TLS, "Go away, do not try again.", kind=FailureKind.BAD_REPLY, holds=("Go away",)),
    "no extensions, as to HELO": smtp("220 hi", "250 mail.example", kinds=frozenset({FailureKind.NO_LOGIN})),
    "400 to the first command": Odd(
        at=SMTP_STARTTLS,
        said="S: 220 hi\nC: EHLO mailsettings.invalid\nS: 400 TLS first\n",
        kinds=frozenset({FailureKind.GREETING_REFUSED}),
    ),
    "our name is refused": Odd(
        at=SMTP_TLS,
        said="TLS\nS: 220 hi\nC: EHLO mailsettings.invalid\nS: 550 who are you?\n",
        kinds=frozenset({FailureKind.GREETING_REFUSED}),
    ),
    "STARTTLS masked": Odd(
        at=SMTP_STARTTLS,
        said="S: 220 hi\nC: EHLO mailsettings.invalid\nS: 250-x\nS: 250-XXXXXXXA\nS: 250 XXXB\nC: QUIT",
        kinds=frozenset({FailureKind.STARTTLS_NOT_OFFERED}),
        holds=("XXXXXXXA",),
    ),
    "NTLM only before TLS": Odd(
        at=SMTP_STARTTLS,
        said=(
            "S: 220 hi\nC: EHLO mailsettings.invalid\nS: 250-x\nS: 250-AUTH NTLM\nS: 250 STARTTLS\nC: STARTTLS\n"
            "S: 220 go\nTLS\nC: EHLO mailsettings.invalid\nS: 250-x\nS: 250 AUTH LOGIN\nC: QUIT"
        ),
        mechanisms=("LOGIN",),
    ),
    "AUTH only inside TLS": Odd(
        at=SMTP_STARTTLS,
        said=(
            "S: 220 hi\nC: EHLO mailsettings.invalid\nS: 250-x\nS: 250 STARTTLS\nC: STARTTLS\n"
            "S: 220 go\nTLS\nC: EHLO mailsettings.invalid\nS: 250-x\nS: 250 AUTH PLAIN LOGIN\nC: QUIT"
        ),
        mechanisms=BOTH,
    ),
    "clear text behind 220 to STARTTLS": Odd(
        at=SMTP_STARTTLS,
        said=(
            "S: 220 hi\nC: EHLO mailsettings.invalid\nS: 250-x\nS: 250 STARTTLS\nC: STARTTLS\n"
            "S: 220 go\nS: 250 AUTH EVIL\n"
        ),
        kinds=EARLY,
    ),
}
CASES = pytest.mark.parametrize("odd", ODDITIES.values(), ids=ODDITIES.keys())


def played(odd: Odd, *, segment: int = 1 << 16, cut: int | None = None) -> tuple[SessionResult, Server]:
    server = Server(odd.said, segment=segment, cut=cut)
    return in_virtual_time(server, odd.at)[0], server


def complaints(odd: Odd, result: SessionResult) -> list[str]:
    """Return what is not as *odd* says."""
    if result.failure is not None:
        missing = [words for words in odd.holds if words not in result.failure.seen]
        return [f"lacks {missing}"] * bool(missing) + [str(result.failure)] * (result.failure.kind not in odd.kinds)
    assert result.hello is not None
    return ["no failure"] if odd.kinds else list(_unlike(odd, result.hello))


def _unlike(odd: Odd, hello: Hello) -> list[str]:
    said = "\n".join((*hello.capabilities, *map(str, hello.notes)))
    wrong = [f"lacks {words}" for words in odd.holds if words not in said]
    wrong += [f"has {words}" for words in odd.lacks if words in said]
    wrong += [f"{hello.mechanisms}"] * (odd.mechanisms not in (None, hello.mechanisms))
    return wrong + [f"{hello.greeting!r}"] * (odd.text not in (None, hello.greeting))


@CASES
def test_it_is_read_right(odd: Odd) -> None:
    """In segments as large as they come."""
    assert complaints(odd, played(odd)[0]) == []


@CASES
def test_it_is_read_right_byte_by_byte(odd: Odd) -> None:
    """One byte in each segment."""
    assert complaints(odd, played(odd, segment=1)[0]) == []


@CASES
def test_it_is_cut_off_anywhere(odd: Odd) -> None:
    """A connection that ends too early is a failure with a kind, and never a hello."""
    whole, server = played(odd)
    results = [played(odd, cut=cut)[0] for cut in range(server.handed)]

    assert [result for result in results if result.hello is not None or result.failure is None] == []
    assert {result.failure.kind for result in results if result.failure} & {FailureKind.INTERNAL} == set()
    assert (whole.hello is None) != (whole.failure is None)
