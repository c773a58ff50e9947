"""Limits of requests, and the headers of every response."""

from __future__ import annotations

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send

from mailsettings.web.middleware import BodyLimitMiddleware
from tests.support.web_service import Visitor, service, world

pytestmark = pytest.mark.anyio


async def bounded(receive: Receive, *, announced: str = "") -> int:
    """Return the status with which a request that *receive* brings is answered."""
    statuses: list[int] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: Message) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    headers = [(b"content-length", announced.encode())] if announced else []
    await BodyLimitMiddleware(app, max_body=4096, timeout=0.1)({"type": "http", "headers": headers}, receive, send)
    return statuses[0]


@pytest.mark.parametrize(
    ("announced", "size", "status"), [("5000", 0, 413), ("", 5000, 413), ("x", 0, 413), ("", 90, 200)]
)
async def test_a_large_body_is_not_read(announced: str, size: int, status: int) -> None:
    """
    More than 4 KiB: 413, whether announced or not.
    """

    async def receive() -> Message:
        return {"type": "http.request", "body": b" " * size, "more_body": False}

    assert await bounded(receive, announced=announced) == status


async def test_a_slow_body_is_given_up() -> None:
    """
    A request whose end does not arrive in time: 408.
    """

    async def receive() -> Message:
        await anyio.sleep(0.04)
        return {"type": "http.request", "body": b" ", "more_body": True}

    assert await bounded(receive) == 408


@pytest.mark.parametrize("path", ["/", "/healthz", "/nowhere", "/v1/detect", "/static/page.js"])
async def test_every_response_has_security_headers(path: str) -> None:
    """
    No sniffing, no framing, nothing loaded from elsewhere, no inline script.
    """
    async with service(world()) as app:
        headers = (await Visitor(app).get(path)).headers

    policy = headers["content-security-policy"]
    assert (headers["x-content-type-options"], "default-src 'none'" in policy) == ("nosniff", True)
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
