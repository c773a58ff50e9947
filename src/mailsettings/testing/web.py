"""The web of a FakeNetwork: pages by URL, served over HTTP/1.1 by a script like any other server."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mailsettings.testing.recording import Recording, Request
from mailsettings.testing.scripts import HEAR_SOME, TLS, Act, Say, Script, Server, Sleep
from mailsettings.testing.stream import FakeStream

if TYPE_CHECKING:
    import h11

HTTPS_PORT = 443
_SEGMENT = 16384  # bytes of a body in one segment
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class PageResponse:
    """What a web server answers."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/xml"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0  # seconds before the first byte; infinity is never
    drip: float = 0.0  # seconds before each byte of the body
    endless: bool = False  # the body again and again


NOT_FOUND = PageResponse(404, b"<!DOCTYPE html><title>Not Found</title><h1>Not Found</h1>\n", "text/html")


class Site:
    """All pages of a world."""

    def __init__(self, ledger: Recording[FakeStream]) -> None:
        self._ledger = ledger
        self._pages: dict[tuple[str, str], PageResponse] = {}

    def add(self, url: str, method: str, reply: PageResponse) -> tuple[str, int]:
        """Keep *reply* for *url* (and *method*, if any), and return the host and port to be served."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(f"{url!r} is not an http or https URL")
        self._pages[method, plain_url(url)] = reply
        return parts.hostname, parts.port or _PORTS[parts.scheme]

    def find(self, request: Request) -> PageResponse:
        """Return the page for *request*: of exactly its URL, or of its URL without the query; 404 without any."""
        for url in (request.url, request.url.partition("?")[0]):
            for method in (request.method, ""):
                if (reply := self._pages.get((method, url))) is not None:
                    return reply
        return NOT_FOUND

    def server(self, port: int) -> Server:
        """Return a web server for *port*; TLS on 443 only."""
        return Server(port, partial(self._serve, port), speaks_lines=False)

    def _serve(self, port: int, host: str) -> Script:
        import h11  # comes with httpcore, and only a fetched page needs it

        if port == HTTPS_PORT:
            yield TLS()
        connection = h11.Connection(h11.SERVER)
        try:
            while connection.our_state is h11.IDLE:
                request = yield from _read_request(connection, port, host)
                self._ledger.record(partial(_dated, request))
                yield from _response_acts(connection, request, self.find(request))
        except h11.RemoteProtocolError:
            yield Say(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def plain_url(url: str) -> str:
    """Return *url* as a request names it: host in lower case, no default port, a path."""
    parts = urlsplit(url)
    host = parts.netloc.lower().removesuffix(f":{_PORTS[parts.scheme]}")
    return f"{parts.scheme}://{host}{parts.path or '/'}{'?' * bool(parts.query)}{parts.query}"


def _dated(request: Request, at: float) -> Request:
    return replace(request, at=at)


def _read_request(connection: h11.Connection, port: int, host: str) -> Generator[Act, bytes, Request]:
    """Hear one request to its end."""
    head = yield from _event(connection)
    body = bytearray()
    while hasattr(event := (yield from _event(connection)), "data"):
        body += event.data
    assert hasattr(head, "target")  # h11 gives a Request first, or raises
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers)
    scheme = "https" if port == HTTPS_PORT else "http"
    url = plain_url(f"{scheme}://{dict(headers).get('host', host)}{head.target.decode('latin-1')}")
    return Request(head.method.decode("latin-1"), url, headers, bytes(body))


def _event(connection: h11.Connection) -> Generator[Act, bytes, Any]:
    """Return the next event of h11, hearing as much as it needs."""
    import h11

    while (event := connection.next_event()) is h11.NEED_DATA:
        connection.receive_data((yield HEAR_SOME))
    return event


def _response_acts(connection: h11.Connection, request: Request, reply: PageResponse) -> Iterator[Say | Sleep]:
    """Say *reply*, and make *connection* ready for the next request if it may have one."""
    import h11

    yield Sleep(reply.delay)
    yield Say(connection.send(h11.Response(status_code=reply.status, headers=_headers(reply))) or b"")
    if request.method != "HEAD":
        for piece in _pieces(reply):
            yield Sleep(reply.drip)
            yield Say(connection.send(h11.Data(data=piece)) or b"")
    yield Say(connection.send(h11.EndOfMessage()) or b"")
    if connection.our_state is h11.DONE:
        connection.start_next_cycle()


def _headers(reply: PageResponse) -> list[tuple[str, str]]:
    """Return the header lines; an endless body has no length."""
    length = [] if reply.endless else [("Content-Length", str(len(reply.body)))]
    return [("Content-Type", reply.content_type), *length, *reply.headers]


def _pieces(reply: PageResponse) -> Iterator[bytes]:
    """Cut the body into segments, single bytes where it drips."""
    size = 1 if reply.drip else _SEGMENT
    for _ in repeat(None) if reply.endless else repeat(None, 1):
        yield from (reply.body[start : start + size] for start in range(0, len(reply.body), size))
