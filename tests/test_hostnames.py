"""Registrable domains."""

from __future__ import annotations

import pytest

from mailsettings.hostnames import is_public_suffix, registrable


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
