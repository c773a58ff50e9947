"""What is wrong with the mail servers of an address, or with servers that a user has typed. No login.

diagnose("ada@example.org")           search as always, then explain what is wrong
diagnose(ServerSettings(address, …))  contact the typed servers; if one fails, try its other ports and names as well
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from mailsettings.address import EmailAddress
from mailsettings.decision.candidates import SECURE_PORTS
from mailsettings.diagnosis.catalogue import finding
from mailsettings.diagnosis.endpoints import EndpointOutcome, outcomes_of
from mailsettings.diagnosis.explain import findings_of
from mailsettings.diagnosis.inspection import with_inspections
from mailsettings.diagnosis.path import interception_finding
from mailsettings.engine import detect
from mailsettings.errors import FailureKind
from mailsettings.events import ignore
from mailsettings.interfaces import Net, Prober, prober_of
from mailsettings.leads import Lead, Source
from mailsettings.model import (
    Authority,
    Choice,
    Claim,
    Confidence,
    Detection,
    Endpoint,
    Evidence,
    Finding,
    NoteKind,
    Probe,
    Protocol,
    Security,
    ServerSettings,
    Step,
)
from mailsettings.policy import Policy

SLOW = 5.0  # seconds until the greeting; mail programs with short timeouts do not wait longer
_TLS_FAILURES = frozenset(
    {
        FailureKind.TLS_TOO_OLD,
        FailureKind.TLS_FAILED,
        FailureKind.ALPN,
        FailureKind.GREETING_REFUSED,
        FailureKind.NO_LOGIN,
    }
)
# Names that providers use side by side for the same server.
_SIBLINGS = {Protocol.IMAP: ("imap", "mail"), Protocol.POP3: ("pop", "pop3", "mail"), Protocol.SMTP: ("smtp", "mail")}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong, worst first, and the detection it follows from."""

    findings: tuple[Finding, ...]
    detection: Detection
    in_clear: tuple[Probe, ...] = ()  # what servers offer before STARTTLS, which could be forged


async def diagnose(
    what: str | EmailAddress | ServerSettings | Detection,
    *,
    policy: Policy | None = None,
    net: Net | None = None,
    sources: Sequence[Source] | None = None,
) -> Diagnosis:
    """Return what is wrong with the servers of *what*; contacts mail servers, without logging in.

    Raises AddressError if *what* is not an address; a detection is explained as it is, without using the network.
    """
    rules = policy or Policy.personal()
    if isinstance(what, Detection):
        return Diagnosis((*(what.findings or findings_of(what)), *_warnings(what)), what)
    if net is not None:
        return await _diagnose_with(what, rules, net, sources)
    from mailsettings.net.network import open_network

    async with open_network(rules) as network:
        return await _diagnose_with(what, rules, network, sources)


async def _diagnose_with(
    what: str | EmailAddress | ServerSettings, policy: Policy, net: Net, sources: Sequence[Source] | None
) -> Diagnosis:
    if isinstance(what, ServerSettings):
        first, detection = await _diagnose_typed(what, policy, net)
    else:
        first, detection = (), await detect(what, policy=policy, net=net, sources=sources)
        detection = replace(detection, findings=detection.findings or findings_of(detection))
    plaintext_probes = await _plaintext_probes(detection, prober_of(net))
    findings = (*first, *detection.findings, *_warnings(detection), *_offered_in_plaintext(plaintext_probes))
    return Diagnosis(findings, detection, plaintext_probes)


async def _plaintext_probes(detection: Detection, prober: Prober) -> tuple[Probe, ...]:
    """Contact the best servers with STARTTLS again without it: other probes discard what is offered before TLS."""
    best = (choice for choice in (*detection.incoming[:1], *detection.outgoing[:1]) if choice.verified)
    endpoints = [choice.endpoint for choice in best if choice.endpoint.security is Security.STARTTLS]
    return tuple([await prober.greet(replace(each, security=Security.PLAIN), ignore) for each in endpoints])


def _offered_in_plaintext(probes: Iterable[Probe]) -> Iterator[Finding]:
    for probe in probes:
        if probe.hello is not None and probe.hello.mechanisms:
            name = f"{probe.endpoint.host}:{probe.endpoint.port}"
            yield finding("password-in-clear", f"{name}: {' '.join(probe.hello.mechanisms)}", about=name)


async def _diagnose_typed(what: ServerSettings, policy: Policy, net: Net) -> tuple[tuple[Finding, ...], Detection]:
    """Contact only the typed servers, and if one fails its alternative endpoints as well."""
    typed = tuple(endpoint for endpoint in (what.incoming, what.outgoing) if endpoint is not None)
    search = partial(
        detect,
        what.address,
        policy=policy.replace(exhaustive=True, protocols=frozenset(Protocol), guess=True),
        net=net,
        prober=_OnlyProber(prober_of(net)),
    )
    plain = tuple(finding("tls-required", str(each)) for each in typed if each.security is Security.PLAIN)
    detection = await search(sources=[_TypedServers(typed)])
    failed = [each for each in outcomes_of(detection, typed).all if each.endpoint in typed and not each.verified]
    if not failed:
        return plain, replace(detection, findings=())
    others = [other for each in failed for other in alternative_endpoints(each.endpoint, _kind(each))]
    detection = await search(sources=[_TypedServers((*typed, *others))])
    within = policy.timeouts.inspection_timeout
    return plain, await with_inspections(detection, net, prober_of(net), within=within, stated=typed)


@dataclass(frozen=True, slots=True)
class _OnlyProber:
    """A prober that is no Inspector: the typed servers are inspected once, after both searches."""

    prober: Prober

    async def greet(self, endpoint: Endpoint, on_step: Callable[[Step], None]) -> Probe:
        return await self.prober.greet(endpoint, on_step)


@dataclass(frozen=True, slots=True)
class _TypedServers:
    """A source that claims exactly the given servers, in their order, with the authority of the caller."""

    endpoints: tuple[Endpoint, ...]

    def __call__(self, _address: EmailAddress) -> Iterable[Lead]:
        evidence = Evidence(Authority.OWN_TABLE, "typed", "as typed", authentic=True)
        return [Claim(endpoint, evidence, order=order) for order, endpoint in enumerate(dict.fromkeys(self.endpoints))]


def alternative_endpoints(endpoint: Endpoint, failed: FailureKind | None = None) -> Iterator[Endpoint]:
    """Yield where the same server is likely to be: its port with the other security, the usual ports, its usual names.

    Without the other security if the port *failed* at a step where it makes no difference.
    """
    other = Security.STARTTLS if endpoint.security is Security.TLS else Security.TLS
    usual = SECURE_PORTS.get(endpoint.protocol, ())
    if failed is None or not (failed.about_certificate or failed in _TLS_FAILURES):
        yield replace(endpoint, security=other)
    yield from (replace(endpoint, port=port, security=security) for port, security in usual)
    label, _, rest = endpoint.host.partition(".")
    names = {name for labels in _SIBLINGS.values() for name in labels}
    if label in names and usual and "." in rest:
        port, security = usual[0]
        siblings = (name for name in _SIBLINGS[endpoint.protocol] if name != label)
        yield from (Endpoint(endpoint.protocol, f"{name}.{rest}", port, security) for name in siblings)


def _kind(outcome: EndpointOutcome) -> FailureKind | None:
    return outcome.failure.kind if outcome.failure else None


def _warnings(detection: Detection) -> Iterator[Finding]:
    """Yield findings about servers that work, but not for every mail program or not reliably."""
    for choice in (*detection.incoming[:1], *detection.outgoing[:1]):
        if choice.verified and choice.probe is not None:
            yield from _probe_warnings(choice, choice.probe)


def _probe_warnings(choice: Choice, probe: Probe) -> Iterator[Finding]:
    name = f"{choice.endpoint.host}:{choice.endpoint.port}"
    waited = sum(step.seconds for step in probe.steps if step.name is Step.GREETING)
    if waited >= SLOW:
        yield finding("slow-greeting", f"{name}: {waited:.1f} s", about=name)
    if probe.tls and (found := interception_finding(name, (probe.tls.issuer,))):
        yield found  # verified nevertheless: the interceptor's authority is in this machine's certificate store
    for note in probe.notes:
        if note.kind is NoteKind.IPV6_BROKEN:
            yield finding("ipv6-broken", f"{name}: {note}", Confidence.LIKELY)
