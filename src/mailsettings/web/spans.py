"""Spans for OpenTelemetry, where its API is installed; what becomes of them is the operator's configuration."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


@contextmanager
def span(name: str, **attributes: str) -> Iterator[None]:
    """Make what happens inside a span *name*; *attributes* name no person."""
    tracer = _tracer()
    if tracer is None:
        yield
        return
    with tracer.start_as_current_span(name, attributes=attributes):
        yield


@cache
def _tracer() -> Any:
    """Return what makes spans; None without the API, for which nobody looks twice."""
    try:
        from opentelemetry import trace  # optional
    except ImportError:
        return None
    return trace.get_tracer("mailsettings")
