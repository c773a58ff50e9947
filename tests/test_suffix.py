"""Registrable domains."""

from __future__ import annotations

import pytest

from mailsettings.suffix import is_public_suffix, registrable


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("imap.mail.example.com", "example.com"),
        ("imap.example.co.uk", "example.co.uk"),
        ("Mail.Example.ORG.", "example.org"),
        ("a.city.kawasaki.jp", "city.kawasaki.jp"),
        ("user.github.io", "github.io"),
        ("mail.example.unknown", "example.unknown"),
        ("co.uk", "co.uk"),
    ],
)
def test_the_registrable_domain_is_one_label_below_the_suffix(host: str, domain: str) -> None:
    """
    Only suffixes of registries count: a hosting company's customers stay inside the company's domain.
    """
    assert registrable(host) == domain


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("com", True),
        ("co.uk", True),
        ("example.com", False),
        ("github.io", False),
        ("unknown", True),
        ("www.ck", False),
    ],
)
def test_suffixes_are_told_from_domains(host: str, expected: bool) -> None:
    """
    Nobody owns a suffix; rules with exceptions are honoured.
    """
    assert is_public_suffix(host) is expected
