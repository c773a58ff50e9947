"""Spans for OpenTelemetry, where its API is installed; what becomes of them is the operator's configuration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def span(name: str, **attributes: str) -> Iterator[None]:
    """Make what happens inside a span *name*; *attributes* name no person."""
    try:
        from opentelemetry import trace  # noqa: PLC0415 - optional
    except ImportError:
        yield
        return
    with trace.get_tracer("mailsettings").start_as_current_span(name, attributes=attributes):
        yield
