"""Every place where mail was looked for, gathered by host: what one port shows explains what another one does. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailsettings.errors import FailureKind
from mailsettings.model import Detection, Direction, Endpoint, Failure, Probe, Protocol
from mailsettings.observations import NO_OBSERVATIONS, NetworkObservations

TLS_PORTS = frozenset({465, 993, 995})
USUAL_PORTS_TEXT = {
    Protocol.IMAP: "993 with TLS or 143 with STARTTLS",
    Protocol.POP3: "995 with TLS or 110 with STARTTLS",
    Protocol.SMTP: "465 with TLS or 587 with STARTTLS",
    Protocol.JMAP: "443",
}
NO_CONNECTION_KINDS = frozenset({FailureKind.CONNECT_TIMEOUT, FailureKind.UNREACHABLE})


@dataclass(frozen=True, slots=True)
class EndpointOutcome:
    """One endpoint and what became of it."""

    endpoint: Endpoint
    failure: Failure | None
    probe: Probe | None = None
    stated: bool = False  # somebody named it on purpose: a user, a table, a document
    in_table: bool = False  # the provider table has it just so

    @property
    def direction(self) -> Direction:
        return self.endpoint.protocol.direction

    @property
    def verified(self) -> bool:
        return self.probe is not None and self.probe.verified

    @property
    def name(self) -> str:
        """Return host and port, as people say it."""
        return f"{self.endpoint.host}:{self.endpoint.port}"


@dataclass(frozen=True, slots=True)
class EndpointOutcomes:
    """All of them, and what a second look has shown."""

    all: tuple[EndpointOutcome, ...]
    observations: NetworkObservations = NO_OBSERVATIONS

    def of_host(self, host: str) -> tuple[EndpointOutcome, ...]:
        return tuple(place for place in self.all if place.endpoint.host == host)

    def in_direction(self, direction: Direction) -> tuple[EndpointOutcome, ...]:
        """Return those of *direction*, what was stated first."""
        return tuple(sorted((p for p in self.all if p.direction is direction), key=lambda place: not place.stated))

    def working(self, protocol: Protocol, host: str = "") -> tuple[Endpoint, ...]:
        """Return the endpoints of *protocol*, at *host* if one is given, that were verified."""
        return tuple(
            place.endpoint
            for place in self.all
            if place.verified and place.endpoint.protocol is protocol and host in ("", place.endpoint.host)
        )

    def alive(self, host: str) -> bool:
        """Say whether anything at *host* accepted a connection."""
        dead = NO_CONNECTION_KINDS | {FailureKind.REFUSED, FailureKind.DENIED, FailureKind.BUDGET, FailureKind.DEADLINE}
        return any(p.verified or (p.failure is not None and p.failure.kind not in dead) for p in self.of_host(host))


def outcomes_of(
    detection: Detection, stated: Iterable[Endpoint] = (), around: NetworkObservations = NO_OBSERVATIONS
) -> EndpointOutcomes:
    """Gather what *detection* knows of servers; *stated* were named by a user, beside those that sources state."""
    named = set(stated)
    found: dict[Endpoint, EndpointOutcome] = {}
    for choice in (*detection.incoming, *detection.outgoing):
        on_purpose = choice.endpoint in named or any(not claim.evidence.authority.guessed for claim in choice.claims)
        failure = choice.probe.failure if choice.probe else None
        known = any(claim.evidence.authority.from_matching_row for claim in choice.claims)
        found[choice.endpoint] = EndpointOutcome(choice.endpoint, failure, choice.probe, on_purpose, known)
    for failure in detection.failures:
        if isinstance(failure.where, Endpoint) and failure.where not in found:
            found[failure.where] = EndpointOutcome(failure.where, failure, stated=failure.where in named)
    return EndpointOutcomes(tuple(found.values()), around)


def right_port(place: EndpointOutcome, places: EndpointOutcomes) -> str:
    """Say which port of the host is right: one that was seen to work, otherwise the usual ones."""
    protocol = place.endpoint.protocol
    working = places.working(protocol, place.endpoint.host)[:2]
    return " or ".join(f"{found.port} with {found.security.upper()}" for found in working) or USUAL_PORTS_TEXT[protocol]
