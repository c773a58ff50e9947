"""What a policy's resolver and a resolv.conf may say."""

from __future__ import annotations

import pytest

from mailsettings.errors import MailSettingsError
from mailsettings.net.dns.nameservers import Nameserver, Scheme, parse_resolv_conf, parse_resolver


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", Nameserver(Scheme.UDP, "192.0.2.1", 53)),
        ("192.0.2.1:5353", Nameserver(Scheme.UDP, "192.0.2.1", 5353)),
        ("2001:db8::1", Nameserver(Scheme.UDP, "2001:db8::1", 53)),
        ("[2001:db8::1]:54", Nameserver(Scheme.UDP, "2001:db8::1", 54)),
        ("tls://192.0.2.1", Nameserver(Scheme.TLS, "192.0.2.1", 853)),
        ("tls://DNS.example.org:8853", Nameserver(Scheme.TLS, "dns.example.org", 8853)),
        ("https://dns.example.org/q", Nameserver(Scheme.HTTPS, "dns.example.org", 443, "https://dns.example.org/q")),
    ],
)
def test_resolvers_are_read(text: str, expected: Nameserver) -> None:
    """
    An address, or a URL with the usual port.
    """
    assert parse_resolver(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "dns.example.org",
        "ftp://192.0.2.1",
        "tls://",
        "192.0.2.1:port",
        "https://192.0.2.1/q",
        "tls://localhost",
        "::x",
        "a b",
    ],
)
def test_other_resolvers_are_refused_by_name(text: str) -> None:
    """
    Who mistypes a resolver sees what was typed.
    """
    with pytest.raises(MailSettingsError) as caught:
        parse_resolver(text)

    assert repr(text) in str(caught.value)


def test_resolv_conf_gives_addresses_only() -> None:
    """
    Search lists and options have no say; at most three servers count, as in the C library.
    """
    text = "# comment\nsearch corp.internal\nnameserver 192.0.2.1\nnameserver\nnameserver x\noptions ndots:5\n"
    more = "nameserver 2001:db8::1 # second\nnameserver fe80::1%eth0\nnameserver 192.0.2.4\n"

    hosts = tuple(server.host for server in parse_resolv_conf(text + more))

    assert hosts == ("192.0.2.1", "2001:db8::1", "fe80::1%eth0")
