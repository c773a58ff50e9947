"""Does what a domain says contradict the provider table's row for it? Pure.

A row may have a domain that was sold, or was another company's from the start: the domain's exchangers, and the SRV
records that it signs, then name that company's servers, and the row's are no longer believed without asking.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from mailsettings.hostnames import registrable
from mailsettings.model import Authority, Claim, ConfirmReason, Direction, Protocol
from mailsettings.provider_table.rows import Row

MAX_AGE = timedelta(days=365)  # of a row that may end a search without what the domain itself says


def is_disputed(claims: Iterable[Claim]) -> bool:
    """Return True if the most preferred exchangers, or an unforgeable statement of the domain, contradict its row.

    That is if the exchangers belong to a row of other companies, or if for one direction a fixed document or signed
    records name no host within the registrable domains of the row's hosts.
    """
    stated = tuple(claims)
    if not any(claim.evidence.authority is Authority.TABLE for claim in stated):
        return False
    by_source = _domains_by_source(stated)
    known = {domain for domains in by_source.pop(Authority.TABLE, {}).values() for domain in domains}
    statements = (domains for directions in by_source.values() for domains in directions.values())
    return bool(known) and any(known.isdisjoint(domains) for domains in statements)


def _domains_by_source(claims: Iterable[Claim]) -> dict[Authority, dict[Direction, set[str]]]:
    """Return the registrable domains of the servers that the row, the exchangers' row and the domain itself name."""
    found: dict[Authority, dict[Direction, set[str]]] = {}
    for claim in claims:
        if (source := _source(claim)) is not None and claim.endpoint.protocol is not Protocol.JMAP:
            domains = found.setdefault(source, {}).setdefault(claim.endpoint.protocol.direction, set())
            domains.add(registrable(claim.endpoint.host))
    return found


def _source(claim: Claim) -> Authority | None:
    """Return TABLE for the row, MX_TABLE for the exchangers' row, DOMAIN for what the domain says unforgeably."""
    if claims_exchangers_row(claim):
        return Authority.MX_TABLE
    authority = claim.evidence.authority
    if authority is Authority.TABLE or (authority is Authority.DOMAIN and claim.evidence.authentic):
        return authority
    return None


def claims_exchangers_row(claim: Claim) -> bool:
    """Return True if *claim* is from the row that the most preferred exchangers belong to, or seem to belong to."""
    evidence = claim.evidence
    return evidence.authority is Authority.MX_TABLE or (
        evidence.authority is Authority.TRACE and evidence.confirm_reason is ConfirmReason.CUSTOMER_EXCHANGER
    )


def may_end_search(row: Row, today: date | None) -> bool:
    """Return True if *row* may end a search by itself: its sources agree, and it is not older than a year."""
    if row.disputed:
        return False
    return today is None or (bool(row.checked) and date.fromisoformat(row.checked) >= today - MAX_AGE)
