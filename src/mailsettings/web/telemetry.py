"""Prometheus metrics, JSON log lines and OpenTelemetry spans, without addresses, visitors or secrets.

{"at": "2026-11-22T10:00:00.000+00:00", "event": "answer", "domain": "example.org", "outcome": "verified"}
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.05, 0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 5.0, 10.0, 15.0)  # seconds


class Metrics:
    """The metrics of one app."""

    def __init__(self) -> None:
        # Not the global registry: two apps in one process must not collide.
        self._registry = registry = CollectorRegistry()
        self.answers = Counter(
            "mailsettings_answers", "Answers, by where they came from and what they say", ("origin", "outcome"),
            registry=registry,
        )  # fmt: skip
        self.refused = Counter("mailsettings_refused", "Requests refused", ("problem",), registry=registry)
        self.seconds = Histogram(
            "mailsettings_detection_seconds", "Fresh detections", buckets=_BUCKETS, registry=registry
        )
        self.logins = Counter("mailsettings_logins", "Login checks", ("outcome",), registry=registry)

    def add_gauge(self, name: str, description: str, value: Callable[[], float]) -> None:
        """Add a gauge that calls *value* when the metrics are scraped."""
        Gauge(f"mailsettings_{name}", description, registry=self._registry).set_function(value)

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)


LOGGER_NAME = "mailsettings.web"
_log = logging.getLogger(LOGGER_NAME)


def log_event(event: str, **fields: str | float | bool) -> None:
    """Log *event* as one line of JSON with *fields*: figures, domains and words of our own."""
    if _log.isEnabledFor(logging.INFO):
        _log.info(json.dumps({"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **fields}))


def log_to_stderr() -> None:
    """Send the log lines to standard error: for the command. An app that mounts ours configures logging itself."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    _log.addHandler(handler)
    _log.setLevel(logging.INFO)
    _log.propagate = False


@contextmanager
def span(name: str, **attributes: str) -> Iterator[None]:
    """Record the block as a span *name*; *attributes* must not identify a person."""
    tracer = _tracer()
    if tracer is None:
        yield
        return
    with tracer.start_as_current_span(name, attributes=attributes):
        yield


@cache
def _tracer() -> Any:
    """Return the tracer, None where the API is not installed; cached, since a failed import is slow each time."""
    try:
        from opentelemetry import trace  # optional
    except ImportError:
        return None
    return trace.get_tracer("mailsettings")
