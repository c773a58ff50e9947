"""POST /v1/detect/stream: events as they happen, and an end when the visitor leaves."""

import json
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from starlette.types import Message

from mailsettings.schema import from_json
from mailsettings.testing import imap
from mailsettings.web.api.stream import Emit, EventStream
from mailsettings.web.problems import Problem
from tests.support.web_service import Visitor, searches, service, world

pytestmark = pytest.mark.anyio


def parsed(text: str) -> Iterator[tuple[str, Any]]:
    """Yield name and data of each event."""
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        yield fields["event"], json.loads(fields["data"])


async def test_the_stream_ends_with_the_answer() -> None:
    """
    Questions, servers, probes; and last the same answer that /v1/detect gives.
    """
    async with service(world()) as app:
        response = await Visitor(app).post("/v1/detect/stream", {"address": "ada@example.org"})

    events = list(parsed(response.text))
    names = [name for name, _ in events]
    assert response.headers["content-type"].startswith("text/event-stream")
    assert {"asked", "learned", "contacting", "probed"} <= set(names[:-1])
    assert (names[-1], names.count("settled")) == ("settled", 1)
    assert from_json(json.dumps(events[-1][1]["detection"])).incoming[0].verified


async def test_events_show_no_banner_and_no_address() -> None:
    """
    What the answer leaves out, its events leave out, too.
    """
    network = world()
    network.host("imap.banner.example", "11.7.7.7").serve(imap(greeting="* OK canary-banner"))
    async with service(network) as app:
        response = await Visitor(app).post("/v1/detect/stream", {"address": "ada@banner.example"})

    assert "imap.banner.example" in response.text
    assert "canary-banner" not in response.text
    assert "11.7.7.7" not in response.text


async def test_a_refused_stream_is_a_problem() -> None:
    """
    What is refused before the first event has the status and the document of any other refusal.
    """
    async with service(world(), visitor_per_minute=1) as app:
        ada = Visitor(app)
        await ada.detect("ada@example.org")
        refused = await ada.post("/v1/detect/stream", {"address": "ada@example.org"})

    assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")


async def test_all_who_follow_see_the_events() -> None:
    """
    Ten streams for one domain: one search, and each of them shows its steps.
    """
    network = world()
    network.slow(0.05)
    texts: list[str] = []
    async with service(network) as app:

        async def follow() -> None:
            texts.append((await Visitor(app).post("/v1/detect/stream", {"address": "ada@example.org"})).text)

        async with anyio.create_task_group() as group:
            for _ in range(10):
                group.start_soon(follow)

    assert (searches(network), len({text.count("event: probed") for text in texts})) == (1, 1)


async def test_a_disconnect_cancels_the_work() -> None:
    """
    A closed connection cancels what was done for it.
    """
    ended = anyio.Event()

    async def work(emit: Emit) -> None:
        emit(("asked", "{}"))
        try:
            await anyio.sleep_forever()
        finally:
            ended.set()

    async def receive() -> Message:
        await anyio.sleep(0.01)
        return {"type": "http.disconnect"}

    async def send(_message: Message) -> None:
        await anyio.lowlevel.checkpoint()

    with anyio.fail_after(5):
        await EventStream(work)({"type": "http"}, receive, send)

    assert ended.is_set()


async def test_a_problem_in_the_middle_is_the_last_event() -> None:
    """
    When the status has been sent, a refusal can only be an event.
    """
    sent: list[bytes] = []

    async def work(emit: Emit) -> None:
        emit(("asked", "{}"))
        raise Problem(503, "overloaded", "too many")

    async def receive() -> Message:
        await anyio.sleep_forever()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))

    await EventStream(work)({"type": "http"}, receive, send)

    assert b"event: problem" in sent[-2]
