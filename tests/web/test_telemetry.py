"""Spans for OpenTelemetry."""

from collections.abc import Mapping
from typing import Any

import pytest
from opentelemetry import trace

from tests.support.web_service import Visitor, service, world


class Recorder(trace.TracerProvider):
    """Remembers the spans that are begun; no SDK is needed."""

    def __init__(self) -> None:
        self.spans: list[tuple[str, Mapping[str, Any]]] = []

    def get_tracer(self, *_: Any, **__: Any) -> trace.Tracer:
        return Tracer(self.spans)


class Tracer(trace.NoOpTracer):
    """Writes down."""

    def __init__(self, spans: list[tuple[str, Mapping[str, Any]]]) -> None:
        self._spans = spans

    def start_span(self, name: str, *arguments: Any, **more: Any) -> trace.Span:
        self._spans.append((name, more["attributes"]))
        return super().start_span(name, *arguments, **more)


RECORDER = Recorder()


@pytest.mark.anyio
async def test_spans_name_domains_and_nobody() -> None:
    """
    One for a search and one for a login; neither path, query nor body of a request is in any.

    The framework makes spans of its own, which had an autoconfig request's address in them.
    """
    trace.set_tracer_provider(RECORDER)  # the first time counts; nothing else here looks at spans
    RECORDER.spans.clear()
    async with service(world(), autoconfig=True) as app:
        ada = Visitor(app)
        await ada.get("/mail/config-v1.1.xml", params={"emailaddress": "canary@example.org"})
        await ada.post("/v1/verify", {"address": "canary@example.org", "password": "canary"})
        await ada.post("/v1/verify", {"address": "canary@example.org", "password": {"canary": 1}})

    domain = {"domain": "example.org"}
    assert RECORDER.spans == [("mailsettings.search", domain), ("mailsettings.login", domain)]
