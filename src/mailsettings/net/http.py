"""Fetch documents: httpx over our own connector, so that every hop passes the policy and every byte is counted.

    Fetcher.get ── httpx.Request ──▶ _Transport ──▶ httpcore pool ──▶ _Backend ──▶ Dialer ──▶ secure

No client object of httpx: it would keep cookies, obey proxy variables and log the whole URL, address included.
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
    """Gets documents within a policy and a budget."""

    def __init__(self, dialer: Dialer, policy: Policy, *, budget: Budget, keep_alive: int = 0) -> None:
        """*keep_alive*: connections that wait for another request; none by default, one connection has one purpose."""
        self._policy = policy
        self._budget = budget
        self._transport = _Transport(dialer, policy, keep_alive=keep_alive)
        self.dates: dict[str, str] = {}  # of hosts whose certificate was verified, in HTTP's words

    def tls_of(self, host: str) -> TLSFacts | None:
        """Return what TLS showed when a document was last fetched from *host*."""
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
        """Return the document at *url*. Redirects are followed for GET only: a body goes where it was meant to go.

        *answers* are statuses from 300 on that are an answer here, too.

        Raises NetworkError: what dialling and TLS bring, HTTP_STATUS (seen: the number), HTTP_FAILED,
        INSECURE_REDIRECT, DENIED, LIMIT, BUDGET, REPLY_TIMEOUT when all of it takes longer than `Policy.http_timeout`.
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
        """Send *request*, and where the answers say, others after it."""
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
        """Close every connection."""
        await self._transport.aclose()


def _page(hops: list[httpx.URL], response: httpx.Response, body: bytes, answers: frozenset[int]) -> Page:
    """Return what the last hop brought. NetworkError(HTTP_STATUS) unless it is a document."""
    if not 200 <= response.status_code < 300 and response.status_code not in answers:
        raise NetworkError(FailureKind.HTTP_STATUS, str(response.status_code))
    *before, last = map(str, hops)
    return Page(last, response.status_code, response.headers.get("Content-Type", ""), body, tuple(before))


def check_url(text: str, policy: Policy) -> httpx.URL:
    """Return *text* as a URL that may be fetched; its host is checked when it is dialled.

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
    """Say why *url* must not be fetched, or None."""
    port = url.port or _PORTS.get(url.scheme)
    if port is None:
        return f"{url.scheme!r} is neither https nor http"
    if url.scheme == "http" and not policy.allow_http:
        return "http is not allowed"
    if port not in policy.web_ports:
        return f"port {port} is not one of documents"
    if url.userinfo:
        return "the URL has a user name"  # it is for a login, or to make another host look like this one
    return f"the URL has more than {MAX_URL} characters" if len(str(url)) > MAX_URL else None


def next_url(hops: list[httpx.URL], location: str, policy: Policy) -> httpx.URL:
    """Return where the last of *hops* leads by *location* (RFC 9110 §10.2.2).

    Raises NetworkError: INSECURE_REDIRECT for http after https, HTTP_FAILED for loops, too many, or no target, DENIED.
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
    """httpx's requests over httpcore's pool with our connector."""

    def __init__(self, dialer: Dialer, policy: Policy, *, keep_alive: int) -> None:
        self._policy = policy
        self.tls: dict[str, TLSFacts] = {}
        self._pool = httpcore.AsyncConnectionPool(
            # Never used for a handshake, see _Pipe.start_tls; without it certifi would be loaded, 30 ms.
            ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            max_connections=None,  # the budget limits them
            max_keepalive_connections=keep_alive,
            network_backend=_Backend(dialer, policy, self.tls),
        )

    async def exchange(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        """Return the response to *request*, and its body within the policy's limits."""
        response = await self.handle_async_request(request)
        async with aclosing(response):
            _check_head(response, self._policy)
            with _edge():
                body = b"".join([part async for part in response.aiter_raw()])
        if len(body) > self._policy.limits.max_body:
            raise NetworkError(FailureKind.LIMIT, f"a document of more than {self._policy.limits.max_body} bytes")
        return response, body

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        with _edge():
            response = await self._pool.handle_async_request(
                httpcore.Request(request.method, target, headers=request.headers.raw, content=_Sent(request.content))
            )
        return httpx.Response(response.status, headers=response.headers, stream=_Body(response.stream))

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Sent:
    """A request's body, in one piece. No async generator: a cancelled request would leave one unfinished."""

    def __init__(self, data: bytes) -> None:
        self._pieces = iter((data,))

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for piece in self._pieces:
            return piece
        raise StopAsyncIteration


class _Body(httpx.AsyncByteStream):
    """httpcore's stream as httpx wants it."""

    def __init__(self, stream: Any) -> None:  # httpcore's type is a union with the blocking kind
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for part in self._stream:
            yield part

    async def aclose(self) -> None:
        await self._stream.aclose()


def _check_head(response: httpx.Response, policy: Policy) -> None:
    """Refuse what need not be read: too long a head, a body announced as too long, or compressed unasked."""
    if sum(len(name) + len(value) + 4 for name, value in response.headers.raw) > policy.limits.max_header:
        raise NetworkError(FailureKind.LIMIT, f"more than {policy.limits.max_header} bytes of headers")
    # h11 has made sure that it is a number.
    if int(response.headers.get("Content-Length", "0")) > policy.limits.max_body:
        raise NetworkError(FailureKind.LIMIT, f"a document of more than {policy.limits.max_body} bytes is announced")
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        # A few bytes can unpack to gigabytes; identity is all that was asked for.
        raise NetworkError(FailureKind.HTTP_FAILED, f"the content encoding {encoding[:40]!r} was not asked for")


@contextmanager
def _edge() -> Iterator[None]:
    """Turn httpcore's exceptions into ours. Those of our own connector pass through it unchanged."""
    try:
        yield
    except (httpcore.ProtocolError, httpcore.NetworkError, httpcore.TimeoutException) as error:
        raise NetworkError(FailureKind.HTTP_FAILED, str(error)[:200] or type(error).__name__) from error


class _Backend(httpcore.AsyncNetworkBackend):
    """Where httpcore's connections come from."""

    def __init__(self, dialer: Dialer, policy: Policy, tls: dict[str, TLSFacts]) -> None:
        self._dialer = dialer
        self._policy = policy
        self._tls = tls

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - one deadline around all, see Fetcher.get
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore.AsyncNetworkStream:
        connection = await self._dialer.dial(host, port)
        return _Pipe(connection.stream, self._policy, self._tls)


class _Pipe(httpcore.AsyncNetworkStream):
    """One connection; counts what is read for each request."""

    def __init__(self, stream: Stream, policy: Policy, tls: dict[str, TLSFacts]) -> None:
        self._stream = stream
        self._policy = policy
        self._tls = tls
        self._left = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 - see connect_tcp
        # The limit is here and not where the body is put together: leaving a body early leaks its generators.
        if self._left <= 0:
            raise NetworkError(FailureKind.LIMIT, "more bytes than a document and its headers may have")
        data = await self._stream.receive(min(max_bytes, self._left))
        self._left -= len(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 - see connect_tcp
        # Twice the header: what chunks cost, and the byte that shows a body to be too long.
        self._left = 2 * self._policy.limits.max_header + self._policy.limits.max_body
        if buffer:
            await self._stream.send(buffer)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,  # noqa: ARG002 - ours is better: it checks what the policy says
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 - see connect_tcp
    ) -> httpcore.AsyncNetworkStream:
        async with AsyncExitStack() as undo:
            undo.push_async_callback(self.aclose)  # httpcore forgets a connection whose handshake failed
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

    def get_extra_info(self, info: str) -> Any:  # noqa: ARG002 - nothing to tell
        return None
