"""`python -m tests.support.web_program PORT`: the service on loopback, in a world in memory.

For browsers and many sockets.
"""

import math
import sys

import uvicorn

from mailsettings.policy import Policy
from mailsettings.testing import Account, FakeNetwork, imap, smtp
from mailsettings.web import Settings, create_app
from tests.support.web_service import world

# What an attacker would write into everything they can.
EVIL = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
_DOCUMENT = f"""<clientConfig version="1.1"><emailProvider id="evil.example"><domain>evil.example</domain>
<displayName>{EVIL.replace("<", "&lt;").replace('"', "&quot;")}</displayName>
<incomingServer type="imap"><hostname>imap.evil.example</hostname><port>993</port><socketType>SSL</socketType>
<username>&lt;b&gt;%EMAILADDRESS%"'&gt;</username><authentication>password-cleartext</authentication></incomingServer>
<documentation url="javascript:document.title='owned'">
<descr lang="en">{EVIL.replace("<", "&lt;")}</descr></documentation>
</emailProvider></clientConfig>"""


def crowd() -> FakeNetwork:
    """A world with a domain for each story that the page tells."""
    network = world()
    ada = {"ada@example.org": Account("correct horse")}
    network.host("imap.login.example").serve(imap(accounts=ada | {"ada@login.example": Account("correct horse")}))
    network.host("smtp.login.example").serve(smtp(accounts=ada | {"ada@login.example": Account("correct horse")}))
    for host in ("imap.gmail.com", "pop.gmail.com"):
        network.host(host).serve(imap())
    network.host("smtp.gmail.com").serve(smtp(), smtp(587))
    network.host("imap.evil.example").serve(imap(greeting=f"* OK {EVIL}"))
    network.page("https://autoconfig.evil.example/mail/config-v1.1.xml", _DOCUMENT)
    for name in ("imap", "smtp"):
        network.host(f"{name}.xn--gmal-nza.com").serve(imap() if name == "imap" else smtp())
    network.records("_imaps._tcp.alike.example", SRV="0 1 993 imap.xn--gmal-nza.com")
    network.records("_submissions._tcp.alike.example", SRV="0 1 465 smtp.xn--gmal-nza.com")
    network.slow(math.inf, "silent.example")
    network.records("imap.dead.example", A="11.9.9.9")
    return network


def main(port: int) -> None:
    settings = Settings(
        cache=":memory:",
        visitor_per_minute=10_000,
        visitor_per_hour=10_000,
        visitor_at_once=1000,
        logins_per_mailbox=1000,
    )
    app = create_app(settings=settings, transport=crowd().transport(Policy.service()))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
