"""What the popular providers' own pages say: an address, its servers in order, its user name, what its owner must do.

Also the data of the end-to-end tests: with a network in which exactly these hosts answer, a detection finds them.
"""

from __future__ import annotations

from dataclasses import dataclass

FULL = "%EMAILADDRESS%"
LOCAL = "%EMAILLOCALPART%"


@dataclass(frozen=True, slots=True)
class Expected:
    """*incoming* and *outgoing* as Endpoint prints them, in order; *usernames* of the first server."""

    address: str
    provider: str
    incoming: tuple[str, ...]
    outgoing: tuple[str, ...]
    usernames: tuple[str, ...] = (FULL,)
    hints: tuple[str, ...] = ()


def imap(host: str) -> str:
    return f"imap://{host}:993 (tls)"


def imap_starttls(host: str) -> str:
    return f"imap://{host}:143 (starttls)"


def pop(host: str) -> str:
    return f"pop3://{host}:995 (tls)"


def pop_starttls(host: str) -> str:
    return f"pop3://{host}:110 (starttls)"


def smtp(host: str) -> str:
    return f"smtp://{host}:465 (tls)"


def smtp_starttls(host: str, port: int = 587) -> str:
    return f"smtp://{host}:{port} (starttls)"


GOOGLE_IN = (imap("imap.gmail.com"), pop("pop.gmail.com"))
GOOGLE_OUT = (smtp("smtp.gmail.com"), smtp_starttls("smtp.gmail.com"))
MICROSOFT_IN = (imap("outlook.office365.com"), pop("outlook.office365.com"))
GMAIL_HINTS = (
    "app_password",
    "enable_imap",
    "enable_pop",
    "pop_recent",
    "pop_leave_copy",
    "connection_limit",
    "transfer_limit",
)
GANDI_IN = (
    imap("mail.gandi.net"),
    imap_starttls("mail.gandi.net"),
    pop("mail.gandi.net"),
    pop_starttls("mail.gandi.net"),
)
GANDI_OUT = (smtp("mail.gandi.net"), smtp_starttls("mail.gandi.net"), smtp_starttls("mail.gandi.net", 25))
YAHOO_IN = (imap("imap.mail.yahoo.com"), pop("pop.mail.yahoo.com"))
YAHOO_OUT = (smtp("smtp.mail.yahoo.com"), smtp_starttls("smtp.mail.yahoo.com"))
CODE = ("authorization_code", "enable_imap")

BY_DOMAIN = (
    Expected("ada@gmail.com", "gmail", GOOGLE_IN, GOOGLE_OUT, hints=GMAIL_HINTS),
    Expected("ada@googlemail.com", "gmail", GOOGLE_IN, GOOGLE_OUT, hints=GMAIL_HINTS),
    Expected(
        "ada@outlook.com",
        "outlook",
        MICROSOFT_IN,
        (smtp_starttls("smtp-mail.outlook.com"), smtp_starttls("smtp.office365.com")),
        hints=("oauth_only", "enable_imap", "enable_pop"),
    ),
    Expected(
        "ada@hotmail.co.uk",
        "outlook",
        MICROSOFT_IN,
        (smtp_starttls("smtp-mail.outlook.com"), smtp_starttls("smtp.office365.com")),
        hints=("oauth_only", "enable_imap", "enable_pop"),
    ),
    Expected("ada@yahoo.com", "yahoo", YAHOO_IN, YAHOO_OUT, hints=("app_password",)),
    Expected(
        "ada@yahoo.co.jp",
        "yahoo-jp",
        (imap("imap.mail.yahoo.co.jp"), pop("pop.mail.yahoo.co.jp")),
        (smtp("smtp.mail.yahoo.co.jp"),),
        (LOCAL, FULL),
        ("app_password", "enable_imap", "local_part_login"),
    ),
    Expected(
        "ada@icloud.com",
        "icloud",
        (imap("imap.mail.me.com"),),
        (smtp_starttls("smtp.mail.me.com"),),
        (LOCAL, FULL),
        ("app_password", "local_part_login"),
    ),
    Expected(
        "ada@aol.com",
        "aol",
        (imap("imap.aol.com"), pop("pop.aol.com")),
        (smtp("smtp.aol.com"), smtp_starttls("smtp.aol.com")),
        hints=("app_password",),
    ),
    Expected(
        "ada@gmx.net",
        "gmx-net",
        (imap("imap.gmx.net"), imap_starttls("imap.gmx.net"), pop("pop.gmx.net"), pop_starttls("pop.gmx.net")),
        (smtp("mail.gmx.net"), smtp_starttls("mail.gmx.net")),
        hints=(
            "app_password_2fa",
            "enable_imap",
        ),
    ),
    Expected(
        "ada@gmx.com",
        "gmx-com",
        (imap("imap.gmx.com"), imap_starttls("imap.gmx.com"), pop("pop.gmx.com"), pop_starttls("pop.gmx.com")),
        (smtp("mail.gmx.com"), smtp_starttls("mail.gmx.com")),
        hints=(
            "app_password_2fa",
            "enable_imap",
        ),
    ),
    Expected(
        "ada@web.de",
        "web-de",
        (imap("imap.web.de"), imap_starttls("imap.web.de"), pop("pop3.web.de"), pop_starttls("pop3.web.de")),
        (smtp("smtp.web.de"), smtp_starttls("smtp.web.de")),
        (LOCAL, FULL),
        ("app_password_2fa", "enable_imap", "local_part_login"),
    ),
    Expected(
        "ada@t-online.de",
        "t-online",
        (imap("secureimap.t-online.de"), pop("securepop.t-online.de")),
        (smtp("securesmtp.t-online.de"), smtp_starttls("securesmtp.t-online.de")),
        hints=("app_password", "mail_password"),
    ),
    Expected(
        "ada@yandex.ru",
        "yandex",
        (imap("imap.yandex.com"), pop("pop.yandex.com")),
        (smtp("smtp.yandex.com"), smtp_starttls("smtp.yandex.com")),
        (FULL, LOCAL),
        ("app_password", "enable_imap"),
    ),
    Expected(
        "ada@mail.ru",
        "mail-ru",
        (imap("imap.mail.ru"), imap_starttls("imap.mail.ru"), pop("pop.mail.ru"), pop_starttls("pop.mail.ru")),
        (smtp("smtp.mail.ru"), smtp_starttls("smtp.mail.ru")),
        hints=("app_password",),
    ),
    Expected(
        "ada@qq.com",
        "qq",
        (imap("imap.qq.com"), pop("pop.qq.com")),
        (smtp("smtp.qq.com"), smtp_starttls("smtp.qq.com")),
        (FULL, LOCAL),
        CODE,
    ),
    Expected(
        "ada@163.com",
        "netease-163",
        (imap("imap.163.com"), pop("pop.163.com")),
        (smtp("smtp.163.com"),),
        hints=(*CODE, "imap_id"),
    ),
    Expected(
        "ada@zoho.com",
        "zoho-com",
        (imap("imap.zoho.com"), imap("imap.zoho.eu"), pop("pop.zoho.com")),
        (smtp("smtp.zoho.com"), smtp_starttls("smtp.zoho.com"), smtp("smtp.zoho.eu")),
        hints=("app_password_2fa", "enable_imap"),
    ),
    Expected(
        "ada@fastmail.com",
        "fastmail",
        (imap("imap.fastmail.com"), pop("pop.fastmail.com")),
        (smtp("smtp.fastmail.com"),),
        hints=("app_password",),
    ),
    Expected("ada@proton.me", "proton", (), (), (), ("bridge_needed", "paid_plan")),
    Expected("ada@tuta.com", "tuta", (), (), (), ("no_standard_access",)),
    Expected("ada@hey.com", "hey", (), (), (), ("no_standard_access",)),
    Expected("ada@duck.com", "duckduckgo", (), (), (), ("forwards_only",)),
    Expected("ada@gandi.net", "gandi", GANDI_IN, GANDI_OUT, hints=("mailbox_needed",)),
)

# The host of an MX record of a customer's domain, and what follows from it.
BY_MX = {
    "aspmx.l.google.com": "google-workspace",
    "alt4.aspmx.l.google.com": "google-workspace",
    "aspmx2.googlemail.com": "google-workspace",
    "smtp.google.com": "google-workspace",
    "gmail-smtp-in.l.google.com": "gmail",
    "example-org.mail.protection.outlook.com": "microsoft-365",
    "example-org.m-v1.mx.microsoft": "microsoft-365",
    "outlook-com.olc.protection.outlook.com": "outlook",
    "spool.mail.gandi.net": "gandi",
    "fb.mail.gandi.net": "gandi",
    "mx1.mail.ovh.net": "ovh",
    "mx3.ovh.net": "ovh",
    "vps-1234.vps.ovh.net": None,
    "www123.your-server.de": "hetzner",
    "static.1.2.3.4.clients.your-server.de": None,
    "mx00.ionos.de": "ionos-de",
    "mx00.kundenserver.de": "ionos-de",
    "mx00.ionos.com": "ionos-com",
    "mx1.hostinger.com": "hostinger",
    "mailstore1.europe.secureserver.net": "godaddy",
    "mx1.privateemail.com": "privateemail",
    "eforward3.registrar-servers.com": "namecheap-forwarding",
    "mx.zoho.com": "zoho-com-hosted",
    "mx2.zoho.eu": "zoho-eu-hosted",
    "in1-smtp.messagingengine.com": "fastmail",
    "mail.protonmail.ch": "proton",
    "mx.yandex.net": "yandex",
    "mx1.biz.mail.yahoo.com": None,
    "mta7.am0.yahoodns.net": "yahoo",
    "mx-aol.mail.gm0.yahoodns.net": "aol",
    "mxbiz1.qq.com": "exmail-qq",
    "mx3.qq.com": "qq",
    "163mx01.mxmail.netease.com": "netease-163",
    "126mx00.mxmail.netease.com": "netease-126",
    "qiye163mx01.mxmail.netease.com": "qiye-163",
    "smtpin.rzone.de": "strato",
    "mx01.hornetsecurity.com": "hornetsecurity",
    "mxa-0012.gslb.pphosted.com": "proofpoint",
    "eu-smtp-inbound-1.mimecast.com": "mimecast",
    "d12345.a.ess.de.barracudanetworks.com": "barracuda",
    "mx1.hc123-45.eu.iphmx.com": "cisco-secure-email",
    "route1.mx.cloudflare.net": "cloudflare-routing",
    "mx1.improvmx.com": "improvmx",
    "inbound-smtp.eu-west-1.amazonaws.com": "workmail-eu-west-1",
    "mx.outlook.com.example.org": None,
    "something.outlook.com": None,
}

# Behind a filter or an own name: what else shows the hoster.
BY_TRACE = (
    ("cname", "autodiscover.outlook.com", "microsoft-365"),
    ("spf", "spf.protection.outlook.com", "microsoft-365"),
    ("spf", "_spf.google.com", "google-workspace"),
    ("spf", "_mailcust.gandi.net", "gandi"),
    ("ns", "dns101.ovh.net", "ovh"),
    ("ns", "ns51.domaincontrol.com", "godaddy"),
)
