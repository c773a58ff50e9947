"""A fake network for tests: mail servers, DNS zones and web pages in memory, a virtual clock, a record of every call.

    net = FakeNetwork(rtt=0.05)
    net.host("imap.example.org", "192.0.2.10").serve(imap())
    net.page("https://autoconfig.example.org/mail/config-v1.1.xml", document)

It replaces the Internet at the lowest seam (net.streams.Transport); everything above is the real code. See
docs/testing.md.
"""

from mailsettings.testing.accounts import Account
from mailsettings.testing.certificates import Certificate
from mailsettings.testing.clock import run_virtual
from mailsettings.testing.hosts import Host
from mailsettings.testing.network import FakeNetwork, FakeTransport
from mailsettings.testing.recording import Connect, Entry, Handshake, Line, Request, Resolve
from mailsettings.testing.script_json import from_steps
from mailsettings.testing.scripts import CLOSE, HEAR, HEAR_SOME, RESET, TLS, Say, Script, Server, Sleep, scripted
from mailsettings.testing.servers import Options, imap, pop3, smtp

__all__ = [
    "CLOSE",
    "HEAR",
    "HEAR_SOME",
    "RESET",
    "TLS",
    "Account",
    "Certificate",
    "Connect",
    "Entry",
    "FakeNetwork",
    "FakeTransport",
    "Handshake",
    "Host",
    "Line",
    "Options",
    "Request",
    "Resolve",
    "Say",
    "Script",
    "Server",
    "Sleep",
    "from_steps",
    "imap",
    "pop3",
    "run_virtual",
    "scripted",
    "smtp",
]
