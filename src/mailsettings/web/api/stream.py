"""Server-sent events over POST, so that addresses stay out of URLs; a client that disconnects cancels the work.

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

from mailsettings.schema import dumps
from mailsettings.web.problems import Problem

MEDIA_TYPE = "text/event-stream"
_PING = 10.0  # seconds without an event after which a comment keeps proxies from closing the stream

Value = TypeVar("Value")
StreamMessage = tuple[str, str]  # the event's name and its data
Emit = Callable[[StreamMessage], None]
StreamWork = Callable[[Emit], Awaitable[None]]


class EventStream(Response):
    """Runs *work* and sends what it emits, by the function it is given, as server-sent events.

    A Problem raised before the first event is the whole response; later it becomes the last event.
    """

    media_type = MEDIA_TYPE

    def __init__(self, work: StreamWork) -> None:
        super().__init__()
        self._work = work
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sender, messages = anyio.create_memory_object_stream[StreamMessage | Problem](math.inf)
        async with sender, messages, anyio.create_task_group() as group:
            group.start_soon(self._run, sender)
            group.start_soon(_wait_for_disconnect, receive, group.cancel_scope)
            await self._send(messages, scope, receive, send)
            group.cancel_scope.cancel()

    async def _run(self, sender: MemoryObjectSendStream[StreamMessage | Problem]) -> None:
        async with sender:
            try:
                await self._work(sender.send_nowait)
            except Problem as problem:
                sender.send_nowait(problem)

    async def _send(
        self, messages: MemoryObjectReceiveStream[StreamMessage | Problem], scope: Scope, receive: Receive, send: Send
    ) -> None:
        first = await messages.receive()
        if isinstance(first, Problem):
            await first.response()(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        await _send_chunk(send, _encode(first))
        while (chunk := await _next_chunk(messages)) is not None:
            await _send_chunk(send, chunk)
        await send({"type": "http.response.body", "body": b""})


async def cancel_on_disconnect(receive: Receive, work: Callable[[], Awaitable[Value]]) -> Value | None:
    """Return the result of *work*, None if the client disconnects first, which cancels it. Problem from *work*."""
    result: Value | Problem | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(_wait_for_disconnect, receive, group.cancel_scope)
        try:
            result = await work()
        except Problem as problem:
            result = problem
        group.cancel_scope.cancel()
    if isinstance(result, Problem):  # raised out here, since the task group would wrap it in an ExceptionGroup
        raise result
    return result


async def _wait_for_disconnect(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


async def _next_chunk(messages: MemoryObjectReceiveStream[StreamMessage | Problem]) -> bytes | None:
    """Return the next event, or a comment when there is none for a while; None at the end."""
    with anyio.move_on_after(_PING):
        try:
            return _encode(await messages.receive())
        except anyio.EndOfStream:
            return None
    return b": still at it\n\n"


async def _send_chunk(send: Send, data: bytes) -> None:
    await send({"type": "http.response.body", "body": data, "more_body": True})


def _encode(message: StreamMessage | Problem) -> bytes:
    if isinstance(message, Problem):
        message = ("problem", dumps(message.document()))
    name, data = message
    # Our JSON is one line, HTML may be several; a bare line break in data would start another field.
    lines = "".join(f"data: {line}\n" for line in data.splitlines())
    return f"event: {name}\n{lines}\n".encode()
