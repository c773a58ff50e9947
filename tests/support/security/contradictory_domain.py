"""A domain about which every source differs, all at the same moment: what comes first decides nothing."""

from __future__ import annotations

import base64
import hashlib
import json

from mailsettings.testing import FakeNetwork, imap, pop3, smtp
from tests.support.security.harness import DOMAIN
from tests.support.security.web_pages import document, server

PLACES = (
    f"https://autoconfig.{DOMAIN}/mail/config-v1.1.xml",
    f"https://{DOMAIN}/.well-known/autoconfig/mail/config-v1.1.xml",
    f"https://{DOMAIN}/.well-known/mail-v1.xml",
    f"https://live.thunderbird.net/autoconfig/v1.1/{DOMAIN}",
    f"https://pointed.{DOMAIN}/x.xml",
    "https://autoconfig.hoster.example/mail/config-v1.1.xml",
)
HELP = '<documentation url="https://{name}.example/help"><descr>{name}</descr></documentation>'
MORE = (
    "<displayName>{name}</displayName>" + HELP + '<webMail><loginPage url="https://{name}.example/mail"/></webMail>'
    '<enable visiturl="https://{name}.example/on"><instruction>{name}</instruction></enable>'
    '<calendar type="caldav"><url>https://{name}.example/dav</url></calendar>'
    "<oAuth2><issuer>{name}.example</issuer></oAuth2>"
)
PACC = json.dumps(
    {
        "protocols": {"imap": {"host": f"pacc.{DOMAIN}"}},
        "authentication": {"password": True},
        "info": {"provider": {"name": "Pacc"}, "help": {"documentation": "https://pacc.example/help"}},
    }
).encode()


def busy(net: FakeNetwork) -> None:
    """Let six documents, PACC, SRV, MX and the usual names disagree; half of the servers work."""
    for number, url in enumerate(PLACES):
        name = f"voice{number}"
        wrong = server(f"{name}.{DOMAIN}", port=1000 + number, username="%ODD%")
        net.page(url, document(wrong, server(f"{name}.{DOMAIN}"), more=MORE.format(name=name)))
        if number % 2:
            net.host(f"{name}.{DOMAIN}").serve(imap(greeting=f"* OK [ALERT] {name}\x1b[m"), smtp())
    digest = base64.b64encode(hashlib.sha256(PACC).digest()).decode()
    net.records(f"_ua-auto-config.{DOMAIN}", TXT=f"v=UAAC1; a=sha256; d={digest}")
    net.page(f"https://ua-auto-config.{DOMAIN}/.well-known/user-agent-configuration.json", PACC)
    net.records(
        DOMAIN, MX=("10 mx.hoster.example", "10 mx2.hoster.example"), TXT=f"mailconf=https://pointed.{DOMAIN}/x.xml"
    )
    for label, port in (("_imaps", 993), ("_imap", 993), ("_pop3s", 995), ("_submission", 465), ("_submissions", 587)):
        records = [f"0 {weight} {port} srv{weight}.{DOMAIN}" for weight in range(3)]
        net.records(f"{label}._tcp.{DOMAIN}", SRV=(*records, f"0 1 {port} localhost"))
    net.host(f"srv0.{DOMAIN}").serve(imap(), smtp(587), pop3())
    net.host(f"srv1.{DOMAIN}").serve(imap(), smtp(), smtp(587))
    net.host(f"mail.{DOMAIN}").serve(imap(), imap(143), pop3(), smtp(), smtp(587))
    net.zone(f"_caldavs._tcp.{DOMAIN} SRV 0 1 443 dav.{DOMAIN}\n_carddavs._tcp.{DOMAIN} SRV 0 1 443 dav.{DOMAIN}")
