"""Failures to start TLS: plaintext on a TLS port, obsolete version, weak cipher, STARTTLS missing or stripped. Pure."""

from __future__ import annotations

import re

from mailsettings.diagnosis.catalogue import finding
from mailsettings.diagnosis.endpoints import TLS_PORTS, EndpointOutcome, EndpointOutcomes, other_ports, right_port
from mailsettings.errors import Detail, FailureKind
from mailsettings.hostnames import same_owner
from mailsettings.model import Confidence, Finding, Protocol, Security

_OLD_VERSIONS = frozenset({"SSLv2", "SSLv3", "TLSv1", "TLSv1.1"})
# The host name in a greeting (RFC 5321 §4.2): with a dot, so that a bare label or a number does not match.
_GREETING_HOST = re.compile(r"220[ -]([A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,6})\b")


def not_tls(outcome: EndpointOutcome, outcomes: EndpointOutcomes, evidence: str) -> Finding:
    """Return the finding for plaintext on a TLS port, with the port to use: one that was verified or the usual one."""
    secure = (str(port) for port, security in other_ports(outcome, outcomes) if security is Security.TLS)
    use = next(secure, None)
    return finding("tls-expected-plain-found", evidence, about=str(outcome.endpoint.port), use=use)


def expects_tls(outcome: EndpointOutcome, outcomes: EndpointOutcomes) -> bool:
    """Say whether a server that does not respond in plaintext waits for a TLS handshake."""
    endpoint = outcome.endpoint
    if endpoint.security is Security.TLS:
        return False
    works = outcomes.working(endpoint.protocol, endpoint.host)
    return endpoint.port in TLS_PORTS or any(e.port == endpoint.port and e.security is Security.TLS for e in works)


def without_starttls(outcome: EndpointOutcome, outcomes: EndpointOutcomes, evidence: str) -> Finding:
    """Distinguish a server without STARTTLS from a middlebox on the path that removes it."""
    use = right_port(outcome, outcomes)
    if outcome.failure is not None and outcome.failure.detail is Detail.STARTTLS_REWRITTEN:
        return finding("middlebox-strips-starttls", evidence, about=outcome.name, use=use)
    if outcome.in_table:
        seen = f"{evidence}; the provider table has it with STARTTLS"
        return finding("starttls-stripped", seen, Confidence.LIKELY, about=outcome.name, use=use)
    works = outcomes.working(outcome.endpoint.protocol, outcome.host)
    elsewhere = [endpoint.port for endpoint in works if endpoint.security is Security.STARTTLS]
    seen = f"{evidence}; it is offered on port {elsewhere[0]}" if elsewhere else evidence
    return finding("starttls-not-offered", seen, about=outcome.name, use=use)


def intercepted_smtp(outcome: EndpointOutcome, outcomes: EndpointOutcomes, evidence: str) -> Finding | None:
    """Return the finding for a port 25 that another host answers, as access providers do; None if the host answers.

    Likely where the host's other ports respond under its own name: a hoster's server greets with its name on all ports.
    """
    inspection = outcomes.observations.inspection_of(outcome.endpoint) if outcome.endpoint.port == 25 else None
    found = _GREETING_HOST.match(inspection.greeting) if inspection else None
    if inspection is None or found is None or same_owner(found[1], outcome.host):
        return None
    works = outcomes.working(Protocol.SMTP, outcome.host)
    if inspection.leaf and inspection.leaf.names and not works:
        return None
    seen = f"{evidence}; {found[1]} greets there"
    confidence = Confidence.LIKELY if works else Confidence.POSSIBLE
    return finding("port-hijacked-by-isp", seen, confidence, use=right_port(outcome, outcomes))


def broken_tls(outcome: EndpointOutcome, outcomes: EndpointOutcomes, evidence: str) -> Finding:
    """Distinguish obsolete TLS versions and ciphers, a weak key exchange, and a failure without known cause."""
    assert outcome.failure is not None
    inspection = outcomes.observations.inspection_of(outcome.endpoint)
    handshake = inspection.handshake if inspection else None
    seen = evidence
    if handshake:
        seen += f"; it can do {handshake.version} with {handshake.cipher or 'an unknown cipher'}"
    if outcome.failure.detail is Detail.WEAK_DH:
        return finding("tls-weak-dh", seen, about=outcome.name)
    if outcome.failure.kind is FailureKind.TLS_TOO_OLD or (handshake and handshake.version in _OLD_VERSIONS):
        return finding("tls-too-old", seen, about=outcome.name)
    if handshake and handshake.version == "TLSv1.2":
        # It works with all ciphers allowed, and fails with the secure ones; TLS 1.3 has no insecure ones.
        code = "tls-weak-dh" if handshake.cipher.startswith("DHE-") else "tls-too-old"
        return finding(code, seen, Confidence.LIKELY, about=outcome.name)
    return finding("tls-failed", seen, about=outcome.name)
