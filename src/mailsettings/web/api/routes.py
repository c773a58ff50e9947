"""The routes of the HTTP API: detect, its stream, verify, providers; health and metrics; autoconfig documents.

Docstrings of the routes are published in /openapi.json.

GET /mail/config-v1.1.xml?emailaddress=ada@example.org
GET https://autoconfig.example.org/mail/config-v1.1.xml
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from mailsettings.errors import NetworkError
from mailsettings.events import Event
from mailsettings.formats.clientconfig_writer import config_of, write
from mailsettings.model import Question
from mailsettings.provider_table.table import by_id
from mailsettings.schema import dumps, event_to_dict, plain, to_dict, to_json
from mailsettings.web import telemetry
from mailsettings.web.admission import visitor_key
from mailsettings.web.api import openapi
from mailsettings.web.api.bodies import Login, Wanted, parse_or_problem
from mailsettings.web.api.stream import Emit, EventStream, StreamMessage, cancel_on_disconnect
from mailsettings.web.api.verify import log_in, require_secure_transport, verification_as_json
from mailsettings.web.problems import Problem
from mailsettings.web.redaction import PLACEHOLDER_LOCAL_PART, placeholder_address
from mailsettings.web.service import DetectionRequest, DetectionService

ProviderId = Annotated[str, Path(max_length=64, pattern="^[a-z0-9-]+$", examples=["gmail"])]


def visitor_of(request: Request, service: DetectionService) -> str:
    """Return the key of the visitor who sent *request*, see visitor_key."""
    settings = service.settings
    peer = request.client.host if request.client else ""
    return visitor_key(peer, request.headers.getlist(settings.proxy_header), settings.trusted_proxies)


def stream_message(event: Event) -> StreamMessage:
    """Return *event* as a message of the stream."""
    values = event_to_dict(event)
    return values["event"], dumps(values)


def api_routes(service: DetectionService) -> APIRouter:
    """Return the routes under /v1/."""
    router = APIRouter()

    @router.post("/v1/detect", responses=openapi.DETECT, response_class=Response)
    async def detect(body: Wanted, request: Request) -> Response:
        """Find and verify the mail servers of an address; the answer is that of `mailsettings --json`."""
        detection_request, visitor = body.detection_request(), visitor_of(request, service)
        detection = await cancel_on_disconnect(request.receive, lambda: service.detect(detection_request, visitor))
        return Response(to_json(detection) if detection else b"", media_type="application/json")

    @router.post("/v1/detect/stream", responses=openapi.STREAM, response_class=Response)
    async def detect_stream(body: Wanted, request: Request) -> Response:
        """Do the same and tell each step as a server-sent event; the last one, `settled`, has the answer."""
        detection_request, visitor = body.detection_request(), visitor_of(request, service)

        async def work(emit: Emit) -> None:
            detection = await service.detect(detection_request, visitor, lambda event: emit(stream_message(event)))
            emit(("settled", dumps({"event": "settled", "at": detection.seconds, "detection": to_dict(detection)})))

        return EventStream(work)

    @router.post("/v1/verify", responses=openapi.VERIFY, response_class=Response)
    async def verify(body: Login, request: Request) -> Response:
        """Log in with a password or token, once, and say what it means if that fails. Nothing is stored."""
        require_secure_transport(request, service)
        verification = await log_in(service, body, visitor_of(request, service))
        return json_response(verification_as_json(verification))

    @router.get("/v1/providers/{id}", responses=openapi.PROVIDER, response_class=Response)
    async def provider(id: ProviderId) -> Response:  # noqa: A002 - the name in the path
        """Return a row of the provider table."""
        row = by_id(id)
        if row is None:
            raise Problem(404, "not-found", "the provider table has no such id")
        return json_response(plain(row))

    return router


def json_response(value: Any, status: int = 200) -> Response:
    """Return *value*, of JSON types, as a response."""
    return Response(dumps(value), status, media_type="application/json")


def health_routes(service: DetectionService) -> APIRouter:
    """Return the routes for monitoring: /healthz, /readyz and, unless the settings turn it off, /metrics."""
    router = APIRouter()

    @router.get("/healthz", responses=openapi.HEALTH, response_class=Response)
    async def healthz() -> Response:
        """Say that the process lives; contacts nobody."""
        return json_response({"status": "ok"})

    @router.get("/readyz", responses=openapi.READY, response_class=Response)
    async def readyz() -> Response:
        """Say whether requests can be answered: DNS, and the store (`degraded`: answers, but remembers less)."""
        dns, store = await _dns(service), await service.store.state()
        status = "unready" if dns != "ok" else "ok" if store == "ok" else "degraded"
        return json_response({"status": status, "dns": dns, "store": store}, 200 if dns == "ok" else 503)

    if service.settings.metrics:

        @router.get("/metrics", responses=openapi.METRICS, response_class=Response)
        async def figures() -> Response:
            """Return figures for Prometheus."""
            return Response(service.metrics.text(), media_type=telemetry.MEDIA_TYPE)

    return router


async def _dns(service: DetectionService) -> str:
    """Resolve a name that always exists; return "ok" or the kind of the failure."""
    try:
        async with service.network(service.policy) as network:
            await network.ask(Question("com", "NS"))
    except NetworkError as error:
        return str(error.kind)
    return "ok"


PATHS = ("/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml")


def autoconfig_routes(service: DetectionService) -> APIRouter:
    """Return the routes under which Thunderbird and others ask for a clientConfig document."""
    router = APIRouter(include_in_schema=False)

    async def config(request: Request, emailaddress: str = "") -> Response:
        address = placeholder_address(parse_or_problem(emailaddress or f"{PLACEHOLDER_LOCAL_PART}@{_domain(request)}"))
        detection = await service.detect(DetectionRequest(address), visitor_of(request, service))
        document = config_of(detection)
        # A document cannot ask the user: settings that need confirmation are not published, nor the other direction's.
        if detection.confirm or not (document.incoming and document.outgoing):
            raise Problem(404, "not-found", "no settings that can be vouched for")
        return Response(write(document), media_type="text/xml")

    for path in PATHS:
        router.add_api_route(path, config, response_class=Response)
    return router


def _domain(request: Request) -> str:
    """Return the mail domain for which the requested host name is the autoconfig host."""
    return (request.url.hostname or "").removeprefix("autoconfig.")
