"""Servers that talk too much, too slowly, too early, another protocol, or at a terminal."""

from __future__ import annotations

from mailsettings import FailureKind
from tests.support.security.attack import Attack
from tests.support.security.starttls_attacks import IMAP_INSIDE, OK_587, POP_INSIDE, SMTP_BEFORE_TLS, SMTP_INSIDE, TLS

GREETED = (TLS, ("send", "* OK hi\r\n"), ("recv", "CAPABILITY"))

# T39: too much or too slow; the answer comes when the policy says, not when the server likes
RESOURCES = (
    Attack("imap-endless-line", "T39", 993, (TLS, ("repeat", "A", 10**9)), (FailureKind.LIMIT,), silent=True),
    Attack("imap-endless-untagged", "T39", 993, (*GREETED, ("repeat", "* 1 EXISTS\r\n", 10**8)), (FailureKind.LIMIT,)),
    Attack("imap-endless-bye-free-greeting", "T39", 993, (TLS, ("repeat", "* OK hi\r\n", 10**8)), (FailureKind.LIMIT,)),
    Attack(
        "imap-endless-capability",
        "T39",
        993,
        (*GREETED, ("send", "* CAPABILITY"), ("repeat", " AUTH=X", 10**8)),
        (FailureKind.LIMIT,),
    ),
    Attack(
        "imap-literal-of-4-gib",
        "T39",
        993,
        (*GREETED, ("send", "* 1 FETCH {4294967296}\r\n"), ("repeat", "A", 10**9)),
        (FailureKind.LIMIT,),
    ),
    Attack(
        "pop3-endless-capa",
        "T39",
        995,
        (TLS, ("send", "+OK\r\n"), ("recv", "CAPA"), ("send", "+OK\r\n"), ("repeat", "X\r\n", 10**8)),
        (FailureKind.LIMIT,),
    ),
    Attack(
        "pop3-capa-without-an-end",
        "T39",
        995,
        (TLS, ("send", "+OK\r\n"), ("recv", "CAPA"), ("send", "+OK\r\nUSER\r\n"), ("sleep", 3600)),
        (FailureKind.REPLY_TIMEOUT,),
        seconds=8,
    ),
    Attack(
        "smtp-endless-greeting", "T39", 465, (TLS, ("repeat", "220-hi\r\n", 10**8)), (FailureKind.LIMIT,), silent=True
    ),
    Attack(
        "smtp-endless-ehlo",
        "T39",
        465,
        (TLS, ("send", "220 x\r\n"), ("recv", "EHLO"), ("repeat", "250-X\r\n", 10**8)),
        (FailureKind.LIMIT,),
    ),
    Attack(
        "smtp-endless-starttls-reply",
        "T39",
        587,
        (*SMTP_BEFORE_TLS, ("recv", "STARTTLS"), ("repeat", "220-go\r\n", 10**8)),
        (FailureKind.LIMIT,),
    ),
    Attack("nul-bytes-without-end", "T39", 465, (TLS, ("repeat", "\x00", 10**9)), (FailureKind.LIMIT,), silent=True),
    Attack("empty-lines-without-end", "T39", 993, (*GREETED, ("repeat", "\r\n", 10**8)), (FailureKind.LIMIT,)),
    Attack(
        "imap-silent-after-tls",
        "T39",
        993,
        (TLS, ("sleep", 3600)),
        (FailureKind.GREETING_TIMEOUT,),
        seconds=8,
        silent=True,
    ),
    Attack(
        "pop3-silent-from-the-start", "T39", 995, (("sleep", 3600),), (FailureKind.TLS_TIMEOUT,), seconds=5, silent=True
    ),
    Attack(
        "smtp-silent-from-the-start",
        "T39",
        587,
        (("sleep", 3600),),
        (FailureKind.GREETING_TIMEOUT,),
        seconds=12,
        silent=True,
    ),
    Attack(
        "smtp-silent-after-ehlo",
        "T39",
        465,
        (TLS, ("send", "220 x\r\n"), ("recv", "EHLO"), ("sleep", 3600)),
        (FailureKind.REPLY_TIMEOUT,),
        seconds=8,
    ),
    Attack(
        "imap-drip-one-byte-a-second",
        "T39",
        993,
        (TLS, ("drip", 1, 3600)),
        (FailureKind.GREETING_TIMEOUT,),
        seconds=8,
        silent=True,
    ),
    Attack(
        "pop3-drip-in-capa",
        "T39",
        995,
        (TLS, ("send", "+OK\r\n"), ("recv", "CAPA"), ("send", "+OK\r\n"), ("drip", 1, 3600)),
        (FailureKind.REPLY_TIMEOUT,),
        seconds=8,
    ),
    Attack("closed-at-once", "T39", 993, (("close",),), (FailureKind.CLOSED,), silent=True),
    Attack("reset-at-once", "T39", 465, (("reset",),), (FailureKind.CLOSED,), silent=True),
    Attack("closed-after-tls", "T39", 995, (TLS, ("close",)), (FailureKind.CLOSED,), silent=True),
    Attack(
        "closed-inside-a-line", "T39", 465, (TLS, ("send", "220 half"), ("close",)), (FailureKind.CLOSED,), silent=True
    ),
    Attack(
        "reset-inside-a-reply",
        "T39",
        465,
        (TLS, ("send", "220 x\r\n"), ("recv", "EHLO"), ("send", "250-x\r\n"), ("reset",)),
        (FailureKind.CLOSED,),
    ),
)

# T28, T29: another protocol behind the port; not a byte of a command for it
FOREIGN = (
    Attack(
        "http-behind-993",
        "T29",
        993,
        (TLS, ("send", "HTTP/1.1 400 Bad Request\r\n\r\n")),
        (FailureKind.WRONG_PROTOCOL,),
        silent=True,
        shown="HTTP",
    ),
    Attack(
        "html-behind-465",
        "T29",
        465,
        (TLS, ("send", "<!DOCTYPE html>\r\n")),
        (FailureKind.WRONG_PROTOCOL,),
        silent=True,
    ),
    Attack(
        "ssh-behind-587",
        "T29",
        587,
        (("send", "SSH-2.0-OpenSSH_9.9\r\n"),),
        (FailureKind.WRONG_PROTOCOL,),
        silent=True,
        shown="SSH",
    ),
    Attack(
        "ftp-behind-587",
        "T29",
        587,
        (("send", "220 (vsFTPd 3.0.3)\r\n"),),
        (FailureKind.WRONG_PROTOCOL,),
        silent=True,
        shown="FTP",
    ),
    Attack(
        "imap-behind-995",
        "T29",
        995,
        (TLS, ("send", "* OK IMAP4rev1\r\n")),
        (FailureKind.WRONG_PROTOCOL,),
        silent=True,
        shown="IMAP",
    ),
    Attack(
        "pop3-behind-993",
        "T29",
        993,
        (TLS, ("send", "+OK ready\r\n")),
        (FailureKind.WRONG_PROTOCOL,),
        silent=True,
        shown="POP3",
    ),
    Attack(
        "smtp-behind-993",
        "T29",
        993,
        (TLS, ("send", "220 x ESMTP\r\n")),
        (FailureKind.WRONG_PROTOCOL,),
        silent=True,
        shown="SMTP",
    ),
    Attack("imap-behind-465", "T29", 465, (TLS, ("send", "* OK hi\r\n")), (FailureKind.WRONG_PROTOCOL,), silent=True),
    Attack("redis-that-waits", "T29", 143, (("sleep", 3600),), (FailureKind.GREETING_TIMEOUT,), seconds=8, silent=True),
    Attack(
        "redis-that-refuses",
        "T29",
        143,
        (("send", "-DENIED Redis is running in protected mode\r\n"),),
        (FailureKind.WRONG_PROTOCOL,),
        silent=True,
    ),
    Attack(
        "mysql-behind-143",
        "T29",
        143,
        (("send", "J\x00\x00\x00\x0a8.0.36\x00\r\n"),),
        (FailureKind.WRONG_PROTOCOL, FailureKind.BAD_REPLY),
        silent=True,
    ),
    Attack("echo-service", "T29", 143, (("send", "\r\n"),), (FailureKind.BAD_REPLY,), silent=True),
    Attack("plain-imap-on-the-tls-port", "T29", 993, (("send", "* OK hi\r\n"),), (FailureKind.NOT_TLS,), silent=True),
    Attack(
        "tls-on-the-starttls-port",
        "T29",
        587,
        (TLS, ("send", "220 x\r\n")),
        (FailureKind.GREETING_TIMEOUT,),
        seconds=12,
        silent=True,
    ),
    # Opossum: a client of the implicit port is joined to a STARTTLS session that has been greeted already.
    Attack(
        "opossum-no-greeting-inside-tls", "T28", 465, (("send", "220 x\r\n"), TLS), (FailureKind.NOT_TLS,), silent=True
    ),
    Attack(
        "opossum-one-reply-ahead",
        "T28",
        465,
        (TLS, ("send", "250-x\r\n250 AUTH PLAIN\r\n")),
        (FailureKind.BAD_REPLY,),
        silent=True,
    ),
)

# T44, T45: what is said reaches a terminal, a log and a page as text and as nothing else
WORDS = (
    Attack(
        "escape-sequences-in-the-greeting",
        "T45",
        993,
        (TLS, ("send", "* OK \x1b[2J\x1b]52;c;ZXZpbA==\x07hi\r\n"), *IMAP_INSIDE),
        shown="\\x1b[2J",
    ),
    Attack(
        "bidi-in-the-greeting",
        "T45",
        465,
        (TLS, ("send", "220 moc.live\u202e ESMTP\r\n"), *SMTP_INSIDE),
        shown="\\u202e",
    ),
    Attack(
        "c1-controls-in-the-greeting", "T45", 995, (TLS, ("send", "+OK \x9b31m hi\r\n"), *POP_INSIDE), shown="\\x9b"
    ),
    Attack(
        "escape-in-a-capability",
        "T45",
        465,
        (TLS, ("send", "220 x\r\n"), ("recv", "EHLO"), ("send", "250-x\r\n250-\x1b[31mEVIL\r\n250 AUTH PLAIN\r\n")),
    ),
    Attack(
        "escape-in-a-refusal",
        "T45",
        993,
        (TLS, ("send", "* BYE \x1b[31mgo away\r\n")),
        (FailureKind.GREETING_REFUSED,),
        silent=True,
        shown="\\x1b[31m",
    ),
    Attack(
        "log-line-forged-with-cr",
        "T44",
        465,
        (TLS, ("send", "554 no\rINFO login ok\r\n")),
        (FailureKind.GREETING_REFUSED,),
        silent=True,
        shown="\\x0d",
    ),
    Attack("null-byte-in-the-greeting", "T45", 995, (TLS, ("send", "+OK a\x00b\r\n"), *POP_INSIDE), shown="\\x00"),
    Attack(
        "mechanism-with-a-line-feed-of-its-own",
        "T34",
        465,
        (TLS, ("send", "220 x\r\n"), ("recv", "EHLO"), ("send", "250-x\r\n250 AUTH PLAIN EV\x00IL\r\n")),
    ),
    Attack(
        "refused-421",
        "T48",
        587,
        (("send", "421 too many connections from you\r\n"),),
        (FailureKind.GREETING_REFUSED,),
        silent=True,
        shown="too many",
    ),
    Attack(
        "code-that-is-none", "T39", 465, (TLS, ("send", "99999999999 x\r\n")), (FailureKind.BAD_REPLY,), silent=True
    ),
    Attack(
        "reply-codes-that-change",
        "T39",
        465,
        (TLS, ("send", "220-a\r\n550 b\r\n")),
        (FailureKind.BAD_REPLY,),
        silent=True,
    ),
    Attack(
        "starttls-again-inside-tls",
        "T24",
        587,
        (*OK_587, ("recv", "EHLO"), ("send", "250-x\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n")),
    ),
    Attack("latin-1-and-utf-8-mixed", "T44", 993, (TLS, ("send", "* OK Verf\xfcgung \xe2\x80\xae\r\n"), *IMAP_INSIDE)),
)

# T30: certificates that must not pass, on every protocol
CERTIFICATES = tuple(
    Attack(f"{problem}-on-{port}", "T30", port, (("tls", problem), ("send", greeting)), (kind,), silent=True)
    for port, greeting in ((993, "* OK\r\n"), (995, "+OK\r\n"), (465, "220 x\r\n"))
    for problem, kind in (
        ("expired", FailureKind.CERTIFICATE_EXPIRED),
        ("future", FailureKind.CERTIFICATE_NOT_YET_VALID),
        ("selfsigned", FailureKind.CERTIFICATE_SELF_SIGNED),
        ("unknown", FailureKind.CERTIFICATE_UNKNOWN_CA),
        ("eku", FailureKind.CERTIFICATE_OTHER),
    )
)
