"""No field of the answer holds text of a source without a chosen server of that source.

Every source of a domain may answer, each with servers of its own, with servers that are gone, or with servers that
others name as well; every field of a document that can hold text holds a marker of its source.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailsettings import Choice, Detection, Policy
from mailsettings.model import Claim
from mailsettings.testing import FakeNetwork, imap, smtp
from tests.support.security.harness import DOMAIN, detect_in, texts

PATH = "/mail/config-v1.1.xml"
HOSTER = "hoster.example"
LISTED = "https://live.thunderbird.net/autoconfig/v1.1/"
PACC = f"https://ua-auto-config.{DOMAIN}/.well-known/user-agent-configuration.json"
# A source, and how the locators of its evidence begin.
LOCATORS = {
    "own": f"https://autoconfig.{DOMAIN}{PATH}",
    "second": f"https://{DOMAIN}/.well-known/autoconfig{PATH}",
    "third": f"https://{DOMAIN}/.well-known/mail-v1.xml",
    "txt": f"https://conf.{DOMAIN}/c.xml",
    "pacc": PACC,
    "exchange": f"https://autodiscover.{DOMAIN}/",
    "listed": f"{LISTED}{DOMAIN}",
    "mx": f"https://autoconfig.{HOSTER}{PATH}",
    "mxlisted": f"{LISTED}{HOSTER}",
    "http": f"http://autoconfig.{DOMAIN}{PATH}",
    "dns": "_",
}
DOCUMENTS = ("own", "second", "third", "txt", "listed", "mx", "mxlisted", "http")
# What a source says of its servers.
LIVE, GONE, SHARED, NONE = "live", "gone", "shared", "none"
MARKER = re.compile(rf"mk({'|'.join(LOCATORS)})x")

World = dict[str, str]  # source -> LIVE, GONE, SHARED or NONE; sources that do not answer are left out


def domain_of(source: str, servers: str) -> str:
    """Return the domain of the servers that *source* names: its own, that of no server, or the one that many name."""
    return DOMAIN if servers == SHARED else f"{servers}-{source}.{DOMAIN}"


def section(tag: str, kind: str, host: str, port: int, mark: str) -> str:
    """Return a server with a marker in each field that is quoted, shown or filled in."""
    return (
        f'<{tag} type="{kind}"><hostname>{host}</hostname><port>{port}</port><socketType>SSL</socketType>'
        f"<socketType>{mark}</socketType><restriction>{mark}</restriction>"
        f"<username>%EMAILADDRESS%</username><username>{mark}</username>"
        f"<authentication>password-cleartext</authentication><authentication>{mark}</authentication></{tag}>"
    )


def clientconfig(source: str, servers: str, near: str) -> str:
    """Return an autoconfig document full of markers, with its links in the domain *near*."""
    mark = f"mk{source}x"
    domain = domain_of(source, servers)
    page = f"https://{mark}.{near}/{mark}"
    named = section("incomingServer", "imap", f"imap.{domain}", 993, mark) + section(
        "outgoingServer", "smtp", f"smtp.{domain}", 465, mark
    )
    return (
        f'<clientConfig version="1.1"><emailProvider id="{mark}"><domain>{mark}.{near}</domain>'
        f"<displayName>{mark}</displayName><displayShortName>{mark}</displayShortName>"
        f"{named if servers != NONE else ''}"
        f'<incomingServer type="{mark}"><hostname>{mark}</hostname></incomingServer>'
        f'<enable visiturl="{page}"><instruction>{mark}</instruction></enable>'
        f'<enable visiturl="javascript:{mark}"><instruction lang="en">{mark}</instruction></enable>'
        f'<instruction url="{page}"><descr>{mark}</descr></instruction>'
        f'<documentation url="{page}"><descr lang="{mark}">{mark}</descr></documentation></emailProvider>'
        f'<webMail><loginPage url="{page}"/></webMail><oAuth2><issuer>{mark}.{near}</issuer></oAuth2>'
        f'<calendar type="caldav"><url>{page}</url></calendar>'
        f'<addressBook type="{mark}"><url>{page}</url></addressBook>'
        f'<chatServer type="xmpp"><hostname>{mark}.{near}</hostname><port>{mark}</port></chatServer>'
        f'<setupServer type="managesieve"><hostname>{mark}.{near}</hostname></setupServer></clientConfig>'
    )


def pacc(servers: str) -> bytes:
    mark, domain = "mkpaccx", domain_of("pacc", servers)
    page = f"https://{mark}.{DOMAIN}/{mark}"
    protocols: dict[str, object] = {"caldav": {"url": page}, "managesieve": {"host": f"{mark}.{DOMAIN}"}}
    if servers != NONE:
        protocols |= {"imap": {"host": f"imap.{domain}"}, "smtp": {"host": f"smtp.{domain}"}}
    info = {"provider": {"name": mark, "shortName": mark}, "help": {"documentation": page}}
    oauth = {"issuer": f"https://{mark}.{DOMAIN}:444/"}  # is noted, because of the port
    return json.dumps({"protocols": protocols, "info": info, "authentication": {"oauth-public": oauth}}).encode()


def autodiscover(servers: str) -> str:
    mark, domain = "mkexchangex", domain_of("exchange", servers)
    named = (
        f"<Protocol><Type>IMAP</Type><Server>imap.{domain}</Server><Port>993</Port><SSL>{mark}</SSL>"
        f"<LoginName>{mark}</LoginName></Protocol>"
        f"<Protocol><Type>SMTP</Type><Server>smtp.{domain}</Server><Port>465</Port><SSL>on</SSL></Protocol>"
    )
    return (
        f"<Autodiscover><Response><User><DisplayName>{mark}</DisplayName></User><Account><AccountType>email</AccountType>"
        f"<Action>settings</Action>{named if servers != NONE else ''}"
        f"<Protocol><Type>EXHTTP</Type><EwsUrl>https://{mark}.{DOMAIN}/{mark}</EwsUrl></Protocol>"
        f"<Protocol><Type>{mark}</Type></Protocol></Account></Response></Autodiscover>"
    )


def build(net: FakeNetwork, world: World, *, alive: bool) -> None:
    """Let every source in *world* answer; *alive*: the domain has servers under their usual names."""
    for domain in (*[DOMAIN] * alive, *(domain_of(source, LIVE) for source in world)):
        net.host(f"imap.{domain}").serve(imap())
        net.host(f"smtp.{domain}").serve(smtp())
    if {"mx", "mxlisted"} & world.keys():
        net.records(DOMAIN, MX=f"10 mx.{HOSTER}")
    if "txt" in world:
        net.records(DOMAIN, TXT=f"mailconf={LOCATORS['txt']}")
    for source in world.keys() & set(DOCUMENTS):
        near = HOSTER if source.startswith("mx") else DOMAIN
        net.page(LOCATORS[source], clientconfig(source, world[source], near))
    if "pacc" in world:
        body = pacc(world["pacc"])
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        net.records(f"_ua-auto-config.{DOMAIN}", TXT=f"v=UAAC1; a=sha256; d={digest}")
        net.page(PACC, body, content_type="application/json")
    if "exchange" in world:
        url = f"https://autodiscover.{DOMAIN}/autodiscover/autodiscover.xml"
        net.page(url, autodiscover(world["exchange"]), method="POST")
    if "dns" in world:
        records(net, world["dns"])


def records(net: FakeNetwork, servers: str) -> None:
    domain = domain_of("dns", servers)
    if servers != NONE:
        net.records(f"_imaps._tcp.{DOMAIN}", SRV=f"0 1 993 imap.{domain}")
        net.records(f"_submissions._tcp.{DOMAIN}", SRV=f"0 1 465 smtp.{domain}")
    net.records(f"_pop3s._tcp.{DOMAIN}", SRV="0 1 995 mkdnsx.localhost")
    net.records(f"_carddavs._tcp.{DOMAIN}", SRV="0 1 443 mkdnsx.localhost")
    net.records(f"_caldavs._tcp.{DOMAIN}", SRV=f"0 1 443 mkdnsx.{DOMAIN}")
    net.records(f"_sieve._tcp.{DOMAIN}", SRV=f"0 1 4190 mkdnsx.{DOMAIN}")


def sources_of(claims: tuple[Claim, ...]) -> set[str]:
    """Return the sources that *claims* are from."""
    return {
        source
        for source, locator in LOCATORS.items()
        for claim in claims
        if claim.evidence.locator.startswith(locator)
        if not (source == "own" and claim.evidence.source != "autoconfig")
    }


def markers(value: object) -> set[str]:
    """Return the sources whose text is inside *value*."""
    return {found for text in texts(value) for found in MARKER.findall(text)}


def chosen_in(detection: Detection) -> set[str]:
    best = (*detection.incoming[:1], *detection.outgoing[:1])
    return {source for choice in best for source in sources_of(choice.claims)}


def misplaced(detection: Detection) -> Iterator[str]:
    """Yield whose text is in the answer without a server of theirs."""
    beside = replace(detection, incoming=(), outgoing=())
    yield from (f"{source} beside the servers" for source in markers(beside) - chosen_in(detection))
    for choice in (*detection.incoming, *detection.outgoing):
        yield from (f"{source} at {choice.endpoint}" for source in markers(choice) - sources_of(choice.claims))


ANSWERS = st.sampled_from((LIVE, GONE, SHARED, NONE))
WORLDS = st.dictionaries(st.sampled_from(tuple(LOCATORS)), ANSWERS)


def detected(world: World, *signed: str, alive: bool = True) -> Detection:
    def prepare(net: FakeNetwork) -> None:
        build(net, world, alive=alive)
        net.signed(*signed)

    return detect_in(prepare, policy=Policy()).detection


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(WORLDS, st.sets(st.sampled_from((DOMAIN, HOSTER))), st.booleans())
def test_no_text_is_shown_without_a_chosen_server_of_its_source(world: World, signed: set[str], alive: bool) -> None:
    """
    Whichever sources answer, and whatever servers they name.
    """
    assert list(misplaced(detected(world, *signed, alive=alive))) == []


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(WORLDS)
def test_what_may_be_forged_brings_no_text_at_all(world: World) -> None:
    """
    Nobody has signed the MX and TXT records, nor the plaintext document; their servers may be chosen all the same.
    """
    assert markers(detected(world)) & {"mx", "mxlisted", "http"} == set()


@pytest.mark.parametrize("servers", [LIVE, SHARED])
@pytest.mark.parametrize("source", ["own", "second", "third", "listed", "pacc", "exchange", "dns"])
def test_the_text_of_a_chosen_source_is_shown(source: str, servers: str) -> None:
    """
    Control: the only source that answers is the one that speaks.
    """
    detection = detected({source: servers})

    assert (chosen_in(detection), markers(replace(detection, incoming=(), outgoing=()))) == ({source}, {source})


@pytest.mark.parametrize("source", ["mx", "mxlisted"])
def test_the_text_of_a_signed_exchangers_document_is_shown(source: str) -> None:
    """
    Control: DNSSEC says who receives the domain's mail, and https that the document is his.
    """
    detection = detected({source: LIVE}, DOMAIN)

    assert markers(replace(detection, incoming=(), outgoing=())) == {source}


@pytest.mark.parametrize("servers", [GONE, NONE])
@pytest.mark.parametrize("source", LOCATORS)
def test_the_text_of_a_source_without_servers_is_not_shown(source: str, servers: str) -> None:
    """
    The domain's own servers are found by their names, and nothing stands beside them.
    """
    detection = detected({source: servers})

    assert detection.verified
    assert markers(replace(detection, incoming=(), outgoing=())) == set()


def test_each_marker_can_be_found() -> None:
    """
    A marker is found wherever it may stand in the answer, also inside another word.
    """
    choice = detected({"own": LIVE}).incoming[0]
    moved = replace(choice, usernames=("a-mkhttpx.b",))

    assert markers(moved) == {"own", "http"}
    assert isinstance(moved, Choice)
