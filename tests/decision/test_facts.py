"""What sources state besides servers: which of it is in the answer, and with which evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailsettings.decision.facts import from_chosen
from mailsettings.decision.result import detection_of
from mailsettings.decision.state import SearchState
from mailsettings.leads import Lead
from mailsettings.model import (
    Authority,
    Claim,
    Detection,
    Evidence,
    Fact,
    Hint,
    Link,
    Note,
    Provider,
    Service,
    SettledBy,
)
from mailsettings.policy import Policy
from tests.support.values import ADA, claim, endpoint, verified

IMAP = "imap://imap.example.org:993"
SMTP = "smtp://smtp.example.org:465"
OWN = Evidence(Authority.DOMAIN, "autoconfig", "https://autoconfig.example.org/c.xml", True, "example.org")
SECOND = replace(OWN, locator="https://example.org/c.xml", place=1)
ROW = Evidence(Authority.MX_TABLE, "mx", "example.org MX = mx.hoster.example", domain="example.org")
HINT = Hint("enable", "Switch it on.")
PROVIDER = Provider("example", "Example", hints=(HINT,), documentation=(Link("https://example.org/help"),))


def answer(*leads: Lead, seen: tuple[str, ...] = (IMAP, SMTP)) -> Detection:
    """Return the answer that *leads* give, with the servers *seen* verified."""
    found = SearchState(ADA, Policy())
    found.add(leads)
    for where in seen:
        found.record_probe(verified(where), 0.1)
    return detection_of(found, settled=SettledBy.VERIFIED, seconds=1.0)


def named(where: str, evidence: Evidence) -> Claim:
    return Claim(endpoint(where), evidence)


def test_facts_come_with_a_server_of_the_same_document() -> None:
    """
    Provider, hints, links and services have the evidence that the server has.
    """
    service = Service("caldav", "https://dav.example.org/")

    found = answer(named(IMAP, OWN), Fact(PROVIDER, OWN), Fact(service, OWN), Fact(Note("odd"), OWN))

    assert found.provider is not None
    assert (found.provider.name, found.provider.evidence) == ("Example", OWN)
    assert found.hints == found.provider.hints == (replace(HINT, evidence=OWN),)
    assert found.documentation == (Link("https://example.org/help", evidence=OWN),)
    assert found.other_services == (replace(service, evidence=OWN),)
    assert found.notes == (Note("odd"),)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(OWN, locator="https://example.org/c.xml"), id="document"),
        pytest.param(replace(OWN, authority=Authority.ISPDB), id="authority"),
        pytest.param(replace(OWN, source="pacc"), id="source"),
        pytest.param(replace(OWN, domain="hoster.example"), id="domain"),
    ],
)
def test_facts_of_another_document_are_left_out(other: Evidence) -> None:
    """
    Nothing says that they are about the server that was chosen.
    """
    found = answer(named(IMAP, OWN), Fact(PROVIDER, other), Fact(Link("https://example.org/x"), other))

    assert (found.provider, found.hints, found.documentation) == (None, (), ())


def test_facts_of_an_alternative_are_left_out() -> None:
    """
    The user gets the first server; the words are about it.
    """
    found = answer(named(IMAP, OWN), named("imap://old.example.org:993", ROW), Fact(PROVIDER, ROW))

    assert (len(found.incoming), found.provider) == (2, None)


def test_the_outgoing_server_is_chosen_as_well() -> None:
    """
    A document that names one direction speaks for that one.
    """
    found = answer(named(IMAP, OWN), named(SMTP, SECOND), Fact(PROVIDER, SECOND))

    assert found.hints == (replace(HINT, evidence=SECOND),)


def test_a_server_tried_with_tls_is_still_of_its_document() -> None:
    """
    Where the document says plain, its facts come with the server that was found with TLS.
    """
    found = answer(named("plain+imap://imap.example.org:143", OWN), Fact(PROVIDER, OWN))

    assert [str(choice.endpoint) for choice in found.incoming][:1] == [f"{IMAP} (tls)"]
    assert found.hints == (replace(HINT, evidence=OWN),)


def test_the_records_of_a_domain_are_one_source() -> None:
    """
    Mail servers and calendars have labels of their own.
    """
    mail = Evidence(Authority.SRV, "srv", "_imaps._tcp.example.org SRV", domain="example.org")
    calendar = replace(mail, locator="_caldavs._tcp.example.org SRV")
    choice = answer(named(IMAP, mail)).incoming[0]

    assert from_chosen([Fact("calendar", calendar), Fact("other", OWN)], [choice]) == (Fact("calendar", calendar),)


def test_the_table_comes_before_a_document() -> None:
    """
    Both name the chosen server: the table's name, and the links of both.
    """
    link = Link("https://example.org/own")

    found = answer(
        named(IMAP, OWN), named(IMAP, ROW), Fact(Provider("x", "Own"), OWN), Fact(link, OWN), Fact(PROVIDER, ROW)
    )

    assert found.provider is not None
    assert (found.provider.name, found.provider.evidence) == ("Example", ROW)
    assert [page.evidence for page in found.documentation] == [ROW, OWN]


def test_what_two_sources_say_is_listed_once() -> None:
    """
    In the order of the sources, with the evidence of the better one.
    """
    links = [Link("https://example.org/a"), Link("https://example.org/b")]

    found = answer(
        named(IMAP, OWN),
        named(SMTP, SECOND),
        *(Fact(link, OWN) for link in links),
        *(Fact(link, SECOND) for link in links),
    )

    assert found.documentation == tuple(replace(link, evidence=OWN) for link in links)


@pytest.mark.parametrize(
    ("authority", "speaks"),
    [
        (Authority.OWN_TABLE, True),
        (Authority.TABLE, True),
        (Authority.MX_TABLE, True),
        (Authority.HOSTING, False),
        (Authority.TRACE, False),
        (Authority.DOMAIN, False),
        (Authority.ISPDB, False),
        (Authority.MX_DOCUMENT, False),
    ],
)
def test_without_any_server_the_table_speaks_alone(authority: Authority, speaks: bool) -> None:
    """
    It says why there is none; a document without servers is about nothing.
    """
    found = answer(Fact(PROVIDER, replace(OWN, authority=authority)), seen=())

    assert (found.provider is not None, bool(found.hints)) == (speaks, speaks)


def test_the_table_is_silent_beside_the_servers_of_others() -> None:
    """
    A row without servers, a forwarder's for instance, has nothing to say about a server found by its name.
    """
    found = answer(claim(IMAP), Fact(Provider("relay", "Relay", "forwarder", (HINT,)), ROW))

    assert (found.provider, found.hints) == (None, ())


def test_the_row_of_the_chosen_servers_speaks_whoever_named_them() -> None:
    """
    Beside the name that the domain's document gives: what the provider wants first is true all the same.
    """
    found = answer(
        named("imap://imap.gmail.com:993", OWN),
        named("smtp://smtp.gmail.com:465", OWN),
        Fact(PROVIDER, OWN),
        seen=("imap://imap.gmail.com:993", "smtp://smtp.gmail.com:465"),
    )

    assert found.provider is not None
    assert found.provider.name == "Example"
    assert (found.hints[0].id, "app_password" in [hint.id for hint in found.hints]) == ("enable", True)
    assert [hint.evidence.locator for hint in found.hints[1:2] if hint.evidence] == [
        "providers.yaml: gmail, which names imap.gmail.com"
    ]


def test_a_document_without_a_name_leaves_it_to_the_row() -> None:
    """
    Its hints come first all the same.
    """
    found = answer(
        named("imap://imap.gmail.com:993", OWN),
        Fact(replace(PROVIDER, name=""), OWN),
        seen=("imap://imap.gmail.com:993",),
    )

    assert found.provider is not None
    assert (found.provider.name, found.hints[0].id) == ("Gmail", "enable")


def test_a_row_of_one_of_the_chosen_servers_is_silent() -> None:
    """
    Who sends through a big provider need not have the mailbox there.
    """
    found = answer(named(IMAP, OWN), named("smtp://smtp.gmail.com:465", OWN), seen=(IMAP, "smtp://smtp.gmail.com:465"))

    assert (found.provider, found.hints) == (None, ())


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://dav.example.org/", True),
        ("https://example.org:8443/", True),
        ("sieve://imap.example.org", True),
        ("https://dav.hoster.example/", True),
        ("https://dav.example.com/", False),
        ("https://example.org.evil.example/", False),
        ("https://127.0.0.1/", False),
        ("no URL", False),
    ],
)
def test_services_are_of_the_domain_or_of_a_chosen_servers(url: str, shown: bool) -> None:
    """
    A document that is right about its servers may still be edited by a stranger.
    """
    smtp = "smtp://smtp.hoster.example:465"

    found = answer(named(IMAP, OWN), named(smtp, OWN), Fact(Service("caldav", url), OWN), seen=(IMAP, smtp))

    assert [service.url for service in found.other_services] == [url] * shown


def test_notes_of_others_are_one_line_without_their_text() -> None:
    """
    It says where the document is, and that it has not been used.
    """
    found = answer(named(IMAP, OWN), Fact(Note("one"), SECOND), Fact(Note("two"), SECOND), Fact(Note("odd"), OWN))

    assert found.notes == (Note("odd"), Note("the document at example.org names no server that is used"))
