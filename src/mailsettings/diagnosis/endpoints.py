"""The outcome at every endpoint that was tried, by host: what one port shows explains what another one does. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailsettings.errors import FailureKind
from mailsettings.model import Detection, Direction, Endpoint, Failure, Probe, Protocol, Security
from mailsettings.observations import NO_OBSERVATIONS, NetworkObservations

TLS_PORTS = frozenset({465, 993, 995})
USUAL_PORTS = {
    Protocol.IMAP: ((993, Security.TLS), (143, Security.STARTTLS)),
    Protocol.POP3: ((995, Security.TLS), (110, Security.STARTTLS)),
    Protocol.SMTP: ((465, Security.TLS), (587, Security.STARTTLS)),
    Protocol.JMAP: ((443, Security.TLS),),
}
NO_CONNECTION_KINDS = frozenset({FailureKind.CONNECT_TIMEOUT, FailureKind.UNREACHABLE})
# A port that was not contacted may be the right one.
_NOT_SEEN = frozenset({None, FailureKind.DENIED, FailureKind.BUDGET, FailureKind.DEADLINE})
# Outcomes, None among them, that do not prove that a connection was accepted.
_NOT_CONNECTED: frozenset[FailureKind | None] = NO_CONNECTION_KINDS | {
    None,
    FailureKind.REFUSED,
    FailureKind.DENIED,
    FailureKind.BUDGET,
    FailureKind.DEADLINE,
}


@dataclass(frozen=True, slots=True)
class EndpointOutcome:
    """One endpoint and the result of contacting it."""

    endpoint: Endpoint
    failure: Failure | None
    probe: Probe | None = None
    stated: bool = False  # named by a user, a table or a document; not a guess
    in_table: bool = False  # exactly this endpoint is in the provider table

    @property
    def host(self) -> str:
        return self.endpoint.host

    @property
    def kind(self) -> FailureKind | None:
        """Return the kind of the failure, None if there was none."""
        return self.failure.kind if self.failure else None

    @property
    def direction(self) -> Direction:
        return self.endpoint.protocol.direction

    @property
    def verified(self) -> bool:
        return self.probe is not None and self.probe.verified

    @property
    def name(self) -> str:
        """Return `host:port`."""
        return f"{self.host}:{self.endpoint.port}"


@dataclass(frozen=True, slots=True)
class EndpointOutcomes:
    """All outcomes of one detection, and what inspections of hosts and network have shown."""

    all: tuple[EndpointOutcome, ...]
    observations: NetworkObservations = NO_OBSERVATIONS

    def of_host(self, host: str) -> tuple[EndpointOutcome, ...]:
        return tuple(outcome for outcome in self.all if outcome.host == host)

    def in_direction(self, direction: Direction) -> tuple[EndpointOutcome, ...]:
        """Return the outcomes of *direction*, stated endpoints first."""
        found = (outcome for outcome in self.all if outcome.direction is direction)
        return tuple(sorted(found, key=lambda outcome: not outcome.stated))

    def working(self, protocol: Protocol, host: str = "") -> tuple[Endpoint, ...]:
        """Return the endpoints of *protocol*, at *host* if one is given, that were verified."""
        return tuple(
            outcome.endpoint
            for outcome in self.all
            if outcome.verified and outcome.endpoint.protocol is protocol and host in ("", outcome.host)
        )

    def alive(self, host: str) -> bool:
        """Say whether anything at *host* accepted a connection."""
        return any(outcome.verified or outcome.kind not in _NOT_CONNECTED for outcome in self.of_host(host))


def outcomes_of(
    detection: Detection, stated: Iterable[Endpoint] = (), observations: NetworkObservations = NO_OBSERVATIONS
) -> EndpointOutcomes:
    """Return the outcome at every endpoint of *detection*; those in *stated* were named by a user."""
    named = set(stated)
    found: dict[Endpoint, EndpointOutcome] = {}
    for choice in (*detection.incoming, *detection.outgoing):
        is_stated = choice.endpoint in named or any(not claim.evidence.authority.guessed for claim in choice.claims)
        failure = choice.probe.failure if choice.probe else None
        in_table = any(claim.evidence.authority.from_matching_row for claim in choice.claims)
        found[choice.endpoint] = EndpointOutcome(choice.endpoint, failure, choice.probe, is_stated, in_table)
    for failure in detection.failures:
        if isinstance(failure.where, Endpoint) and failure.where not in found:
            found[failure.where] = EndpointOutcome(failure.where, failure, stated=failure.where in named)
    return EndpointOutcomes(tuple(found.values()), observations)


def right_port(outcome: EndpointOutcome, outcomes: EndpointOutcomes) -> str | None:
    """Return the ports of the host to use instead: those that were verified, otherwise usual ones that were not seen.

    None if there is none: all usual ports have failed.
    """
    ports = other_ports(outcome, outcomes)
    return " or ".join(f"{port} with {security.upper()}" for port, security in ports) or None


def other_ports(outcome: EndpointOutcome, outcomes: EndpointOutcomes) -> tuple[tuple[int, Security], ...]:
    """Return ports of the host with the security they are for, as right_port has them."""
    protocol = outcome.endpoint.protocol
    working = [(found.port, found.security) for found in outcomes.working(protocol, outcome.host)]
    failed = {other.endpoint.port for other in outcomes.of_host(outcome.host) if other.kind not in _NOT_SEEN}
    return tuple(working[:2]) or tuple(each for each in USUAL_PORTS[protocol] if each[0] not in failed)
