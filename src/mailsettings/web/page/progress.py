"""The progress of a search as lines of text for visitors who do not know what DNS is. Pure."""

from __future__ import annotations

from mailsettings.events import Asked, Contacting, Event, Learned, Probed
from mailsettings.hostnames import unicode_host
from mailsettings.model import URL, Endpoint, Protocol, Step

_KINDS = {Protocol.SMTP: "outgoing mail"}
GOOD, STEP = "good", "step"


def progress_text(event: Event, domain: str) -> tuple[str, str]:
    """Return the kind of line for *event* of a search for *domain*, and its text: "" for an event not to show."""
    match event:
        case Asked(where=URL() as url):
            return STEP, f"Asking {unicode_host(url.host)}"
        case Asked():
            return STEP, f"Looking up {unicode_host(domain)}"
        case Learned(claim=claim):
            return STEP, f"Heard of {unicode_host(claim.endpoint.host)}"
        case Contacting(endpoint=endpoint, step=Step.CONNECT):
            return STEP, f"Trying {_server_text(endpoint)}"
        case Probed(probe=probe) if probe.verified:
            return GOOD, f"{_server_text(probe.endpoint)} answers, encrypted"
    return STEP, ""


def _server_text(endpoint: Endpoint) -> str:
    return f"{unicode_host(endpoint.host)} for {_KINDS.get(endpoint.protocol, 'incoming mail')}"
