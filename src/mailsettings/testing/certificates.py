"""Fake certificates, without cryptography: their fields, and how verifying them ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from mailsettings.errors import FailureKind
from mailsettings.model import TLSFacts
from mailsettings.observations import PresentedCertificate, UnverifiedHandshake


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server's certificate, and how a handshake with it ends."""

    names: tuple[str, ...]  # DNS names; the first one is the subject
    problem: FailureKind | None = None  # what the handshake fails with: CERTIFICATE_EXPIRED, TLS_TOO_OLD …
    issuer: str = "CN=Fake CA"
    not_before: str = "2026-01-01T00:00:00+00:00"  # ISO 8601, UTC
    not_after: str = "2036-01-01T00:00:00+00:00"  # ISO 8601, UTC
    alpn: str = ""  # the protocol that the server selects, whatever was offered
    version: str = "TLSv1.3"
    weak: str = ""  # what is too weak about it, as in observations.PresentedCertificate
    for_servers: bool = True
    issuer_url: str = ""
    cipher: str = ""

    def handshake(self) -> UnverifiedHandshake:
        """Return what an unverified handshake shows of it."""
        issuer = self.subject if self.problem is FailureKind.CERTIFICATE_SELF_SIGNED else self.issuer
        certificate = PresentedCertificate(
            self.subject,
            issuer,
            self.names,
            self.not_before,
            self.not_after,
            self_signed=self.subject == issuer,
            weak=self.weak,
            for_servers=self.for_servers,
            issuer_url=self.issuer_url,
            fingerprint=sha256(repr(self).encode()).hexdigest(),
        )
        return UnverifiedHandshake(self.version, self.cipher, (certificate,))

    @property
    def subject(self) -> str:
        return f"CN={self.names[0]}" if self.names else ""

    def facts(self) -> TLSFacts:
        """Return what a verified handshake tells the client."""
        return TLSFacts(self.version, self.names, self.issuer, self.subject, self.not_before, self.not_after, self.alpn)


def fake_certificate(value: Certificate | Iterable[str]) -> Certificate:
    """Return *value* as a certificate; a list of names makes a valid one."""
    return value if isinstance(value, Certificate) else Certificate(tuple(value))
