"""Who vouches × could it be forged × whose domain is it  →  may a password be sent without asking? Pure.

| the server's name is …            | and it was learned from …            | trust       |
|-----------------------------------|--------------------------------------|-------------|
| anywhere                          | the caller's or the user's own table | own         |
| anywhere                          | the provider table                   | provider    |
| of a host in the provider table   | anything                             | provider    |
| inside the address's own domain   | the domain, by https or signed DNS   | domain      |
| inside the address's own domain   | anything                             | same-domain |
| of another domain                 | anything                             | confirm     |

All of it only after the probe has verified TLS and the certificate for that very name; until then: unverified.
"""

from __future__ import annotations

from collections.abc import Callable

from mailsettings.address import EmailAddress
from mailsettings.model import Authority, Candidate, Probe, Trust


def trust_of(
    candidate: Candidate,
    probe: Probe | None,
    address: EmailAddress,
    *,
    registrable: Callable[[str], str],
    in_table: Callable[[str], bool],
) -> Trust:
    """Return how far *candidate* may be trusted with the password of *address*.

    *registrable* gives the registrable domain of a host (public suffix list), *in_table* says whether the provider
    table has it as a server.
    """
    if probe is None or not probe.verified:
        return Trust.UNVERIFIED
    authorities = {claim.evidence.authority for claim in candidate.claims}
    if Authority.OWN_TABLE in authorities:
        return Trust.OWN
    if any(authority.from_table for authority in authorities) or in_table(candidate.endpoint.host):
        return Trust.PROVIDER
    if registrable(candidate.endpoint.host) != registrable(address.domain):
        return Trust.CONFIRM
    vouched = any(
        claim.evidence.authority is Authority.DOMAIN and claim.evidence.authentic for claim in candidate.claims
    )
    return Trust.DOMAIN if vouched else Trust.SAME_DOMAIN
