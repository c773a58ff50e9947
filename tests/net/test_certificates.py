"""Names in certificates, compared with what OpenSSL thinks of them."""

from __future__ import annotations

import ssl
from ipaddress import ip_address

import pytest
import trustme

from mailsettings.hostnames import name_matches
from mailsettings.net.certificates import covers_address, dns_names, facts_of
from tests.support.loopback import server_context


def test_names_no_host_can_have_are_left_out() -> None:
    """
    A name with a line feed or an escape sequence in it is not shown to anybody.
    """
    certificate = {
        "subjectAltName": (("DNS", "A.example.org"), ("DNS", "\x1b[31m"), ("DNS", "*.b.example"), ("URI", "c"))
    }

    assert dns_names(certificate) == ("a.example.org", "*.b.example")


def test_addresses_are_compared_as_addresses() -> None:
    """
    OpenSSL spells IPv6 addresses its own way.
    """
    certificate = {"subjectAltName": (("IP Address", "2001:DB8:0:0:0:0:0:53"),)}

    assert covers_address(certificate, ip_address("2001:db8::53"))


HOSTS = ("imap.example.org", "example.org", "a.b.example.org", "xn--bcher-kva.example.org", "smtp.example.net", "x.org")
NAMES = (
    ("imap.example.org",),
    ("*.example.org",),
    ("*.b.example.org", "example.org"),
    ("*.org",),
    ("xn--bcher-kva.example.org",),
    ("smtp.example.net", "*.example.net"),
)


@pytest.mark.parametrize("names", NAMES, ids=" ".join)
@pytest.mark.parametrize("host", HOSTS)
def test_openssl_agrees(ca: trustme.CA, host: str, names: tuple[str, ...]) -> None:
    """
    Our comparison accepts what OpenSSL's accepts, and nothing else.
    """
    certificate = ca.issue_cert(*names)
    unchecked = shake_hands(ca, certificate, host, check=False)
    assert unchecked is not None

    accepted = shake_hands(ca, certificate, host, check=True) is not None

    assert name_matches(host, facts_of(unchecked).names) is accepted


def test_facts_are_read(ca: trustme.CA) -> None:
    """
    What people want to know of a certificate is there: names, issuer, dates, version.
    """
    connection = shake_hands(ca, ca.issue_cert("imap.example.org", "pop.example.org"), "imap.example.org", check=False)
    assert connection is not None

    facts = facts_of(connection)

    assert (facts.version, facts.names) == ("TLSv1.3", ("imap.example.org", "pop.example.org"))
    assert facts.issuer.startswith("trustme v")
    assert facts.not_before < "2026" < facts.not_after


def shake_hands(ca: trustme.CA, certificate: trustme.LeafCert, host: str, *, check: bool) -> ssl.SSLObject | None:
    """Return the client's side of a handshake in memory, None if the client refused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = check
    context.hostname_checks_common_name = False
    ca.configure_trust(context)
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname=host)
    server = server_context(certificate).wrap_bio(to_server, to_client, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
        except ssl.SSLCertVerificationError:
            return None
    return client
