"""The paths for programs: detect, its stream, verify, providers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from mailsettings.events import Event
from mailsettings.provider_table.table import by_id
from mailsettings.schema import dumps, event_to_dict, plain, to_dict, to_json
from mailsettings.web import describe
from mailsettings.web.bodies import Login, Wanted
from mailsettings.web.logins import as_json, log_in, only_safely
from mailsettings.web.problems import Problem
from mailsettings.web.service import Service
from mailsettings.web.stream import EventStream, Told, while_there
from mailsettings.web.visitors import visitor

ProviderId = Annotated[str, Path(max_length=64, pattern="^[a-z0-9-]+$", examples=["gmail"])]


def visitor_of(request: Request, service: Service) -> str:
    """Return who asks."""
    settings = service.settings
    peer = request.client.host if request.client else ""
    return visitor(peer, request.headers.getlist(settings.proxy_header), settings.trusted_proxies)


def told(event: Event) -> Told:
    """Return *event* as the stream sends it."""
    as_values = event_to_dict(event)
    return as_values["event"], dumps(as_values)


def routes(service: Service) -> APIRouter:
    """Return the routes."""
    router = APIRouter()

    @router.post("/v1/detect", responses=describe.DETECT, response_class=Response)
    async def detect(wanted: Wanted, request: Request) -> Response:
        """Find and verify the mail servers of an address; the answer is that of `mailsettings --json`."""
        query, who = wanted.query(), visitor_of(request, service)
        detection = await while_there(request.receive, lambda: service.detect(query, who))
        return Response(to_json(detection) if detection else b"", media_type="application/json")

    @router.post("/v1/detect/stream", responses=describe.STREAM, response_class=Response)
    async def detect_stream(wanted: Wanted, request: Request) -> Response:
        """Do the same and tell each step as a server-sent event; the last one, `settled`, has the answer."""
        query, who = wanted.query(), visitor_of(request, service)

        async def work(tell):  # type: ignore[no-untyped-def]  # Callable[[Told], None]; FastAPI looks at names here
            detection = await service.detect(query, who, lambda event: tell(told(event)))
            tell(("settled", dumps({"event": "settled", "at": detection.seconds, "detection": to_dict(detection)})))

        return EventStream(work)

    @router.post("/v1/verify", responses=describe.VERIFY, response_class=Response)
    async def verify(login: Login, request: Request) -> Response:
        """Log in with a password or token, once, and say what it means if that fails. Nothing is stored."""
        only_safely(request, service)
        done = await log_in(service, login, visitor_of(request, service))
        return as_response(as_json(done))

    @router.get("/v1/providers/{id}", responses=describe.PROVIDER, response_class=Response)
    async def provider(id: ProviderId) -> Response:  # noqa: A002 - the name in the path
        """Return a row of the provider table."""
        row = by_id(id)
        if row is None:
            raise Problem(404, "not-found", "the provider table has no such id")
        return as_response(plain(row))

    return router


def as_response(value: Any, status: int = 200) -> Response:
    return Response(dumps(value), status, media_type="application/json")
