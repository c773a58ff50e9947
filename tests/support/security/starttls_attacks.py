"""Mail servers that mean harm before and around STARTTLS, and inside TLS. Each is short and makes one point."""

from __future__ import annotations

from mailsettings import FailureKind
from tests.support.security.attack import Attack, Step

IMAP_BEFORE_TLS: Step = ("send", "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n")
POP_BEFORE_TLS: tuple[Step, ...] = (("send", "+OK ready\r\n"), ("recv", "CAPA"), ("send", "+OK\r\nSTLS\r\n.\r\n"))
SMTP_BEFORE_TLS: tuple[Step, ...] = (
    ("send", "220 x ESMTP\r\n"),
    ("recv", "EHLO"),
    ("send", "250-x\r\n250 STARTTLS\r\n"),
)
TLS: Step = ("tls", "good")
IMAP_INSIDE: tuple[Step, ...] = (
    ("recv", "CAPABILITY"),
    ("send", "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n{tag} OK done\r\n"),
)
POP_INSIDE: tuple[Step, ...] = (("recv", "CAPA"), ("send", "+OK\r\nUSER\r\nSASL PLAIN\r\n.\r\n"))
SMTP_INSIDE: tuple[Step, ...] = (("recv", "EHLO"), ("send", "250-x\r\n250 AUTH PLAIN\r\n"))
OK_143: tuple[Step, ...] = (IMAP_BEFORE_TLS, ("recv", "STARTTLS"), ("send", "{tag} OK go\r\n"), TLS)
OK_110: tuple[Step, ...] = (*POP_BEFORE_TLS, ("recv", "STLS"), ("send", "+OK go\r\n"), TLS)
OK_587: tuple[Step, ...] = (*SMTP_BEFORE_TLS, ("recv", "STARTTLS"), ("send", "220 go\r\n"), TLS)

EARLY = (FailureKind.EARLY_BYTES, FailureKind.NOT_TLS)  # by the buffer or by the handshake, as the segments fall

STARTTLS = (
    # T22: clear text behind the reply to STARTTLS must never be read as if it were encrypted
    Attack(
        "imap-whole-reply-injected",
        "T22",
        143,
        (
            IMAP_BEFORE_TLS,
            ("recv", "STARTTLS"),
            ("send", "{tag} OK go\r\n* CAPABILITY IMAP4rev1 AUTH=EVIL\r\n"),
            TLS,
            *IMAP_INSIDE,
        ),
        EARLY,
    ),
    Attack(
        "imap-half-a-line-injected",
        "T22",
        143,
        (IMAP_BEFORE_TLS, ("recv", "STARTTLS"), ("send", "{tag} OK go\r\n* CAPAB"), TLS, *IMAP_INSIDE),
        EARLY,
    ),
    Attack(
        "imap-injected-in-a-second-segment",
        "T22",
        143,
        (IMAP_BEFORE_TLS, ("recv", "STARTTLS"), ("send", "{tag} OK go\r\n"), ("send", "* PREAUTH hi\r\n"), TLS),
        EARLY,
    ),
    Attack(
        "imap-64-kib-injected",
        "T22",
        143,
        (IMAP_BEFORE_TLS, ("recv", "STARTTLS"), ("send", "{tag} OK go\r\n"), ("repeat", "A", 65536), TLS),
        EARLY,
    ),
    Attack(
        "pop3-injected",
        "T22",
        110,
        (*POP_BEFORE_TLS, ("recv", "STLS"), ("send", "+OK go\r\n+OK\r\nSASL EVIL\r\n.\r\n"), TLS, *POP_INSIDE),
        EARLY,
    ),
    Attack(
        "pop3-one-byte-injected", "T22", 110, (*POP_BEFORE_TLS, ("recv", "STLS"), ("send", "+OK go\r\n+"), TLS), EARLY
    ),
    Attack(
        "smtp-injected",
        "T22",
        587,
        (*SMTP_BEFORE_TLS, ("recv", "STARTTLS"), ("send", "220 go\r\n250-x\r\n250 AUTH EVIL\r\n"), TLS, *SMTP_INSIDE),
        EARLY,
    ),
    Attack(
        "smtp-crlf-injected",
        "T22",
        587,
        (*SMTP_BEFORE_TLS, ("recv", "STARTTLS"), ("send", "220 go\r\n\r\n"), TLS),
        EARLY,
    ),
    Attack(
        "smtp-answer-before-the-question",
        "T22",
        587,
        (("send", "220 x\r\n"), ("recv", "EHLO"), ("send", "250-x\r\n250 STARTTLS\r\n220 go\r\n"), TLS),
        (FailureKind.EARLY_BYTES,),
    ),
    Attack(
        "pop3-answer-before-the-question",
        "T22",
        110,
        (("send", "+OK\r\n"), ("recv", "CAPA"), ("send", "+OK\r\nSTLS\r\n.\r\n+OK go\r\n"), TLS),
        (FailureKind.EARLY_BYTES,),
    ),
    # T24: STARTTLS that is hidden, refused or confused ends the attempt; never on unencrypted
    Attack(
        "imap-stripped",
        "T24",
        143,
        (("send", "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n"),),
        (FailureKind.STARTTLS_NOT_OFFERED,),
    ),
    Attack(
        "imap-refused-no",
        "T24",
        143,
        (IMAP_BEFORE_TLS, ("recv", "STARTTLS"), ("send", "{tag} NO not today\r\n")),
        (FailureKind.STARTTLS_REFUSED,),
        shown="not today",
    ),
    Attack(
        "imap-refused-bye",
        "T24",
        143,
        (IMAP_BEFORE_TLS, ("recv", "STARTTLS"), ("send", "* BYE\r\n"), ("close",)),
        (FailureKind.GREETING_REFUSED,),
    ),
    Attack(
        "pop3-stripped",
        "T24",
        110,
        (("send", "+OK\r\n"), ("recv", "CAPA"), ("send", "+OK\r\nUSER\r\n.\r\n")),
        (FailureKind.STARTTLS_NOT_OFFERED,),
    ),
    Attack(
        "pop3-refused",
        "T24",
        110,
        (*POP_BEFORE_TLS, ("recv", "STLS"), ("send", "-ERR\r\n")),
        (FailureKind.STARTTLS_REFUSED,),
    ),
    Attack(
        "smtp-454",
        "T24",
        587,
        (*SMTP_BEFORE_TLS, ("recv", "STARTTLS"), ("send", "454 later\r\n")),
        (FailureKind.STARTTLS_REFUSED,),
    ),
    Attack(
        "smtp-200",
        "T24",
        587,
        (*SMTP_BEFORE_TLS, ("recv", "STARTTLS"), ("send", "200 fine\r\n")),
        (FailureKind.STARTTLS_REFUSED,),
    ),
    Attack(
        "smtp-250",
        "T24",
        587,
        (*SMTP_BEFORE_TLS, ("recv", "STARTTLS"), ("send", "250 ok\r\n")),
        (FailureKind.STARTTLS_REFUSED,),
    ),
    Attack(
        "smtp-starttls-as-an-argument",
        "T24",
        587,
        (("send", "220 x\r\n"), ("recv", "EHLO"), ("send", "250-x\r\n250 AUTH STARTTLS\r\n")),
        (FailureKind.STARTTLS_NOT_OFFERED,),
    ),
    Attack(
        "smtp-helo-only",
        "T24",
        587,
        (("send", "220 x\r\n"), ("recv", "EHLO"), ("send", "502 no\r\n")),
        (FailureKind.STARTTLS_NOT_OFFERED,),
    ),
    Attack(
        "smtp-two-codes-in-one-reply",
        "T24",
        587,
        (*SMTP_BEFORE_TLS, ("recv", "STARTTLS"), ("send", "454-no\r\n220 go\r\n"), TLS, *SMTP_INSIDE),
        (FailureKind.BAD_REPLY,),
    ),
    Attack(
        "imap-yes-and-no-handshake", "T24", 143, (*OK_143[:3], ("sleep", 3600)), (FailureKind.TLS_TIMEOUT,), seconds=5
    ),
    Attack("imap-yes-then-closed", "T24", 143, (*OK_143[:3], ("close",)), (FailureKind.CLOSED,)),
    Attack("smtp-yes-then-reset", "T24", 587, (*OK_587[:-1], ("reset",)), (FailureKind.CLOSED,)),
    # T25: PREAUTH keeps TLS from starting
    Attack(
        "preauth-in-clear",
        "T25",
        143,
        (("send", "* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n"),),
        (FailureKind.PREAUTH,),
        silent=True,
    ),
    Attack("preauth-lower-case", "T25", 143, (("send", "* preauth hi\r\n"),), (FailureKind.PREAUTH,), silent=True),
    Attack(
        "preauth-after-the-greeting",
        "T25",
        143,
        (IMAP_BEFORE_TLS, ("recv", "STARTTLS"), ("send", "* PREAUTH hi\r\n{tag} OK\r\n"), TLS),
        (FailureKind.BAD_REPLY,),
    ),
    Attack(
        "preauth-inside-tls-is-no-login",
        "T25",
        993,
        (TLS, ("send", "* PREAUTH hi\r\n"), *IMAP_INSIDE),
        (FailureKind.PREAUTH,),
        shown="PREAUTH",
    ),
    # T26: what came before TLS is forgotten
    Attack(
        "imap-capabilities-in-clear-are-forgotten",
        "T26",
        143,
        (
            ("send", "* OK [CAPABILITY IMAP4rev1 STARTTLS AUTH=EVIL] x\r\n"),
            *OK_143[1:],
            *IMAP_INSIDE,
        ),
        hidden="EVIL",
    ),
    Attack(
        "smtp-extensions-in-clear-are-forgotten",
        "T26",
        587,
        (
            ("send", "220 x\r\n"),
            ("recv", "EHLO"),
            ("send", "250-x\r\n250-AUTH EVIL\r\n250 STARTTLS\r\n"),
            *OK_587[3:],
            *SMTP_INSIDE,
        ),
        hidden="EVIL",
    ),
    Attack(
        "pop3-capabilities-in-clear-are-forgotten",
        "T26",
        110,
        (
            ("send", "+OK\r\n"),
            ("recv", "CAPA"),
            ("send", "+OK\r\nSASL EVIL\r\nSTLS\r\n.\r\n"),
            *OK_110[3:],
            *POP_INSIDE,
        ),
        hidden="EVIL",
    ),
    Attack(
        "nothing-offered-inside-tls",
        "T26",
        143,
        (*OK_143, ("recv", "CAPABILITY"), ("send", "* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n{tag} OK\r\n")),
        (FailureKind.NO_LOGIN,),
    ),
    Attack(
        "alert-is-not-passed-on",
        "T26",
        993,
        (
            TLS,
            ("send", "* OK hi\r\n"),
            ("recv", "CAPABILITY"),
            ("send", "* OK [ALERT] call +1 555\r\n* CAPABILITY IMAP4rev1\r\n{tag} OK\r\n"),
        ),
        hidden="+1 555",
    ),
    Attack(
        "referral-is-not-followed",
        "T26",
        993,
        (TLS, ("send", "* BYE [REFERRAL imap://evil.example/] go there\r\n")),
        (FailureKind.GREETING_REFUSED,),
        silent=True,
    ),
    # T27: an answer that carries a tag that was not used
    Attack(
        "tag-guessed",
        "T27",
        143,
        (IMAP_BEFORE_TLS, ("recv", "STARTTLS"), ("send", "a1 OK go\r\n"), TLS),
        (FailureKind.BAD_REPLY,),
    ),
    Attack("tag-sent-ahead", "T27", 993, (TLS, ("send", "* OK hi\r\nA1 OK done\r\n")), (FailureKind.BAD_REPLY,)),
    Attack(
        "tag-of-the-command-before",
        "T27",
        143,
        (
            ("send", "* OK hi\r\n"),
            ("recv", "CAPABILITY"),
            ("send", "* CAPABILITY IMAP4rev1 STARTTLS\r\n{tag} OK\r\n{tag} OK again\r\n"),
            TLS,
        ),
        (FailureKind.BAD_REPLY,),
    ),
)
