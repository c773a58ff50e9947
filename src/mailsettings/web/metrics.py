"""Figures for Prometheus: how much, how fast, how often refused. Nothing in them is about a visitor or an address."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.05, 0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 5.0, 10.0, 15.0)  # seconds


class Metrics:
    """The figures of one app."""

    def __init__(self) -> None:
        # One of its own: two apps in one process must not collide.
        self._registry = CollectorRegistry()
        registry = self._registry
        self.answers = Counter(
            "mailsettings_answers", "Answers, by where they came from and what they say", ("origin", "outcome"),
            registry=registry,
        )  # fmt: skip
        self.refused = Counter("mailsettings_refused", "Requests refused", ("problem",), registry=registry)
        self.seconds = Histogram(
            "mailsettings_detection_seconds", "Fresh detections", buckets=_BUCKETS, registry=registry
        )
        self.logins = Counter("mailsettings_logins", "Login checks", ("outcome",), registry=registry)

    def watch(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Show what *value* returns at the time of the question."""
        Gauge(f"mailsettings_{name}", text, registry=self._registry).set_function(value)

    def text(self) -> bytes:
        """Return everything, as Prometheus reads it."""
        return generate_latest(self._registry)
