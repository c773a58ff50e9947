"""Web pages and documents that mean harm, as data: what stands at the domain's autoconfig URL, what must come of it."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass

from mailsettings import FailureKind
from mailsettings.testing import FakeNetwork
from tests.support.security.harness import DOMAIN

URL = f"https://autoconfig.{DOMAIN}/mail/config-v1.1.xml"
GOOD = f"https://elsewhere.{DOMAIN}/config.xml"


def document(*sections: str, more: str = "", before: str = "") -> str:
    """Return an autoconfig document with *sections* of servers and *more* beside them."""
    inside = f'<emailProvider id="x"><domain>{DOMAIN}</domain>{"".join(sections)}{more}</emailProvider>'
    return f'{before}<clientConfig version="1.1">{inside}</clientConfig>'


def server(
    host: str = f"imap.{DOMAIN}", port: object = 993, socket: str = "SSL", username: str = "%EMAILADDRESS%"
) -> str:
    """Return one incoming server, good where nothing else is said."""
    return (
        f'<incomingServer type="imap"><hostname>{host}</hostname><port>{port}</port><socketType>{socket}</socketType>'
        f"<username>{username}</username><authentication>password-cleartext</authentication></incomingServer>"
    )


@dataclass(frozen=True, slots=True)
class Page:
    """What a web server does at URL; *kinds*: how the document has to fail; *seconds*: when it has to be over."""

    name: str
    threat: str
    build: Callable[[FakeNetwork], None]
    kinds: tuple[FailureKind, ...]
    seconds: float = 0.0
    requests: int = 1  # that may be made for it at most, the one with the address not counted


def _body(body: bytes | str, **options: object) -> Callable[[FakeNetwork], None]:
    return lambda net: net.page(URL, body, **options)  # type: ignore[arg-type]  # options of page()


def _redirects(*targets: str, status: int = 302) -> Callable[[FakeNetwork], None]:
    """Lead from URL over all *targets*, one after the other."""

    def build(net: FakeNetwork) -> None:
        for source, target in zip((URL, *targets), targets, strict=False):
            net.redirect(source, target, status=status)

    return build


def _header(name: str, value: str, body: bytes | str = b"") -> Callable[[FakeNetwork], None]:
    return _body(body, headers=((name, value),))


def _here(path: str) -> str:
    return f"https://autoconfig.{DOMAIN}/{path}"


ENTITY = '<!DOCTYPE clientConfig [<!ENTITY a "AAAAAAAAAA">'
LAUGHS = ENTITY + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)) + "]>"
ATTRIBUTES = "<a " + " ".join(f'x{n}="1"' for n in range(200)) + "/>"
NOT_ONE = (FailureKind.NO_DOCUMENT,)
BROKEN = (FailureKind.INVALID_DOCUMENT,)

REDIRECTS = (
    Page("to-itself", "T38", _redirects(URL), (FailureKind.HTTP_FAILED,)),
    Page("two-in-a-circle", "T38", _redirects(_here("a"), URL), (FailureKind.HTTP_FAILED,), requests=2),
    Page("chain-of-seven", "T38", _redirects(*map(_here, "abcdefg")), (FailureKind.HTTP_FAILED,), requests=6),
    Page(
        "never-the-same-twice",
        "T38",
        _redirects(*(_here(str(n)) for n in range(99))),
        (FailureKind.HTTP_FAILED,),
        requests=6,
    ),
    Page("https-to-http", "T4", _redirects(f"http://autoconfig.{DOMAIN}/x"), (FailureKind.INSECURE_REDIRECT,)),
    Page("to-loopback", "T10", _redirects("https://127.0.0.1/x"), (FailureKind.DENIED,)),
    Page("to-loopback-as-a-number", "T12", _redirects("https://2130706433/x"), (FailureKind.DENIED,)),
    Page("to-loopback-in-ipv6", "T11", _redirects("https://[::ffff:127.0.0.1]/x"), (FailureKind.DENIED,)),
    Page("to-localhost", "T10", _redirects("https://localhost/x"), (FailureKind.DENIED,)),
    Page("to-metadata", "T10", _redirects("https://169.254.169.254/latest/meta-data"), (FailureKind.DENIED,)),
    Page("to-metadata-by-name", "T10", _redirects("https://metadata.google.internal/x"), (FailureKind.DENIED,)),
    Page("to-port-22", "T9", _redirects(f"https://autoconfig.{DOMAIN}:22/x"), (FailureKind.DENIED,)),
    Page("to-port-6379", "T9", _redirects(f"https://autoconfig.{DOMAIN}:6379/x"), (FailureKind.DENIED,)),
    Page("to-a-file", "T10", _redirects("file:///etc/passwd"), (FailureKind.DENIED,)),
    Page("to-ftp", "T10", _redirects("ftp://ftp.example.org/x"), (FailureKind.DENIED,)),
    Page("to-javascript", "T38", _redirects("javascript:alert(1)"), (FailureKind.DENIED,)),
    Page("with-a-user-name", "T38", _redirects(f"https://{DOMAIN}@evil.example/x"), (FailureKind.DENIED,)),
    Page("to-nowhere", "T38", _body(b"", status=302), (FailureKind.HTTP_FAILED,)),
    Page("to-no-url", "T38", _redirects("https://[::1/x"), (FailureKind.HTTP_FAILED, FailureKind.DENIED)),
    Page("to-a-long-url", "T38", _redirects(_here("x" * 3000)), (FailureKind.DENIED,)),
    Page("status-300", "T38", _body(b"", status=300, headers=(("Location", GOOD),)), (FailureKind.HTTP_STATUS,)),
)

BODIES = (
    Page("web-page", "T15", _body("<!DOCTYPE html><title>Welcome</title>", content_type="text/html"), NOT_ONE),
    Page("web-page-without-doctype", "T15", _body("<html><body>log in</body></html>"), NOT_ONE),
    Page("json", "T15", _body('{"imap": "imap.example.org"}'), NOT_ONE),
    Page("nothing", "T15", _body(b""), NOT_ONE),
    Page("another-root", "T36", _body("<config/>"), NOT_ONE),
    Page("billion-laughs", "T36", _body(document(server(), before=LAUGHS)), BROKEN),
    Page(
        "quadratic-blow-up",
        "T36",
        _body(document(server(), before=f'<!DOCTYPE x [<!ENTITY a "{"A" * 30000}">]>')),
        BROKEN,
    ),
    Page(
        "external-entity",
        "T36",
        _body(document(before='<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>')),
        BROKEN,
    ),
    Page("external-dtd", "T36", _body(document(before='<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd">')), BROKEN),
    Page(
        "parameter-entity",
        "T36",
        _body(document(before='<!DOCTYPE x [<!ENTITY % a SYSTEM "http://127.0.0.1/"> %a;]>')),
        BROKEN,
    ),
    Page("too-deep", "T36", _body(document(more="<a>" * 1000 + "</a>" * 1000)), BROKEN),
    Page("too-many-elements", "T36", _body(document(more="<a/>" * 9000)), BROKEN),
    Page("too-many-attributes", "T36", _body(document(more=ATTRIBUTES)), BROKEN),
    Page("reference-to-null", "T35", _body(document(server(username="x&#0;"))), BROKEN),
    Page("cut-off", "T36", _body(document(server())[:200]), BROKEN),
    Page(
        "unknown-charset",
        "T36",
        _body(b'<?xml version="1.0" encoding="cp037"?>' + document().encode()),
        (*BROKEN, *NOT_ONE),
    ),
    Page("null-bytes", "T36", _body(b"\0" * 4000), NOT_ONE),
    Page("one-byte-too-long", "T39", _body(document(server()) + " " * 65536), (FailureKind.LIMIT,)),
    Page("endless", "T39", _body(b"A" * 16384, endless=True), (FailureKind.LIMIT,)),
    Page(
        "gzip-bomb",
        "T37",
        _header("Content-Encoding", "gzip", gzip.compress(b"\0" * 10**6)),
        (FailureKind.HTTP_FAILED,),
    ),
    Page("unknown-encoding", "T37", _header("Content-Encoding", "br", b"x"), (FailureKind.HTTP_FAILED,)),
    Page("huge-header", "T39", _header("X-Padding", "A" * 60000), (FailureKind.LIMIT, FailureKind.HTTP_FAILED)),
    Page(
        "thousand-headers",
        "T39",
        _body(b"", headers=tuple((f"X-{n}", "A" * 40) for n in range(1000))),
        (FailureKind.LIMIT, FailureKind.HTTP_FAILED),
    ),
    Page("drip", "T39", _body(document(server()), drip=1.0), (FailureKind.REPLY_TIMEOUT,), seconds=5),
    Page("silent", "T39", _body(b"", delay=3600), (FailureKind.REPLY_TIMEOUT,), seconds=5),
    Page(
        "wants-a-login",
        "T1",
        _body(b"", status=401, headers=(("WWW-Authenticate", 'Basic realm="x"'),)),
        (FailureKind.HTTP_STATUS,),
    ),
    Page(
        "wants-ntlm", "T1", _body(b"", status=401, headers=(("WWW-Authenticate", "NTLM"),)), (FailureKind.HTTP_STATUS,)
    ),
    Page("cookie", "T43", _body(b"", status=404, headers=(("Set-Cookie", "id=1"),)), (FailureKind.HTTP_STATUS,)),
    Page("server-error", "T51", _body(b"", status=500), (FailureKind.HTTP_STATUS,)),
    Page("status-999", "T51", _body(b"", status=999), (FailureKind.HTTP_STATUS, FailureKind.HTTP_FAILED)),
)
