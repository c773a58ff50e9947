"""Server certificates of every kind, made on the spot, and the TLS contexts that show them."""

from __future__ import annotations

import base64
import ssl
import tempfile
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HOST = "imap.example.org"
NOW = datetime.now(UTC)
DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
# RFC 2409 §6.2, the group of 1024 bits that most servers shared when Logjam was published (2015).
OAKLEY_2 = bytes.fromhex(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF"
)


@dataclass(frozen=True, slots=True)
class Authority:
    """A CA of our own, because trustme makes good certificates only."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)


@cache
def authority() -> Authority:
    """Return the CA that the client trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Matrix CA")
    builder = _builder(name, name, key, NOW - DAY, NOW + 9 * DAY)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return Authority(key, builder.sign(key, hashes.SHA256()))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    return builder.serial_number(x509.random_serial_number()).not_valid_before(since).not_valid_after(until)


def issued(
    *names: x509.GeneralName,
    common: str = "Matrix",
    since: datetime = NOW - DAY,
    until: datetime = NOW + DAY,
    usage: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
    key: Key | None = None,
    own: bool = False,
) -> ssl.SSLContext:
    """Return the context of a server with a certificate for *names*, signed by the CA, or by itself (*own*)."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    issuer = _name(common) if own else authority().certificate.subject
    builder = _builder(_name(common), issuer, key, since, until)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return shown(builder.sign(key if own else authority().key, hashes.SHA256()), key)


def shown(certificate: x509.Certificate, key: Key) -> ssl.SSLContext:
    """Return the context of a server that shows *certificate* and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # what the server would do without is not what is tested
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(certificate.public_bytes(serialization.Encoding.PEM) + secret)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def named(*names: str) -> ssl.SSLContext:
    return issued(*map(x509.DNSName, names))


def missing_intermediate() -> ssl.SSLContext:
    """Return a server that forgets the certificate between its own and the CA that the client trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    between = _name("Intermediate")
    builder = _builder(_name("Leaf"), between, key, NOW - DAY, NOW + DAY)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
    return shown(builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()), key)


def unknown_authority() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert(HOST).configure_cert(context)
    return context


def old(version: ssl.TLSVersion) -> ssl.SSLContext:
    """Return a server that knows nothing newer than *version*."""
    context = named(HOST)
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        context.minimum_version = version
        context.maximum_version = version
    return context


def weak_dh() -> ssl.SSLContext:
    """Return a server of TLS 1.2 whose only key exchange is Diffie-Hellman of 1024 bits."""
    context = issued(x509.DNSName(HOST), key=rsa.generate_private_key(65537, 2048))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0")
    # SEQUENCE of two INTEGERs, the prime and the generator 2 (PKCS #3)
    der = b"\x30\x81\x87\x02\x81\x81\0" + OAKLEY_2 + b"\x02\x01\x02"
    with tempfile.NamedTemporaryFile(suffix=".pem") as file:
        file.write(b"-----BEGIN DH PARAMETERS-----\n" + base64.encodebytes(der) + b"-----END DH PARAMETERS-----\n")
        file.flush()
        context.load_dh_params(file.name)
    return context


def many(names: Iterable[str]) -> ssl.SSLContext:
    return named(HOST, *names)


CONTEXTS: dict[str, Callable[[], ssl.SSLContext]] = {
    "good": lambda: named(HOST),
    "wildcard": lambda: named("*.example.org"),
    "good-among-others": lambda: named("example.org", "www.example.org", HOST),
    "upper-case": lambda: named(HOST.upper()),
    "common-name-only": lambda: issued(common=HOST),
    "common-name-beside-another": lambda: named("other.example.org"),
    "wrong-name": lambda: named("imap.example.net"),
    "wildcard-one-label-short": lambda: named("*.org"),
    "wildcard-one-label-long": lambda: named("*.imap.example.org"),
    "wildcard-inside-a-label": lambda: named("i*.example.org"),
    "wildcard-alone": lambda: named("*"),
    "null-in-the-name": lambda: named(f"{HOST}\0.evil.example"),
    "escape-in-the-name": lambda: named("\x1b[31mimap.example.org"),
    "address-only": lambda: issued(x509.IPAddress(ip_address("127.0.0.1"))),
    "address-as-a-name": lambda: named("127.0.0.1"),
    "uri-and-email-only": lambda: issued(
        x509.UniformResourceIdentifier(f"https://{HOST}/"), x509.RFC822Name(f"a@{HOST}")
    ),
    "expired": lambda: issued(x509.DNSName(HOST), since=NOW - 9 * DAY, until=NOW - DAY),
    "future": lambda: issued(x509.DNSName(HOST), since=NOW + DAY, until=NOW + 9 * DAY),
    "self-signed": lambda: issued(x509.DNSName(HOST), own=True),
    "unknown-ca": unknown_authority,
    "missing-intermediate": missing_intermediate,
    "for-clients-only": lambda: issued(x509.DNSName(HOST), usage=ExtendedKeyUsageOID.CLIENT_AUTH),
    "rsa-1024": lambda: issued(x509.DNSName(HOST), key=rsa.generate_private_key(65537, 1024)),
    "tls-1.0": lambda: old(ssl.TLSVersion.TLSv1),
    "tls-1.1": lambda: old(ssl.TLSVersion.TLSv1_1),
    "weak-dh": weak_dh,
    "10000-names": lambda: many(f"host{number}.example.org" for number in range(10_000)),
}
