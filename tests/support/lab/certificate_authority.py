"""A certification authority for the laboratory and one PEM file (key and chain) per host."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID

from tests.support.lab.addressing import Place
from tests.support.lab.world import Fault


class Authority:
    """Issues what hosts show; *ca_file* is what clients have to trust."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ca_file = directory / "ca.pem"
        self._trusted = trustme.CA(organization_name="Laboratory")
        self._stranger = trustme.CA(organization_name="Somebody else")
        directory.mkdir()
        self._trusted.cert_pem.write_to_path(self.ca_file)

    def issue(self, places: Iterable[Place]) -> None:
        """Write the certificate of every one of *places*."""
        for place in places:
            self.file(place).write_bytes(self._pem(place))

    def issue_for(self, addresses: Iterable[IPv4Address | IPv6Address]) -> Path:
        """Write a certificate for *addresses* themselves, as a resolver has that is known by nothing else."""
        leaf = self._trusted.issue_cert(*map(str, addresses))
        file = self.directory / "addresses.pem"
        leaf.private_key_and_cert_chain_pem.write_to_path(file)
        return file

    def file(self, place: Place) -> Path:
        """Return where key and chain of *place* are."""
        return self.directory / f"{place.number}.pem"

    def _pem(self, place: Place) -> bytes:
        fault = place.host.certificate.fault
        if fault is Fault.SELF_SIGNED:
            return _self_signed(place.certificate_names)
        if fault is Fault.INCOMPLETE:
            return _incomplete(place.certificate_names)
        issuer = self._stranger if fault is Fault.UNKNOWN_CA else self._trusted
        # A day ago, with room for clocks: expired is expired.
        end = datetime.now(UTC) - timedelta(days=1) if fault is Fault.EXPIRED else None
        leaf = issuer.issue_cert(*place.certificate_names, not_after=end)
        return leaf.private_key_and_cert_chain_pem.bytes()


def _self_signed(names: tuple[str, ...]) -> bytes:
    """Return key and a self-signed certificate for *names* (trustme makes none)."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = _name(names[0])
    return _file(_builder(names, who, key).sign(key, hashes.SHA256()), key)


def _incomplete(names: tuple[str, ...]) -> bytes:
    """Return key and certificate for *names* that say where their issuer's certificate is, instead of sending it."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(names, _name("The link between"), key)
    place = x509.UniformResourceIdentifier("http://ca.example/between.crt")
    where = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, place)
    builder = builder.add_extension(x509.AuthorityInformationAccess([where]), critical=False)
    return _file(builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()), key)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


def _builder(names: tuple[str, ...], issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer, _name(names[0]), key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=30))
    return builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)


def _file(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> bytes:
    form, container = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(form, container, serialization.NoEncryption())
    return secret + certificate.public_bytes(form)
