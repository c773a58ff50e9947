"""Certificates without cryptography: what one says, and what the trust store would say of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailsettings.errors import Kind
from mailsettings.model import TLSFacts


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server's certificate, and how a handshake with it ends."""

    names: tuple[str, ...]  # DNS names; the first one is the subject
    problem: Kind | None = None  # the handshake fails with it: CERTIFICATE_EXPIRED, TLS_TOO_OLD …
    issuer: str = "CN=Fake CA"
    not_before: str = "2026-01-01T00:00:00+00:00"  # ISO 8601, UTC
    not_after: str = "2036-01-01T00:00:00+00:00"  # ISO 8601, UTC
    alpn: str = ""  # what the server answers, whatever was offered
    version: str = "TLSv1.3"

    def facts(self) -> TLSFacts:
        """Return what a client sees of it."""
        subject = f"CN={self.names[0]}" if self.names else ""
        return TLSFacts(self.version, self.names, self.issuer, subject, self.not_before, self.not_after, self.alpn)


def certificate_of(value: Certificate | Iterable[str]) -> Certificate:
    """Return *value* as a certificate; names alone make a valid one."""
    return value if isinstance(value, Certificate) else Certificate(tuple(value))
