"""What one failure means, in the light of what else was seen at the same host. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mailsettings import table
from mailsettings.diagnosis.codes import finding
from mailsettings.diagnosis.places import Place, Places, spelled
from mailsettings.diagnosis.refused import refused
from mailsettings.errors import Kind
from mailsettings.model import Confidence, Finding, Protocol, Security
from mailsettings.suffix import registrable

TLS_PORTS = frozenset({465, 993, 995})
USUAL = {
    Protocol.IMAP: "993 (TLS) or 143 (STARTTLS)",
    Protocol.POP3: "995 (TLS) or 110 (STARTTLS)",
    Protocol.SMTP: "465 (TLS) or 587 (STARTTLS)",
    Protocol.JMAP: "443",
}

# What a kind of failure means where nothing else at the host or elsewhere says more.
MEANING = {
    Kind.NO_SUCH_NAME: "name-not-found",
    Kind.NO_ADDRESS: "no-address-record",
    Kind.DNS_TIMEOUT: "dns-silent",
    Kind.DENIED: "not-contacted",
    Kind.BUDGET: "not-contacted",
    Kind.CLOSED: "connection-reset",
    Kind.NO_NETWORK: "network-down",
    Kind.PROXY: "proxy-failed",
    Kind.TLS_TIMEOUT: "silent-server",
    Kind.TLS_TOO_OLD: "tls-too-old",
    Kind.CERTIFICATE_EXPIRED: "certificate-expired",
    Kind.CERTIFICATE_NOT_YET_VALID: "certificate-not-yet-valid",
    Kind.CERTIFICATE_SELF_SIGNED: "certificate-self-signed",
    Kind.CERTIFICATE_UNKNOWN_CA: "certificate-unknown-ca",
    Kind.CERTIFICATE_OTHER: "certificate-invalid",
    Kind.ALPN: "wrong-protocol-on-port",
    Kind.WRONG_PROTOCOL: "wrong-protocol-on-port",
    Kind.GREETING_TIMEOUT: "silent-server",
    Kind.REPLY_TIMEOUT: "slow-server",
    Kind.DEADLINE: "slow-server",
    Kind.BAD_REPLY: "bad-reply",
    Kind.LIMIT: "bad-reply",
    Kind.STARTTLS_REFUSED: "starttls-refused",
    Kind.EARLY_BYTES: "tampering",
    Kind.PREAUTH: "tampering",
    Kind.NO_MAIL: "no-mail-service",
    Kind.NO_ACCESS: "no-standard-access",
    Kind.INTERNAL: "our-mistake",
}


def of_place(place: Place, places: Places) -> Iterator[Finding]:
    """Yield what explains the failure at one place, in the light of all the others."""
    failure, host = place.failure, place.endpoint.host
    assert failure is not None
    evidence = f"{place.name}: {failure.seen or failure.kind}"
    if replacement := table.obsolete(host):
        yield finding("host-obsolete", f"{host} in the provider table", about=host, use=replacement)
    if failure.kind is Kind.GREETING_REFUSED:
        yield from refused(failure.seen, place.endpoint.protocol, evidence=evidence)
    elif failure.kind in (Kind.GREETING_TIMEOUT, Kind.CLOSED) and _wants_tls(place, places):
        yield finding("plain-expected-tls-found", evidence, Confidence.LIKELY, about=place.name)
    elif (special := _SPECIAL.get(failure.kind)) is not None:
        yield special(place, places, evidence)
    else:
        yield _usual(place, places, evidence)


def _usual(place: Place, places: Places, evidence: str) -> Finding:
    assert place.failure is not None
    about = place.endpoint.host if place.failure.kind in (Kind.NO_SUCH_NAME, Kind.NO_ADDRESS) else place.name
    code = MEANING.get(place.failure.kind, "bad-reply")
    return finding(code, evidence, about=about, use=right_port(place, places))


def right_port(place: Place, places: Places) -> str:
    """Say which port of the host is right: one that was seen to work, otherwise the usual ones."""
    protocol = place.endpoint.protocol
    return spelled(places.working(protocol, place.endpoint.host)[:2]) or USUAL[protocol]


def _no_connection(place: Place, places: Places, evidence: str) -> Finding:
    """Tell a closed port from a host that is not there, and port 25 from all others."""
    assert place.failure is not None
    host, port = place.endpoint.host, place.endpoint.port
    refused_here = place.failure.kind is Kind.REFUSED
    ports = {other.endpoint.port for other in places.of_host(host)}
    if port == 25 and not refused_here:
        return finding("port-25-blocked", evidence, Confidence.LIKELY)
    if places.alive(host):
        use = right_port(place, places)
        code = "nothing-listens" if refused_here else "port-blocked"
        return finding(code, evidence, about=place.name if refused_here else str(port), use=use)
    if refused_here and len(ports) == 1:
        return finding("nothing-listens", evidence, about=place.name)
    if refused_here:
        return finding("no-mail-server-there", f"{evidence} (ports {_listed(ports)})", about=host)
    return finding("host-unreachable", f"{evidence} (ports {_listed(ports)})", Confidence.LIKELY, about=host)


def _listed(ports: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(ports)))


def _not_tls(place: Place, places: Places, evidence: str) -> Finding:
    use = str({Protocol.IMAP: 993, Protocol.POP3: 995, Protocol.SMTP: 465}.get(place.endpoint.protocol, 443))
    secure = [e for e in places.working(place.endpoint.protocol, place.endpoint.host) if e.security is Security.TLS]
    port = str(secure[0].port) if secure else use
    return finding("tls-expected-plain-found", evidence, about=str(place.endpoint.port), use=port)


def _wants_tls(place: Place, places: Places) -> bool:
    """Say whether a server that keeps silent in clear waits for a handshake."""
    endpoint = place.endpoint
    if endpoint.security is Security.TLS:
        return False
    works = places.working(endpoint.protocol, endpoint.host)
    return endpoint.port in TLS_PORTS or any(e.port == endpoint.port and e.security is Security.TLS for e in works)


def _other_name(place: Place, places: Places, evidence: str) -> Finding:
    """Name the host that would verify: one that did, or one of the same company that the certificate is for."""
    names = place.probe.tls.names if place.probe and place.probe.tls else ()
    host = place.endpoint.host
    works = [e.host for e in places.working(place.endpoint.protocol) if e.host != host]
    near = [name for name in names if "*" not in name and _related(name, host)]
    use = next(iter(works), "") or ", ".join(near[:3])
    shown = f"{evidence}; it is for {', '.join(names[:6])}" if names and names[0] not in evidence else evidence
    return finding("certificate-name", shown, about=host, use=use)


def _related(name: str, host: str) -> bool:
    return registrable(name) == registrable(host) or table.host_provider(name) is not None


def _lacking(place: Place, places: Places, evidence: str) -> Finding:
    assert place.failure is not None
    if place.failure.kind is Kind.NO_LOGIN:
        code = "no-auth-on-this-port" if place.endpoint.port == 25 else "no-login-method"
        return finding(code, evidence, about=place.name)
    # The words are wire.smtp's own.
    code = "middlebox-strips-starttls" if "rewrites SMTP" in place.failure.seen else "starttls-not-offered"
    return finding(code, evidence, about=place.name, use=right_port(place, places))


def _broken_dns(place: Place, _places: Places, evidence: str) -> Finding:
    assert place.failure is not None
    # The word is net.dns's own, from the extended error of RFC 8914.
    signed = "DNSSEC" in place.failure.seen
    return finding("dnssec-broken" if signed else "dns-broken", evidence, about=place.endpoint.host)


def _broken_tls(place: Place, _places: Places, evidence: str) -> Finding:
    assert place.failure is not None
    # OpenSSL's symbol DH_KEY_TOO_SMALL as net.tls.fault writes it, not a message.
    weak = "dh key too small" in place.failure.seen
    return finding("tls-weak-dh" if weak else "tls-failed", evidence, about=place.name)


_SPECIAL: dict[Kind, Callable[[Place, Places, str], Finding]] = {
    Kind.REFUSED: _no_connection,
    Kind.CONNECT_TIMEOUT: _no_connection,
    Kind.UNREACHABLE: _no_connection,
    Kind.NOT_TLS: _not_tls,
    Kind.CERTIFICATE_NAME: _other_name,
    Kind.STARTTLS_NOT_OFFERED: _lacking,
    Kind.NO_LOGIN: _lacking,
    Kind.DNS_FAILED: _broken_dns,
    Kind.TLS_FAILED: _broken_tls,
}
