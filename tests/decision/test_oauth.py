"""OAuth in the answer: where tokens for the chosen servers are to be had, and whose word that is."""

from __future__ import annotations

import json

import pytest

from benchmarks.latency import search
from benchmarks.worlds import D, mail
from mailsettings.decision.oauth import issuer_in_table
from mailsettings.model import Detection, OAuthSource
from mailsettings.planning import offline
from mailsettings.schema import from_json, to_json
from mailsettings.testing import FakeNetwork, run_virtual
from tests.support.documents import autoconfig, incoming

PLACE = f"https://autoconfig.{D}/mail/config-v1.1.xml"


def published(issuer: str, *, endpoints: str = "") -> Detection:
    """Detect a domain whose document names *issuer*; *endpoints* is the host that its metadata names."""
    net = FakeNetwork(rtt=0.05)
    mail(net, f"box.{D}", f"smtp.{D}")
    section = incoming(hostname=f"box.{D}", authentication="OAuth2")
    net.page(PLACE, autoconfig(section, f"<oAuth2><issuer>{issuer}</issuer></oAuth2>"))
    if endpoints:
        said = {f"{name}_endpoint": f"https://{endpoints}/{name}" for name in ("authorization", "token")}
        document = json.dumps({"issuer": f"https://{issuer}", **said})
        net.page(f"https://{issuer}/.well-known/oauth-authorization-server", document)
    return run_virtual(search, net, f"ada@{D}")[0]


def words(detection: Detection) -> list[tuple[str, bool]]:
    return [(word.oauth.issuer, word.known) for word in detection.oauth]


def test_the_table_says_where_its_providers_issue_tokens() -> None:
    """Gmail's endpoints come with Gmail, without asking anybody."""
    (word,) = offline("ada@gmail.com").oauth

    assert (word.oauth.token_url, word.known, word.locator) == (
        "https://oauth2.googleapis.com/token",
        True,
        "provider table: gmail",
    )


def test_a_document_selects_a_known_issuer() -> None:
    """The endpoints are those of the table."""
    assert words(published("login.yahoo.com")) == [("login.yahoo.com", True)]


def test_an_unknown_issuer_is_the_domains_word() -> None:
    """It is marked, for a person to look at before a password is typed there."""
    assert words(published(f"login.{D}", endpoints=f"login.{D}")) == [(f"https://login.{D}", False)]


@pytest.mark.parametrize("endpoints", ["", "evil.example"])
def test_an_unknown_issuer_without_endpoints_of_its_own_is_left_out(endpoints: str) -> None:
    """Nothing is made up, and nobody else's endpoints are passed on."""
    assert published(f"login.{D}", endpoints=endpoints).oauth == ()


def test_a_silent_issuer_costs_no_more_than_patience() -> None:
    """The servers are the answer; half a second for the endpoints, then without."""
    net = FakeNetwork(rtt=0.05)
    mail(net, f"box.{D}", f"smtp.{D}")
    net.host(f"login.{D}").hold(443)
    section = incoming(hostname=f"box.{D}", authentication="OAuth2")
    net.page(PLACE, autoconfig(section, f"<oAuth2><issuer>login.{D}</issuer></oAuth2>"))

    detection, _ = run_virtual(search, net, f"ada@{D}")

    assert (detection.oauth, detection.incoming[0].verified, detection.seconds < 2) == ((), True, True)


def test_oauth_goes_through_json() -> None:
    """What is written is read back."""
    detection = published(f"login.{D}", endpoints=f"login.{D}")

    assert from_json(to_json(detection)).oauth == detection.oauth
    assert all(isinstance(word, OAuthSource) for word in detection.oauth)


@pytest.mark.parametrize("url", ["https://accounts.google.com", "https://accounts.google.com/", "accounts.google.com"])
def test_issuers_are_known_by_host_and_path(url: str) -> None:
    """Tables and documents write them differently."""
    assert issuer_in_table(url) is not None


@pytest.mark.parametrize(
    "url", ["https://accounts.google.com.evil.example", "https://google.com", "https://x/accounts"]
)
def test_look_alikes_are_unknown(url: str) -> None:
    """Only the very issuer counts."""
    assert issuer_in_table(url) is None
