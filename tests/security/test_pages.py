"""Hostile web servers and documents, found by detect()."""

from __future__ import annotations

import pytest

from mailsettings import FailureKind, Policy, Trust
from mailsettings.policy import Timeouts
from mailsettings.testing import FakeNetwork, Request, imap
from tests.support.security.harness import ADA, DOMAIN, LATE, AttackResult, detect_in, texts
from tests.support.security.raw_http import RAW
from tests.support.security.web_pages import BODIES, REDIRECTS, URL, Page, document, server

PAGES = (*REDIRECTS, *BODIES, *RAW)
QUIET = Policy(timeouts=Timeouts(first_response_timeout=10.0), guess=False)


@pytest.mark.parametrize("page", PAGES, ids=[f"{page.threat}-{page.name}" for page in PAGES])
def test_a_hostile_page_is_a_failure_of_its_own_kind(page: Page) -> None:
    """The right verdict, in time, few requests, and no server out of nothing."""
    result = detect_in(page.build, policy=QUIET)

    assert {failure.kind for failure in result.failures(URL)} <= set(page.kinds)
    assert {failure.kind for failure in result.detection.failures if failure.place == URL}
    assert result.choices == ()
    assert result.seconds <= page.seconds + LATE
    requests = [each for each in result.net.requests if "autoconfig" in each and "emailaddress" not in each]
    assert len(requests) <= page.requests


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_a_hostile_page_takes_nothing_from_a_good_server(page: Page) -> None:
    """T51: beside each of them the domain's own server is found."""

    def build(net: FakeNetwork) -> None:
        page.build(net)
        net.host(f"imap.{DOMAIN}").serve(imap())

    assert detect_in(build, policy=Policy()).verified == (f"imap.{DOMAIN}:993",)


def published(text: str, policy: Policy = QUIET) -> AttackResult:
    """Meet a domain that publishes the document *text*; its imap. host is a good server."""

    def build(net: FakeNetwork) -> None:
        net.page(URL, text)
        net.host(f"imap.{DOMAIN}").serve(imap(), imap(143))

    return detect_in(build, policy=policy)


@pytest.mark.parametrize(
    "section",
    [
        pytest.param(server("127.0.0.1"), id="T10-loopback"),
        pytest.param(server("169.254.169.254"), id="T10-metadata"),
        pytest.param(server("[::1]"), id="T11-ipv6"),
        pytest.param(server("2130706433"), id="T12-number"),
        pytest.param(server("127。0。0。1"), id="T12-ideographic-dots"),
        pytest.param(server("①②⑦.0.0.1"), id="T12-circled-digits"),
        pytest.param(server("localhost"), id="T12-localhost"),
        pytest.param(server("imap"), id="T12-single-word"),
        pytest.param(server("imap.local"), id="T12-local"),
        pytest.param(server("%EMAILLOCALPART%.evil.example"), id="T20-local-part-in-a-host"),
        pytest.param(server("imap.evil.example&#13;&#10;X"), id="T35-crlf-in-a-host"),
        pytest.param(server("imap.evil.example/path"), id="T29b-path-in-a-host"),
        pytest.param(server("imap.evil.example:22"), id="T29b-port-in-a-host"),
        pytest.param(server("user@imap.evil.example"), id="T29b-user-in-a-host"),
        pytest.param(server("a" * 300 + ".example"), id="T29b-long-host"),
        pytest.param(server(port=0), id="T35-port-0"),
        pytest.param(server(port=65536), id="T35-port-65536"),
        pytest.param(server(port=-1), id="T35-port-minus-1"),
        pytest.param(server(port="99999999999999999999"), id="T35-long-port"),
        pytest.param(server(port="0x3e1"), id="T35-port-in-hex"),
        pytest.param(server(port="٩٩٣"), id="T35-port-in-arabic-digits"),
        pytest.param(server(username="x&#13;&#10;RCPT TO:&lt;a@b&gt;"), id="T35-crlf-in-a-user-name"),
        pytest.param(server(username="x&#9;y"), id="T35-tab-in-a-user-name"),
        pytest.param(server(username="x&#x202e;y"), id="T45-bidi-in-a-user-name"),
        pytest.param(server(username="%PASSWORD%"), id="T35-unknown-placeholder"),
        pytest.param(server(username="u" * 300), id="T35-long-user-name"),
        pytest.param(server(port=22), id="T9-port-22"),
        pytest.param(server(port=6667), id="T9-port-6667"),
    ],
)
def test_a_section_that_cannot_be_meant_is_dropped(section: str) -> None:
    """The section goes, and with it every connection to it; the good one behind it stays."""
    result = published(document(section, server()))

    assert result.verified == (f"imap.{DOMAIN}:993",)
    assert {connection.rpartition(":")[2] for connection in result.net.connections} <= {"443", "993", "80"}


@pytest.mark.parametrize(
    "socket", ["plain", "PLAIN", "none", "tls1.0", "", "%server/imap/socket%", "&#0;", "SSL/PLAIN"]
)
@pytest.mark.parametrize("port", [993, 143])
def test_no_security_value_leads_to_plaintext(socket: str, port: int) -> None:
    """T6, T7: whatever a document says of TLS, what is verified has it and what has it not is not verified."""
    result = published(document(server(port=port, socket=socket)))

    assert all(choice.endpoint.security != "plain" for choice in result.choices if choice.verified)
    assert all(
        line.partition(" < ")[2].split()[-1] in ("CAPABILITY", "STARTTLS", "LOGOUT") for line in result.net.lines
    )


def test_the_secure_server_wins_over_an_insecure_document() -> None:
    """T5: a document over http says 143 without TLS, the domain's own over https says 993: drop either, 993 it is."""
    plaintext_url = "http" + URL.removeprefix("https")

    def build(net: FakeNetwork) -> None:
        net.page(plaintext_url, document(server(port=143, socket="plain")))
        net.host(f"imap.{DOMAIN}").serve(imap(), imap(143))

    assert detect_in(build, policy=QUIET).verified[0] == f"imap.{DOMAIN}:993"


def test_a_document_over_http_vouches_for_no_server() -> None:
    """T3: whoever is on the way could have written it, so its foreign server needs the user's word."""

    def build(net: FakeNetwork) -> None:
        net.page("http" + URL.removeprefix("https"), document(server("imap.evil.example")))
        net.host(f"autoconfig.{DOMAIN}").refuse(443)
        net.host("imap.evil.example").serve(imap())

    result = detect_in(build, policy=QUIET)

    assert [choice.trust for choice in result.detection.incoming] == [Trust.CONFIRM]


def test_http_can_be_forbidden() -> None:
    """T3: then nothing is asked over http."""
    result = detect_in(
        lambda net: net.page("http" + URL.removeprefix("https"), document(server())), policy=Policy(allow_http=False)
    )

    assert not [request for request in result.net.requests if "http://" in request]


def test_a_foreign_server_in_a_good_document_must_be_confirmed() -> None:
    """T18: the document is the domain's own, the server is not."""

    def build(net: FakeNetwork) -> None:
        net.page(URL, document(server("imap.evil.example")))
        net.host("imap.evil.example").serve(imap())

    assert detect_in(build, policy=QUIET).detection.confirm == ("imap.evil.example",)


def test_addresses_of_oauth_come_from_no_document() -> None:
    """T19: a document that defines where tokens are asked for is a phishing page; its URLs are not in the answer."""
    evil = (
        "<oAuth2><issuer>login.evil.example</issuer><scope>https://mail.google.com/</scope>"
        "<authURL>https://auth.evil.example/a</authURL><tokenURL>https://token.evil.example/t</tokenURL></oAuth2>"
    )
    result = published(document(server(), more=evil).replace("</clientConfig>", f"{evil}</clientConfig>"))

    assert not [text for text in texts(result.detection) if "auth.evil" in text or "token.evil" in text]
    assert result.detection.provider is None or result.detection.provider.oauth is None
    assert not [question for question in result.net.questions if "evil" in question]


LINK = (
    '<documentation url="{}"><descr>help</descr></documentation>'
    '<enable visiturl="{}"><instruction>x</instruction></enable>'
)


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "https://127.0.0.1/", "https://localhost/x",
     "https://bank.example@evil.example/", "https://evil.example/&#x202e;moc.knab", "vbscript:x", "//evil.example/x"],
)  # fmt: skip
def test_links_of_documents_are_shown_only_if_they_show_where_they_lead(url: str) -> None:
    """T32, T45: no scheme that runs something, no host in disguise, no marks that turn text around."""
    result = published(document(server(), more=LINK.format(url, url)))

    assert result.verified == (f"imap.{DOMAIN}:993",)
    assert not any(link.url for link in result.detection.documentation)
    assert not any(hint.url for hint in result.detection.hints)


def test_names_of_documents_are_one_clean_line() -> None:
    """T45: a provider's name, hint and description with escapes, line feeds and bidi marks inside."""
    words = "Evil&#x202e;&#10;Bank&#x200b;&#x7f;&#x9b;31m"
    more = f"<displayName>{words}</displayName>" + LINK.format(
        "https://evil.example/", "https://evil.example/"
    ).replace("help", words)
    result = published(document(server(), more=more))

    assert result.detection.provider is not None
    assert result.detection.provider.name == "Evil Bank 31m"


@pytest.mark.parametrize("policy", [QUIET, Policy.service()], ids=["personal", "service"])
def test_the_address_is_told_only_where_it_belongs(policy: Policy) -> None:
    """T20: https hosts inside the domain, and with the service profile nobody."""

    def build(net: FakeNetwork) -> None:
        net.zone(f"{DOMAIN} MX 10 mx.hoster.example")
        net.page(URL, "no", status=400)
        net.page("https://autoconfig.hoster.example/mail/config-v1.1.xml", "no", status=400)
        net.redirect(f"https://{DOMAIN}/autodiscover/autodiscover.xml", "https://evil.example/x")
        net.page("https://evil.example/x", "no")

    disclosed = [
        each.url
        for each in detect_in(build, policy=policy).net.asked
        if isinstance(each, Request) and ("ada" in each.url or b"ada" in each.body)
    ]

    assert all(url.startswith("https://") and url.split("/")[2].endswith(DOMAIN) for url in disclosed)
    assert bool(disclosed) is policy.send_address


SESSION = '{"capabilities": {"urn:ietf:params:jmap:core": {}}}'


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param("<html>welcome", FailureKind.NO_DOCUMENT, id="web-page"),
        pytest.param(SESSION, FailureKind.NOT_OFFERED, id="without-mail"),
    ],
)
def test_a_web_page_is_no_jmap_server(body: str, kind: FailureKind) -> None:
    """T15: whoever answers 200 to everything was taken for a verified JMAP server."""

    def build(net: FakeNetwork) -> None:
        net.page(URL, document('<incomingServer type="jmap"><url>https://web.victim.example/</url></incomingServer>'))
        net.page(f"https://web.{DOMAIN}/.well-known/jmap", body)

    result = detect_in(build, policy=QUIET)

    assert result.verified == ()
    assert [failure.kind for failure in result.failures("jmap://")] == [kind]


def test_a_jmap_server_is_asked_at_its_own_port() -> None:
    """T9: 8443 was reported as verified when 443 had been asked; now it is refused like every odd port."""

    def build(net: FakeNetwork) -> None:
        net.page(
            URL, document('<incomingServer type="jmap"><url>https://web.victim.example:8443/</url></incomingServer>')
        )
        net.page(f"https://web.{DOMAIN}/.well-known/jmap", status=401)

    result = detect_in(build, policy=QUIET)

    assert result.verified == ()
    assert [failure.kind for failure in result.failures("jmap://")] == [FailureKind.DENIED]


def test_a_captive_portal_is_no_provider() -> None:
    """T15: every name leads to one web server that shows its login page: no settings, and no server."""

    def build(net: FakeNetwork) -> None:
        net.zone(f"*.{DOMAIN} A 11.9.0.1\n{DOMAIN} A 11.9.0.1\nlive.thunderbird.net A 11.9.0.1")
        net.host("portal.example", "11.9.0.1").web(80, 443).hold(993, 465, 587)

    result = detect_in(build, policy=Policy())

    assert result.verified == ()
    assert result.detection.address == ADA
