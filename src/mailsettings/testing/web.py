"""Web pages of a fake network: by URL, served over HTTP/1.1 by a script like any other server."""

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
    """The response of a web server."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/xml"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0.0  # seconds before the first byte; infinity: no response
    drip: float = 0.0  # seconds before each byte of the body
    endless: bool = False  # repeat the body for ever


NOT_FOUND = PageResponse(404, b"<!DOCTYPE html><title>Not Found</title><h1>Not Found</h1>\n", "text/html")


class Site:
    """All pages of a fake network."""

    def __init__(self, recording: Recording[FakeStream]) -> None:
        self._recording = recording
        self._pages: dict[tuple[str, str], PageResponse] = {}

    def add(self, url: str, method: str, response: PageResponse) -> tuple[str, int]:
        """Serve *response* at *url* (and only for *method*, if any); return the host and port for the server."""
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ValueError(f"{url!r} is not an http or https URL")
        self._pages[method, plain_url(url)] = response
        return parts.hostname, parts.port or _PORTS[parts.scheme]

    def find(self, request: Request) -> PageResponse:
        """Return the page for *request*: of exactly its URL, or of its URL without the query; 404 without any."""
        for url in (request.url, request.url.partition("?")[0]):
            for method in (request.method, ""):
                if (response := self._pages.get((method, url))) is not None:
                    return response
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
                self._recording.record(partial(_dated, request))
                yield from _response_acts(connection, request, self.find(request))
        except h11.RemoteProtocolError:
            yield Say(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def plain_url(url: str) -> str:
    """Return *url* in the form of a recorded request: host in lower case, no default port, a path."""
    parts = urlsplit(url)
    host = parts.netloc.lower().removesuffix(f":{_PORTS[parts.scheme]}")
    return f"{parts.scheme}://{host}{parts.path or '/'}{'?' * bool(parts.query)}{parts.query}"


def _dated(request: Request, at: float) -> Request:
    return replace(request, at=at)


def _read_request(connection: h11.Connection, port: int, host: str) -> Generator[Act, bytes, Request]:
    """Receive one whole request."""
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
    """Return the next event of h11, receiving as much as it needs."""
    import h11

    while (event := connection.next_event()) is h11.NEED_DATA:
        connection.receive_data((yield HEAR_SOME))
    return event


def _response_acts(connection: h11.Connection, request: Request, response: PageResponse) -> Iterator[Say | Sleep]:
    """Send *response*, and prepare *connection* for the next request if it may have one."""
    import h11

    yield Sleep(response.delay)
    yield Say(connection.send(h11.Response(status_code=response.status, headers=_headers(response))) or b"")
    if request.method != "HEAD":
        for piece in _pieces(response):
            yield Sleep(response.drip)
            yield Say(connection.send(h11.Data(data=piece)) or b"")
    yield Say(connection.send(h11.EndOfMessage()) or b"")
    if connection.our_state is h11.DONE:
        connection.start_next_cycle()


def _headers(response: PageResponse) -> list[tuple[str, str]]:
    """Return the header lines; an endless body has no length."""
    length = [] if response.endless else [("Content-Length", str(len(response.body)))]
    return [("Content-Type", response.content_type), *length, *response.headers]


def _pieces(response: PageResponse) -> Iterator[bytes]:
    """Cut the body into segments, single bytes where it drips."""
    size = 1 if response.drip else _SEGMENT
    for _ in repeat(None) if response.endless else repeat(None, 1):
        yield from (response.body[start : start + size] for start in range(0, len(response.body), size))
