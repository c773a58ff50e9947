"""The facts of a verified certificate: DNS names, addresses, issuer, dates.

OpenSSL verifies chain and dates (net.tls). The name is compared afterwards (hostnames.name_matches), so that a
certificate for other names can be shown to the user and its names can be tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.escape import excerpt
from mailsettings.model import TLSFacts
from mailsettings.policy import IPAddress

if TYPE_CHECKING:
    import ssl

_DNS_NAME = re.compile(r"(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")


class CertificateError(NetworkError):
    """The certificate's chain and dates are valid, but it is not for the name asked for."""

    def __init__(self, kind: FailureKind, seen: str, facts: TLSFacts) -> None:
        super().__init__(kind, seen)
        self.facts = facts


def facts_of(connection: ssl.SSLObject) -> TLSFacts:
    """Return the facts of the finished handshake of *connection*, whose chain has been verified."""
    certificate: Mapping[str, Any] = connection.getpeercert() or {}
    return TLSFacts(
        version=connection.version() or "",
        names=dns_names(certificate),
        issuer=_name(certificate.get("issuer", ())),
        subject=_name(certificate.get("subject", ())),
        not_before=_iso(certificate.get("notBefore", "")),
        not_after=_iso(certificate.get("notAfter", "")),
        alpn=connection.selected_alpn_protocol() or "",
    )


def dns_names(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the DNS names of *certificate* (as `getpeercert()` gives it), lower case, in its order, each once.

    Names that are no host names are left out: they match nothing, and may be meant to attack a terminal.
    """
    names = (value.lower() for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS")
    return tuple(dict.fromkeys(name for name in names if _DNS_NAME.fullmatch(name)))


def covers_address(certificate: Mapping[str, Any], ip: IPAddress) -> bool:
    """Return whether *certificate* is valid for the address *ip* (RFC 9525 §6.5): resolvers may have no name."""
    return any(
        kind == "IP Address" and ip_address(value) == ip for kind, value in certificate.get("subjectAltName", ())
    )


def _name(relative_names: Iterable[Iterable[tuple[str, str]]]) -> str:
    """Return a distinguished name for display: common name and organization, unprintable characters escaped."""
    parts = {key: value for group in relative_names for key, value in group}
    text = ", ".join(parts[key] for key in ("commonName", "organizationName") if parts.get(key))
    return excerpt(text.encode("utf-8", "backslashreplace"))


def _iso(date: str) -> str:
    """Convert OpenSSL's `Nov 21 09:30:00 2026 GMT` to ISO 8601, UTC."""
    if not date:
        return ""
    from ssl import cert_time_to_seconds  # a date comes from ssl, which is loaded already

    return datetime.fromtimestamp(cert_time_to_seconds(date), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
