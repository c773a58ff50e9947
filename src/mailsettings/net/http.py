"""Fetch documents: httpx over our own connector, so that the policy applies to every hop and every byte is counted.

    Fetcher.get ── httpx.Request ──▶ _Transport ──▶ httpcore pool ──▶ _Backend ──▶ Dialer ──▶ secure

httpx.AsyncClient is not used: it would store cookies, obey proxy variables and log the whole URL, address included.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, contextmanager
from typing import Any

import anyio
import httpcore
import httpx

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.interfaces import Page
from mailsettings.model import TLSFacts
from mailsettings.net.dialer import Dialer
from mailsettings.net.limiter import Budget, Resource
from mailsettings.net.streams import Stream
from mailsettings.net.tls import WEB, secure
from mailsettings.policy import Policy

HEADERS = {"User-Agent": "mailsettings", "Accept": "*/*", "Accept-Encoding": "identity"}
REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_URL = 2000  # characters, as Let's Encrypt's validation reads at most
_PORTS = {"https": 443, "http": 80}


class Fetcher:
    """Fetches documents within a policy and a budget."""

    def __init__(self, dialer: Dialer, policy: Policy, *, budget: Budget, keep_alive: int = 0) -> None:
        """*keep_alive*: idle connections kept for reuse; none by default, one connection has one purpose."""
        self._policy = policy
        self._budget = budget
        self._transport = _Transport(dialer, policy, keep_alive=keep_alive)
        self.dates: dict[str, str] = {}  # Date headers of hosts with a verified certificate

    def tls_of(self, host: str) -> TLSFacts | None:
        """Return the TLS facts of the last document fetched from *host*."""
        return self._transport.tls.get(host)

    async def get(
        self,
        url: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        answers: frozenset[int] = frozenset(),
    ) -> Page:
        """Return the document at *url*. Redirects are followed for GET only: a body is never sent to another URL.

        *answers* are statuses of 300 and above that count as success.

        Raises NetworkError: the failures of dialling and TLS, HTTP_STATUS (seen: the number), HTTP_FAILED,
        INSECURE_REDIRECT, DENIED, LIMIT, BUDGET, REPLY_TIMEOUT if it all takes longer than `Timeouts.http_timeout`.
        """
        self._budget.spend(Resource.HTTP)
        request = httpx.Request(
            method, check_url(url, self._policy), headers=HEADERS | dict(headers or {}), content=body
        )
        try:
            with anyio.fail_after(self._policy.timeouts.http_timeout):
                return await self._follow(request, answers)
        except TimeoutError as error:
            seconds = self._policy.timeouts.http_timeout
            raise NetworkError(FailureKind.REPLY_TIMEOUT, f"no whole document within {seconds:g} s") from error

    async def _follow(self, request: httpx.Request, answers: frozenset[int]) -> Page:
        """Send *request* and follow its redirects."""
        hops: list[httpx.URL] = []
        while True:
            response, body = await self._transport.exchange(request)
            hops.append(request.url)
            if request.url.scheme == "https" and (date := response.headers.get("Date", "")):
                self.dates[request.url.host] = date[:40]
            if response.status_code not in REDIRECTS or request.method != "GET" or response.status_code in answers:
                return _page(hops, response, body, answers)
            target = next_url(hops, response.headers.get("Location", ""), self._policy)
            request = httpx.Request("GET", target, headers=HEADERS)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()


def _page(hops: list[httpx.URL], response: httpx.Response, body: bytes, answers: frozenset[int]) -> Page:
    """Return the page of the last hop. NetworkError(HTTP_STATUS) unless its status is a success."""
    if not 200 <= response.status_code < 300 and response.status_code not in answers:
        raise NetworkError(FailureKind.HTTP_STATUS, str(response.status_code))
    *earlier, last = map(str, hops)
    return Page(last, response.status_code, response.headers.get("Content-Type", ""), body, tuple(earlier))


def check_url(text: str, policy: Policy) -> httpx.URL:
    """Return *text* as a URL that the policy allows; its host is checked by the dialer.

    Raises NetworkError(DENIED | HTTP_FAILED).
    """
    try:
        url = httpx.URL(text[: MAX_URL + 1]).copy_with(fragment=None)
    except httpx.InvalidURL as error:
        raise NetworkError(FailureKind.HTTP_FAILED, f"{text[:200]!a} is no URL") from error
    if objection := _objection(url, policy):
        raise NetworkError(FailureKind.DENIED, objection)
    return url


def _objection(url: httpx.URL, policy: Policy) -> str | None:
    """Return why *url* must not be fetched, or None if it may be."""
    port = url.port or _PORTS.get(url.scheme)
    if port is None:
        return f"{url.scheme!r} is neither https nor http"
    if url.scheme == "http" and not policy.allow_http:
        return "http is not allowed"
    if port not in policy.web_ports:
        return f"port {port} is not one of documents"
    if url.userinfo:
        return "the URL has a user name"  # it would log in, or disguise the host
    return f"the URL has more than {MAX_URL} characters" if len(str(url)) > MAX_URL else None


def next_url(hops: list[httpx.URL], location: str, policy: Policy) -> httpx.URL:
    """Return the target of a redirect from the last of *hops* to *location* (RFC 9110 §10.2.2).

    Raises NetworkError: INSECURE_REDIRECT from https to http; HTTP_FAILED for a loop, too many redirects or no target;
    DENIED.
    """
    try:
        target = hops[-1].join(location[: MAX_URL + 1])
    except httpx.InvalidURL as error:
        raise NetworkError(FailureKind.HTTP_FAILED, f"redirect to {location[:200]!a}, which is no URL") from error
    url = check_url(str(target), policy)
    if hops[-1].scheme == "https" and url.scheme != "https":
        raise NetworkError(FailureKind.INSECURE_REDIRECT, f"from https to {str(url)[:200]!a}")
    if url in hops:
        raise NetworkError(FailureKind.HTTP_FAILED, f"redirects lead back to {str(url)[:200]!a}")
    if len(hops) > policy.limits.max_redirects:
        raise NetworkError(FailureKind.HTTP_FAILED, f"more than {policy.limits.max_redirects} redirects")
    return url


class _Transport(httpx.AsyncBaseTransport):
    """An httpx transport: httpcore's connection pool over our dialer."""

    def __init__(self, dialer: Dialer, policy: Policy, *, keep_alive: int) -> None:
        self._policy = policy
        self.tls: dict[str, TLSFacts] = {}
        self._pool = httpcore.AsyncConnectionPool(
            # Not used for any handshake, see _Pipe.start_tls; without it httpcore would load certifi, 30 ms.
            ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            max_connections=None,  # the budget limits them
            max_keepalive_connections=keep_alive,
            network_backend=_Backend(dialer, policy, self.tls),
        )

    async def exchange(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        """Return the response to *request*, and its body if it is within the policy's limits."""
        response = await self.handle_async_request(request)
        async with aclosing(response):
            _check_head(response, self._policy)
            with _httpcore_errors():
                body = b"".join([part async for part in response.aiter_raw()])
        if len(body) > self._policy.limits.max_body:
            raise NetworkError(FailureKind.LIMIT, f"a document of more than {self._policy.limits.max_body} bytes")
        return response, body

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        with _httpcore_errors():
            response = await self._pool.handle_async_request(
                httpcore.Request(
                    request.method, target, headers=request.headers.raw, content=_RequestBody(request.content)
                )
            )
        return httpx.Response(response.status, headers=response.headers, stream=_ResponseBody(response.stream))

    async def aclose(self) -> None:
        await self._pool.aclose()


class _RequestBody:
    """A request body in one piece. Not an async generator: a cancelled request would leave it unfinished."""

    def __init__(self, data: bytes) -> None:
        self._pieces = iter((data,))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


class _ResponseBody(httpx.AsyncByteStream):
    """httpcore's response stream as httpx's type."""

    def __init__(self, stream: Any) -> None:  # httpcore's type is a union with the synchronous stream
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


def _check_head(response: httpx.Response, policy: Policy) -> None:
    """Refuse a response by its header: too long, or with a body announced as too long or compressed."""
    if sum(len(name) + len(value) + 4 for name, value in response.headers.raw) > policy.limits.max_header:
        raise NetworkError(FailureKind.LIMIT, f"more than {policy.limits.max_header} bytes of headers")
    # h11 has checked that it is a number.
    if int(response.headers.get("Content-Length", "0")) > policy.limits.max_body:
        raise NetworkError(FailureKind.LIMIT, f"a document of more than {policy.limits.max_body} bytes is announced")
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        # A few bytes can decompress to gigabytes; the request accepts identity only.
        raise NetworkError(FailureKind.HTTP_FAILED, f"the content encoding {encoding[:40]!r} was not asked for")


@contextmanager
def _httpcore_errors() -> Iterator[None]:
    """Convert httpcore's exceptions into ours. Those of our own connector pass through httpcore unchanged."""
    try:
        yield
    except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.TimeoutException) as error:
        raise NetworkError(FailureKind.HTTP_FAILED, str(error)[:200] or type(error).__name__) from error


class _Backend(httpcore.AsyncNetworkBackend):
    """httpcore's network backend: opens its connections with the dialer."""

    def __init__(self, dialer: Dialer, policy: Policy, tls: dict[str, TLSFacts]) -> None:
        self._dialer = dialer
        self._policy = policy
        self._tls = tls

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - one deadline for everything, see Fetcher.get
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        connection = await self._dialer.dial(host, port)
        return _Pipe(connection.stream, self._policy, self._tls)


class _Pipe(httpcore.AsyncNetworkStream):
    """One connection; limits the bytes read per request."""

    def __init__(self, stream: Stream, policy: Policy, tls: dict[str, TLSFacts]) -> None:
        self._stream = stream
        self._policy = policy
        self._tls = tls
        self._remaining = 0  # bytes that may still be read for this request

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - see connect_tcp
        # The limit is here and not where the body is joined: abandoning a body early leaks its generators.
        if self._remaining <= 0:
            raise NetworkError(FailureKind.LIMIT, "more bytes than a document and its headers may have")
        data = await self._stream.receive(min(max_bytes, self._remaining))
        self._remaining -= len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - see connect_tcp
        # Twice the header: room for chunked framing, and for the byte that proves a body too long.
        self._remaining = 2 * self._policy.limits.max_header + self._policy.limits.max_body
        if buffer:
            await self._stream.send(buffer)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,  # noqa: ARG002 - ours applies the policy
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - see connect_tcp
    ) -> httpcore.AsyncNetworkStream:
        async with AsyncExitStack() as undo:
            undo.push_async_callback(self.aclose)  # httpcore does not close a connection whose handshake failed
            try:
                with anyio.fail_after(self._policy.timeouts.tls_timeout):
                    self._tls[server_hostname or ""] = await secure(self._stream, server_hostname or "", WEB)
            except TimeoutError as error:
                seconds = self._policy.timeouts.tls_timeout
                raise NetworkError(FailureKind.TLS_TIMEOUT, f"no TLS handshake within {seconds:g} s") from error
            undo.pop_all()
        return self

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:  # noqa: ARG002 - none available
        return None
