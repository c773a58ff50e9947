"""What one failure means, given what else was observed at the same host. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from mailsettings.diagnosis.catalogue import finding
from mailsettings.diagnosis.certificates import certificate_findings, is_for_other_names
from mailsettings.diagnosis.endpoints import EndpointOutcome, EndpointOutcomes, right_port
from mailsettings.diagnosis.replies import refusal_findings
from mailsettings.diagnosis.tls import broken_tls, expects_tls, intercepted_smtp, not_tls, without_starttls
from mailsettings.errors import Detail, FailureKind
from mailsettings.hostnames import same_owner
from mailsettings.model import Confidence, Finding
from mailsettings.provider_table import table

# The finding for a kind of failure where no other observation explains it better.
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
    FailureKind.LOGIN_REQUIRED: "jmap-needs-login",
    FailureKind.OTHER_HOST: "jmap-elsewhere",
    FailureKind.NO_MAIL: "no-mail-service",
    FailureKind.NO_ACCESS: "no-standard-access",
    FailureKind.INTERNAL: "our-mistake",
}
_TIMEOUT_KINDS = frozenset({FailureKind.GREETING_TIMEOUT, FailureKind.TLS_TIMEOUT})


def findings_at(outcome: EndpointOutcome, outcomes: EndpointOutcomes) -> Iterator[Finding]:
    """Yield what explains the failure of *outcome*, given all other *outcomes* of the detection."""
    host, evidence = outcome.host, _evidence(outcome)
    if replacement := table.obsolete(host):
        yield finding("host-obsolete", f"{host} in the provider table", about=host, use=replacement)
    if interception := intercepted_smtp(outcome, outcomes, evidence):
        yield interception
    if interception is None or interception.confidence is Confidence.POSSIBLE:
        yield from _of_failure(outcome, outcomes, evidence)


def _evidence(outcome: EndpointOutcome) -> str:
    assert outcome.failure is not None
    return f"{outcome.name}: {outcome.failure.seen or outcome.failure.kind}"


def _of_failure(outcome: EndpointOutcome, outcomes: EndpointOutcomes, evidence: str) -> Iterator[Finding]:
    failure = outcome.failure
    assert failure is not None
    if failure.kind is FailureKind.GREETING_REFUSED:
        # For this kind *seen* is the server's reply behind the name of the step; the reply is what is interpreted.
        yield from refusal_findings(failure.seen, outcome.endpoint.protocol, evidence=evidence)
    elif failure.detail is Detail.BEHIND_GO_AHEAD:
        # A network that cuts connections does it before the server has agreed to anything.
        yield finding("tls-failed", evidence, Confidence.LIKELY, about=outcome.name)
    elif failure.kind in (FailureKind.GREETING_TIMEOUT, FailureKind.CLOSED) and expects_tls(outcome, outcomes):
        yield finding("plain-expected-tls-found", evidence, Confidence.LIKELY, about=outcome.name)
    elif failure.kind in _TIMEOUT_KINDS and _is_tarpit(outcome, outcomes):
        yield finding("tarpit", evidence, Confidence.LIKELY, about=outcome.host)
    elif found := tuple(_of_certificate(outcome, outcomes)):
        yield from found
    elif (special := _SPECIAL.get(failure.kind)) is not None:
        yield special(outcome, outcomes, evidence)
    else:
        yield _by_kind(outcome, outcomes, evidence)


def _of_certificate(outcome: EndpointOutcome, outcomes: EndpointOutcomes) -> Iterator[Finding]:
    """Yield every fault that the inspection has shown, including the one that failed the verified handshake."""
    inspection, now = outcomes.observations.inspection_of(outcome.endpoint), outcomes.observations.now
    if inspection is None or inspection.leaf is None or now is None or outcome.kind is None:
        return
    found = list(certificate_findings(outcome, inspection, now))
    code = CODE_BY_KIND.get(outcome.kind, "")
    # The expired certificate may be one that the server does not send.
    if code in ("certificate-expired", "certificate-not-yet-valid") and code not in {item.code for item in found}:
        found.insert(0, finding(code, _evidence(outcome), about=outcome.host))
    yield from found
    if found and is_for_other_names(outcome, inspection):
        names = inspection.leaf.names
        seen = f"{outcome.name}: the certificate is for {', '.join(names[:6]) or 'no DNS name'}"
        yield _other_name(outcome, outcomes, seen, names)


def _is_tarpit(outcome: EndpointOutcome, outcomes: EndpointOutcomes) -> bool:
    """Say whether the host keeps clients waiting: several ports accept and do not respond, or a line never ends."""
    assert outcome.failure is not None
    held_open = {other.endpoint.port for other in outcomes.of_host(outcome.host) if other.kind in _TIMEOUT_KINDS}
    return len(held_open) > 1 or outcome.failure.detail is Detail.UNFINISHED_LINE


def _by_kind(outcome: EndpointOutcome, outcomes: EndpointOutcomes, evidence: str) -> Finding:
    assert outcome.failure is not None
    # Names and certificates belong to the host: their faults are reported once for all its ports.
    of_host = (
        outcome.failure.kind in (FailureKind.NO_SUCH_NAME, FailureKind.NO_ADDRESS)
        or outcome.failure.kind.about_certificate
    )
    about = outcome.host if of_host else outcome.name
    code = CODE_BY_KIND.get(outcome.failure.kind, "bad-reply")
    # The search has ended; how long the server would have taken is not known.
    confidence = Confidence.POSSIBLE if outcome.failure.kind is FailureKind.DEADLINE else Confidence.CERTAIN
    return finding(code, evidence, confidence, about=about, use=right_port(outcome, outcomes))


def _no_connection(outcome: EndpointOutcome, outcomes: EndpointOutcomes, evidence: str) -> Finding:
    """Distinguish a closed port, an unreachable host, and a blocked port 25."""
    host, port = outcome.host, outcome.endpoint.port
    refused = outcome.kind is FailureKind.REFUSED
    ports = {other.endpoint.port for other in outcomes.of_host(host)}
    if port == 25 and not refused and (outcomes.alive(host) or ports == {25}):
        return finding("port-25-blocked", evidence, Confidence.LIKELY, use=right_port(outcome, outcomes))
    if outcomes.alive(host):
        use = right_port(outcome, outcomes)
        code = "nothing-listens" if refused else "port-blocked"
        return finding(code, evidence, about=outcome.name if refused else str(port), use=use)
    if refused and len(ports) == 1:
        return finding("nothing-listens", evidence, about=outcome.name, use=right_port(outcome, outcomes))
    if refused:
        return finding("no-mail-server-there", f"{evidence} (ports {_listed(ports)})", about=host)
    web = "; port 443 answers" if (host, True) in outcomes.observations.web_reachable else ""
    return finding("host-unreachable", f"{evidence} (ports {_listed(ports)}){web}", Confidence.LIKELY, about=host)


def _listed(ports: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(ports)))


def _other_name(
    outcome: EndpointOutcome, outcomes: EndpointOutcomes, evidence: str, names: tuple[str, ...] = ()
) -> Finding:
    """Suggest a host whose certificate would match: one that was verified, or a related name of the certificate.

    *evidence* lists the names already. *names* are those of an inspection, instead of those of the probe.
    """
    names = names or (outcome.probe.tls.names if outcome.probe and outcome.probe.tls else ())
    host = outcome.host
    works = [e.host for e in outcomes.working(outcome.endpoint.protocol) if e.host != host]
    near = [name for name in names if "*" not in name and _related(name, host)]
    use = next(iter(works), "") or ", ".join(near[:3])
    return finding("certificate-name", evidence, about=host, use=use)


def _related(name: str, host: str) -> bool:
    """Say whether *name* is of the same registrable domain, or of a provider of the table."""
    return same_owner(name, host) or table.host_provider(name) is not None


def _without_login(outcome: EndpointOutcome, outcomes: EndpointOutcomes, evidence: str) -> Finding:
    code = "no-auth-on-this-port" if outcome.endpoint.port == 25 else "no-login-method"
    return finding(code, evidence, about=outcome.name, use=right_port(outcome, outcomes))


def _logged_in_already(outcome: EndpointOutcome, _outcomes: EndpointOutcomes, evidence: str) -> Finding:
    """Tell a server that needs no login from a plaintext PREAUTH, which keeps TLS from starting (CVE-2020-12398)."""
    assert outcome.failure is not None
    own = outcome.failure.detail is Detail.INSIDE_TLS
    return finding("logged-in-already" if own else "tampering", evidence, about=outcome.name)


def _broken_dns(outcome: EndpointOutcome, _outcomes: EndpointOutcomes, evidence: str) -> Finding:
    assert outcome.failure is not None
    bogus = outcome.failure.detail is Detail.DNSSEC_BOGUS
    return finding("dnssec-broken" if bogus else "dns-broken", evidence, about=outcome.host)


_SPECIAL: dict[FailureKind, Callable[[EndpointOutcome, EndpointOutcomes, str], Finding]] = {
    FailureKind.REFUSED: _no_connection,
    FailureKind.CONNECT_TIMEOUT: _no_connection,
    FailureKind.UNREACHABLE: _no_connection,
    FailureKind.NOT_TLS: not_tls,
    FailureKind.CERTIFICATE_NAME: _other_name,
    FailureKind.STARTTLS_NOT_OFFERED: without_starttls,
    FailureKind.NO_LOGIN: _without_login,
    FailureKind.PREAUTH: _logged_in_already,
    FailureKind.DNS_FAILED: _broken_dns,
    FailureKind.TLS_FAILED: broken_tls,
    FailureKind.TLS_TOO_OLD: broken_tls,
}
