"""Documents for the laboratory's web servers, as providers write them."""

from __future__ import annotations

import base64
import hashlib
import json

AUTOCONFIG = "/mail/config-v1.1.xml"
WELL_KNOWN = f"/.well-known/autoconfig{AUTOCONFIG}"
MAIL_V1 = "/.well-known/mail-v1.xml"
PACC = "/.well-known/user-agent-configuration.json"
AUTODISCOVER = "/autodiscover/autodiscover.xml"
JMAP = "/.well-known/jmap"
ISSUER = "/.well-known/oauth-authorization-server"

# nginx serves a file to who asks with POST only if it is told to.
ANSWER_POSTS = "error_page 405 =200 $uri;"

Page = tuple[str, str]


def config(
    host: str,
    *,
    incoming: tuple[int, str] = (993, "SSL"),
    outgoing: tuple[int, str] = (465, "SSL"),
    beside: str = "",
    auth: str = "password-cleartext",
) -> str:
    """Return an autoconfig document that names IMAP and SMTP at *host*, each with port and socketType."""
    return (
        '<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="lab">'
        f"{_section('incomingServer', 'imap', host, incoming, auth)}"
        f"{_section('outgoingServer', 'smtp', host, outgoing, auth)}</emailProvider>{beside}</clientConfig>"
    )


def _section(tag: str, kind: str, host: str, where: tuple[int, str], auth: str) -> str:
    port, socket_type = where
    return (
        f'<{tag} type="{kind}"><hostname>{host}</hostname><port>{port}</port><socketType>{socket_type}</socketType>'
        f"<username>%EMAILADDRESS%</username><authentication>{auth}</authentication></{tag}>"
    )


def tokens(host: str, issuer: str) -> str:
    """Return an autoconfig document whose servers at *host* want tokens of *issuer*."""
    return config(host, auth="OAuth2", beside=f"<oAuth2><issuer>{issuer}</issuer></oAuth2>")


def issuer_metadata(host: str) -> str:
    """Return what the issuer *host* says of itself (RFC 8414 §3.2)."""
    place = f"https://{host}"
    return json.dumps({"issuer": place, "authorization_endpoint": f"{place}/auth", "token_endpoint": f"{place}/token"})


def pacc(host: str) -> str:
    """Return a PACC document that names IMAP and submission at *host*."""
    servers = {"imap": {"host": host}, "smtp": {"host": host}}
    return json.dumps({"protocols": servers, "authentication": {"password": True}})


def pacc_record(document: str) -> str:
    """Return the line of a master file that vouches for *document*."""
    digest = base64.b64encode(hashlib.sha256(document.encode()).digest()).decode()
    return f'_ua-auto-config TXT "v=UAAC1; a=sha256; d={digest}"'


def autodiscover(host: str, *, imap_port: int = 993, ssl: str = "on") -> str:
    """Return an Autodiscover answer that names IMAP and SMTP at *host*; *ssl* is for IMAP."""
    blocks = (("IMAP", imap_port, ssl), ("SMTP", 465, "on"))
    servers = "".join(
        f"<Protocol><Type>{kind}</Type><Server>{host}</Server><Port>{port}</Port><SSL>{on}</SSL></Protocol>"
        for kind, port, on in blocks
    )
    return (
        '<?xml version="1.0"?>'
        '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">'
        '<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">'
        f"<Account><AccountType>email</AccountType><Action>settings</Action>{servers}</Account></Response></Autodiscover>"
    )
