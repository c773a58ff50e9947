"""Which server software introduces itself, where it says so. Pure."""

from __future__ import annotations

import re
from functools import cache

# A host may be called postfix.example.org and run something else.
_HOST = re.compile(r"\b(?:[\w-]{1,63}\.){1,30}[a-z]{2,63}\b", re.IGNORECASE)
_READ = 2000  # characters; real servers say less, and 40 KB of made-up capabilities would take 350 ms

# The first that matches counts: a product stands before the engine that its greeting names beside it.
_PRODUCTS = (
    ("Gmail", r"Gimap|Gpop|gsmtp|X-GM-EXT-1"),
    ("Exchange", r"Microsoft Exchange|X-ANONYMOUSTLS|X-EXPS"),
    ("Microsoft SMTP", r"Microsoft E?SMTP MAIL"),  # IIS and Exchange greet alike; only Exchange offers X-ANONYMOUSTLS
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
    """Return the product that names itself in *texts* (greeting, EHLO line, capabilities); empty if none does."""
    text = _HOST.sub(" ", " ".join(texts)[:_READ])
    return next((name for name, form in _forms() if form.search(text)), "")


@cache
def _forms() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Compile the products' forms, when the first server has been met and not before."""
    return tuple((name, re.compile(rf"(?<![\w-])(?:{form})(?!\w)", re.IGNORECASE)) for name, form in _PRODUCTS)
