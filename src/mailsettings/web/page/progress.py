"""The events of a detection in words that need no explanation. Pure."""

from __future__ import annotations

from mailsettings.events import Asked, Contacting, Event, Learned, Probed
from mailsettings.hostnames import unicode_host
from mailsettings.model import URL, Endpoint, Protocol, Step

_KINDS = {Protocol.SMTP: "outgoing mail"}
GOOD, STEP = "good", "step"


def progress_text(event: Event, domain: str) -> tuple[str, str]:
    """Return how *event* of a search for *domain* is told, and its words: none where they would only make noise."""
    match event:
        case Asked(where=URL() as url):
            return STEP, f"Asking {unicode_host(url.host)}"
        case Asked():
            return STEP, f"Looking up {unicode_host(domain)}"
        case Learned(claim=claim):
            return STEP, f"Heard of {unicode_host(claim.endpoint.host)}"
        case Contacting(endpoint=endpoint, step=Step.CONNECT):
            return STEP, f"Trying {_place(endpoint)}"
        case Probed(probe=probe) if probe.verified:
            return GOOD, f"{_place(probe.endpoint)} answers, encrypted"
    return STEP, ""


def _place(endpoint: Endpoint) -> str:
    return f"{unicode_host(endpoint.host)} for {_KINDS.get(endpoint.protocol, 'incoming mail')}"
