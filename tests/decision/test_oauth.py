"""OAuth in the answer: where tokens for the chosen servers are to be had, and where that was learned."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.latency import search
from benchmarks.worlds import D, mail
from mailsettings.decision.oauth import (
    is_same_issuer,
    issuer_in_table,
    issuer_of_host,
    may_name_issuer,
    oauth_sources,
    without_foreign_oauth,
)
from mailsettings.leads import OAuthIssuer
from mailsettings.model import Authority, Choice, Detection, Evidence, Fact, OAuth, OAuthSource, Provider, StatedOAuth
from mailsettings.planning import offline
from mailsettings.provider_table import table
from mailsettings.provider_table.rows import Row
from mailsettings.schema import from_json, to_json
from mailsettings.testing import FakeNetwork, run_virtual, smtp
from tests.support.detections import choice
from tests.support.documents import autoconfig, incoming

Object = dict[str, object]
PLACE = f"https://autoconfig.{D}/mail/config-v1.1.xml"


def published(
    issuer: str, *, hosts: tuple[str, str] = (f"box.{D}", f"smtp.{D}"), metadata: Object | None = None
) -> Detection:
    """Detect a domain whose document names *issuer* for *hosts*; *metadata* is published by an issuer at D."""
    net = FakeNetwork(rtt=0.05)
    mail(net, *hosts)
    sections = incoming(hostname=hosts[0], authentication="OAuth2") + outgoing(hosts[1])
    net.page(PLACE, autoconfig(sections, f"<oAuth2><issuer>{issuer}</issuer><clientID>open</clientID></oAuth2>"))
    if metadata:
        document = json.dumps({"issuer": f"https://{issuer}", **metadata})
        net.page(f"https://{issuer}/.well-known/oauth-authorization-server", document)
    return run_virtual(search, net, f"ada@{D}")[0]


def outgoing(host: str) -> str:
    section = incoming(type="smtp", hostname=host, port="465", authentication="OAuth2")
    return section.replace("incomingServer", "outgoingServer")


def endpoints(host: str) -> Object:
    """Return the endpoints that metadata must have, at *host*."""
    return {f"{name}_endpoint": f"https://{host}/{name}" for name in ("authorization", "token")}


def sources(detection: Detection) -> list[tuple[str, bool]]:
    return [(source.oauth.issuer, source.known) for source in detection.oauth]


def notes(detection: Detection) -> list[str]:
    return [note.text for note in detection.notes if "not used" in note.text or "sign-in" in note.text]


def test_the_table_says_where_its_providers_issue_tokens() -> None:
    """Gmail's endpoints come with Gmail, without using the network."""
    (source,) = offline("ada@gmail.com").oauth

    assert (source.oauth.token_url, source.known, source.locator) == (
        "https://oauth2.googleapis.com/token",
        True,
        "provider table: gmail",
    )


ROWS = {row.provider.id: row for row in table.all_providers() if row.provider.oauth}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_every_server_of_a_row_is_bound_to_the_issuer_of_the_row(row: Row) -> None:
    """Several rows share an issuer, and hosts: whichever row the look-up finds has the same one."""
    oauth = row.provider.oauth
    assert oauth is not None
    hosts = {server.endpoint.host for server in (*row.incoming, *row.outgoing)}

    issuers = [found.issuer if (found := issuer_of_host(host)) else "" for host in hosts]

    assert [issuer for issuer in issuers if not is_same_issuer(issuer, oauth.issuer)] == []


def test_a_known_issuer_is_given_for_its_own_servers() -> None:
    """A domain may say itself that its mailboxes are at Google; what its document states besides is kept apart."""
    detection = published("accounts.google.com", hosts=("imap.gmail.com", "smtp.gmail.com"))
    (source,) = detection.oauth

    assert (source.known, source.oauth, notes(detection)) == (True, issuer_in_table("accounts.google.com"), [])
    assert source.stated == StatedOAuth(client_id="open", document=PLACE)


def test_a_document_cannot_select_a_known_issuer_for_its_own_servers() -> None:
    """The token would open a mailbox at Yahoo: it is not to be had for another server, and a note says why."""
    detection = published("login.yahoo.com", hosts=(f"mail.{D}", f"mail.{D}"))

    assert (sources(detection), notes(detection)) == (
        [],
        [
            f"{PLACE} names the sign-in of Yahoo Mail (login.yahoo.com) for mail.{D}, "
            "which is not a server of Yahoo Mail: not used"
        ],
    )


def test_servers_of_two_kinds_have_no_sign_in() -> None:
    """The token for Google's incoming server would also be sent to the other one."""
    detection = published("accounts.google.com", hosts=("imap.gmail.com", f"smtp.{D}"))

    assert sources(detection) == []
    assert [f"for smtp.{D}, which is not a server of Gmail" in note for note in notes(detection)] == [True]


def test_the_provider_does_not_say_either_where_its_tokens_come_from() -> None:
    """A row that led to one of two servers has its issuer only where the answer has it."""
    provider = offline("ada@gmail.com").provider
    google, other = (choice(f"imap://{host}:993") for host in ("imap.gmail.com", f"imap.{D}"))
    assert provider is not None

    assert without_foreign_oauth(provider, [google]) is provider
    assert [without_foreign_oauth(provider, best) for best in ([], [other], [google, other])] == [
        replace(provider, oauth=None)
    ] * 3


def test_an_unknown_issuer_cannot_be_named_for_servers_of_a_known_one() -> None:
    """A login page of the domain for mailboxes at Google would collect passwords of Google accounts."""
    issuer = f"login.{D}"
    detection = published(issuer, hosts=("imap.gmail.com", "smtp.gmail.com"), metadata=endpoints(issuer))

    assert sources(detection) == [("accounts.google.com", True)]
    assert notes(detection) == [
        f"{PLACE} names another issuer than accounts.google.com for a server of Gmail: not used"
    ]


def test_an_unknown_issuer_is_a_statement_of_the_domain() -> None:
    """A program that opens what `oauth` has opens nothing; a person can look at what the issuer states."""
    issuer = f"login.{D}"
    more = {"registration_endpoint": f"https://{issuer}/register", "scopes_supported": ["mail"]}
    (source,) = published(issuer, metadata={**endpoints(issuer), **more}).oauth

    assert (source.oauth, source.known, source.locator) == (OAuth(f"https://{issuer}", "", ""), False, PLACE)
    assert source.stated == StatedOAuth(
        f"https://{issuer}/authorization",
        f"https://{issuer}/token",
        f"https://{issuer}/register",
        scopes_supported=("mail",),
        client_id="open",
        document=PLACE,
        metadata=f"https://{issuer}/.well-known/oauth-authorization-server",
    )


def test_a_note_says_that_an_issuer_was_named_in_plaintext() -> None:
    """Over http anyone on the way may have written it, and the path that a redirect led to: it is not quoted."""
    net = FakeNetwork(rtt=0.05)
    mail(net, f"box.{D}", f"smtp.{D}")
    issuer, place = f"login.{D}", f"http://autoconfig.{D}/Call-us-on-555-0100.xml"
    sections = incoming(hostname=f"box.{D}", authentication="OAuth2") + outgoing(f"smtp.{D}")
    net.redirect(PLACE.replace("https", "http"), place)
    net.page(place, autoconfig(sections, f"<oAuth2><issuer>{issuer}</issuer></oAuth2>"))

    detection = run_virtual(search, net, f"ada@{D}")[0]

    assert (detection.oauth, notes(detection)) == (
        (),
        [
            f"the document at autoconfig.{D} names an issuer that the table does not have, which only the domain's own "
            "https document may: not used"
        ],
    )


def test_a_jmap_server_may_name_the_issuer_itself() -> None:
    """Where the document does not (RFC 9728): shown with the place that says so, and nothing of it is opened."""
    net = FakeNetwork(rtt=0.05)
    session = f"https://jmap.{D}/.well-known/jmap"
    jmap = f'<incomingServer type="jmap"><url>{session}</url><authentication>OAuth2</authentication></incomingServer>'
    net.page(PLACE, autoconfig(jmap + outgoing(f"smtp.{D}")))
    net.page(session, json.dumps({"capabilities": {"urn:ietf:params:jmap:core": {}, "urn:ietf:params:jmap:mail": {}}}))
    net.host(f"smtp.{D}").serve(smtp())
    issuer, resource = f"https://login.{D}", f"https://jmap.{D}/.well-known/oauth-protected-resource"
    net.page(resource, json.dumps({"resource": f"https://jmap.{D}", "authorization_servers": [issuer]}))
    document = json.dumps({"issuer": issuer, **endpoints(f"login.{D}")})
    net.page(f"{issuer}/.well-known/oauth-authorization-server", document)

    (source,) = run_virtual(search, net, f"ada@{D}")[0].oauth

    assert (source.oauth, source.locator) == (OAuth(issuer, "", ""), PLACE)
    assert source.stated is not None
    assert (source.stated.resource, source.stated.token_endpoint) == (resource, f"{issuer}/token")


@pytest.mark.parametrize("metadata", [{}, endpoints("evil.example")], ids=["none", "elsewhere"])
def test_an_unknown_issuer_without_endpoints_of_its_own_is_left_out(metadata: Object) -> None:
    """Nothing is made up, and endpoints of other issuers are not passed on."""
    assert published(f"login.{D}", metadata=metadata).oauth == ()


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
    detection = published(f"login.{D}", metadata=endpoints(f"login.{D}"))

    assert from_json(to_json(detection)).oauth == detection.oauth
    assert all(isinstance(source, OAuthSource) for source in detection.oauth)


@pytest.mark.parametrize(
    "url",
    ["https://accounts.google.com", "https://accounts.google.com/", "accounts.google.com", "HTTPS://Accounts.Google.com",
     "https://accounts.google.com./", "https://accounts.google.com:443/o/oauth2", "https://oauth2.googleapis.com"],
)  # fmt: skip
def test_a_known_issuer_is_known_in_every_spelling(url: str) -> None:
    """Tables, documents and tokens write it differently, and no spelling is another issuer that a document may name."""
    assert issuer_in_table(url) is not None
    assert is_same_issuer(url, "accounts.google.com")


@pytest.mark.parametrize(
    "url", ["https://accounts.google.com.evil.example", "https://google.com", "https://x/accounts"]
)
def test_look_alikes_are_unknown(url: str) -> None:
    """Only the very issuer counts."""
    assert issuer_in_table(url) is None


DOCUMENT = Evidence(Authority.DOMAIN, "autoconfig", PLACE, True, D)


@pytest.mark.parametrize(
    ("changes", "may"),
    [
        ({}, True),
        ({"locator": f"https://mail.{D}/config.xml"}, True),
        ({"authentic": False}, False),
        ({"authority": Authority.HTTP_DOCUMENT, "locator": PLACE.replace("https", "http")}, False),
        ({"authority": Authority.MX_DOCUMENT}, False),
        ({"authority": Authority.ISPDB}, False),
        ({"source": "mailconf"}, True),  # by a signed record
        ({"source": "mailconf", "authentic": False}, False),
        ({"locator": "https://hoster.example/config.xml"}, False),
        ({"locator": f"https://{D}.evil.example/"}, False),
        ({"locator": f"_imaps._tcp.{D} SRV", "source": "srv"}, False),
    ],
)
def test_only_a_fixed_document_of_the_domain_names_other_issuers(changes: dict[str, Any], may: bool) -> None:
    """What can be forged, or written by a user of the domain's web server, would choose where a password is typed."""
    assert may_name_issuer(replace(DOCUMENT, **changes)) is may


ISSUERS = [
    "accounts.google.com",
    "https://login.microsoftonline.com/common",
    f"https://login.{D}",
    "https://sso.example",
]
HOSTS = [
    "imap.gmail.com",
    "smtp.gmail.com",
    "outlook.office365.com",
    "imap.fastmail.com",
    f"mail.{D}",
    "imap.evil.example",
]
EVIDENCE = [
    DOCUMENT,
    replace(DOCUMENT, authority=Authority.MX_DOCUMENT),
    replace(DOCUMENT, locator="https://evil.example/c.xml"),
]


STATED = StatedOAuth(token_endpoint="https://sso.example/token")


def with_evidence(url: str, evidence: Evidence) -> Choice:
    found = choice(url)
    return replace(found, claims=tuple(replace(claim, evidence=evidence) for claim in found.claims))


@given(
    st.lists(st.tuples(st.sampled_from(HOSTS), st.sampled_from(EVIDENCE)), max_size=2),
    st.lists(st.tuples(st.sampled_from(ISSUERS), st.sampled_from(EVIDENCE)), max_size=3),
    st.sampled_from([None, *(row.provider for row in ROWS.values())]),
)
def test_nothing_to_open_but_the_tables_for_its_own_servers(
    servers: list[tuple[str, Evidence]], named: list[tuple[str, Evidence]], provider: Provider | None
) -> None:
    """Whatever is named, by whom, for which servers: endpoints mean that the table has this issuer for all of them."""
    best = [with_evidence(f"imap://{host}:993", evidence) for host, evidence in servers]
    facts = [Fact(OAuthIssuer(url, STATED), evidence) for url, evidence in named]

    found = oauth_sources(best, without_foreign_oauth(provider, best), facts)

    for source in found:
        if source.known:
            issuers = [issuer_of_host(host) for host, _ in servers]
            assert {source.oauth.issuer} == {oauth.issuer if oauth else "" for oauth in issuers}
            assert source.oauth.token_url == issuers[0].token_url if issuers[0] else False
        else:
            assert source.oauth == OAuth(source.oauth.issuer, "", "")
            assert source.stated == STATED
            assert (source.oauth.issuer, DOCUMENT) in named
            assert DOCUMENT in [evidence for host, evidence in servers if issuer_of_host(host) is None]
