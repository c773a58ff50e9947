"""The other paths: providers, health, figures, description, bounds."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import jsonschema  # type: ignore[import-untyped]  # has no types of its own
import pytest
from starlette.types import Message, Receive, Scope, Send

from mailsettings.web.middleware import BodyLimitMiddleware
from mailsettings.web.settings import Settings
from mailsettings.web.telemetry import LOGGER_NAME
from tests.web.places import Visitor, service, world

pytestmark = pytest.mark.anyio


async def test_a_provider_is_a_row_of_the_table() -> None:
    """
    The same JSON as `mailsettings provider gmail --json`.
    """
    async with service(world()) as app:
        response = await Visitor(app).get("/v1/providers/gmail")

    assert response.json()["provider"]["id"] == "gmail"


@pytest.mark.parametrize(("path", "status"), [("nobody", 404), ("NO_ID", 422), ("x" * 99, 422)])
async def test_an_unknown_provider_is_a_problem(path: str, status: int) -> None:
    """
    404 for an id nobody has, 422 for what is no id.
    """
    async with service(world()) as app:
        response = await Visitor(app).get(f"/v1/providers/{path}")

    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")


async def test_health_asks_nobody() -> None:
    """
    /healthz says that the process lives and touches no network.
    """
    network = world()
    async with service(network) as app:
        response = await Visitor(app).get("/healthz")

    assert (response.json(), network.asked) == ({"status": "ok"}, ())


async def test_readiness_fails_without_a_resolver() -> None:
    """
    Without DNS no answer can be found: 503, and which part is missing.
    """
    network = world()
    network.offline()
    async with service(network) as app:
        response = await Visitor(app).get("/readyz")

    assert (response.status_code, response.json()["status"], response.json()["store"]) == (503, "unready", "ok")


async def test_figures_count_answers() -> None:
    """
    /metrics tells searches from answers out of the cache, and no names.
    """
    async with service(world()) as app:
        for _ in range(2):
            await Visitor(app).detect("ada@example.org")
        text = (await Visitor(app).get("/metrics")).text

    assert 'mailsettings_answers_total{origin="search",outcome="verified"} 1.0' in text
    assert 'mailsettings_answers_total{origin="cache",outcome="verified"} 1.0' in text
    assert "example.org" not in text


async def test_the_log_has_domains_but_no_people(caplog: pytest.LogCaptureFixture) -> None:
    """
    One line of JSON for an answer: when, which domain, how it ended.
    """
    with caplog.at_level(logging.INFO, LOGGER_NAME):
        async with service(world()) as app:
            await Visitor(app, "12.34.56.78").detect("canary@example.org")

    (line,) = [json.loads(record.message) for record in caplog.records if record.name == LOGGER_NAME]
    assert (line["domain"], line["outcome"]) == ("example.org", "verified")
    assert "canary" not in caplog.text
    assert "12.34.56.78" not in caplog.text


async def test_the_description_fits_the_answers() -> None:
    """
    A real answer is valid by the schema that /openapi.json gives for it.
    """
    async with service(world()) as app:
        described = (await Visitor(app).get("/openapi.json")).json()
        answer = (await Visitor(app).detect("ada@example.org")).json()

    jsonschema.validate(answer, {"$ref": "#/components/schemas/Detection", **described})
    for name in ("Detection", "Problem", "Told", "Verification"):
        (example,) = described["components"]["schemas"][name]["examples"]
        jsonschema.validate(example, {"$ref": f"#/components/schemas/{name}", **described})


async def test_the_description_has_examples() -> None:
    """
    Everything that can be sent and everything that comes back is shown once; what is shown is accepted.
    """
    async with service(world()) as app:
        ada = Visitor(app)
        described = (await ada.get("/openapi.json")).json()
        statuses = {
            path: (await ada.post(path, example)).status_code
            for path, example in bodies(described)
            if path != "/v1/verify"  # example.org has no mailbox here: see test_verify
        }

    assert statuses == {"/v1/detect": 200, "/v1/detect/stream": 200}


def bodies(described: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each path that takes a body, and the example of it."""
    for path, operations in described["paths"].items():
        for operation in operations.values():
            if "requestBody" in operation:
                reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
                yield path, described["components"]["schemas"][reference.rpartition("/")[2]]["examples"][0]


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
async def test_every_response_is_fenced_in(path: str) -> None:
    """
    No sniffing, no framing, nothing loaded from elsewhere, no inline script.
    """
    async with service(world()) as app:
        headers = (await Visitor(app).get(path)).headers

    policy = headers["content-security-policy"]
    assert (headers["x-content-type-options"], "default-src 'none'" in policy) == ("nosniff", True)
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


async def test_nothing_else_is_served() -> None:
    """
    No file beside the page's own, no interactive documentation that loads scripts from elsewhere.
    """
    async with service(world()) as app:
        ada = Visitor(app)
        statuses = [
            (await ada.get(path)).status_code
            for path in ("/docs", "/redoc", "/static/page.py", "/static/..%2fpage.py", "/metrics/x")
        ]

    assert statuses == [404] * 5


def test_settings_come_from_a_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    """
    Lines of the environment's form; what is not set keeps its default.
    """
    path = tmp_path_factory.mktemp("settings") / "service.env"
    path.write_text('MAILSETTINGS_RUNNING=7\nMAILSETTINGS_TRUSTED_PROXIES=["10.0.0.0/8"]\n')

    known = Settings.read(str(path))

    assert (known.running, str(known.trusted_proxies[0]), known.waiting) == (7, "10.0.0.0/8", 256)


def test_every_setting_is_documented() -> None:
    """
    The table in docs/service.md has all of them, and no others.
    """
    text = (Path(__file__).parents[2] / "docs" / "service.md").read_text()
    table = text.partition("## Settings")[2].partition("## ")[0]
    rows = "".join(re.findall(r"^\| (`[^|]*)\|", table, re.MULTILINE))
    named = re.findall(r"`([A-Z_]+)`", rows)

    assert {name.lower() for name in named} == set(Settings.model_fields)


def test_a_bad_setting_is_an_error(tmp_path_factory: pytest.TempPathFactory) -> None:
    """
    Nobody runs a service with a limit that was mistyped.
    """
    path = tmp_path_factory.mktemp("settings") / "service.env"
    path.write_text("MAILSETTINGS_RUNNING=many\n")

    with pytest.raises(ValueError, match="running"):
        Settings.read(str(path))
