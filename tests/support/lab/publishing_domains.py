"""Mail domains that publish their settings, each in one way alone; contradictions are in contradictory_domains.py.

The servers have names that are never guessed (box.), so that a right answer was learned from what is published.
"""

from __future__ import annotations

from mailsettings.errors import FailureKind
from tests.support.lab import web_documents
from tests.support.lab.web_documents import config
from tests.support.lab.world import (
    HTTP,
    HTTPS,
    IMAPS,
    SUBMISSIONS,
    WEB,
    Delegation,
    Host,
    Service,
    Software,
    World,
    Zone,
)

BOX = Host("box", (IMAPS, SUBMISSIONS))

# The public database under its real name, and the hoster whose MX one domain uses.
ISPDB = Zone(
    "thunderbird.net",
    (
        Host(
            "live",
            WEB,
            pages=(
                ("/autoconfig/v1.1/ispdb.example", config("box.ispdb.example")),
                ("/autoconfig/v1.1/ispdbout.example", config("box.mxdocs.example")),
                ("/autoconfig/v1.1/ispdbsrv.example", config("box.ispdbsrv.example")),
                ("/autoconfig/v1.1/docispdb.example", config("other.docispdb.example")),
            ),
        ),
    ),
)
MX_HOSTER = Zone(
    "mxdocs.example",
    (
        Host("autoconfig", WEB, pages=((web_documents.AUTOCONFIG, config("box.mxdocs.example")),)),
        Host("box", (IMAPS, SUBMISSIONS), software=Software.EXIM),
    ),
)


def _imap(domain: str, host: str = "box") -> str:
    return f"imap://{host}.{domain}:993 (tls)"


def _smtp(domain: str, host: str = "box") -> str:
    return f"smtp://{host}.{domain}:465 (tls)"


AUTOCONFIG = (
    World(
        domain="acsub.example",
        story="a document at autoconfig. over https",
        hosts=(BOX, Host("autoconfig", WEB, pages=((web_documents.AUTOCONFIG, config("box.acsub.example")),))),
        incoming=_imap("acsub.example"),
        outgoing=_smtp("acsub.example"),
        trust="domain",
        learned="domain autoconfig",
    ),
    World(
        domain="acwell.example",
        story="a document at the domain itself, in .well-known",
        hosts=(BOX, Host("@", WEB, pages=((web_documents.WELL_KNOWN, config("box.%EMAILDOMAIN%")),))),
        incoming=_imap("acwell.example"),
        outgoing=_smtp("acwell.example"),
        trust="domain",
        learned="domain autoconfig",
    ),
    World(
        domain="mailv1.example",
        story="a document at the new place, mail-v1.xml",
        hosts=(BOX, Host("@", WEB, pages=((web_documents.MAIL_V1, config("box.mailv1.example")),))),
        incoming=_imap("mailv1.example"),
        outgoing=_smtp("mailv1.example"),
        trust="domain",
        learned="domain autoconfig",
    ),
    World(
        domain="asks.example",
        story="the server answers 400 until it is told the address",
        hosts=(
            BOX,
            Host(
                "autoconfig",
                WEB,
                pages=((web_documents.AUTOCONFIG, config("box.asks.example")),),
                rules='if ($arg_emailaddress != "ada%40asks.example") { return 400; }',
            ),
        ),
        incoming=_imap("asks.example"),
        outgoing=_smtp("asks.example"),
        trust="domain",
        learned="domain autoconfig",
    ),
    World(
        domain="achttp.example",
        story="a document over plain http alone: the server has an unusual name inside the domain: asked about",
        hosts=(BOX, Host("autoconfig", (HTTP,), pages=((web_documents.AUTOCONFIG, config("box.achttp.example")),))),
        incoming=_imap("achttp.example"),
        outgoing=_smtp("achttp.example"),
        confirm=("box.achttp.example",),
        trust="confirm",
        learned="http-document autoconfig",
    ),
    World(
        domain="achttpout.example",
        story="a document over plain http names another domain's servers: never without asking",
        hosts=(Host("autoconfig", (HTTP,), pages=((web_documents.AUTOCONFIG, config("box.mxdocs.example")),)),),
        incoming=_imap("mxdocs.example"),
        outgoing=_smtp("mxdocs.example"),
        confirm=("box.mxdocs.example",),
        trust="confirm",
        learned="http-document autoconfig",
        notes=("is outside achttpout.example",),
    ),
    World(
        domain="achttptable.example",
        story="a document over plain http names a hoster of the table",
        hosts=(Host("autoconfig", (HTTP,), pages=((web_documents.AUTOCONFIG, config("mail.gandi.net")),)),),
        incoming="imap://mail.gandi.net:993 (tls)",
        outgoing="smtp://mail.gandi.net:465 (tls)",
        confirm=("mail.gandi.net",),
        trust="confirm",
        learned="http-document autoconfig",
    ),
    World(
        domain="achttpoff.example",
        story="a document over plain http, which the user does not want",
        hosts=(BOX, Host("autoconfig", (HTTP,), pages=((web_documents.AUTOCONFIG, config("box.achttpoff.example")),))),
        options=("--no-http",),
        exit_code=3,
        kinds=frozenset({FailureKind.REFUSED}),
    ),
    World(
        domain="acout.example",
        story="the domain's own document over https names another domain's servers: the user has to agree",
        hosts=(Host("autoconfig", WEB, pages=((web_documents.AUTOCONFIG, config("box.mxdocs.example")),)),),
        incoming=_imap("mxdocs.example"),
        outgoing=_smtp("mxdocs.example"),
        confirm=("box.mxdocs.example",),
        trust="confirm",
        learned="domain autoconfig",
        notes=("is outside acout.example",),
    ),
)

COLLECTIONS = (
    World(
        domain="ispdb.example",
        story="only the public database knows it; the server is the domain's own",
        hosts=(BOX,),
        incoming=_imap("ispdb.example"),
        outgoing=_smtp("ispdb.example"),
        confirm=("box.ispdb.example",),
        trust="confirm",
        learned="ispdb ispdb",
    ),
    World(
        domain="ispdbout.example",
        story="the public database names another domain's servers",
        incoming=_imap("mxdocs.example"),
        outgoing=_smtp("mxdocs.example"),
        confirm=("box.mxdocs.example",),
        trust="confirm",
        learned="ispdb ispdb",
    ),
    World(
        domain="mxauto.example",
        story="the hoster behind the MX publishes a document",
        records=("@ MX 10 mx1.mxdocs.example.",),
        incoming=_imap("mxdocs.example"),
        outgoing=_smtp("mxdocs.example"),
        confirm=("box.mxdocs.example",),
        trust="confirm",
        learned="mx-document autoconfig",
    ),
)

PACC = web_documents.pacc("box.pacc.example")
POINTERS = (
    World(
        domain="pacc.example",
        story="PACC: a JSON document and its digest in DNS",
        hosts=(BOX, Host("ua-auto-config", WEB, pages=((web_documents.PACC, PACC),))),
        records=(web_documents.pacc_record(PACC),),
        incoming=_imap("pacc.example"),
        outgoing=_smtp("pacc.example"),
        trust="domain",
        learned="domain pacc",
    ),
    World(
        domain="paccwrong.example",
        story="PACC with the digest of another document: it does not count",
        hosts=(
            BOX,
            Host("ua-auto-config", WEB, pages=((web_documents.PACC, web_documents.pacc("box.paccwrong.example")),)),
        ),
        records=(web_documents.pacc_record(PACC),),
        exit_code=3,
        kinds=frozenset({FailureKind.INVALID_DOCUMENT}),
    ),
    World(
        domain="mailconf.example",
        story="a TXT record points at a document inside the domain",
        hosts=(BOX, Host("docs", WEB, pages=(("/c.xml", config("box.mailconf.example")),))),
        records=('@ TXT "mailconf=https://docs.mailconf.example/c.xml"',),
        incoming=_imap("mailconf.example"),
        outgoing=_smtp("mailconf.example"),
        confirm=("box.mailconf.example",),
        trust="confirm",
        learned="srv mailconf",
    ),
)

AUTODISCOVER = (
    World(
        domain="adpox.example",
        story="Autodiscover answers without a login",
        hosts=(
            BOX,
            Host(
                "autodiscover",
                WEB,
                pages=((web_documents.AUTODISCOVER, web_documents.autodiscover("box.adpox.example")),),
                rules=web_documents.ANSWER_POSTS,
            ),
        ),
        incoming=_imap("adpox.example"),
        outgoing=_smtp("adpox.example"),
        trust="domain",
        learned="domain autodiscover",
    ),
    World(
        domain="adredirect.example",
        story="Autodiscover: a request in clear is answered with where to ask over https",
        hosts=(
            BOX,
            Host(
                "autodiscover",
                (HTTP,),
                rules=f"location / {{ return 302 https://ad.adredirect.example{web_documents.AUTODISCOVER}; }}",
            ),
            Host(
                "ad",
                (HTTPS,),
                pages=((web_documents.AUTODISCOVER, web_documents.autodiscover("box.adredirect.example")),),
                rules=web_documents.ANSWER_POSTS,
            ),
        ),
        incoming=_imap("adredirect.example"),
        outgoing=_smtp("adredirect.example"),
        confirm=("box.adredirect.example",),
        trust="confirm",
        learned="http-document autodiscover",
    ),
    World(
        domain="adsrv.example",
        story="Autodiscover: an SRV record names the host",
        hosts=(
            BOX,
            Host(
                "ad",
                (HTTPS,),
                pages=((web_documents.AUTODISCOVER, web_documents.autodiscover("box.adsrv.example")),),
                rules=web_documents.ANSWER_POSTS,
            ),
        ),
        records=("_autodiscover._tcp SRV 0 0 443 ad",),
        incoming=_imap("adsrv.example"),
        outgoing=_smtp("adsrv.example"),
        confirm=("box.adsrv.example",),
        trust="confirm",
        learned="srv autodiscover",
    ),
    World(
        domain="adlogin.example",
        story="Autodiscover wants a login: nothing is sent, and nothing is learned",
        hosts=(BOX, Host("autodiscover", (HTTPS,), rules="location / { return 401; }")),
        exit_code=3,
        notes=("wants an Exchange login; none was sent",),
    ),
)

JMAP = (
    World(
        domain="jmapsrv.example",
        story="JMAP by SRV; it wants a login, as it should",
        hosts=(Host("api", (HTTPS,), rules="location / { return 401; }"), Host("out", (SUBMISSIONS,))),
        records=("_jmap._tcp SRV 0 0 443 api", "_submissions._tcp SRV 0 0 465 out"),
        incoming="jmap://api.jmapsrv.example:443 (tls)",
        outgoing=_smtp("jmapsrv.example", "out"),
        incoming_verified=False,
        exit_code=1,
        confirm=("out.jmapsrv.example",),
        trust="unverified",
        learned="srv jmap",
    ),
    World(
        domain="jmap401.example",
        story="JMAP at its usual place, unasked for: a guess, and one that answers",
        hosts=(
            Host("@", WEB, rules=f"location = {web_documents.JMAP} {{ return 401; }}"),
            Host("smtp", (SUBMISSIONS,)),
        ),
        incoming="jmap://jmap401.example:443 (tls)",
        outgoing=_smtp("jmap401.example", "smtp"),
        incoming_verified=False,
        exit_code=1,
        trust="unverified",
        learned="guess jmap",
    ),
)

SIGNATURES = (
    World(
        domain="signed.example",
        story="SRV records under DNSSEC: the domain's own word",
        hosts=(BOX,),
        records=("_imaps._tcp SRV 0 0 993 box", "_submissions._tcp SRV 0 0 465 box"),
        delegation=Delegation.SIGNED,
        incoming=_imap("signed.example"),
        outgoing=_smtp("signed.example"),
        trust="domain",
        learned="domain srv",
    ),
    World(
        domain="unsigned.example",
        story="the same without DNSSEC: anybody's word",
        hosts=(BOX,),
        records=("_imaps._tcp SRV 0 0 993 box", "_submissions._tcp SRV 0 0 465 box"),
        incoming=_imap("unsigned.example"),
        outgoing=_smtp("unsigned.example"),
        confirm=("box.unsigned.example",),
        trust="confirm",
        learned="srv srv",
    ),
    World(
        domain="signedmx.example",
        story="MX under DNSSEC: the hoster's document was not forged, and is another domain's all the same",
        records=("@ MX 10 mx1.mxdocs.example.",),
        delegation=Delegation.SIGNED,
        incoming=_imap("mxdocs.example"),
        outgoing=_smtp("mxdocs.example"),
        confirm=("box.mxdocs.example",),
        trust="confirm",
        learned="mx-document autoconfig",
    ),
    World(
        domain="bogus.example",
        story="signed with the wrong key: no answer counts, although imap. and smtp. are alive",
        hosts=(Host("imap", (IMAPS,)), Host("smtp", (SUBMISSIONS,))),
        records=("_imaps._tcp SRV 0 0 993 imap",),
        delegation=Delegation.BOGUS,
        exit_code=3,
        kinds=frozenset({FailureKind.DNS_FAILED}),
    ),
)


def _tokens(domain: str, issuer: str, services: tuple[Service, ...] = WEB) -> tuple[Host, ...]:
    """Return the hosts of *domain*: its document leads to *issuer*, which may be its own."""
    document = web_documents.tokens(f"box.{domain}", f"https://{issuer}")
    login = Host("login", WEB, pages=((web_documents.ISSUER, web_documents.issuer_metadata(f"login.{domain}")),))
    return (BOX, Host("autoconfig", services, pages=((web_documents.AUTOCONFIG, document),)), login)


TOKENS = (
    World(
        domain="tokenown.example",
        story="an issuer of its own, named over https: its endpoints are the domain's statement, and apart",
        hosts=_tokens("tokenown.example", "login.tokenown.example"),
        incoming=_imap("tokenown.example"),
        outgoing=_smtp("tokenown.example"),
        tokens=("https://login.tokenown.example/token", False),
    ),
    World(
        domain="tokenknown.example",
        story="a well-known issuer is selected for other servers than its own: no token is to be had for them",
        hosts=_tokens("tokenknown.example", "accounts.google.com"),
        incoming=_imap("tokenknown.example"),
        outgoing=_smtp("tokenknown.example"),
        notes=("names the sign-in of Gmail (accounts.google.com) for box.tokenknown.example",),
    ),
    World(
        domain="tokenhttp.example",
        story="an issuer named in clear may be anybody's: it is not asked, and not used",
        hosts=_tokens("tokenhttp.example", "login.tokenhttp.example", (HTTP,)),
        incoming=_imap("tokenhttp.example"),
        outgoing=_smtp("tokenhttp.example"),
        confirm=("box.tokenhttp.example",),
        notes=("which only the domain's own https document may: not used",),
    ),
)

PUBLISHED_ZONES = (ISPDB, MX_HOSTER)
PUBLISHED = (*AUTOCONFIG, *COLLECTIONS, *POINTERS, *AUTODISCOVER, *JMAP, *SIGNATURES, *TOKENS)
