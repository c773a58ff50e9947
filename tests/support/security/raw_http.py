"""Web servers that break HTTP itself: what they say, byte by byte."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat

from mailsettings import FailureKind
from mailsettings.testing import HEAR_SOME, RESET, TLS, FakeNetwork, Say, Script, Sleep, scripted
from tests.support.security.harness import DOMAIN
from tests.support.security.web_pages import Page

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
SLOW_HEAD: list[bytes | float] = [b"H", 1.0] * 60  # a byte a second
FAILED = (FailureKind.HTTP_FAILED,)
TOO_MUCH = (FailureKind.LIMIT, FailureKind.HTTP_FAILED)  # by our limit or by the parser's, whichever comes first


def _raw(*parts: bytes | float, endless: bytes = b"") -> Callable[[FakeNetwork], None]:
    """Say *parts* to whoever asks (numbers are seconds of silence), then *endless* for ever."""

    def script() -> Script:
        yield TLS()
        yield HEAR_SOME
        yield from _says(parts)
        if endless:
            yield from (Say(piece) for piece in repeat(endless))

    return _at_443(script)


def _at_443(script: Callable[[], Script]) -> Callable[[FakeNetwork], None]:
    def build(net: FakeNetwork) -> None:
        net.host(f"autoconfig.{DOMAIN}").serve(scripted(443, script))

    return build


def _says(parts: Iterable[bytes | float]) -> Iterator[Say | Sleep]:
    yield from (Say(part) if isinstance(part, bytes) else Sleep(part) for part in parts)


def _resetting() -> Script:
    yield TLS()
    yield HEAR_SOME
    yield Say(HEAD)
    yield RESET


RAW = (
    Page("no-http-at-all", "T51", _raw(b"SSH-2.0-OpenSSH_9.9\r\n"), FAILED),
    Page("http-0.9", "T51", _raw(b"<clientConfig/>"), FAILED),
    Page("nothing-at-all", "T51", _raw(), FAILED),
    Page("only-a-status-line", "T51", _raw(HEAD), FAILED),
    Page("reset-in-the-head", "T51", _at_443(_resetting), (FailureKind.CLOSED, *FAILED)),
    Page(
        "unknown-version",
        "T51",
        _raw(b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n"),
        (*FAILED, FailureKind.NO_DOCUMENT),
    ),
    Page("status-of-four-digits", "T51", _raw(b"HTTP/1.1 20000 OK\r\n\r\n"), FAILED),
    Page(
        "announced-as-a-terabyte", "T39", _raw(HEAD + b"Content-Length: 1000000000000\r\n\r\nx"), (FailureKind.LIMIT,)
    ),
    Page("length-of-a-thousand-digits", "T39", _raw(HEAD + b"Content-Length: " + b"9" * 1000 + b"\r\n\r\nx"), TOO_MUCH),
    Page("negative-length", "T39", _raw(HEAD + b"Content-Length: -1\r\n\r\nx"), FAILED),
    Page("two-lengths", "T39", _raw(HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), FAILED),
    Page("length-that-is-a-lie", "T39", _raw(HEAD + b"Content-Length: 100\r\n\r\n<a/>"), FAILED),
    Page("endless-head", "T39", _raw(HEAD, endless=b"X-A: b\r\n" * 500), TOO_MUCH),
    Page("endless-header-line", "T39", _raw(HEAD + b"X: ", endless=b"A" * 8192), TOO_MUCH),
    Page("endless-status-line", "T39", _raw(b"HTTP/1.1 200 ", endless=b"A" * 8192), TOO_MUCH),
    Page("endless-information", "T39", _raw(endless=b"HTTP/1.1 103 Early Hints\r\n\r\n" * 500), TOO_MUCH),
    Page("endless-chunks", "T39", _raw(CHUNKED, endless=b"1\r\nA\r\n" * 500), TOO_MUCH),
    Page("chunk-of-an-exabyte", "T39", _raw(CHUNKED + b"FFFFFFFFFFFFFFF\r\n", endless=b"A" * 8192), TOO_MUCH),
    Page("chunk-size-without-end", "T39", _raw(CHUNKED, endless=b"0" * 8192), TOO_MUCH),
    Page("endless-trailer", "T39", _raw(CHUNKED + b"0\r\n", endless=b"X: y\r\n" * 500), TOO_MUCH),
    Page(
        "switches-protocols",
        "T51",
        _raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"),
        (*FAILED, FailureKind.HTTP_STATUS),
    ),
    Page("null-in-a-header", "T34", _raw(HEAD + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n"), FAILED),
    Page(
        "escape-in-the-status-line",
        "T45",
        _raw(b"HTTP/1.1 404 \x1b[31mno\r\nContent-Length: 0\r\n\r\n"),
        (*FAILED, FailureKind.HTTP_STATUS),
    ),
    Page(
        "escape-in-the-location",
        "T45",
        _raw(b"HTTP/1.1 302 x\r\nLocation: https://\x1b[31m.example/\r\nContent-Length: 0\r\n\r\n"),
        (*FAILED, FailureKind.DENIED),
    ),
    Page(
        "bidi-in-the-location",
        "T45",
        _raw("HTTP/1.1 302 x\r\nLocation: https://a\u202e.example/\r\nContent-Length: 0\r\n\r\n".encode()),
        (*FAILED, FailureKind.DENIED),
    ),
    Page(
        "bidi-in-the-path",
        "T45",
        _raw("HTTP/1.1 302 x\r\nLocation: http://a.example/\u202e\r\nContent-Length: 0\r\n\r\n".encode()),
        (*FAILED, FailureKind.INSECURE_REDIRECT),
    ),
    Page(
        "escape-in-the-encoding", "T45", _raw(HEAD + b"Content-Encoding: \x9b31m\r\nContent-Length: 0\r\n\r\n"), FAILED
    ),
    Page("compressed-on-the-way", "T37", _raw(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), FAILED),
    Page("head-dripped", "T39", _raw(*SLOW_HEAD), (FailureKind.REPLY_TIMEOUT,), seconds=5),
    Page(
        "silent-in-the-body",
        "T39",
        _raw(HEAD + b"Content-Length: 9\r\n\r\n<a", 3600.0),
        (FailureKind.REPLY_TIMEOUT,),
        seconds=5,
    ),
)
