"""What can be said of an address's or a person's settings from outside, before any login.

diagnose("ada@example.org")       search as ever, then say what is wrong
diagnose(ServerSettings(address, …))    contact the typed servers; where one fails, look at its other ports as well
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

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

SLOW = 5.0  # seconds before a greeting that mail programs with short time-outs will not wait for
_TLS_FAILURES = frozenset(
    {
        FailureKind.TLS_TOO_OLD,
        FailureKind.TLS_FAILED,
        FailureKind.ALPN,
        FailureKind.GREETING_REFUSED,
        FailureKind.NO_LOGIN,
    }
)
# Names that providers use side by side for one and the same server's protocols.
_SIBLINGS = {Protocol.IMAP: ("imap", "mail"), Protocol.POP3: ("pop", "pop3", "mail"), Protocol.SMTP: ("smtp", "mail")}


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong, worst first, and all that was seen on the way."""

    findings: tuple[Finding, ...]
    detection: Detection
    in_clear: tuple[Probe, ...] = ()  # what servers say before STARTTLS: anybody may have changed it


async def diagnose(
    what: str | EmailAddress | ServerSettings | Detection,
    *,
    policy: Policy | None = None,
    net: Net | None = None,
    sources: Sequence[Source] | None = None,
) -> Diagnosis:
    """Say what is wrong with the servers of *what*; contacts mail servers, but logs in nowhere.

    Raises AddressError if *what* is no address; a detection is judged as it is, and nobody is contacted.
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
        first, seen = await _diagnose_typed(what, policy, net)
    else:
        first, seen = (), await detect(what, policy=policy, net=net, sources=sources)
        seen = replace(seen, findings=seen.findings or findings_of(seen))
    in_clear = await _plaintext_probes(seen, prober_of(net))
    found = (*first, *seen.findings, *_warnings(seen), *_offered_in_plaintext(in_clear))
    return Diagnosis(found, seen, in_clear)


async def _plaintext_probes(detection: Detection, prober: Prober) -> tuple[Probe, ...]:
    """Ask the best servers with STARTTLS once more, without it: what they offer before it is forgotten elsewhere."""
    best = (choice for choice in (*detection.incoming[:1], *detection.outgoing[:1]) if choice.verified)
    endpoints = [choice.endpoint for choice in best if choice.endpoint.security is Security.STARTTLS]
    return tuple([await prober.greet(replace(each, security=Security.PLAIN), ignore) for each in endpoints])


def _offered_in_plaintext(probes: Iterable[Probe]) -> Iterator[Finding]:
    for probe in probes:
        if probe.hello is not None and probe.hello.mechanisms:
            name = f"{probe.endpoint.host}:{probe.endpoint.port}"
            yield finding("password-in-clear", f"{name}: {' '.join(probe.hello.mechanisms)}", about=name)


async def _diagnose_typed(what: ServerSettings, policy: Policy, net: Net) -> tuple[tuple[Finding, ...], Detection]:
    """Contact the typed servers alone; only if one fails, its neighbours as well."""
    typed = tuple(endpoint for endpoint in (what.incoming, what.outgoing) if endpoint is not None)
    own = policy.replace(exhaustive=True, protocols=frozenset(Protocol), guess=True)
    prober = _OnlyProber(prober_of(net))
    seen = await detect(what.address, sources=[_TypedServers(typed)], policy=own, net=net, prober=prober)
    failed = [place for place in outcomes_of(seen, typed).all if place.endpoint in typed and not place.verified]
    if failed:
        around = [near for place in failed for near in alternative_endpoints(place.endpoint, _kind(place))]
        seen = await detect(
            what.address, sources=[_TypedServers((*typed, *around))], policy=own, net=net, prober=prober
        )
        seen = await with_inspections(
            seen, net, prober_of(net), within=policy.timeouts.inspection_timeout, stated=typed
        )
    plain = tuple(finding("tls-required", str(e)) for e in typed if e.security is Security.PLAIN)
    return plain, seen if failed else replace(seen, findings=())


@dataclass(frozen=True, slots=True)
class _OnlyProber:
    """A prober that is no Inspector: what was typed is inspected in the end, and once."""

    prober: Prober

    async def greet(self, endpoint: Endpoint, on_step: Callable[[Step], None]) -> Probe:
        return await self.prober.greet(endpoint, on_step)


@dataclass(frozen=True, slots=True)
class _TypedServers:
    """A source that claims exactly the servers it was given; the caller's word, in their order."""

    endpoints: tuple[Endpoint, ...]

    def __call__(self, _address: EmailAddress) -> Iterable[Lead]:
        evidence = Evidence(Authority.OWN_TABLE, "typed", "as typed", authentic=True)
        return [Claim(endpoint, evidence, order=order) for order, endpoint in enumerate(dict.fromkeys(self.endpoints))]


def alternative_endpoints(endpoint: Endpoint, failed: FailureKind | None = None) -> Iterator[Endpoint]:
    """Yield where the same server is likely to be reached: its port the other way, the usual ports, its usual names.

    Not the other way where the port has *failed* behind the point at which it would have made a difference.
    """
    other = Security.STARTTLS if endpoint.security is Security.TLS else Security.TLS
    usual = SECURE_PORTS.get(endpoint.protocol, ())
    if failed is None or not (failed.about_certificate or failed in _TLS_FAILURES):
        yield Endpoint(endpoint.protocol, endpoint.host, endpoint.port, other)
    yield from (Endpoint(endpoint.protocol, endpoint.host, port, security) for port, security in usual)
    label, _, rest = endpoint.host.partition(".")
    names = {name for labels in _SIBLINGS.values() for name in labels}
    if label in names and usual and "." in rest:
        port, security = usual[0]
        wanted = (name for name in _SIBLINGS[endpoint.protocol] if name != label)
        yield from (Endpoint(endpoint.protocol, f"{name}.{rest}", port, security) for name in wanted)


def _kind(place: EndpointOutcome) -> FailureKind | None:
    return place.failure.kind if place.failure else None


def _warnings(detection: Detection) -> Iterator[Finding]:
    """Yield what works today and will be a trouble all the same."""
    for choice in (*detection.incoming[:1], *detection.outgoing[:1]):
        if choice.verified and choice.probe is not None:
            yield from _of_probe(choice, choice.probe)


def _of_probe(choice: Choice, probe: Probe) -> Iterator[Finding]:
    name = f"{choice.endpoint.host}:{choice.endpoint.port}"
    waited = sum(step.seconds for step in probe.steps if step.name is Step.GREETING)
    if waited >= SLOW:
        yield finding("slow-greeting", f"{name}: {waited:.1f} s", about=name)
    if probe.tls and (found := interception_finding(name, (probe.tls.issuer,))):
        yield found  # trusted here: whoever made the certificate up has put its authority into this machine's store
    for note in probe.notes:
        if note.kind is NoteKind.IPV6_BROKEN:
            yield finding("ipv6-broken", f"{name}: {note}", Confidence.LIKELY)
