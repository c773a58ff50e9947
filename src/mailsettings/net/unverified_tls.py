"""Unverified TLS handshakes, and the certificates they present. For diagnosis only: nothing is sent inside TLS.

OpenSSL reports only the first fault of a certificate, and refuses versions and ciphers that are no longer safe before
any certificate is seen. A client has to accept both to see them.
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from mailsettings.escape import excerpt
from mailsettings.net.certificates import dns_names
from mailsettings.observations import PresentedCertificate, UnverifiedHandshake

if TYPE_CHECKING:
    from cryptography import x509

MAX_CHAIN = 8  # certificates that are read
MAX_NAMES = 100  # names read from one certificate
# What OpenSSL's security level 2 refuses: less than 112 bits (SSL_CTX_set_security_level(3)).
_MIN_RSA, _MIN_EC = 2048, 224
_WEAK_HASHES = frozenset({"md5", "sha1"})


@cache
def context() -> ssl.SSLContext:
    """Return a context that accepts any certificate, and obsolete versions and ciphers."""
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    with suppress(ssl.SSLError):  # LibreSSL has no security levels
        unverified.set_ciphers("ALL:@SECLEVEL=0")
    unverified.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    unverified.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    return unverified


def handshake_of(connection: ssl.SSLObject) -> UnverifiedHandshake:
    """Return the version, cipher and certificates of the finished handshake of *connection*."""
    cipher = connection.cipher()
    chain = tuple(filter(None, map(read_certificate, _chain(connection)[:MAX_CHAIN])))
    return UnverifiedHandshake(connection.version() or "", cipher[0] if cipher else "", chain)


def _chain(connection: ssl.SSLObject) -> list[bytes]:
    """Return the certificates that the server sent, in DER."""
    if hasattr(connection, "get_unverified_chain"):  # Python 3.13
        return list(connection.get_unverified_chain())
    # Before 3.13 only the private object has this method; without it, return the first certificate alone.
    inner: Any = getattr(connection, "_sslobj", None)
    if hasattr(inner, "get_unverified_chain"):
        return [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in inner.get_unverified_chain() or ()]
    first = connection.getpeercert(binary_form=True)
    return [first] if first else []


def read_certificate(der: bytes) -> PresentedCertificate | None:
    """Parse one certificate; None if it is none. Parts that cannot be parsed are left out."""
    from cryptography import x509
    from cryptography.hazmat.primitives.hashes import SHA256

    with warnings.catch_warnings(action="ignore"):  # malformed ones are expected; nothing is verified here
        try:
            read = x509.load_der_x509_certificate(der)
            return PresentedCertificate(
                subject=_name(read.subject),
                issuer=_name(read.issuer),
                names=_names(read),
                not_before=_iso(read.not_valid_before_utc),
                not_after=_iso(read.not_valid_after_utc),
                self_signed=read.subject == read.issuer,
                weak=", ".join(_weaknesses(read)),
                for_servers=_for_servers(read),
                issuer_url=_issuer_url(read),
                fingerprint=read.fingerprint(SHA256()).hex(),
            )
        except _unreadable():
            return None


def _unreadable() -> tuple[type[Exception], ...]:
    """Return what parsing an untrusted certificate may raise; most errors of cryptography have no common base."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    own = (x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, UnsupportedAlgorithm)
    return (ValueError, TypeError, *own)


def _name(name: x509.Name) -> str:
    """Return a distinguished name for display: common name and organization."""
    from cryptography.x509.oid import NameOID

    found = [name.get_attributes_for_oid(oid) for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)]
    return excerpt(", ".join(str(each[0].value) for each in found if each).encode("utf-8", "backslashreplace"))


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _extension(certificate: x509.Certificate, kind: Any) -> Any:
    """Return the value of the extension *kind*; None if it is missing or cannot be parsed."""
    from cryptography.x509 import ExtensionNotFound

    with suppress(ExtensionNotFound, *_unreadable()):
        return certificate.extensions.get_extension_for_class(kind).value
    return None


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    from cryptography.x509 import DNSName, SubjectAlternativeName

    found = _extension(certificate, SubjectAlternativeName)
    listed = found.get_values_for_type(DNSName)[:MAX_NAMES] if found is not None else ()
    return dns_names({"subjectAltName": [("DNS", name) for name in listed]})


def _weaknesses(certificate: x509.Certificate) -> Iterator[str]:
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

    with suppress(*_unreadable()):
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey | dsa.DSAPublicKey) and key.key_size < _MIN_RSA:
            yield f"{'RSA' if isinstance(key, rsa.RSAPublicKey) else 'DSA'} of {key.key_size} bits"
        if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size < _MIN_EC:
            yield f"an elliptic curve of {key.key_size} bits"
    with suppress(*_unreadable()):
        digest = certificate.signature_hash_algorithm
        # The signature of a self-signed certificate proves nothing, however strong.
        if digest is not None and digest.name in _WEAK_HASHES and certificate.subject != certificate.issuer:
            yield f"signed with {digest.name.upper().replace('SHA1', 'SHA-1')}"


def _for_servers(certificate: x509.Certificate) -> bool:
    from cryptography.x509 import ExtendedKeyUsage
    from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

    found = _extension(certificate, ExtendedKeyUsage)
    return found is None or Usage.SERVER_AUTH in found or Usage.ANY_EXTENDED_KEY_USAGE in found


def _issuer_url(certificate: x509.Certificate) -> str:
    from cryptography.x509 import AuthorityInformationAccess, UniformResourceIdentifier
    from cryptography.x509.oid import AuthorityInformationAccessOID as Access

    for each in _extension(certificate, AuthorityInformationAccess) or ():
        if each.access_method == Access.CA_ISSUERS and isinstance(each.access_location, UniformResourceIdentifier):
            return excerpt(each.access_location.value.encode("utf-8", "backslashreplace"))
    return ""
