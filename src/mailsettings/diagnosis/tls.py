"""What failed where TLS should begin: in clear on a port of TLS, too old, too weak, not offered, taken away. Pure."""

from __future__ import annotations

import re

from mailsettings.diagnosis.catalogue import finding
from mailsettings.diagnosis.endpoints import TLS_PORTS, EndpointOutcome, EndpointOutcomes, right_port
from mailsettings.errors import Detail, FailureKind
from mailsettings.hostnames import registrable
from mailsettings.model import Confidence, Finding, Protocol, Security

_OLD_VERSIONS = frozenset({"SSLv2", "SSLv3", "TLSv1", "TLSv1.1"})
# The name a server greets with (RFC 5321 §4.2); a bare word or a number is none.
_GREETING_HOST = re.compile(r"220[ -]([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6})\b")


def not_tls(place: EndpointOutcome, places: EndpointOutcomes, evidence: str) -> Finding:
    use = str({Protocol.IMAP: 993, Protocol.POP3: 995, Protocol.SMTP: 465}.get(place.endpoint.protocol, 443))
    secure = [e for e in places.working(place.endpoint.protocol, place.endpoint.host) if e.security is Security.TLS]
    port = str(secure[0].port) if secure else use
    return finding("tls-expected-plain-found", evidence, about=str(place.endpoint.port), use=port)


def expects_tls(place: EndpointOutcome, places: EndpointOutcomes) -> bool:
    """Say whether a server that keeps silent in clear waits for a handshake."""
    endpoint = place.endpoint
    if endpoint.security is Security.TLS:
        return False
    works = places.working(endpoint.protocol, endpoint.host)
    return endpoint.port in TLS_PORTS or any(e.port == endpoint.port and e.security is Security.TLS for e in works)


def without_starttls(place: EndpointOutcome, places: EndpointOutcomes, evidence: str) -> Finding:
    """Tell a server that has no STARTTLS from one that has it, and somebody on the way who takes it out."""
    assert place.failure is not None
    use = right_port(place, places)
    if place.failure.detail is Detail.STARTTLS_REWRITTEN:
        return finding("middlebox-strips-starttls", evidence, about=place.name, use=use)
    if place.in_table:
        seen = f"{evidence}; the provider table has it with STARTTLS"
        return finding("starttls-stripped", seen, Confidence.LIKELY, about=place.name, use=use)
    works = places.working(place.endpoint.protocol, place.endpoint.host)
    elsewhere = [endpoint.port for endpoint in works if endpoint.security is Security.STARTTLS]
    seen = f"{evidence}; it is offered on port {elsewhere[0]}" if elsewhere else evidence
    return finding("starttls-not-offered", seen, about=place.name, use=use)


def intercepted_smtp(place: EndpointOutcome, places: EndpointOutcomes, evidence: str) -> Finding | None:
    """Return the finding for a port 25 where somebody else greets: access providers answer there themselves.

    Likely where the host's other ports answer under its own name; a hoster's machine greets with its name everywhere.
    """
    look = places.observations.inspection_of(place.endpoint) if place.endpoint.port == 25 else None
    found = _GREETING_HOST.match(look.greeting) if look else None
    if look is None or found is None or registrable(found[1]) == registrable(place.endpoint.host):
        return None
    works = places.working(Protocol.SMTP, place.endpoint.host)
    if look.leaf and look.leaf.names and not works:
        return None
    seen = f"{evidence}; {found[1]} greets there"
    return finding("port-hijacked-by-isp", seen, Confidence.LIKELY if works else Confidence.POSSIBLE)


def broken_tls(place: EndpointOutcome, places: EndpointOutcomes, evidence: str) -> Finding:
    """Tell versions and ciphers of before from a key exchange too weak, and both from what nobody can explain."""
    assert place.failure is not None
    look = places.observations.inspection_of(place.endpoint)
    shown = look.handshake if look else None
    seen = f"{evidence}; it can do {shown.version} with {shown.cipher or 'an unknown cipher'}" if shown else evidence
    if place.failure.detail is Detail.WEAK_DH:
        return finding("tls-weak-dh", seen, about=place.name)
    if place.failure.kind is FailureKind.TLS_TOO_OLD or (shown and shown.version in _OLD_VERSIONS):
        return finding("tls-too-old", seen, about=place.name)
    if shown and shown.version == "TLSv1.2":
        # With all ciphers allowed it works, with the safe ones it does not; TLS 1.3 has no others.
        code = "tls-weak-dh" if shown.cipher.startswith("DHE-") else "tls-too-old"
        return finding(code, seen, Confidence.LIKELY, about=place.name)
    return finding("tls-failed", seen, about=place.name)
