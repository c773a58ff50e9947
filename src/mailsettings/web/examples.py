"""What the OpenAPI description shows of answers: those for a domain that publishes its servers."""

from __future__ import annotations

from typing import Any

from mailsettings.model import (
    Auth,
    Authority,
    Choice,
    Claim,
    Detection,
    Endpoint,
    Evidence,
    Hello,
    Probe,
    Protocol,
    Security,
    SettledBy,
    TLSFacts,
    Trust,
)
from mailsettings.schema import dumps, plain, to_dict

_ADDRESS = "ada@example.org"
_PLACES = (
    Endpoint(Protocol.IMAP, "imap.example.org", 993, Security.TLS),
    Endpoint(Protocol.SMTP, "smtp.example.org", 465, Security.TLS),
)


def detection() -> dict[str, Any]:
    """Return an answer."""
    incoming, outgoing = map(_choice, _PLACES)
    found = Detection(
        _ADDRESS,
        incoming=(incoming,),
        outgoing=(outgoing,),
        settled_by="nothing better can come",
        settled=SettledBy.VERIFIED,
        seconds=0.2,
    )
    return to_dict(found)


def _choice(endpoint: Endpoint) -> Choice:
    url = "https://autoconfig.example.org/mail/config-v1.1.xml"
    evidence = Evidence(Authority.DOMAIN, "autoconfig", url, authentic=True, domain="example.org")
    hello = Hello("", mechanisms=("PLAIN",), auth=(Auth.PASSWORD,), tls=TLSFacts("TLSv1.3"))
    return Choice(
        endpoint,
        username=_ADDRESS,
        username_template="%EMAILADDRESS%",
        usernames=(_ADDRESS, "ada"),
        auth=(Auth.PASSWORD,),
        verified=True,
        trust=Trust.DOMAIN,
        reasons=(f"example.org itself names it ({url})",),
        claims=(Claim(endpoint, evidence),),
        probe=Probe(endpoint, hello=hello, tls=TLSFacts("TLSv1.3")),
    )


def event() -> dict[str, str]:
    """Return the last event of a stream."""
    return {"event": "settled", "data": dumps({"event": "settled", "at": 0.2, "detection": detection()})}


def verification() -> dict[str, Any]:
    """Return what came of a login."""
    incoming, outgoing = map(_login, _PLACES)
    return {
        "schema": 1, "address": _ADDRESS, "verified": True, "incoming": incoming, "outgoing": outgoing, "findings": []
    }  # fmt: skip


def _login(endpoint: Endpoint) -> dict[str, Any]:
    place = {name: plain(getattr(endpoint, name)) for name in ("protocol", "host", "port", "security")}
    return {**place, "username": _ADDRESS, "mechanism": "PLAIN", "accepted": True, "verified": True, "tried": True}
