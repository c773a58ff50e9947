"""Mail domains whose sources contradict each other, and web servers that make trouble instead of serving a document."""

from __future__ import annotations

from mailsettings.errors import FailureKind
from tests.support.lab import web_documents
from tests.support.lab.provider_zones import EVERYTHING
from tests.support.lab.web_documents import config
from tests.support.lab.world import (
    HTTP,
    HTTPS,
    IMAP,
    IMAPS,
    PLAIN_IMAP,
    PLAIN_SUBMISSION,
    SUBMISSION,
    SUBMISSIONS,
    WEB,
    WEB_FILTERED,
    WEB_TARPIT,
    Certificate,
    Fault,
    Host,
    World,
)

BOX = Host("box", (IMAPS, SUBMISSIONS))
OTHER = Host("other", (IMAPS, SUBMISSIONS))
OLD = Host("old", (PLAIN_IMAP, PLAIN_SUBMISSION))  # no TLS at all
SRV_TO_OTHER = ("_imaps._tcp SRV 0 0 993 other", "_submissions._tcp SRV 0 0 465 other")
DISAGREE = "sources disagree on incoming mail"


def _autoconfig(document: str) -> Host:
    return Host("autoconfig", (HTTPS,), pages=((web_documents.AUTOCONFIG, document),))


def _autodiscover(document: str) -> Host:
    return Host(
        "autodiscover", (HTTPS,), pages=((web_documents.AUTODISCOVER, document),), rules=web_documents.ANSWER_POSTS
    )


CONTRADICTIONS = (
    World(
        domain="docsrv.example",
        story="the document names one server, unsigned SRV another: the document could not be forged",
        hosts=(BOX, OTHER, _autoconfig(config("box.docsrv.example"))),
        records=SRV_TO_OTHER,
        incoming="imap://box.docsrv.example:993 (tls)",
        outgoing="smtp://box.docsrv.example:465 (tls)",
        trust="domain",
        learned="domain autoconfig",
        notes=(f"{DISAGREE}: autoconfig says box.docsrv.example; srv says other.docsrv.example",),
    ),
    World(
        domain="plaindoc.example",
        story="the document names a server without TLS, SRV one with TLS: TLS wins, whoever says so",
        hosts=(
            OLD,
            OTHER,
            _autoconfig(config("old.plaindoc.example", incoming=(143, "plain"), outgoing=(587, "plain"))),
        ),
        records=SRV_TO_OTHER,
        incoming="imap://other.plaindoc.example:993 (tls)",
        outgoing="smtp://other.plaindoc.example:465 (tls)",
        confirm=("other.plaindoc.example",),
        trust="confirm",
        learned="srv srv",
        notes=("the document at autoconfig.plaindoc.example names no server that is used", DISAGREE),
    ),
    World(
        domain="plainold.example",
        story="the document says plain of a server that has learned TLS since",
        hosts=(BOX, _autoconfig(config("box.plainold.example", incoming=(143, "plain"), outgoing=(587, "plain")))),
        incoming="imap://box.plainold.example:993 (tls)",
        outgoing="smtp://box.plainold.example:465 (tls)",
        trust="domain",
        learned="domain autoconfig",
        notes=("imap on port 143 is offered without TLS",),
    ),
    World(
        domain="docad.example",
        story="the document says TLS, Autodiscover offers the other server without: TLS",
        hosts=(
            BOX,
            OLD,
            _autoconfig(config("box.docad.example")),
            _autodiscover(web_documents.autodiscover("old.docad.example", imap_port=143, ssl="off")),
        ),
        options=("--all",),
        incoming="imap://box.docad.example:993 (tls)",
        outgoing="smtp://box.docad.example:465 (tls)",
        trust="domain",
        learned="domain autoconfig",
        notes=(DISAGREE,),
        within=15.0,
    ),
    World(
        domain="docispdb.example",
        story="the domain's document against the public database: the domain knows better",
        hosts=(BOX, OTHER, _autoconfig(config("box.docispdb.example"))),
        options=("--all",),
        incoming="imap://box.docispdb.example:993 (tls)",
        outgoing="smtp://box.docispdb.example:465 (tls)",
        trust="domain",
        learned="domain autoconfig",
        notes=(f"{DISAGREE}: autoconfig says box.docispdb.example; ispdb says other.docispdb.example",),
        within=15.0,
    ),
    World(
        domain="adplain.example",
        story="Autodiscover offers plain alone, SRV has TLS: TLS",
        hosts=(
            OLD,
            OTHER,
            _autodiscover(web_documents.autodiscover("old.adplain.example", imap_port=143, ssl="off")),
        ),
        records=SRV_TO_OTHER,
        incoming="imap://other.adplain.example:993 (tls)",
        outgoing="smtp://other.adplain.example:465 (tls)",
        confirm=("other.adplain.example",),
        trust="confirm",
        learned="srv srv",
        notes=(DISAGREE,),
    ),
    World(
        domain="httpshttp.example",
        story="one document over https, another in clear: the one in clear is not even asked for",
        hosts=(
            BOX,
            OTHER,
            Host("@", (HTTPS,), pages=((web_documents.WELL_KNOWN, config("box.httpshttp.example")),)),
            Host("autoconfig", (HTTP,), pages=((web_documents.AUTOCONFIG, config("other.httpshttp.example")),)),
        ),
        incoming="imap://box.httpshttp.example:993 (tls)",
        outgoing="smtp://box.httpshttp.example:465 (tls)",
        trust="domain",
        learned="domain autoconfig",
        quiet=(DISAGREE,),
    ),
    World(
        domain="httpsrv.example",
        story="a document in clear against SRV records: both can be forged, and SRV costs more to forge",
        hosts=(
            BOX,
            OTHER,
            Host("autoconfig", (HTTP,), pages=((web_documents.AUTOCONFIG, config("box.httpsrv.example")),)),
        ),
        records=SRV_TO_OTHER,
        options=("--all",),
        incoming="imap://other.httpsrv.example:993 (tls)",
        outgoing="smtp://other.httpsrv.example:465 (tls)",
        confirm=("other.httpsrv.example",),
        trust="confirm",
        learned="srv srv",
        notes=(DISAGREE,),
        within=15.0,
    ),
    World(
        domain="ispdbsrv.example",
        story="the public database against SRV records, which could be forged",
        hosts=(BOX, OTHER),
        records=SRV_TO_OTHER,
        incoming="imap://box.ispdbsrv.example:993 (tls)",
        outgoing="smtp://box.ispdbsrv.example:465 (tls)",
        confirm=("box.ispdbsrv.example",),
        trust="confirm",
        learned="ispdb ispdb",
        notes=(DISAGREE,),
    ),
    World(
        domain="paccdoc.example",
        story="PACC against autoconfig: both are the domain's own word, and autoconfig comes first",
        hosts=(
            BOX,
            OTHER,
            _autoconfig(config("box.paccdoc.example")),
            Host(
                "ua-auto-config", (HTTPS,), pages=((web_documents.PACC, web_documents.pacc("other.paccdoc.example")),)
            ),
        ),
        records=(web_documents.pacc_record(web_documents.pacc("other.paccdoc.example")),),
        options=("--all",),
        incoming="imap://box.paccdoc.example:993 (tls)",
        outgoing="smtp://box.paccdoc.example:465 (tls)",
        trust="domain",
        learned="domain autoconfig",
        notes=(f"{DISAGREE}: autoconfig says box.paccdoc.example; pacc says other.paccdoc.example",),
        within=15.0,
    ),
    World(
        domain="docdead.example",
        story="the document names a server that does not answer, SRV one that does",
        hosts=(OTHER, Host("box", ()), _autoconfig(config("box.docdead.example"))),
        records=SRV_TO_OTHER,
        incoming="imap://other.docdead.example:993 (tls)",
        outgoing="smtp://other.docdead.example:465 (tls)",
        confirm=("other.docdead.example",),
        trust="confirm",
        learned="srv srv",
        kinds=frozenset({FailureKind.REFUSED}),
        notes=(DISAGREE,),
    ),
    World(
        domain="docstarttls.example",
        story="the document says STARTTLS, SRV says TLS of the same server: both verify, the safer way to it wins",
        hosts=(
            Host("box", (IMAPS, IMAP, SUBMISSIONS, SUBMISSION)),
            _autoconfig(config("box.docstarttls.example", incoming=(143, "STARTTLS"), outgoing=(587, "STARTTLS"))),
        ),
        records=("_imaps._tcp SRV 0 0 993 box", "_submissions._tcp SRV 0 0 465 box"),
        incoming="imap://box.docstarttls.example:993 (tls)",
        outgoing="smtp://box.docstarttls.example:465 (tls)",
        trust="domain",
        learned="srv srv",
        quiet=(DISAGREE,),
    ),
)


def _trouble(domain: str, story: str, web: Host, *kinds: FailureKind, within: float = 5.0) -> World:
    """Return a domain that is found by its usual names, and whose autoconfig. is *web*."""
    return World(
        domain=domain,
        story=story,
        hosts=(Host("mail", EVERYTHING), web),
        incoming=f"imap://mail.{domain}:993 (tls)",
        outgoing=f"smtp://mail.{domain}:465 (tls)",
        trust="same-domain",
        learned="guess guess",
        kinds=frozenset(kinds),
        within=within,
    )


def _served(domain: str) -> tuple[web_documents.Page, ...]:
    """Return the page that would be right, to show that it is not used."""
    return ((web_documents.AUTOCONFIG, config(f"box.{domain}")),)


def _replies(rule: str) -> Host:
    return Host("autoconfig", (HTTPS,), rules=f"location / {{ {rule} }}")


WEB_TROUBLES = (
    _trouble(
        "acexpired.example",
        "the web server's certificate has expired",
        Host("autoconfig", (HTTPS,), Certificate(fault=Fault.EXPIRED), pages=_served("acexpired.example")),
        FailureKind.CERTIFICATE_EXPIRED,
    ),
    _trouble(
        "acwrongname.example",
        "the web server's certificate is for another name",
        Host("autoconfig", (HTTPS,), Certificate(("www.acwrongname.example",)), pages=_served("acwrongname.example")),
        FailureKind.CERTIFICATE_NAME,
    ),
    World(
        domain="acmoved.example",
        story="a redirect from https to https, to another domain's machine: no longer the domain's own statement",
        hosts=(BOX, _replies("return 301 https://web.acstore.example/acmoved.xml;")),
        incoming="imap://box.acmoved.example:993 (tls)",
        outgoing="smtp://box.acmoved.example:465 (tls)",
        confirm=("box.acmoved.example",),
        trust="confirm",
        learned="mx-document autoconfig",
    ),
    World(
        domain="acstore.example",
        story="keeps another domain's document, and has none for itself",
        hosts=(
            Host("web", WEB, pages=(("/acmoved.xml", config("box.acmoved.example")),)),
            Host("mail", EVERYTHING),
        ),
        incoming="imap://mail.acstore.example:993 (tls)",
        outgoing="smtp://mail.acstore.example:465 (tls)",
    ),
    _trouble(
        "acdowngrade.example",
        "a redirect from https to http is not followed",
        _replies("return 302 http://web.acstore.example/acmoved.xml;"),
        FailureKind.INSECURE_REDIRECT,
    ),
    _trouble(
        "acloop.example",
        "redirects that lead back",
        _replies("return 302 https://autoconfig.acloop.example/mail/config-v1.1.xml;"),
        FailureKind.HTTP_FAILED,
    ),
    _trouble(
        "achtml.example",
        "a web page instead of a document, with status 200",
        Host("autoconfig", WEB, pages=((web_documents.AUTOCONFIG, "<html><title>Log in</title></html>"),)),
        FailureKind.NO_DOCUMENT,
    ),
    _trouble("ac404.example", "a web server without a document", Host("autoconfig", WEB), FailureKind.HTTP_STATUS),
    _trouble("ac500.example", "a web server that is broken", _replies("return 500;"), FailureKind.HTTP_STATUS),
    _trouble(
        "achuge.example",
        "a document of two megabytes",
        Host("autoconfig", WEB, pages=((web_documents.AUTOCONFIG, f"<clientConfig>{' ' * 2_000_000}</clientConfig>"),)),
        FailureKind.LIMIT,
    ),
    _trouble(
        "achang.example",
        "a web server that accepts and says nothing: waited for no longer than patience allows",
        Host("autoconfig", WEB_TARPIT),
        within=2.0,
    ),
    _trouble(
        "acdrip.example",
        "a web server that sends one byte a second",
        Host("autoconfig", WEB, pages=_served("acdrip.example"), rules="limit_rate 1;"),
        within=2.0,
    ),
    World(
        domain="silentweb.example",
        story="the hosts of autoconfig and Autodiscover drop everything: an answer within the hedge all the same",
        hosts=(
            Host("autoconfig", WEB_FILTERED),
            Host("autodiscover", WEB_FILTERED),
            Host("@", WEB_FILTERED),
            Host("mail", EVERYTHING),
        ),
        incoming="imap://mail.silentweb.example:993 (tls)",
        outgoing="smtp://mail.silentweb.example:465 (tls)",
        trust="same-domain",
        learned="guess guess",
        within=2.0,
    ),
)

CONTRADICTING = (*CONTRADICTIONS, *WEB_TROUBLES)
