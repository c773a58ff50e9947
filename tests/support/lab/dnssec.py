"""DNSSEC for the laboratory: zones signed with keys of their own, and the DS records a resolver validates them with.

No tool of Debian is needed: dnspython signs, and that Unbound accepts it (or does not) is the proof.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dns.dnssec
import dns.name
import dns.rdatatype
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.lab.world import Delegation, Zone

SIGNED = (Delegation.SIGNED, Delegation.BOGUS)
_ROOM = timedelta(days=1)  # for long test sessions, and for clocks


class Signer:
    """Signs zones; *anchors* are the DS records of those signed so far, and wrong ones for bogus zones."""

    def __init__(self) -> None:
        self.anchors: list[str] = []

    def signed(self, zone: Zone, text: str) -> str:
        """Return the master file *text* with keys, signatures and proofs of absence (RFC 4034)."""
        origin = dns.name.from_text(zone.name)
        parsed = dns.zone.from_text(text, origin, relativize=False)
        private = ec.generate_private_key(ec.SECP256R1())
        published = private if zone.delegation is Delegation.SIGNED else ec.generate_private_key(ec.SECP256R1())
        key = dns.dnssec.make_dnskey(private.public_key(), "ECDSAP256SHA256", flags=257)
        anchor = dns.dnssec.make_dnskey(published.public_key(), "ECDSAP256SHA256", flags=257)
        self.anchors.append(f"{origin} DS {dns.dnssec.make_ds(origin, anchor, 'SHA256')}")
        now = datetime.now(UTC)
        dns.dnssec.sign_zone(parsed, keys=[(private, key)], inception=now - _ROOM, expiration=now + _ROOM)
        return f"$ORIGIN {origin}\n{parsed.to_text(relativize=False)}"
