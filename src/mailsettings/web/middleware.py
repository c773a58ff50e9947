"""ASGI middleware: size and time limits for the body of every request, security headers for every response."""

from __future__ import annotations

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mailsettings.web.problems import Problem

# No third-party resources, no inline scripts or styles, no framing.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class BodyLimitMiddleware:
    """Reads the whole body, at most *max_body* bytes within *timeout* seconds, before it calls the app."""

    def __init__(self, app: ASGIApp, *, max_body: int, timeout: float) -> None:
        self._app = app
        self._max_body = max_body
        self._timeout = timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            body = await self._body(scope, receive)
        except Problem as problem:
            # The rest of the body is not read, so the connection cannot be reused.
            response = problem.response()
            response.headers["Connection"] = "close"
            await response(scope, receive, _with_headers(send))
            return
        if body is not None:
            await self._app(scope, _replay(body, receive), _with_headers(send))

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """Return the whole body; None if the client has disconnected. Problem(413 | 408)."""
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or int(length) > self._max_body:
            raise Problem(413, "too-large", f"at most {self._max_body} bytes are read")
        with anyio.move_on_after(self._timeout):
            return await self._read(receive)
        raise Problem(408, "too-slow", f"the body did not arrive within {self._timeout:g} seconds")

    async def _read(self, receive: Receive) -> bytes | None:
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            part: bytes = message.get("body", b"")
            body += part
            if len(body) > self._max_body:
                raise Problem(413, "too-large", f"at most {self._max_body} bytes are read")
            if not message.get("more_body", False):
                return body


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a receive channel that yields *body* first, then what *receive* brings."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return pending.pop() if pending else await receive()

    return replay


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers
