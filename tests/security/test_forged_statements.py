"""Statements that a stranger can make about a domain, and how little they count."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import dns.flags
import dns.message
import pytest
import trustme

from mailsettings import FailureKind, Policy, Trust, parse_address
from mailsettings.leads import is_lookup
from mailsettings.model import Authority, Claim, Evidence, Protocol
from mailsettings.net.network import open_network
from mailsettings.sources.srv import srv
from mailsettings.testing import FakeNetwork, imap, smtp
from tests.support.documents import IMAP_BLOCK, INCOMING, autoconfig, autodiscover
from tests.support.loopback import server_context, serving
from tests.support.nameserver import Zone, answering, converse
from tests.support.security.harness import ADA, DOMAIN, AttackResult, detect_in

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
    assert [failure.kind for failure in result.failures(f"jmap://{site}")] == [FailureKind.LOGIN_REQUIRED]
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


# Documents that a stranger chooses or writes: evidence of which is never the domain's own


OLD_SHOP = f"old-shop.{DOMAIN}"  # a name that points at a machine someone else has rented since


def evidence_of(result: AttackResult, host: str) -> list[Evidence]:
    """Return all evidence for the server *host* in the answer."""
    choices = (choice for choice in result.choices if choice.endpoint.host == host)
    return [claim.evidence for choice in choices for claim in choice.claims]


def taken_over(net: FakeNetwork) -> None:
    """Serve mail under the taken-over name, and under the domain's own."""
    net.host(OLD_SHOP).serve(imap(), smtp())
    net.host(f"imap.{DOMAIN}").serve(imap())
    net.host(f"smtp.{DOMAIN}").serve(smtp())


def oauth_document(host: str, issuer: str = "https://sso.evil.example") -> bytes:
    """Return a document that names the server *host* and who issues tokens for it."""
    server = INCOMING.replace("imap.example.org", host).replace("password-cleartext", "OAuth2")
    return autoconfig(server, f"<oAuth2><issuer>{issuer}</issuer></oAuth2>")


METADATA = json.dumps(
    {
        "issuer": "https://sso.evil.example",
        "authorization_endpoint": "https://sso.evil.example/auth",
        "token_endpoint": "https://sso.evil.example/token",
    }
)
ROUTES = {
    "open redirect": (f"https://www.{DOMAIN}/go?u=x", "https://evil.example/c.xml"),
    "two open redirects": (
        f"https://www.{DOMAIN}/go?u=x",
        f"https://sso.{DOMAIN}/go?u=y",
        "https://evil.example/c.xml",
    ),
    "page of a student": (f"https://www.{DOMAIN}/~mallory/c.xml",),
    "upload": (f"https://files.{DOMAIN}/raw/c.xml",),
    "deeper name": (f"https://a.b.{DOMAIN}/c.xml",),
    "another domain": ("https://evil.example/c.xml",),
    "back from another domain": (f"https://www.{DOMAIN}/go", "https://evil.example/c", f"https://www.{DOMAIN}/c.xml"),
}


def pointed_at(net: FakeNetwork, route: tuple[str, ...], body: bytes, *, signed: bool = False) -> None:
    """Let a TXT record point at the first URL of *route*, which leads to *body* at the last."""
    net.records(DOMAIN, TXT=f"mailconf={route[0]}")
    for here, there in pairwise(route):
        net.redirect(here, there)
    net.page(route[-1], body)
    net.page("https://sso.evil.example/.well-known/oauth-authorization-server", METADATA)
    if signed:
        net.signed(DOMAIN)


@pytest.mark.parametrize("route", ROUTES.values(), ids=ROUTES)
@pytest.mark.parametrize("issuer", ["https://sso.evil.example", "accounts.google.com"])
def test_a_forged_record_that_points_into_the_domain_is_not_its_word(route: tuple[str, ...], issuer: str) -> None:
    """F12: what stands at the end of any URL inside the domain need not be the domain's, and decides no login."""

    def build(net: FakeNetwork) -> None:
        taken_over(net)
        pointed_at(net, route, oauth_document(OLD_SHOP, issuer))

    result = detect_in(build, policy=EVERYTHING)

    found = [evidence for evidence in evidence_of(result, OLD_SHOP) if evidence.source == "mailconf"]
    assert found
    assert not [evidence for evidence in found if evidence.authentic or evidence.authority < Authority.SRV]
    assert result.detection.oauth == ()
    assert not [
        choice for choice in result.choices if choice.endpoint.host == OLD_SHOP and choice.trust.allows_password
    ]


@pytest.mark.parametrize("issuer", ["https://sso.evil.example", ""])
@pytest.mark.parametrize(("route", "own"), [("upload", True), ("open redirect", False)])
def test_a_signed_record_is_the_domains_word_as_far_as_its_url_leads(route: str, issuer: str, *, own: bool) -> None:
    """The domain itself points there; an open redirect leads away from where it points."""

    def build(net: FakeNetwork) -> None:
        taken_over(net)
        pointed_at(net, ROUTES[route], oauth_document(f"imap.{DOMAIN}", issuer), signed=True)

    result = detect_in(build, policy=EVERYTHING)

    (found,) = {each for each in evidence_of(result, f"imap.{DOMAIN}") if each.source == "mailconf"}
    assert (found.authority is Authority.DOMAIN, found.authentic) == (own, own)
    assert bool(result.detection.oauth) is (own and bool(issuer))


def plaintext_autoconfig(net: FakeNetwork, body: bytes) -> None:
    net.page(f"http://autoconfig.{DOMAIN}/mail/config-v1.1.xml", body)


def plaintext_then_https(net: FakeNetwork, body: bytes) -> None:
    net.redirect(f"http://autoconfig.{DOMAIN}/mail/config-v1.1.xml", f"https://{OLD_SHOP}/c.xml")
    net.page(f"https://{OLD_SHOP}/c.xml", body)


def autodiscover_by_srv(net: FakeNetwork, _body: bytes) -> None:
    net.records(f"_autodiscover._tcp.{DOMAIN}", SRV=f"0 1 443 {OLD_SHOP}")
    autodiscover_at_old_shop(net)


def autodiscover_by_plaintext(net: FakeNetwork, _body: bytes) -> None:
    net.redirect(f"http://autodiscover.{DOMAIN}/autodiscover/autodiscover.xml", f"https://{OLD_SHOP}{AUTODISCOVER}")
    autodiscover_at_old_shop(net)


def autodiscover_by_srv_and_redirect(net: FakeNetwork, _body: bytes) -> None:
    net.records(f"_autodiscover._tcp.{DOMAIN}", SRV=f"0 1 443 x.{DOMAIN}")
    there = f"<Action>redirectUrl</Action><RedirectUrl>https://{OLD_SHOP}{AUTODISCOVER}</RedirectUrl>"
    net.page(f"https://x.{DOMAIN}{AUTODISCOVER}", autodiscover(there))
    autodiscover_at_old_shop(net)


def autodiscover_at_old_shop(net: FakeNetwork) -> None:
    block = IMAP_BLOCK.replace("imap.example.org", OLD_SHOP)
    net.page(f"https://{OLD_SHOP}{AUTODISCOVER}", autodiscover(f"<Action>settings</Action>{block}"))


def jmap_by_srv(net: FakeNetwork, _body: bytes) -> None:
    net.records(f"_jmap._tcp.{DOMAIN}", SRV=f"0 1 443 {OLD_SHOP}")
    net.page(f"https://{OLD_SHOP}{WELL_KNOWN}", SESSION)


AUTODISCOVER = "/autodiscover/autodiscover.xml"
FORGERIES = (
    plaintext_autoconfig,
    plaintext_then_https,
    autodiscover_by_srv,
    autodiscover_by_plaintext,
    autodiscover_by_srv_and_redirect,
    jmap_by_srv,
)


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_a_forged_answer_that_names_a_taken_over_name_is_not_the_domains_word(
    forge: Callable[[FakeNetwork, bytes], None],
) -> None:
    """F4, F12: whoever answers in DNS or in plaintext can lead to a name inside the domain that is lost to it."""

    def build(net: FakeNetwork) -> None:
        taken_over(net)
        forge(net, oauth_document(OLD_SHOP))

    result = detect_in(build, policy=EVERYTHING)

    found = evidence_of(result, OLD_SHOP)
    assert found
    assert not [evidence for evidence in found if evidence.authentic or evidence.authority < Authority.SRV]
    assert not [
        choice for choice in result.choices if choice.endpoint.host == OLD_SHOP and choice.trust.allows_password
    ]


@pytest.mark.parametrize(
    "place", [f"https://autodiscover.{DOMAIN}{AUTODISCOVER}", f"https://{DOMAIN}{AUTODISCOVER}"], ids=["name", "domain"]
)
@pytest.mark.parametrize("redirected", [False, True])
def test_what_a_fixed_host_of_autodiscover_answers_is_the_domains_word(place: str, *, redirected: bool) -> None:
    """Over https, and also where that host itself redirects inside the domain."""

    def build(net: FakeNetwork) -> None:
        taken_over(net)
        there = f"https://ex.{DOMAIN}{AUTODISCOVER}" if redirected else place
        if redirected:
            elsewhere = f"<Action>redirectUrl</Action><RedirectUrl>{there}</RedirectUrl>"
            net.page(place, autodiscover(elsewhere), method="POST")
        block = IMAP_BLOCK.replace("imap.example.org", f"imap.{DOMAIN}")
        net.page(there, autodiscover(f"<Action>settings</Action>{block}"), method="POST")

    result = detect_in(build, policy=EVERYTHING)

    (found,) = {each for each in evidence_of(result, f"imap.{DOMAIN}") if each.source == "autodiscover"}
    assert (found.authority, found.authentic) == (Authority.DOMAIN, True)


# The AD bit of a resolver


SRV_LINE = f"_imaps._tcp.{DOMAIN}. SRV 0 1 993 {OLD_SHOP}."


async def srv_evidence(policy: Policy) -> Evidence:
    """Return the evidence of the SRV record for IMAP, asked of the resolver that *policy* names."""
    lookup = next(lead for lead in srv(parse_address(ADA)) if str(lead) == f"_imaps._tcp.{DOMAIN} SRV")
    assert is_lookup(lookup)
    async with open_network(policy) as network:
        claims = [lead for lead in await lookup.run(network) if isinstance(lead, Claim)]
    return claims[0].evidence


@pytest.mark.anyio
@pytest.mark.parametrize("validates", [False, True])
@pytest.mark.parametrize("truncated", [False, True], ids=["udp", "tcp"])
async def test_an_answer_without_tls_is_signed_only_if_the_user_vouches_for_the_resolver(
    *, truncated: bool, validates: bool
) -> None:
    """F18: anyone on the way can set the AD bit, and a stub on this machine passes it on."""
    zone = Zone(SRV_LINE, authentic=True)

    def datagrams(query: dns.message.Message) -> list[bytes]:
        response = zone.response(query)
        if truncated:
            response.answer, response.flags = [], response.flags | dns.flags.TC
        return [response.to_wire()]

    async with answering(datagrams, tcp=lambda query: zone.response(query).to_wire()) as port:
        evidence = await srv_evidence(Policy(resolver=f"127.0.0.1:{port}", resolver_validates=validates))

    assert evidence.authentic is validates
    assert evidence.authority is (Authority.DOMAIN if validates else Authority.SRV)


@pytest.mark.anyio
@pytest.mark.parametrize("signed", [False, True])
async def test_an_answer_over_tls_is_signed_if_the_resolver_says_so(tmp_path: Path, *, signed: bool) -> None:
    """What comes over DoT comes from the resolver that the user has chosen."""
    zone, authority = Zone(SRV_LINE, authentic=signed), trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = server_context(authority.issue_cert("127.0.0.1"))

    def reply(query: dns.message.Message) -> bytes:
        return zone.response(query).to_wire()

    async with serving(lambda stream: converse(stream, reply), context) as port:
        evidence = await srv_evidence(Policy(resolver=f"tls://127.0.0.1:{port}", ca_file=str(tmp_path / "ca.pem")))

    assert evidence.authentic is signed
