"""What can be said about an address without using the network.

plan(address)      -> the leads: what is known, and every lookup that would be made
offline(address)   -> the answer of the provider table
"""

from __future__ import annotations

from collections.abc import Sequence

from mailsettings.address import EmailAddress, parse_address
from mailsettings.decision.result import detection_of
from mailsettings.decision.state import SearchState
from mailsettings.leads import Lead, Source, is_lookup, is_permitted
from mailsettings.model import Authority, Claim, Detection, SettledBy
from mailsettings.policy import Policy


def plan(
    address: str | EmailAddress, *, sources: Sequence[Source] | None = None, policy: Policy | None = None
) -> tuple[Lead, ...]:
    """Return what would be looked up and what is known without it, in order of authority. Uses no network.

    What is not permitted for the address, or by *policy*, is left out. Raises AddressError if *address* is not one.
    """
    parsed = address if isinstance(address, EmailAddress) else parse_address(address)
    rules = policy or Policy.personal()
    leads = [lead for source in (sources if sources is not None else _all_sources()) for lead in source(parsed)]
    return tuple(sorted((lead for lead in leads if _is_allowed(lead, parsed, rules)), key=_authority))


def _is_allowed(lead: Lead, address: EmailAddress, policy: Policy) -> bool:
    if isinstance(lead, Claim):
        return lead.endpoint.protocol in policy.protocols
    return not is_lookup(lead) or is_permitted(lead, address, policy)


def offline(address: str | EmailAddress) -> Detection:
    """Return the answer of the provider table for *address*, unverified. Uses no network."""
    from mailsettings.sources.provider_table import provider_tables

    parsed = address if isinstance(address, EmailAddress) else parse_address(address)
    state = SearchState(parsed, Policy.personal())
    state.add(provider_tables(parsed))
    return detection_of(state, settled=SettledBy.TABLE_ONLY, seconds=0.0)


def _authority(lead: Lead) -> int:
    if isinstance(lead, Claim):
        return lead.evidence.authority
    return getattr(lead, "authority", Authority.GUESS)


def _all_sources() -> Sequence[Source]:
    from mailsettings.sources import SOURCES

    return SOURCES
