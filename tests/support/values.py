"""Short ways to make the values that tests talk about."""

from mailsettings.address import EmailAddress, parse_address
from mailsettings.errors import FailureKind
from mailsettings.model import (
    Auth,
    Authority,
    Claim,
    Endpoint,
    Evidence,
    Failure,
    Hello,
    Probe,
    Protocol,
    Security,
    TLSFacts,
)

ADA = parse_address("ada@example.org")


def ada(domain: str = "example.org") -> EmailAddress:
    return parse_address(f"ada@{domain}")


def endpoint(text: str) -> Endpoint:
    """Read `imap://imap.example.org:993`; the port says which security is meant, `plain+` in front overrides it."""
    plain = text.startswith("plain+")
    protocol, _, rest = text.removeprefix("plain+").partition("://")
    host, _, port = rest.rpartition(":")
    security = Security.TLS if port in ("993", "995", "465") else Security.STARTTLS
    return Endpoint(Protocol(protocol), host, int(port), Security.PLAIN if plain else security)


def claim(
    where: str,
    authority: Authority = Authority.GUESS,
    *,
    order: int = 0,
    eager: bool = True,
    authentic: bool = False,
    source: str = "",
    usernames: tuple[str, ...] = (),
    auth: tuple[Auth, ...] = (),
) -> Claim:
    evidence = Evidence(authority, source or authority.name.lower(), "somewhere", authentic, "example.org")
    return Claim(endpoint(where), evidence, usernames=usernames, auth=auth, order=order, eager=eager)


def verified(where: str) -> Probe:
    tls = TLSFacts("TLSv1.3", names=(endpoint(where).host,), not_after="2027-01-01T00:00:00+00:00")
    hello = Hello("ready", mechanisms=("PLAIN",), auth=(Auth.PASSWORD,), tls=tls)
    return Probe(endpoint(where), hello=hello, tls=tls, address="192.0.2.1")


def failed(where: str, kind: FailureKind = FailureKind.REFUSED) -> Probe:
    return Probe(endpoint(where), failure=Failure(kind, endpoint(where), "seen"))
