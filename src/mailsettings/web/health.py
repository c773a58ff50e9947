"""The paths for whoever runs the service: alive, ready, figures."""

from __future__ import annotations

from fastapi import APIRouter, Response

from mailsettings.errors import NetworkError
from mailsettings.model import Question
from mailsettings.web import describe, metrics
from mailsettings.web.api import as_response
from mailsettings.web.service import Service


def routes(service: Service) -> APIRouter:
    """Return the routes."""
    router = APIRouter()

    @router.get("/healthz", responses=describe.HEALTH, response_class=Response)
    async def healthz() -> Response:
        """Say that the process lives; contacts nobody."""
        return as_response({"status": "ok"})

    @router.get("/readyz", responses=describe.READY, response_class=Response)
    async def readyz() -> Response:
        """Say whether requests can be answered: DNS, and the store (`degraded`: answers, but remembers less)."""
        dns, store = await _dns(service), await service.store.state()
        status = "unready" if dns != "ok" else "ok" if store == "ok" else "degraded"
        return as_response({"status": status, "dns": dns, "store": store}, 200 if dns == "ok" else 503)

    if service.settings.metrics:

        @router.get("/metrics", responses=describe.METRICS, response_class=Response)
        async def figures() -> Response:
            """Return figures for Prometheus."""
            return Response(service.metrics.text(), media_type=metrics.MEDIA_TYPE)

    return router


async def _dns(service: Service) -> str:
    """Ask the resolver for something it always knows."""
    try:
        async with service.network(service.policy) as net:
            await net.ask(Question("com", "NS"))
    except NetworkError as error:
        return str(error.kind)
    return "ok"
