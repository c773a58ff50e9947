"""Server-sent events over POST, so that addresses stay out of URLs; a visitor who leaves ends the work.

event: probed
data: {"event": "probed", "at": 0.3, …}
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mailsettings.web.problems import Problem

MEDIA_TYPE = "text/event-stream"
_PING = 10.0  # seconds of silence after which a comment keeps proxies from closing the stream

Value = TypeVar("Value")
StreamMessage = tuple[str, str]  # the event's name and its data, one line
StreamWork = Callable[[Callable[[StreamMessage], None]], Awaitable[None]]


class EventStream(Response):
    """Runs *work*, which is given a function to tell events with, and sends what it tells.

    A Problem before the first event is the whole response; later it is the last event.
    """

    media_type = MEDIA_TYPE

    def __init__(self, work: StreamWork) -> None:
        super().__init__()
        self._work = work
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        told, listening = anyio.create_memory_object_stream[StreamMessage | Problem](math.inf)
        async with told, listening, anyio.create_task_group() as group:
            group.start_soon(self._run, told)
            group.start_soon(_wait_for_disconnect, receive, group.cancel_scope)
            await self._send(listening, scope, receive, send)
            group.cancel_scope.cancel()

    async def _run(self, told: MemoryObjectSendStream[StreamMessage | Problem]) -> None:
        async with told:
            try:
                await self._work(told.send_nowait)
            except Problem as problem:
                told.send_nowait(problem)

    async def _send(
        self, listening: MemoryObjectReceiveStream[StreamMessage | Problem], scope: Scope, receive: Receive, send: Send
    ) -> None:
        first = await listening.receive()
        if isinstance(first, Problem):
            await first.response()(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await _part(send, _encoded(first))
        while (item := await _next(listening)) is not None:
            await _part(send, item)
        await send({"type": "http.response.body", "body": b""})


async def cancel_on_disconnect(receive: Receive, work: Callable[[], Awaitable[Value]]) -> Value | None:
    """Return what *work* brings; None if the visitor leaves before, which ends it. Problem as *work* raises it."""
    brought: Value | Problem | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(_wait_for_disconnect, receive, group.cancel_scope)
        try:
            brought = await work()
        except Problem as problem:
            brought = problem
        group.cancel_scope.cancel()
    if isinstance(brought, Problem):  # raised out here: the group would wrap it
        raise brought
    return brought


async def _wait_for_disconnect(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def _next(listening: MemoryObjectReceiveStream[StreamMessage | Problem]) -> bytes | None:
    """Return what to send next; None at the end."""
    with anyio.move_on_after(_PING):
        try:
            return _encoded(await listening.receive())
        except anyio.EndOfStream:
            return None
    return b": still at it\n\n"


async def _part(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


def _encoded(item: StreamMessage | Problem) -> bytes:
    if isinstance(item, Problem):
        from mailsettings.schema import dumps

        item = ("problem", dumps(item.document()))
    name, data = item
    # JSON of ours is one line; a line end in data would begin a field of its own.
    lines = "".join(f"data: {line}\n" for line in data.splitlines())
    return f"event: {name}\n{lines}\n".encode()
