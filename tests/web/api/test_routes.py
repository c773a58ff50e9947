"""The other paths: providers, health, figures, description, bounds."""

import json
import logging

import pytest

from mailsettings.web.telemetry import LOGGER_NAME
from tests.support.web_service import Visitor, service, world

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
