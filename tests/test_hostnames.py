"""Host names: how they are read, whose they are, what lies inside what."""

from __future__ import annotations

import pytest

from mailsettings.errors import AddressError
from mailsettings.hostnames import inside, is_public_suffix, name_matches, parse_host, registrable, unicode_host


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("imap.mail.example.com", "example.com"),
        ("imap.example.co.uk", "example.co.uk"),
        ("Mail.Example.ORG.", "example.org"),
        ("a.city.kawasaki.jp", "city.kawasaki.jp"),
        ("a.github.io", "a.github.io"),
        ("imap.a.github.io", "a.github.io"),
        ("github.io", "github.io"),
        ("imap.a.xn--55qx5d.cn", "a.xn--55qx5d.cn"),
        ("mail.example.unknown", "example.unknown"),
        ("co.uk", "co.uk"),
    ],
)
def test_the_registrable_domain_is_one_label_below_the_suffix(host: str, domain: str) -> None:
    """
    Suffixes of registries count, and those under which a company gives names to its customers.
    """
    assert registrable(host) == domain


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("com", True),
        ("co.uk", True),
        ("example.com", False),
        ("github.io", True),
        ("a.github.io", False),
        ("unknown", True),
        ("www.ck", False),
    ],
)
def test_suffixes_are_told_from_domains(host: str, expected: bool) -> None:
    """
    Nobody owns a suffix; rules with exceptions are honoured.
    """
    assert is_public_suffix(host) is expected


@pytest.mark.parametrize(
    ("text", "host"),
    [
        pytest.param("imap.example.org", "imap.example.org", id="plain"),
        pytest.param("IMAP.Example.ORG.", "imap.example.org", id="upper case, trailing dot"),
        pytest.param("imap.bücher.example", "imap.xn--bcher-kva.example", id="U-labels"),
    ],
)
def test_a_host_is_read_into_its_plain_form(text: str, host: str) -> None:
    """
    Lower-case A-labels without a trailing dot, however it was written.
    """
    assert parse_host(text) == host


@pytest.mark.parametrize(
    "text",
    ["", "127.0.0.1", "2130706433", "0x7f000001", "[::1]", "localhost", "printer.local", "a_b.example", "org", "a..b"],
)
def test_what_is_no_public_host_is_refused(text: str) -> None:
    """
    Addresses in any disguise, names of the local network and what DNS has no names for.
    """
    with pytest.raises(AddressError):
        parse_host(text)


def test_names_are_shown_in_the_users_letters() -> None:
    """A-labels are for the wire."""
    assert unicode_host("xn--bcher-kva.example") == "bücher.example"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        pytest.param("example.org", True, id="the domain itself"),
        pytest.param("a.b.example.org", True, id="below it"),
        pytest.param("evilexample.org", False, id="ends with the same letters"),
        pytest.param("org", False, id="above it"),
        pytest.param("example.org.evil.example", False, id="begins with it"),
    ],
)
def test_inside_a_domain_are_its_own_names(host: str, expected: bool) -> None:
    """
    Whole labels count, from the right.
    """
    assert inside(host, "example.org") is expected


@pytest.mark.parametrize(
    ("host", "name", "expected"),
    [
        ("imap.example.org", "imap.example.org", True),
        ("imap.example.org", "IMAP.Example.ORG", True),
        ("imap.example.org.", "imap.example.org", True),
        ("imap.example.org", "*.example.org", True),
        ("example.org", "*.example.org", False),
        ("a.imap.example.org", "*.example.org", False),
        ("example.org", "*.org", False),
        ("imap.example.org", "*.*.org", False),
        ("imap.example.org", "i*.example.org", False),
        ("imap.example.org", "*", False),
        ("imap.example.org", "imap.*.org", False),
        ("imap.example.org", "smtp.example.org", False),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", True),
        ("xn--bcher-kva.example.org", "*.example.org", True),
        ("imap.example.org", "", False),
        ("evilexample.org", "*.example.org", False),
    ],
)
def test_only_whole_names_and_whole_labels_match(host: str, name: str, expected: bool) -> None:
    """
    A certificate is for a host by its exact name, or by one wildcard for the left-most label (RFC 9525 §6.3).
    """
    assert name_matches(host, [name]) is expected
