"""Recognise a server's protocol by its first line, its software and its own name by greeting and replies. Pure."""

from __future__ import annotations

import re
from functools import cache

from mailsettings.errors import AddressError
from mailsettings.hostnames import parse_host

# In this order: specific patterns before the general ones that would match as well.
_FIRST_LINES = (
    ("TLS", rb"[\x15\x16]\x03[\x00-\x04]"),  # alert or handshake record (RFC 8446 §5.1)
    ("SSH", rb"SSH-"),  # RFC 4253 §4.2
    ("HTTP", rb"HTTP/|<!doctype|<html|<\?xml"),
    ("IMAP", rb"\*[ \t]*(?:OK|PREAUTH|BYE)\b"),  # RFC 9051 §7.1
    # Redis sends first only to refuse a client: too many clients, protected mode.
    ("Redis", rb"-(?:DENIED|NOAUTH|LOADING|ERR (?:unknown command|max number of clients|wrong number of arg))"),
    ("POP3", rb"\+OK|-ERR"),  # RFC 1939 §4
    ("FTP", rb"220[ -](?:(?!E?SMTP|LMTP).)*\b(?:\w*ftpd?\b|filezilla)(?!\.)(?!.*SMTP)"),  # "220 (vsFTPd 3.0.3)"
    ("NNTP", rb"20[01][ -]"),  # RFC 3977 §5.1
    ("SMTP", rb"[2-5][0-9]{2}(?:[ \t-]|$)"),  # RFC 5321 §4.2
    ("telnet", rb"\xff[\xfb-\xfe]"),  # RFC 854: IAC WILL, WONT, DO, DONT
    ("VNC", rb"RFB [0-9]{3}\."),  # RFC 6143 §7.1.1
    ("ManageSieve", rb'"IMPLEMENTATION"'),  # RFC 5804 §1.7
    ("rsync", rb"@RSYNCD:"),
    ("AMQP", rb"AMQP"),
    ("MySQL", rb".{3}\x00\x0a?[0-9]+\.[0-9]+\.[0-9]+"),
)


def protocol_of(line: bytes) -> str:
    """Return the protocol whose server would begin with *line*; empty if it is not recognised."""
    return next((name for name, pattern in _protocol_patterns() if pattern.match(line)), "")


@cache
def _protocol_patterns() -> tuple[tuple[str, re.Pattern[bytes]], ...]:
    """Compile the patterns on first use, which is when the first server has been contacted."""
    flags = re.IGNORECASE | re.DOTALL
    return tuple((name, re.compile(rb"\s*(?:" + pattern + rb")", flags)) for name, pattern in _FIRST_LINES)


_MAX_LINE = 512  # bytes of a line that are searched for names (RFC 5321 §4.5.3.1.5: no reply line is longer)
_REPLY_CODE = re.compile(rb"[0-9]{3}-")  # of a line that is not the last (RFC 5321 §4.2.1)
_BETWEEN_HOSTS = re.compile(rb"[^a-z0-9.-]+")


def hosts_in(line: bytes) -> tuple[str, ...]:
    """Return what looks like a host's name in *line*: `220 srv7.hoster.example ESMTP`, `+OK <1.2@srv7.hoster.example>`.

    Software versions are none, as a name does not end in a number; the caller decides which of them count.
    """
    words = _BETWEEN_HOSTS.split(_REPLY_CODE.sub(b"", line[:_MAX_LINE].lower(), count=1))
    texts = (word.strip(b".-").decode("ascii") for word in words if b"." in word)
    return tuple(dict.fromkeys(text for text in texts if _is_host(text)))


def _is_host(text: str) -> bool:
    try:
        return parse_host(text) == text
    except AddressError:
        return False


# A host may be called postfix.example.org and run something else.
_HOST = re.compile(r"\b(?:[\w-]{1,63}\.){1,30}[a-z]{2,63}\b", re.IGNORECASE)
_MAX_TEXT = 2000  # characters; real servers send less, and 40 KB of made-up capabilities would take 350 ms

# The first match counts: a product comes before the engine that its greeting also names.
_PRODUCTS = (
    ("Gmail", r"Gimap|Gpop|gsmtp|X-GM-EXT-1"),
    ("Exchange", r"Microsoft Exchange|X-ANONYMOUSTLS|X-EXPS"),
    (
        "Microsoft SMTP",
        r"Microsoft E?SMTP MAIL",
    ),  # IIS and Exchange send the same greeting; only Exchange offers X-ANONYMOUSTLS
    ("Zimbra", r"Zimbra|ZimbraInc"),
    ("Dovecot", r"Dovecot"),
    ("Courier", r"Courier|Courier-IMAP"),
    ("Cyrus", r"Cyrus"),
    ("iCloud", r"XAPPLEPUSHSERVICE"),
    ("Stalwart", r"Stalwart"),
    ("Haraka", r"Haraka"),
    ("OpenSMTPD", r"OpenSMTPD"),
    ("Postfix", r"Postfix"),
    ("Exim", r"Exim"),
    ("Sendmail", r"Sendmail"),
    ("hMailServer", r"hMailServer"),
    ("MailEnable", r"MailEnable"),
    ("MDaemon", r"MDaemon"),
    ("qmail", r"qmail"),
    ("Lotus Domino", r"Domino|Lotus SMTP|Lotus Notes"),
    ("Kerio", r"Kerio"),
    ("CommuniGate", r"CommuniGate"),
    ("SmarterMail", r"SmarterMail"),
    ("IceWarp", r"IceWarp|Merak"),
    ("Axigen", r"AXIGEN"),
    ("GroupWise", r"GroupWise"),
    ("DavMail", r"DavMail"),
    ("DBMail", r"dbmail"),
    ("Apache James", r"JAMES"),
    ("Coremail", r"Coremail"),
    ("Nemesis", r"Nemesis"),  # GMX, Web.de, IONOS
    ("Yandex", r"Yandex"),
    ("QQ Mail", r"QQMail"),
    ("Qpopper", r"Qpopper|QPOP"),
    ("XMail", r"XMail"),
    ("Barracuda", r"Barracuda"),
    ("PowerMTA", r"PowerMTA"),
)


def software(*texts: str) -> str:
    """Return the product named in *texts* (greeting, EHLO line, capabilities); empty if none is."""
    text = _HOST.sub(" ", " ".join(texts)[:_MAX_TEXT])
    return next((name for name, pattern in _product_patterns() if pattern.search(text)), "")


@cache
def _product_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Compile the patterns on first use, see _protocol_patterns."""
    return tuple((name, re.compile(rf"(?<![\w-])(?:{pattern})(?!\w)", re.IGNORECASE)) for name, pattern in _PRODUCTS)
