"""The detection of a domain as the detection of one of its addresses. Pure."""

from __future__ import annotations

from dataclasses import replace

from mailsettings.address import USUAL_TEMPLATES, EmailAddress, fill_all
from mailsettings.model import Choice, Detection


def filled(detection: Detection, address: EmailAddress) -> Detection:
    """Return *detection*, which was made for its domain, with the user names of *address*."""
    return replace(
        detection,
        address=str(address),
        shown_address=f"{address.local}@{address.shown_domain}",
        incoming=tuple(_filled(choice, address) for choice in detection.incoming),
        outgoing=tuple(_filled(choice, address) for choice in detection.outgoing),
        suggestion=_suggestion(detection.suggestion, address),
    )


def _filled(choice: Choice, address: EmailAddress) -> Choice:
    templates = next((claim.usernames for claim in choice.claims if claim.usernames), USUAL_TEMPLATES)
    names = fill_all(templates, address)
    return replace(choice, username=names[0], usernames=names)


def _suggestion(suggestion: str, address: EmailAddress) -> str:
    """Return "did you mean" with this address's own local part; the typo is in the domain."""
    return f"{address.local}@{suggestion.rpartition('@')[2]}" if suggestion else ""
