"""OAuth: a server that gets a token can use it at all servers of its issuer, so it goes to these servers only.

Each domain here is of an attacker, or has forged records, and names Google's issuer for the attacker's servers: the
user would see Google's own page, agree there, and the attacker would get a token for the user's mailbox at Google.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from mailsettings import Detection, Policy
from mailsettings.decision.oauth import issuer_in_table, issuer_of_host
from mailsettings.formats.pacc import digest_of
from mailsettings.hostnames import registrable
from mailsettings.login.credentials import Credentials
from mailsettings.login.verify import Verification, verify
from mailsettings.net.network import open_network
from mailsettings.policy import Timeouts
from mailsettings.schema import to_json
from mailsettings.sources.ispdb import ISPDB
from mailsettings.testing import Account, FakeNetwork, Options, Request, imap, run_virtual, smtp
from tests.support.documents import autoconfig, incoming
from tests.support.security.harness import DOMAIN, AttackResult, detect_in

GOOGLE = "accounts.google.com"
EVIL = ("imap.evil.example", "smtp.evil.example")
OWN = (f"imap.{DOMAIN}", f"smtp.{DOMAIN}")
GMAIL = ("imap.gmail.com", "smtp.gmail.com")
PLACE = f"https://autoconfig.{DOMAIN}/mail/config-v1.1.xml"
SECRET = "ya29.a0AfB-canary_8241"
ADA = f"ada@{DOMAIN}"
PATIENT = Policy(guess=False, timeouts=Timeouts(first_response_timeout=10.0))
Build = Callable[[FakeNetwork], object]


def document(hosts: tuple[str, str], issuer: str = GOOGLE) -> bytes:
    """Return a document that names *issuer* for two *hosts*."""
    reading, sending = (incoming(hostname=host, authentication="OAuth2") for host in hosts)
    sending = sending.replace("incomingServer", "outgoingServer").replace('"imap"', '"smtp"').replace("993", "465")
    return autoconfig(reading + sending, f"<oAuth2><issuer>{issuer}</issuer></oAuth2>")


def served(net: FakeNetwork, hosts: tuple[str, str], address: str = ADA) -> None:
    """Run servers at *hosts* that take tokens."""
    options: Options = {"mechanisms": ("XOAUTH2", "OAUTHBEARER"), "accounts": {address: Account(SECRET)}}
    net.host(hosts[0]).serve(imap(**options))
    net.host(hosts[1]).serve(smtp(**options), smtp(587, **options))


def issuer_at(net: FakeNetwork, host: str) -> None:
    """Publish the metadata of an issuer at *host*."""
    issuer = f"https://{host}"
    names = ("authorization", "token", "registration", "device_authorization")
    endpoints = {f"{name}_endpoint": f"{issuer}/{name}" for name in names}
    net.page(f"{issuer}/.well-known/oauth-authorization-server", json.dumps({"issuer": issuer, **endpoints}))


@dataclass(frozen=True, slots=True)
class Naming:
    """One way in which a document reaches the search. *reliable*: it is the domain's own, at a fixed place."""

    name: str
    build: Callable[[FakeNetwork, bytes], object]
    reliable: bool = False


def _by_mx(net: FakeNetwork, text: bytes) -> None:
    net.records(DOMAIN, MX="10 mx.evil.example")
    net.page("https://autoconfig.evil.example/mail/config-v1.1.xml", text)


def _by_redirect(net: FakeNetwork, text: bytes) -> None:
    net.redirect(PLACE, "https://evil.example/c.xml")
    net.page("https://evil.example/c.xml", text)


def _by_open_redirect(net: FakeNetwork, text: bytes) -> None:
    net.records(DOMAIN, TXT=f"mailconf=https://www.{DOMAIN}/go?u=x")
    net.redirect(f"https://www.{DOMAIN}/go?u=x", "https://evil.example/c.xml")
    net.page("https://evil.example/c.xml", text)


def _by_users_page(net: FakeNetwork, text: bytes) -> None:
    net.records(DOMAIN, TXT=f"mailconf=https://www.{DOMAIN}/~eve/c.xml")
    net.page(f"https://www.{DOMAIN}/~eve/c.xml", text)


def _by_collection(net: FakeNetwork, text: bytes) -> None:
    net.records(DOMAIN, MX=f"10 mx.{DOMAIN}")
    net.page(f"{ISPDB}{DOMAIN}", text)


def _by_pacc(net: FakeNetwork, text: bytes) -> None:
    """Publish the issuer and the hosts of *text* as PACC does."""
    hosts = [part.partition(b"<")[0].decode() for part in text.split(b"<hostname>")[1:]]
    issuer = text.partition(b"<issuer>")[2].partition(b"<")[0].decode()
    issuer = issuer if "://" in issuer else f"https://{issuer}"
    servers = {"imap": {"host": hosts[0]}, "submit": {"host": hosts[1]}}
    data = json.dumps({"protocols": servers, "authentication": {"oauth-public": {"issuer": issuer}}}).encode()
    digest = base64.b64encode(digest_of(data)).decode()
    net.records(f"_ua-auto-config.{DOMAIN}", TXT=f"v=UAAC1; a=sha256; d={digest}")
    net.page(f"https://ua-auto-config.{DOMAIN}/.well-known/user-agent-configuration.json", data)


NAMINGS = (
    Naming("the domain's document", lambda net, text: net.page(PLACE, text), reliable=True),
    Naming(
        "its second place",
        lambda net, text: net.page(f"https://{DOMAIN}/.well-known/autoconfig/mail/config-v1.1.xml", text),
        reliable=True,
    ),
    Naming("PACC", _by_pacc, reliable=True),
    Naming("a document of the MX's domain", _by_mx),
    Naming("a redirect", _by_redirect),
    Naming("mailconf and an open redirect", _by_open_redirect),
    Naming("mailconf and the page of a user", _by_users_page),
    Naming("plain http", lambda net, text: net.page(PLACE.replace("https", "http"), text)),
    Naming("a collection", _by_collection),
)
EVERY_NAMING = pytest.mark.parametrize("naming", NAMINGS, ids=[naming.name for naming in NAMINGS])


def found(naming: Naming, hosts: tuple[str, str], issuer: str = GOOGLE) -> AttackResult:
    """Search a domain for which *naming* brings a document of *issuer* and *hosts*, which exist."""

    def build(net: FakeNetwork) -> None:
        naming.build(net, document(hosts, issuer))
        served(net, hosts)
        issuer_at(net, "sso.evil.example")

    result = detect_in(build, policy=PATIENT)
    assert [choices[0].verified for choices in (result.detection.incoming, result.detection.outgoing)] == [True, True]
    return result


def opened(detection: Detection) -> list[str]:
    """Return what a program opens that follows `oauth` and `provider` without looking at anything else."""
    issuers = [source.oauth for source in detection.oauth]
    issuers += [detection.provider.oauth] if detection.provider and detection.provider.oauth else []
    return [url for oauth in issuers for url in (oauth.auth_url, oauth.token_url, *oauth.scopes) if url]


async def _log_in(net: FakeNetwork, detection: Detection, credentials: Credentials) -> Verification:
    policy = PATIENT.for_mailboxes()
    hosts = [choice.endpoint.host for choice in (*detection.incoming, *detection.outgoing)]
    async with open_network(policy, net.transport(policy)) as network:
        agreed = (*hosts, *map(registrable, hosts))  # the user says yes to everything
        return await verify(detection, credentials, policy=policy, net=network, confirmed=agreed)


def received(result: AttackResult, credentials: Credentials) -> set[str]:
    """Log in with *credentials* wherever that is allowed, and return the hosts that got the token."""
    before = len(result.net.lines)
    run_virtual(partial(_log_in, result.net, result.detection, credentials))
    lines = [line for line in result.net.lines[before:] if _has_secret(line)]
    hosts = {choice.endpoint.host for choice in (*result.detection.incoming, *result.detection.outgoing)}
    return {host for host in hosts for ip in result.net.zones.addresses(host) if any(ip in line for line in lines)}


def _has_secret(line: str) -> bool:
    raw = [base64.b64encode(SECRET[start : start + 12].encode()).decode() for start in range(3)]
    return any(form in line for form in (SECRET, *raw))


TOKENS = {
    "Google's token": Credentials.token(SECRET, issuer=GOOGLE),
    "Google's token, by its URL": Credentials.token(SECRET, issuer=f"https://{GOOGLE}/"),
    "a token without its issuer": Credentials.token(SECRET),
    "a token of the attacker's issuer": Credentials.token(SECRET, issuer="https://sso.unnamed.example"),
}
EVERY_TOKEN = pytest.mark.parametrize("token", TOKENS.values(), ids=TOKENS)


@EVERY_NAMING
@pytest.mark.parametrize("hosts", [EVIL, OWN], ids=["the attacker's", "the domain's"])
def test_no_document_selects_a_known_issuer_for_other_servers(naming: Naming, hosts: tuple[str, str]) -> None:
    """Neither endpoints nor scopes are in the answer, and a note says which servers are not Google's."""
    detection = found(naming, hosts).detection

    assert (detection.oauth, opened(detection)) == ((), [])
    assert "googleapis.com" not in to_json(detection)
    noted = [host for host in hosts if any(f"for {host}, which is not" in note.text for note in detection.notes)]
    # An unsigned mailconf record names no issuer at all.
    assert noted == ([] if naming.name.startswith("mailconf") else [*hosts])


@EVERY_NAMING
@EVERY_TOKEN
def test_no_token_goes_to_a_server_of_another_issuer(naming: Naming, token: Credentials) -> None:
    """Whatever led there, and although the user has agreed to the servers: not one byte of it."""
    assert received(found(naming, EVIL), token) == set()


@pytest.mark.parametrize(
    "issuer",
    ["https://accounts.google.com/", "Accounts.Google.COM", "https://accounts.google.com:443", "oauth2.googleapis.com",
     "https://accounts.google.com/o/oauth2/v2", "https://accounts.google.com./", "https://accounts.google.com?a=b"],
)  # fmt: skip
def test_no_spelling_of_a_known_issuer_is_an_unknown_one(issuer: str) -> None:
    """An unknown issuer's pages are shown for the domain: that must not become a way to Google's."""
    detection = found(NAMINGS[0], EVIL, issuer).detection

    assert detection.oauth == ()


@pytest.mark.parametrize("hosts", [(GMAIL[0], EVIL[1]), (EVIL[0], GMAIL[1])], ids=["sending", "reading"])
@EVERY_NAMING
@EVERY_TOKEN
def test_one_foreign_server_beside_one_of_the_issuer(
    naming: Naming, hosts: tuple[str, str], token: Credentials
) -> None:
    """The answer has no sign-in for the two, and the token is only for the server of its issuer."""
    result = found(naming, hosts)

    assert opened(result.detection) == []
    assert received(result, token) <= ({*hosts} & {*GMAIL} if token.issuer and "google" in token.issuer else set())


@EVERY_TOKEN
def test_servers_of_another_provider_get_no_token_of_google(token: Credentials) -> None:
    """Fastmail's servers are in the table with an issuer of their own: its sign-in is given, and Google's is not."""
    result = found(NAMINGS[0], ("imap.fastmail.com", "smtp.fastmail.com"))
    fastmail = issuer_of_host("imap.fastmail.com")
    assert fastmail is not None

    assert [source.oauth for source in result.detection.oauth] == [fastmail]
    assert received(result, token) == (set() if token.issuer else {"imap.fastmail.com", "smtp.fastmail.com"})


def test_servers_of_a_row_without_an_issuer_get_no_token() -> None:
    """A hoster of the table is no server of Google's."""
    result = found(NAMINGS[0], ("imap.ionos.com", "smtp.ionos.com"))

    assert (opened(result.detection), received(result, TOKENS["Google's token"])) == ([], set())


@EVERY_NAMING
@pytest.mark.parametrize("hosts", [EVIL, OWN, GMAIL], ids=["the attacker's", "the domain's", "Google's"])
def test_a_stranger_is_never_opened(naming: Naming, hosts: tuple[str, str]) -> None:
    """An issuer that the table does not know: shown for the domain's own document, and without anything to open."""
    result = found(naming, hosts, "https://sso.evil.example")
    detection = result.detection
    unknown = [source for source in detection.oauth if not source.known]

    assert [url for url in opened(detection) if "evil" in url] == []
    assert naming.reliable or "sso.evil" not in to_json(detection)
    assert bool(unknown) is (naming.reliable and hosts != GMAIL)
    assert all(source.stated and source.stated.token_endpoint for source in unknown)
    asked = [each.url for each in result.net.asked if isinstance(each, Request) and "sso.evil" in each.url]
    assert {*asked} <= {"https://sso.evil.example/.well-known/oauth-authorization-server"}


@EVERY_NAMING
def test_an_unknown_issuer_that_is_not_shown_is_not_even_asked(naming: Naming) -> None:
    """A forged record does not make us fetch what an attacker's issuer publishes."""
    result = found(naming, EVIL, "https://sso.evil.example")

    asked = [each for each in result.net.asked if isinstance(each, Request) and "sso.evil" in each.url]
    assert bool(asked) is naming.reliable


def build_at(hosts: tuple[str, str], *records: str) -> Build:
    """Return a world with Google's or Microsoft's servers and *records*, a zone, that lead there."""

    def build(net: FakeNetwork) -> None:
        net.zone("\n".join(records))
        served(net, hosts, "ada@gmail.com" if not records else ADA)

    return build


def _named(net: FakeNetwork) -> None:
    net.page(PLACE, document(GMAIL))
    served(net, GMAIL)


MICROSOFT = ("outlook.office365.com", "smtp.office365.com")
RIGHT = {
    "gmail.com": (build_at(GMAIL), "ada@gmail.com", GMAIL, GOOGLE),
    "Google by its MX": (build_at(GMAIL, f"{DOMAIN}. MX 1 smtp.google.com."), ADA, GMAIL, GOOGLE),
    "Microsoft by its MX": (
        build_at(MICROSOFT, f"{DOMAIN}. MX 0 victim-example.mail.protection.outlook.com."),
        ADA,
        MICROSOFT,
        "https://login.microsoftonline.com/common/v2.0",
    ),
    "the domain's document": (_named, ADA, GMAIL, GOOGLE),
}


@pytest.mark.parametrize(("build", "address", "hosts", "issuer"), RIGHT.values(), ids=RIGHT)
@pytest.mark.parametrize("is_said", [True, False], ids=["with its issuer", "without"])
def test_a_token_logs_in_where_it_belongs(
    build: Build, address: str, hosts: tuple[str, str], issuer: str, is_said: bool
) -> None:
    """Mailboxes at the provider itself, of customers by their MX, and by the customer's own document."""
    result = detect_in(build, policy=PATIENT, address=address)
    credentials = Credentials.token(SECRET, issuer=issuer if is_said else "")

    assert [(source.known, source.oauth.issuer) for source in result.detection.oauth] == [
        (True, getattr(issuer_in_table(issuer), "issuer", None))
    ]
    assert received(result, credentials) == {*hosts}
    assert run_virtual(partial(_log_in, result.net, result.detection, credentials))[0].verified


@pytest.mark.parametrize("issuer", [f"https://sso.{DOMAIN}", "https://sso.hoster.example"])
def test_a_token_of_the_issuer_that_the_domain_names_logs_in(issuer: str) -> None:
    """Where the user says so: a sign-in of the domain itself, or of a company that its own document names."""

    def build(net: FakeNetwork) -> None:
        net.page(PLACE, document(OWN, issuer))
        served(net, OWN)
        issuer_at(net, issuer.removeprefix("https://"))

    result = detect_in(build, policy=PATIENT)

    assert received(result, Credentials.token(SECRET, issuer=issuer)) == {*OWN}
    assert received(result, Credentials.token(SECRET)) == set()
