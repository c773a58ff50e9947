"""What one failure means, in the light of what else was seen at the same host. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mailsettings.diagnosis.catalogue import finding
from mailsettings.diagnosis.certificates import faults, misses_name
from mailsettings.diagnosis.endpoints import Place, Places, right_port
from mailsettings.diagnosis.replies import refused
from mailsettings.diagnosis.tls import answered_by_another, broken_tls, not_tls, wants_tls, without_starttls
from mailsettings.errors import Detail, Kind
from mailsettings.hostnames import registrable
from mailsettings.model import Confidence, Failure, Finding
from mailsettings.provider_table import table

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


_SILENT = frozenset({Kind.GREETING_TIMEOUT, Kind.TLS_TIMEOUT})


def of_place(place: Place, places: Places) -> Iterator[Finding]:
    """Yield what explains the failure at one place, in the light of all the others."""
    failure, host = place.failure, place.endpoint.host
    assert failure is not None
    evidence = f"{place.name}: {failure.seen or failure.kind}"
    if replacement := table.obsolete(host):
        yield finding("host-obsolete", f"{host} in the provider table", about=host, use=replacement)
    if another := answered_by_another(place, places, evidence):
        yield another
    if another is None or another.confidence is Confidence.POSSIBLE:
        yield from _of_failure(place, places, failure, evidence)


def _of_failure(place: Place, places: Places, failure: Failure, evidence: str) -> Iterator[Finding]:
    if failure.kind is Kind.GREETING_REFUSED:
        yield from refused(failure.seen, place.endpoint.protocol, evidence=evidence)
    elif failure.kind in (Kind.GREETING_TIMEOUT, Kind.CLOSED) and wants_tls(place, places):
        yield finding("plain-expected-tls-found", evidence, Confidence.LIKELY, about=place.name)
    elif failure.kind in _SILENT and _is_tarpit(place, places):
        yield finding("tarpit", evidence, Confidence.LIKELY, about=place.endpoint.host)
    elif found := tuple(_of_certificate(place, places)):
        yield from found
    elif (special := _SPECIAL.get(failure.kind)) is not None:
        yield special(place, places, evidence)
    else:
        yield _usual(place, places, evidence)


def _of_certificate(place: Place, places: Places) -> Iterator[Finding]:
    """Yield every fault that a second look has shown, the one that ended the first handshake among them."""
    look, now = places.around.of(place.endpoint), places.around.now
    if look is None or look.leaf is None or now is None or place.failure is None:
        return
    found = list(faults(place, look, now))
    code = MEANING.get(place.failure.kind, "")
    # The dates may be those of a certificate that the server does not send.
    if code in ("certificate-expired", "certificate-not-yet-valid") and code not in {item.code for item in found}:
        found.insert(
            0, finding(code, f"{place.name}: {place.failure.seen or place.failure.kind}", about=place.endpoint.host)
        )
    yield from found
    if found and misses_name(place, look):
        names = look.leaf.names
        seen = f"{place.name}: the certificate is for {', '.join(names[:6]) or 'no DNS name'}"
        yield _other_name(place, places, seen, names)


def _is_tarpit(place: Place, places: Places) -> bool:
    """Say whether the host holds on to whoever comes: more than one port accepts and keeps silent, or drips."""
    assert place.failure is not None
    silent = {other.endpoint.port for other in places.of_host(place.endpoint.host) if _holds(other)}
    return len(silent) > 1 or place.failure.detail is Detail.UNFINISHED_LINE


def _holds(place: Place) -> bool:
    return place.failure is not None and place.failure.kind in _SILENT


def _usual(place: Place, places: Places, evidence: str) -> Finding:
    assert place.failure is not None
    # A name and a certificate are the host's: what is wrong with them is said once for all its ports.
    of_host = place.failure.kind in (Kind.NO_SUCH_NAME, Kind.NO_ADDRESS) or place.failure.kind.about_certificate
    about = place.endpoint.host if of_host else place.name
    code = MEANING.get(place.failure.kind, "bad-reply")
    return finding(code, evidence, about=about, use=right_port(place, places))


def _no_connection(place: Place, places: Places, evidence: str) -> Finding:
    """Tell a closed port from a host that is not there, and port 25 from all others."""
    assert place.failure is not None
    host, port = place.endpoint.host, place.endpoint.port
    refused_here = place.failure.kind is Kind.REFUSED
    ports = {other.endpoint.port for other in places.of_host(host)}
    if port == 25 and not refused_here and (places.alive(host) or ports == {25}):
        return finding("port-25-blocked", evidence, Confidence.LIKELY)
    if places.alive(host):
        use = right_port(place, places)
        code = "nothing-listens" if refused_here else "port-blocked"
        return finding(code, evidence, about=place.name if refused_here else str(port), use=use)
    if refused_here and len(ports) == 1:
        return finding("nothing-listens", evidence, about=place.name)
    if refused_here:
        return finding("no-mail-server-there", f"{evidence} (ports {_listed(ports)})", about=host)
    web = "; port 443 answers" if (host, True) in places.around.web else ""
    return finding("host-unreachable", f"{evidence} (ports {_listed(ports)}){web}", Confidence.LIKELY, about=host)


def _listed(ports: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(ports)))


def _other_name(place: Place, places: Places, evidence: str, shown: tuple[str, ...] = ()) -> Finding:
    """Name the host that would verify: one that did, or one of the same company that the certificate is for."""
    names = shown or (place.probe.tls.names if place.probe and place.probe.tls else ())
    host = place.endpoint.host
    works = [e.host for e in places.working(place.endpoint.protocol) if e.host != host]
    near = [name for name in names if "*" not in name and _related(name, host)]
    use = next(iter(works), "") or ", ".join(near[:3])
    seen = f"{evidence}; it is for {', '.join(names[:6])}" if names and names[0] not in evidence else evidence
    return finding("certificate-name", seen, about=host, use=use)


def _related(name: str, host: str) -> bool:
    return registrable(name) == registrable(host) or table.host_provider(name) is not None


def _without_login(place: Place, _places: Places, evidence: str) -> Finding:
    code = "no-auth-on-this-port" if place.endpoint.port == 25 else "no-login-method"
    return finding(code, evidence, about=place.name)


def _broken_dns(place: Place, _places: Places, evidence: str) -> Finding:
    assert place.failure is not None
    bogus = place.failure.detail is Detail.DNSSEC_BOGUS
    return finding("dnssec-broken" if bogus else "dns-broken", evidence, about=place.endpoint.host)


_SPECIAL: dict[Kind, Callable[[Place, Places, str], Finding]] = {
    Kind.REFUSED: _no_connection,
    Kind.CONNECT_TIMEOUT: _no_connection,
    Kind.UNREACHABLE: _no_connection,
    Kind.NOT_TLS: not_tls,
    Kind.CERTIFICATE_NAME: _other_name,
    Kind.STARTTLS_NOT_OFFERED: without_starttls,
    Kind.NO_LOGIN: _without_login,
    Kind.DNS_FAILED: _broken_dns,
    Kind.TLS_FAILED: broken_tls,
    Kind.TLS_TOO_OLD: broken_tls,
}
