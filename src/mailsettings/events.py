"""Events of a detection, for progress bars and timelines. *at* is in seconds since the start."""

from __future__ import annotations

from dataclasses import dataclass

from mailsettings.model import Claim, Detection, Endpoint, Failure, Probe, Step, Where


@dataclass(frozen=True, slots=True)
class Asked:
    """A lookup has started."""

    at: float
    what: str  # as the lookup prints: a URL, a DNS question
    where: Where  # the same as a value; not part of the JSON


@dataclass(frozen=True, slots=True)
class Learned:
    """A source has named a server."""

    at: float
    claim: Claim


@dataclass(frozen=True, slots=True)
class Failed:
    """A lookup has failed: its answer is missing or not usable."""

    at: float
    failure: Failure


@dataclass(frozen=True, slots=True)
class Contacting:
    """A server is being contacted; *step* is what has just begun."""

    at: float
    endpoint: Endpoint
    step: Step


@dataclass(frozen=True, slots=True)
class Probed:
    """A server has been contacted."""

    at: float
    probe: Probe


@dataclass(frozen=True, slots=True)
class Settled:
    """The search has ended with this answer. Always the last event, exactly once."""

    at: float
    detection: Detection


Event = Asked | Learned | Failed | Contacting | Probed | Settled


def ignore(_event: object) -> None:
    """Do nothing with an event or a step: the callback of callers that only need the result."""
