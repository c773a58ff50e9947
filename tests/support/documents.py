"""One minimal valid document of each kind, for tests that show only what they change."""

from __future__ import annotations

INCOMING = """
<incomingServer type="imap">
  <hostname>imap.example.org</hostname><port>993</port><socketType>SSL</socketType>
  <username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>
</incomingServer>"""
OUTGOING = """
<outgoingServer type="smtp">
  <hostname>smtp.example.org</hostname><port>587</port><socketType>STARTTLS</socketType>
  <username>%EMAILADDRESS%</username><authentication>password-cleartext</authentication>
</outgoingServer>"""


def autoconfig(provider: str = INCOMING + OUTGOING, beside: str = "") -> bytes:
    """Return an autoconfig document with *provider* inside emailProvider and *beside* next to it."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<clientConfig version="1.1"><emailProvider id="example.org">'
        f"<domain>example.org</domain>{provider}</emailProvider>{beside}</clientConfig>"
    ).encode()


def incoming(**changes: str) -> str:
    """Return the incoming section with the elements named in *changes* replaced; empty removes one."""
    values = {
        "hostname": "imap.example.org",
        "port": "993",
        "socketType": "SSL",
        "username": "%EMAILADDRESS%",
        "authentication": "password-cleartext",
    }
    kind = changes.pop("type", "imap")
    values |= changes
    elements = "".join(f"<{tag}>{value}</{tag}>" for tag, value in values.items() if value)
    return f'<incomingServer type="{kind}">{elements}</incomingServer>'


IMAP_BLOCK = "<Protocol><Type>IMAP</Type><Server>imap.example.org</Server><Port>993</Port><SSL>on</SSL></Protocol>"


def autodiscover(account: str = f"<Action>settings</Action>{IMAP_BLOCK}", response: str = "") -> bytes:
    """Return an Autodiscover answer with *account* inside Account."""
    return (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">'
        '<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">'
        f"{response or f'<Account><AccountType>email</AccountType>{account}</Account>'}</Response></Autodiscover>"
    ).encode()
