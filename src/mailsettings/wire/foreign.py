"""Which protocol a first line belongs to, so that a wrong port can be named. Pure."""

from __future__ import annotations

import re
from functools import cache

# In this order: the special forms stand before the general ones they look like.
_FIRST_LINES = (
    ("TLS", rb"[\x15\x16]\x03[\x00-\x04]"),  # alert or handshake record (RFC 8446 §5.1)
    ("SSH", rb"SSH-"),  # RFC 4253 §4.2
    ("HTTP", rb"HTTP/|<!doctype|<html|<\?xml"),
    ("IMAP", rb"\*[ \t]*(?:OK|PREAUTH|BYE)\b"),  # RFC 9051 §7.1
    # Redis speaks first only to refuse: too many clients, protected mode.
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


def spoken(line: bytes) -> str:
    """Name the protocol whose server would begin with *line*; empty if it is none that is known here."""
    return next((name for name, form in _protocols() if form.match(line)), "")


@cache
def _protocols() -> tuple[tuple[str, re.Pattern[bytes]], ...]:
    """Compile the forms, when the first server has been met and not before."""
    flags = re.IGNORECASE | re.DOTALL
    return tuple((name, re.compile(rb"\s*(?:" + form + rb")", flags)) for name, form in _FIRST_LINES)
