"""Statements that a stranger can make about a domain, and how little they count."""

from __future__ import annotations

import pytest

from mailsettings import FailureKind, Policy, Trust
from mailsettings.model import Authority, Protocol
from mailsettings.testing import FakeNetwork, imap, smtp
from tests.support.documents import INCOMING, autoconfig, autodiscover
from tests.support.security.harness import DOMAIN, AttackResult, detect_in

EVERYTHING = Policy(exhaustive=True)
SESSION = '{"capabilities": {"urn:ietf:params:jmap:core": {}, "urn:ietf:params:jmap:mail": {}}}'
WELL_KNOWN = "/.well-known/jmap"
JMAP_DOCUMENT = autoconfig('<incomingServer type="jmap"><url>https://HOST/</url></incomingServer>').decode()
EVIL = "parking.evil.example"


# A session that counts as logged in


def greeted(greeting: str, policy: Policy, *, named: bool) -> AttackResult:
    """Meet an IMAP server with *greeting* inside TLS; *named*: SRV records name it, else its name is guessed."""

    def build(net: FakeNetwork) -> None:
        net.host(f"imap.{DOMAIN}").serve(imap(greeting=greeting))
        net.host(f"smtp.{DOMAIN}").serve(smtp())
        if named:
            net.records(f"_imaps._tcp.{DOMAIN}", SRV=f"0 1 993 imap.{DOMAIN}")

    return detect_in(build, policy=policy)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("policy", [Policy(), EVERYTHING, Policy.service()], ids=["personal", "all", "service"])
@pytest.mark.parametrize("greeting", ["* PREAUTH hi", "* preauth [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi"])
def test_a_session_that_counts_as_logged_in_is_not_verified(greeting: str, policy: Policy, *, named: bool) -> None:
    """T25: any password would seem right there; the failure says so, and a note where a source names the server."""
    result = greeted(greeting, policy, named=named)

    assert [failure.kind for failure in result.failures(f"imap.{DOMAIN}:993")] == [FailureKind.PREAUTH]
    assert (f"imap.{DOMAIN}:993" in result.verified, result.detection.verified) == (False, False)
    assert any("PREAUTH" in note.text for note in result.detection.notes) is named


@pytest.mark.parametrize("named", [False, True])
def test_a_session_that_wants_a_login_is_verified(*, named: bool) -> None:
    """The same server with an ordinary greeting."""
    result = greeted("* OK hi", Policy(), named=named)

    assert result.detection.verified
    assert result.detection.incoming[0].endpoint.host == f"imap.{DOMAIN}"


# JMAP: a web server that asks for a password, or that leads elsewhere


def jmap_choices(result: AttackResult) -> list[tuple[str, bool, Trust]]:
    """Return the JMAP servers of the answer, whether each was verified, and its trust."""
    found = (choice for choice in result.detection.incoming if choice.endpoint.protocol is Protocol.JMAP)
    return [(choice.endpoint.host, choice.verified, choice.trust) for choice in found]


def protected_site(net: FakeNetwork, host: str, place: str = WELL_KNOWN) -> None:
    """Serve a web site of which every page wants a password."""
    net.page(f"https://{host}{place}", "<h1>401</h1>", status=401, headers=[("WWW-Authenticate", "Basic realm=shop")])


@pytest.mark.parametrize("mailboxes", [False, True])
@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("policy", [Policy(), EVERYTHING, Policy.service()], ids=["personal", "all", "service"])
def test_a_web_site_with_a_password_is_no_mail_server(
    policy: Policy, *, signed: bool, named: bool, mailboxes: bool
) -> None:
    """Most JMAP servers ask for a login, too: it is listed, unverified, and behind all that is verified."""

    def build(net: FakeNetwork) -> None:
        site = f"shop.{DOMAIN}" if named else DOMAIN
        protected_site(net, site)
        if named:
            net.records(f"_jmap._tcp.{DOMAIN}", SRV=f"0 1 443 {site}")
        if signed:
            net.signed(DOMAIN)
        if mailboxes:
            net.host(f"imap.{DOMAIN}").serve(imap())
        net.host(f"smtp.{DOMAIN}").serve(smtp())

    result = detect_in(build, policy=policy)

    site = f"shop.{DOMAIN}" if named else DOMAIN
    assert jmap_choices(result) == [(site, False, Trust.UNVERIFIED)]
    assert result.detection.verified is mailboxes
    assert [choice.endpoint.host for choice in result.detection.incoming if choice.verified][:1] == (
        [f"imap.{DOMAIN}"] * mailboxes
    )
    assert result.detection.incoming[0].verified is mailboxes
    assert not mailboxes or result.detection.incoming[-1].endpoint.protocol is Protocol.JMAP


@pytest.mark.parametrize("named", [False, True])
def test_a_session_is_a_mail_server(*, named: bool) -> None:
    """The same place with a session is verified."""

    def build(net: FakeNetwork) -> None:
        site = f"jmap.{DOMAIN}" if named else DOMAIN
        net.page(f"https://{site}{WELL_KNOWN}", SESSION, content_type="application/json")
        if named:
            net.records(f"_jmap._tcp.{DOMAIN}", SRV=f"0 1 443 {site}")

    result = detect_in(build)

    assert [(host, verified) for host, verified, _ in jmap_choices(result)] == [
        (f"jmap.{DOMAIN}" if named else DOMAIN, True)
    ]


@pytest.mark.parametrize("named", ["", "unsigned", "signed", "document"])
@pytest.mark.parametrize("answer", ["session", "login", "page"])
def test_a_redirect_to_another_host_says_nothing_about_the_first(answer: str, named: str) -> None:
    """A parked or taken-over name that forwards everything is no JMAP server, whatever stands at the other end."""
    first = f"mail.{DOMAIN}" if named else DOMAIN

    def build(net: FakeNetwork) -> None:
        net.redirect(f"https://{first}{WELL_KNOWN}", f"https://{EVIL}{WELL_KNOWN}")
        if answer == "login":
            protected_site(net, EVIL)
        else:
            net.page(f"https://{EVIL}{WELL_KNOWN}", SESSION if answer == "session" else "<html>for sale")
        if named == "document":
            net.page(f"https://autoconfig.{DOMAIN}/mail/config-v1.1.xml", JMAP_DOCUMENT.replace("HOST", first))
        elif named:
            net.records(f"_jmap._tcp.{DOMAIN}", SRV=f"0 1 443 {first}")
        if named == "signed":
            net.signed(DOMAIN)

    result = detect_in(build)

    own = [choice for choice in result.detection.incoming if choice.endpoint.host == first]
    assert [choice.verified for choice in own] == [False] * len(own)
    others = [choice for choice in result.detection.incoming if choice.endpoint.host == EVIL]
    assert all(choice.verified is (answer == "session") for choice in others)
    assert not any(choice.trust.allows_password for choice in others)
    for evidence in (claim.evidence for choice in others for claim in choice.claims):
        assert (evidence.authority > Authority.SRV, evidence.authentic) == (True, False)
        assert f"https://{first}{WELL_KNOWN}" in evidence.locator


@pytest.mark.parametrize(("answer", "finding"), [("login", "jmap-needs-login"), ("redirect", "jmap-elsewhere")])
def test_what_a_named_jmap_server_lacks_is_explained(answer: str, finding: str) -> None:
    """The domain's own document names it, and there is no other server to read mail with."""
    first = f"mail.{DOMAIN}"

    def build(net: FakeNetwork) -> None:
        net.page(f"https://autoconfig.{DOMAIN}/mail/config-v1.1.xml", JMAP_DOCUMENT.replace("HOST", first))
        if answer == "login":
            protected_site(net, first)
        else:
            net.redirect(f"https://{first}{WELL_KNOWN}", f"https://{EVIL}{WELL_KNOWN}")
            net.page(f"https://{EVIL}{WELL_KNOWN}", SESSION)

    result = detect_in(build)

    assert finding in [item.code for item in result.detection.findings]


# Names below a public suffix, which anyone can register


def registered(net: FakeNetwork, domain: str) -> None:
    """Let a stranger have every usual name below *domain*, with documents, servers and certificates for them."""
    evil = autoconfig(INCOMING.replace("imap.example.org", f"imap.{domain}"))
    for host in (f"autoconfig.{domain}", f"ua-auto-config.{domain}", f"www.{domain}"):
        for place in ("/mail/config-v1.1.xml", "/.well-known/user-agent-configuration.json", "/x.xml"):
            net.page(f"https://{host}{place}", evil)
    net.page(f"https://autodiscover.{domain}/autodiscover/autodiscover.xml", autodiscover())
    net.records(f"autodiscover.{domain}", CNAME="autodiscover.outlook.com")
    for label in ("imap", "smtp", "mail", "pop"):
        net.host(f"{label}.{domain}").serve(imap(), smtp())
    net.records(f"*.{domain}", A="11.9.9.9")


@pytest.mark.parametrize("domain", ["com.br", "co.uk", "rub.de", "nic.in", "github.io"])
@pytest.mark.parametrize("policy", [Policy(), EVERYTHING, Policy.service()], ids=["personal", "all", "service"])
def test_a_stranger_below_a_public_suffix_is_neither_asked_nor_told(domain: str, policy: Policy) -> None:
    """T18, T19: of a mailbox right at the suffix only its own records are asked, and the mail exchanger is tried."""

    def build(net: FakeNetwork) -> None:
        registered(net, domain)
        net.records(domain, MX="10 mx.registry.example", TXT=f"mailconf=https://www.{domain}/x.xml", A="11.9.9.8")
        net.records(f"_jmap._tcp.{domain}", SRV=f"0 1 443 www.{domain}")
        net.records(f"_autodiscover._tcp.{domain}", SRV=f"0 1 443 www.{domain}")
        net.host("mx.registry.example").serve(imap(), smtp())

    result = detect_in(build, policy=policy, address=f"ada@{domain}")

    names = {question.split()[0] for question in result.net.questions}
    below = [name for name in names if name.endswith(f".{domain}") and not name.startswith("_")]
    assert (below, result.net.requests) == ([], ())
    assert {choice.endpoint.host for choice in result.choices} == {"mx.registry.example"}
    assert result.detection.verified


@pytest.mark.parametrize("domain", ["example.com.br", "a.rub.de"])
def test_names_below_a_registered_domain_are_its_own(domain: str) -> None:
    """The same world one label deeper: the documents are read, and the usual names are tried."""
    result = detect_in(lambda net: registered(net, domain), policy=Policy(), address=f"ada@{domain}")

    assert f"GET https://autoconfig.{domain}/mail/config-v1.1.xml" in result.net.requests
    assert result.detection.incoming[0].endpoint.host == f"imap.{domain}"
