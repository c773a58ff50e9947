"""The plan: what would be asked, in order of authority, within the policy."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailsettings.leads import Lookup, disclosed, is_lookup
from mailsettings.model import Authority, Claim, Note, Protocol
from mailsettings.planning import plan
from mailsettings.policy import Policy
from mailsettings.sources import configured_sources
from tests.support.documents import autoconfig

ADDRESS = "ada@example.org"


def questions(policy: Policy | None = None) -> list[Lookup]:
    return [lead for lead in plan(ADDRESS, policy=policy) if is_lookup(lead)]


def asked(policy: Policy | None = None) -> str:
    return "\n".join(map(str, questions(policy)))


def test_the_strongest_word_is_asked_first() -> None:
    """Authority by authority."""
    order = [lookup.authority for lookup in questions()]

    assert (sorted(order), len(set(order)) > 3) == (order, True)


def test_each_place_is_listed() -> None:
    """Every mechanism has its line."""
    places = (
        "https://autoconfig.example.org/mail/config-v1.1.xml",
        "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml",
        "https://example.org/.well-known/mail-v1.xml",
        "http://autoconfig.example.org/mail/config-v1.1.xml",
        "_ua-auto-config.example.org TXT",
        "https://autodiscover.example.org/autodiscover/autodiscover.xml (POST)",
        "https://example.org/autodiscover/autodiscover.xml (POST)",
        "http://autodiscover.example.org/autodiscover/autodiscover.xml",
        "_autodiscover._tcp.example.org SRV",
        "_jmap._tcp.example.org SRV",
        "https://example.org/.well-known/jmap",
        "_imaps._tcp.example.org SRV",
        "https://live.thunderbird.net/autoconfig/v1.1/example.org",
        "example.org MX",
        "_caldavs._tcp.example.org SRV",
        "imap.example.org A/AAAA",
    )

    assert [place for place in places if place not in asked().splitlines()] == []


def test_what_tells_the_address_says_so() -> None:
    """Two documents, if asked twice, and Autodiscover; nothing else."""
    telling = [str(lookup) for lookup in questions() if "the address" in (disclosed(lookup, Policy()) or "")]

    assert telling == [
        "https://autoconfig.example.org/mail/config-v1.1.xml",
        "https://example.org/.well-known/autoconfig/mail/config-v1.1.xml",
        "https://autodiscover.example.org/autodiscover/autodiscover.xml (POST)",
        "https://example.org/autodiscover/autodiscover.xml (POST)",
    ]


def test_a_policy_that_keeps_the_address_at_home() -> None:
    """Without the address Autodiscover has no question."""
    policy = Policy(send_address=False)

    assert "autodiscover" not in asked(policy)
    assert not any("address" in (disclosed(lookup, policy) or "") for lookup in questions(policy))


def test_a_policy_without_http() -> None:
    """No request over http is planned."""
    assert "http://" not in asked(Policy(allow_http=False))


def test_a_policy_that_wants_pop3_only() -> None:
    """The other protocols' records are not asked for."""
    policy = Policy(protocols=frozenset({Protocol.POP3, Protocol.SMTP}))

    assert [word for word in ("_imap", "jmap") if word in asked(policy)] == []
    assert "_pop3s._tcp.example.org SRV" in asked(policy)


def test_a_policy_that_does_not_guess() -> None:
    """No usual name is looked up."""
    assert "A/AAAA" not in asked(Policy(guess=False))


@pytest.mark.parametrize(
    ("base", "wanted"), [("https://db.example/v1/", "https://db.example/v1/example.org"), ("", "")]
)
def test_another_collection_than_the_ispdb(base: str, wanted: str) -> None:
    """The plan names it, for the domain and for its exchanger; empty means none."""
    leads = plan(ADDRESS, sources=configured_sources(ispdb=base))
    named = [str(lead) for lead in leads if getattr(lead, "authority", None) is Authority.ISPDB]

    assert named == ([wanted] if wanted else [])
    assert "thunderbird" not in "\n".join(f"{lead} {getattr(lead, 'then', '')}" for lead in leads)


def test_a_folder_of_documents_comes_first(tmp_path: Path) -> None:
    """It has the user's own authority, and needs no lookup."""
    (tmp_path / "example.org.xml").write_bytes(autoconfig())

    first = next(
        lead for lead in plan(ADDRESS, sources=configured_sources(folder=tmp_path)) if not isinstance(lead, Note)
    )

    assert isinstance(first, Claim)
    assert (first.evidence.authority, first.evidence.locator) == (
        Authority.OWN_TABLE,
        str(tmp_path / "example.org.xml"),
    )
