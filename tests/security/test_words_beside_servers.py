"""Words beside servers: what a forged record or a careless document makes the answer say above the password field."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import pytest

from mailsettings import Detection, Policy
from mailsettings.cli.card import card
from mailsettings.cli.terminal import pen
from mailsettings.formats import clientconfig_writer
from mailsettings.model import Authority
from mailsettings.schema import to_dict
from mailsettings.testing import FakeNetwork, imap, run_virtual, smtp
from mailsettings.web.page.answer import answer_html
from tests.support.security.harness import DOMAIN, detect_in
from tests.support.web_service import Visitor, service

PATH = "/mail/config-v1.1.xml"
EVIL = "evil.example"
OWN = f"https://autoconfig.{DOMAIN}{PATH}"
LISTED = "https://live.thunderbird.net/autoconfig/v1.1/"
MARK = "unlock-now"  # in every word that an attacker puts beside servers

Build = Callable[[FakeNetwork, str], None]


def section(tag: str, kind: str, host: str, port: int, username: str = "%EMAILADDRESS%") -> str:
    return (
        f'<{tag} type="{kind}"><hostname>{host}</hostname><port>{port}</port><socketType>SSL</socketType>'
        f"<username>{username}</username><authentication>password-cleartext</authentication></{tag}>"
    )


def servers(domain: str, username: str = "%EMAILADDRESS%") -> str:
    return section("incomingServer", "imap", f"imap.{domain}", 993, username) + section(
        "outgoingServer", "smtp", f"smtp.{domain}", 465, username
    )


def config(inside: str, beside: str = "") -> str:
    return (
        f'<clientConfig version="1.1"><emailProvider id="x"><domain>{DOMAIN}</domain>{inside}</emailProvider>'
        f"{beside}</clientConfig>"
    )


def words(near: str, mark: str = MARK) -> str:
    """Return everything that a document may say beside servers, with links to hosts of *near*."""
    page = f"https://login.{near}/{mark}"
    return (
        f"<displayName>Security {mark}</displayName><displayShortName>{mark}</displayShortName>"
        f'<enable visiturl="{page}"><instruction>Your mailbox is locked: {mark}.</instruction></enable>'
        f'<instruction url="{page}"><descr>Enter your password at {mark}.</descr></instruction>'
        f'<documentation url="{page}"><descr lang="en">Help {mark}</descr></documentation>'
    )


def services(near: str, mark: str = MARK) -> str:
    page = f"https://login.{near}/{mark}"
    return (
        f'<webMail><loginPage url="{page}"/></webMail><calendar type="caldav"><url>{page}</url></calendar>'
        f'<addressBook type="{mark}"><url>{page}</url></addressBook><oAuth2><issuer>{mark}.{near}</issuer></oAuth2>'
    )


def oddities(mark: str = MARK) -> str:
    """Return a section that is noted, with a quotation."""
    return f'<incomingServer type="{mark}"><hostname>imap.{EVIL}</hostname></incomingServer>'


def by_mx(net: FakeNetwork, document: str) -> None:
    net.records(DOMAIN, MX=f"10 mx.{EVIL}")
    net.page(f"https://autoconfig.{EVIL}{PATH}", document)


def by_mx_in_the_collection(net: FakeNetwork, document: str) -> None:
    net.records(DOMAIN, MX=f"10 mx.{EVIL}")
    net.page(f"{LISTED}{EVIL}", document)


def over_http(net: FakeNetwork, document: str) -> None:
    net.page(f"http://autoconfig.{DOMAIN}{PATH}", document)


def by_redirect_over_http(net: FakeNetwork, document: str) -> None:
    net.redirect(f"http://autoconfig.{DOMAIN}{PATH}", f"https://{EVIL}/{MARK}.xml")
    net.page(f"https://{EVIL}/{MARK}.xml", document)


def by_txt(net: FakeNetwork, document: str) -> None:
    net.records(DOMAIN, TXT=f"mailconf=https://{EVIL}/c.xml")
    net.page(f"https://{EVIL}/c.xml", document)


FORGED = (by_mx, by_mx_in_the_collection, over_http, by_redirect_over_http, by_txt)


def own_servers(net: FakeNetwork) -> None:
    net.host(f"imap.{DOMAIN}").serve(imap())
    net.host(f"smtp.{DOMAIN}").serve(smtp())


def told(detection: Detection) -> str:
    """Return all that people and programs are told: JSON, card, page, and what is published."""
    document = clientconfig_writer.write(clientconfig_writer.config_of(detection))
    page = unescape(answer_html(detection, password=True))
    return "\n".join(
        (detection.to_json(), card(to_dict(detection), pen(colours=False), everything=True), page, document)
    )


def detection_in(build: Callable[[FakeNetwork], object]) -> Detection:
    return detect_in(build, policy=Policy()).detection


@pytest.mark.parametrize("forge", FORGED, ids=lambda forge: forge.__name__)
@pytest.mark.parametrize(
    "named",
    [
        pytest.param("", id="names-no-server"),
        pytest.param(servers(f"gone.{EVIL}"), id="names-servers-that-are-gone"),
        pytest.param(servers(DOMAIN), id="names-the-victims-own-servers"),
        pytest.param(servers(DOMAIN, f"call-{MARK}"), id="names-a-user-name-of-words"),
        pytest.param(servers(EVIL), id="names-servers-of-its-own"),
    ],
)
def test_a_forged_statement_brings_no_words(forge: Build, named: str) -> None:
    """
    F3: whatever servers it names, no hint, link, name, service or quotation of it stands beside those of the answer.
    """

    def build(net: FakeNetwork) -> None:
        own_servers(net)
        net.host(f"imap.{EVIL}").serve(imap())
        net.host(f"smtp.{EVIL}").serve(smtp())
        forge(net, config(named + words(EVIL) + oddities(), services(EVIL)))

    detection = detection_in(build)

    assert detection.verified
    # The URL of a document is where it was found, not what it says.
    assert MARK not in told(detection).replace(f"https://{EVIL}/{MARK}.xml", "")


def test_a_forged_statement_publishes_nothing() -> None:
    """
    F3, 27h: the service's own autoconfig is for all users of the domain.
    """

    async def published(net: FakeNetwork) -> tuple[int, str]:
        async with service(net, autoconfig=True) as app:
            response = await Visitor(app).get(PATH, params={"emailaddress": f"ada@{DOMAIN}"})
            return response.status_code, response.text

    net = FakeNetwork()
    own_servers(net)
    by_mx(net, config(servers(f"gone.{EVIL}") + words(EVIL), services(EVIL)))
    (status, text), _ = run_virtual(published, net)

    assert (status, f"imap.{DOMAIN}" in text, MARK in text, EVIL in text) == (200, True, False, False)


@pytest.mark.parametrize("forge", FORGED, ids=lambda forge: forge.__name__)
def test_user_names_of_placeholders_are_kept(forge: Build) -> None:
    """
    Control: which part of the address is the user name is no word, and some servers take only the one.
    """

    def build(net: FakeNetwork) -> None:
        own_servers(net)
        forge(net, config(servers(DOMAIN, "%EMAILLOCALPART%.%EMAILDOMAIN%")))

    assert detection_in(build).incoming[0].username == f"ada.{DOMAIN}"


def own_document(inside: str, beside: str = "") -> Callable[[FakeNetwork], None]:
    def build(net: FakeNetwork) -> None:
        own_servers(net)
        net.page(OWN, config(inside, beside))

    return build


def test_the_domains_own_document_is_shown() -> None:
    """
    Control: its name, hint, page and services come over https, with servers that are chosen, and say whose they are.
    """
    detection = detection_in(
        own_document(servers(DOMAIN) + words(DOMAIN, "hello") + oddities("novel"), services(DOMAIN, "hello"))
    )

    page = f"https://login.{DOMAIN}/hello"
    assert detection.provider is not None
    assert detection.provider.name == "Security hello"
    assert [(hint.text, hint.url) for hint in detection.hints] == [
        ("Your mailbox is locked: hello.", page),
        ("Enter your password at hello.", page),
    ]
    assert [(link.url, link.text) for link in detection.documentation] == [(page, "Help hello")]
    assert [(each.kind, each.url) for each in detection.other_services] == [("caldav", page), ("webmail", page)]
    assert any("'novel'" in str(note) for note in detection.notes)
    hints, links, offered = detection.hints, detection.documentation, detection.other_services
    evidence = [
        detection.provider.evidence,
        *(hint.evidence for hint in hints),
        *(link.evidence for link in links),
        *(each.evidence for each in offered),
    ]
    assert {(each.authority, each.locator) if each else None for each in evidence} == {(Authority.DOMAIN, OWN)}
    assert f"So says {DOMAIN} itself." in answer_html(detection, password=True)


def test_words_without_a_chosen_server_are_not_shown() -> None:
    """
    Also those of the domain itself: nothing says that they are about the servers of the answer.
    """
    detection = detection_in(own_document(servers(f"gone.{DOMAIN}") + words(DOMAIN) + oddities(), services(DOMAIN)))

    assert detection.incoming[0].endpoint.host == f"imap.{DOMAIN}"
    assert MARK not in told(detection)
    assert f"the document at autoconfig.{DOMAIN} names no server that is used" in map(str, detection.notes)


@pytest.mark.parametrize(
    "near",
    [
        pytest.param(EVIL, id="another-domain"),
        pytest.param(f"{DOMAIN}.{EVIL}", id="the-domain-in-front"),
        pytest.param(f"not-{DOMAIN}", id="without-a-dot"),
        pytest.param("xn--vctim-o5a.example", id="look-alike"),
        pytest.param("victim-example.github.io", id="public-suffix"),
        pytest.param("example", id="top-level"),
    ],
)
def test_links_stay_in_the_documents_own_domain(near: str) -> None:
    """
    The domain's document may be right about its servers and still be edited by a stranger: no link leads to his.
    """
    detection = detection_in(own_document(servers(DOMAIN) + words(near, "hello"), services(near)))

    assert [hint.text for hint in detection.hints] != []
    assert [hint.url for hint in detection.hints] == ["", ""]
    assert (detection.documentation, detection.other_services) == ((), ())
    assert f"login.{near}" not in told(detection)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ms-word:ofe|u|https://victim.example/x",
        "mailto:ada@victim.example",
        "ftp://victim.example/",
        "//victim.example/x",
        "https://victim.example@evil.example/",
        "https://victim.example:0/",
    ],
)
def test_links_are_web_addresses(url: str) -> None:
    """
    27f: no other scheme, and no URL that hides where it leads.
    """
    inside = (
        f'<enable visiturl="{url}"><instruction>Switch it on.</instruction></enable>'
        f'<documentation url="{url}"><descr>Help</descr></documentation>'
    )
    beside = f'<webMail><loginPage url="{url}"/></webMail><calendar type="caldav"><url>{url}</url></calendar>'

    detection = detection_in(own_document(servers(DOMAIN) + inside, beside))

    assert [(hint.text, hint.url) for hint in detection.hints] == [("Switch it on.", "")]
    assert (detection.documentation, detection.other_services) == ((), ())


@pytest.mark.parametrize("kind", ["ms-word:ofe|u|https", "file", "javascript", "vnc", "tel", MARK])
def test_services_are_of_known_kinds(kind: str) -> None:
    """
    27f: the kind becomes the scheme of a URL that programs open.
    """
    beside = "".join(
        f'<{tag} type="{kind}"><hostname>x.{DOMAIN}</hostname></{tag}>'
        for tag in ("calendar", "fileShare", "chatServer")
    )

    assert detection_in(own_document(servers(DOMAIN), beside)).other_services == ()


def listed(inside: str, beside: str = "") -> Callable[[FakeNetwork], None]:
    def build(net: FakeNetwork) -> None:
        own_servers(net)
        net.page(f"{LISTED}{DOMAIN}", config(inside, beside))

    return build


def test_the_public_collection_speaks_for_the_servers_it_names() -> None:
    """
    Control: its document for the domain may link into the domain of its servers.
    """
    detection = detection_in(listed(servers(DOMAIN) + words(DOMAIN, "hello"), services(DOMAIN, "hello")))

    assert [hint.url for hint in detection.hints] == [f"https://login.{DOMAIN}/hello"] * 2
    assert {each.kind for each in detection.other_services} == {"caldav", "webmail"}


@pytest.mark.parametrize("near", ["thunderbird.net", EVIL])
def test_the_public_collection_links_nowhere_else(near: str) -> None:
    """
    It holds documents about other domains than its own: its own name vouches for no link.
    """
    detection = detection_in(listed(servers(DOMAIN) + words(near, "hello"), services(near)))

    assert [hint.url for hint in detection.hints] == ["", ""]
    assert f"login.{near}" not in told(detection)


def test_the_public_collection_is_silent_about_servers_of_others() -> None:
    """
    Where the domain's own document is chosen, the collection's words are about other servers.
    """

    def build(net: FakeNetwork) -> None:
        listed(servers(f"old.{DOMAIN}") + words(DOMAIN), services(DOMAIN))(net)
        net.page(OWN, config(servers(DOMAIN)))

    assert MARK not in told(detection_in(build))


def with_calendar(target: str, *, mail: str) -> Callable[[FakeNetwork], None]:
    """Build a domain whose SRV records name mail servers in the domain *mail*, and a calendar at *target*."""

    def build(net: FakeNetwork) -> None:
        own_servers(net)
        net.host("imap.hoster.example").serve(imap())
        net.host("smtp.hoster.example").serve(smtp())
        if mail:
            net.records(f"_imaps._tcp.{DOMAIN}", SRV=f"0 1 993 imap.{mail}")
            net.records(f"_submissions._tcp.{DOMAIN}", SRV=f"0 1 465 smtp.{mail}")
        net.records(f"_caldavs._tcp.{DOMAIN}", SRV=f"0 1 443 {target}")

    return build


@pytest.mark.parametrize(
    ("target", "mail", "shown"),
    [
        pytest.param(f"dav.{DOMAIN}", DOMAIN, True, id="in-the-domain"),
        pytest.param("dav.hoster.example", "hoster.example", True, id="at-the-chosen-servers-hoster"),
        pytest.param(f"dav.{EVIL}", DOMAIN, False, id="elsewhere"),
        pytest.param(f"dav.{EVIL}", "hoster.example", False, id="elsewhere-beside-a-hoster"),
        pytest.param(f"dav.{DOMAIN}", "", False, id="no-record-names-a-chosen-server"),
        pytest.param(f"dav.{DOMAIN}", f"gone.{DOMAIN}", False, id="the-records-servers-are-gone"),
    ],
)
def test_a_calendar_in_dns_needs_a_server_in_dns(target: str, mail: str, shown: bool) -> None:
    """
    The records of a domain are one statement; a forged one that leads elsewhere is no part of it.
    """
    detection = detection_in(with_calendar(target, mail=mail))

    expected = [f"https://{target}/.well-known/caldav"] if shown else []
    assert [each.url for each in detection.other_services] == expected


@pytest.mark.parametrize("by", ["_imaps", "document"])
def test_the_table_speaks_of_servers_it_names_whoever_leads_there(by: str) -> None:
    """
    Control: what a big provider wants first is true for its servers, also if the domain's own records name them.
    """

    def build(net: FakeNetwork) -> None:
        net.host("imap.gmail.com").serve(imap())
        net.host("smtp.gmail.com").serve(smtp())
        if by == "document":
            net.page(OWN, config(servers("gmail.com")))
        else:
            net.records(f"_imaps._tcp.{DOMAIN}", SRV="0 1 993 imap.gmail.com")
            net.records(f"_submissions._tcp.{DOMAIN}", SRV="0 1 465 smtp.gmail.com")

    detection = detection_in(build)

    assert detection.provider is not None
    assert (detection.provider.id, "app_password" in [hint.id for hint in detection.hints]) == ("gmail", True)
    assert {hint.evidence.source for hint in detection.hints if hint.evidence} == {"table"}


def test_the_table_speaks_alone_where_nothing_is_to_be_chosen() -> None:
    """
    Control: a row without servers says why there are none.
    """
    detection = detect_in(lambda net: net.records("tuta.com", MX="10 tuta.de"), policy=Policy(), address="ada@tuta.com")

    assert detection.choices == ()
    assert detection.detection.provider is not None
    assert (detection.detection.provider.id, bool(detection.detection.hints)) == ("tuta", True)


def test_the_table_is_silent_beside_servers_of_others() -> None:
    """
    A forged MX record that leads to a row of the table brings its servers; gone, they bring no words.
    """

    def build(net: FakeNetwork) -> None:
        own_servers(net)
        net.page(OWN, config(servers(DOMAIN)))
        net.records(DOMAIN, MX="10 aspmx.l.google.com")

    detection = detection_in(build)

    assert [choice.endpoint.host for choice in detection.incoming][:1] == [f"imap.{DOMAIN}"]
    assert (detection.provider, detection.hints) == (None, ())
