"""What one failure means, in the light of what else was seen at the same host. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mailsettings.diagnosis.catalogue import finding
from mailsettings.diagnosis.certificates import certificate_findings, is_for_other_names
from mailsettings.diagnosis.endpoints import EndpointOutcome, EndpointOutcomes, right_port
from mailsettings.diagnosis.replies import refusal_findings
from mailsettings.diagnosis.tls import broken_tls, expects_tls, intercepted_smtp, not_tls, without_starttls
from mailsettings.errors import Detail, FailureKind
from mailsettings.hostnames import registrable
from mailsettings.model import Confidence, Failure, Finding
from mailsettings.provider_table import table

# What a kind of failure means where nothing else at the host or elsewhere says more.
CODE_BY_KIND = {
    FailureKind.NO_SUCH_NAME: "name-not-found",
    FailureKind.NO_ADDRESS: "no-address-record",
    FailureKind.DNS_TIMEOUT: "dns-silent",
    FailureKind.DENIED: "not-contacted",
    FailureKind.BUDGET: "not-contacted",
    FailureKind.CLOSED: "connection-reset",
    FailureKind.NO_NETWORK: "network-down",
    FailureKind.PROXY: "proxy-failed",
    FailureKind.TLS_TIMEOUT: "silent-server",
    FailureKind.TLS_TOO_OLD: "tls-too-old",
    FailureKind.CERTIFICATE_EXPIRED: "certificate-expired",
    FailureKind.CERTIFICATE_NOT_YET_VALID: "certificate-not-yet-valid",
    FailureKind.CERTIFICATE_SELF_SIGNED: "certificate-self-signed",
    FailureKind.CERTIFICATE_UNKNOWN_CA: "certificate-unknown-ca",
    FailureKind.CERTIFICATE_OTHER: "certificate-invalid",
    FailureKind.ALPN: "wrong-protocol-on-port",
    FailureKind.WRONG_PROTOCOL: "wrong-protocol-on-port",
    FailureKind.GREETING_TIMEOUT: "silent-server",
    FailureKind.REPLY_TIMEOUT: "slow-server",
    FailureKind.DEADLINE: "slow-server",
    FailureKind.BAD_REPLY: "bad-reply",
    FailureKind.LIMIT: "bad-reply",
    FailureKind.STARTTLS_REFUSED: "starttls-refused",
    FailureKind.EARLY_BYTES: "tampering",
    FailureKind.PREAUTH: "tampering",
    FailureKind.NO_MAIL: "no-mail-service",
    FailureKind.NO_ACCESS: "no-standard-access",
    FailureKind.INTERNAL: "our-mistake",
}


_TIMEOUT_KINDS = frozenset({FailureKind.GREETING_TIMEOUT, FailureKind.TLS_TIMEOUT})


def findings_at(place: EndpointOutcome, places: EndpointOutcomes) -> Iterator[Finding]:
    """Yield what explains the failure at one place, in the light of all the others."""
    failure, host = place.failure, place.endpoint.host
    assert failure is not None
    evidence = f"{place.name}: {failure.seen or failure.kind}"
    if replacement := table.obsolete(host):
        yield finding("host-obsolete", f"{host} in the provider table", about=host, use=replacement)
    if another := intercepted_smtp(place, places, evidence):
        yield another
    if another is None or another.confidence is Confidence.POSSIBLE:
        yield from _of_failure(place, places, failure, evidence)


def _of_failure(place: EndpointOutcome, places: EndpointOutcomes, failure: Failure, evidence: str) -> Iterator[Finding]:
    if failure.kind is FailureKind.GREETING_REFUSED:
        yield from refusal_findings(failure.seen, place.endpoint.protocol, evidence=evidence)
    elif failure.kind in (FailureKind.GREETING_TIMEOUT, FailureKind.CLOSED) and expects_tls(place, places):
        yield finding("plain-expected-tls-found", evidence, Confidence.LIKELY, about=place.name)
    elif failure.kind in _TIMEOUT_KINDS and _is_tarpit(place, places):
        yield finding("tarpit", evidence, Confidence.LIKELY, about=place.endpoint.host)
    elif found := tuple(_of_certificate(place, places)):
        yield from found
    elif (special := _SPECIAL.get(failure.kind)) is not None:
        yield special(place, places, evidence)
    else:
        yield _by_kind(place, places, evidence)


def _of_certificate(place: EndpointOutcome, places: EndpointOutcomes) -> Iterator[Finding]:
    """Yield every fault that a second look has shown, the one that ended the first handshake among them."""
    look, now = places.observations.inspection_of(place.endpoint), places.observations.now
    if look is None or look.leaf is None or now is None or place.failure is None:
        return
    found = list(certificate_findings(place, look, now))
    code = CODE_BY_KIND.get(place.failure.kind, "")
    # The dates may be those of a certificate that the server does not send.
    if code in ("certificate-expired", "certificate-not-yet-valid") and code not in {item.code for item in found}:
        found.insert(
            0, finding(code, f"{place.name}: {place.failure.seen or place.failure.kind}", about=place.endpoint.host)
        )
    yield from found
    if found and is_for_other_names(place, look):
        names = look.leaf.names
        seen = f"{place.name}: the certificate is for {', '.join(names[:6]) or 'no DNS name'}"
        yield _other_name(place, places, seen, names)


def _is_tarpit(place: EndpointOutcome, places: EndpointOutcomes) -> bool:
    """Say whether the host holds on to whoever comes: more than one port accepts and keeps silent, or drips."""
    assert place.failure is not None
    silent = {other.endpoint.port for other in places.of_host(place.endpoint.host) if _is_held_open(other)}
    return len(silent) > 1 or place.failure.detail is Detail.UNFINISHED_LINE


def _is_held_open(place: EndpointOutcome) -> bool:
    return place.failure is not None and place.failure.kind in _TIMEOUT_KINDS


def _by_kind(place: EndpointOutcome, places: EndpointOutcomes, evidence: str) -> Finding:
    assert place.failure is not None
    # A name and a certificate are the host's: what is wrong with them is said once for all its ports.
    of_host = (
        place.failure.kind in (FailureKind.NO_SUCH_NAME, FailureKind.NO_ADDRESS) or place.failure.kind.about_certificate
    )
    about = place.endpoint.host if of_host else place.name
    code = CODE_BY_KIND.get(place.failure.kind, "bad-reply")
    return finding(code, evidence, about=about, use=right_port(place, places))


def _no_connection(place: EndpointOutcome, places: EndpointOutcomes, evidence: str) -> Finding:
    """Tell a closed port from a host that is not there, and port 25 from all others."""
    assert place.failure is not None
    host, port = place.endpoint.host, place.endpoint.port
    refused_here = place.failure.kind is FailureKind.REFUSED
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
    web = "; port 443 answers" if (host, True) in places.observations.web_reachable else ""
    return finding("host-unreachable", f"{evidence} (ports {_listed(ports)}){web}", Confidence.LIKELY, about=host)


def _listed(ports: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(ports)))


def _other_name(
    place: EndpointOutcome, places: EndpointOutcomes, evidence: str, shown: tuple[str, ...] = ()
) -> Finding:
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


def _without_login(place: EndpointOutcome, _places: EndpointOutcomes, evidence: str) -> Finding:
    code = "no-auth-on-this-port" if place.endpoint.port == 25 else "no-login-method"
    return finding(code, evidence, about=place.name)


def _broken_dns(place: EndpointOutcome, _places: EndpointOutcomes, evidence: str) -> Finding:
    assert place.failure is not None
    bogus = place.failure.detail is Detail.DNSSEC_BOGUS
    return finding("dnssec-broken" if bogus else "dns-broken", evidence, about=place.endpoint.host)


_SPECIAL: dict[FailureKind, Callable[[EndpointOutcome, EndpointOutcomes, str], Finding]] = {
    FailureKind.REFUSED: _no_connection,
    FailureKind.CONNECT_TIMEOUT: _no_connection,
    FailureKind.UNREACHABLE: _no_connection,
    FailureKind.NOT_TLS: not_tls,
    FailureKind.CERTIFICATE_NAME: _other_name,
    FailureKind.STARTTLS_NOT_OFFERED: without_starttls,
    FailureKind.NO_LOGIN: _without_login,
    FailureKind.DNS_FAILED: _broken_dns,
    FailureKind.TLS_FAILED: broken_tls,
    FailureKind.TLS_TOO_OLD: broken_tls,
}
