"""The app: `create_app()` puts service, paths and bounds together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from mailsettings import __version__
from mailsettings.net.streams import Transport
from mailsettings.policy import Policy
from mailsettings.web.api import openapi
from mailsettings.web.api.routes import api_routes, autoconfig_routes, health_routes
from mailsettings.web.middleware import BodyLimitMiddleware
from mailsettings.web.page.routes import page_routes
from mailsettings.web.problems import Problem, of_status
from mailsettings.web.service import DetectionService
from mailsettings.web.settings import Settings
from mailsettings.web.store import Local, Store

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig


# The framework's own spans and logs have queries and the values of bad requests in them: addresses, passwords. Ours
# (spans.py) have not. Versions of it that make none ignore this.
_OFF: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}


def create_app(
    policy: Policy | None = None,
    cache: Store | None = None,
    *,
    settings: Settings | None = None,
    transport: Transport | None = None,
) -> FastAPI:
    """Return the service as an ASGI app, to be served or to be mounted in another app.

    *policy* is narrowed to the service's rules: public addresses, mail ports, the address is told to nobody.
    *cache* is Redis or SQLite as *settings* say, *transport* the Internet. What the app opens is closed at its
    shutdown; an app it is mounted in may do that with `await app.state.service.aclose()`.
    """
    known = settings or Settings.read()
    rules = (policy or Policy.service()).replace(**_network(known))
    service = DetectionService(known, cache if cache is not None else _store(known), rules, transport)
    app = FastAPI(
        title="mailsettings",
        version=__version__,
        summary="Find and verify the mail servers of an email address.",
        docs_url=None,  # the framework's pages load scripts from elsewhere
        redoc_url=None,
        lifespan=_lifespan,
        telemetry=_OFF,
    )
    app.state.service = service
    app.include_router(api_routes(service))
    app.include_router(health_routes(service))
    if known.page:
        app.include_router(page_routes(service))
    if known.autoconfig:
        app.include_router(autoconfig_routes(service))
    _handle_problems(app, service)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # as FastAPI's documentation says
    app.add_middleware(BodyLimitMiddleware, max_body=known.max_body, timeout=known.request_timeout)
    return app


def _network(settings: Settings) -> dict[str, object]:
    """Return the settings that are the policy's, those that are set."""
    found = {
        name: getattr(settings, name) for name in ("resolver", "ca_file", "proxy", "dns_past_proxy", "allow_networks")
    }
    return {name: value for name, value in found.items() if value}


def _store(settings: Settings) -> Store:
    local = Local(settings.cache or _cache_path(), size=settings.cache_size)
    if not settings.redis_url:
        return local
    from mailsettings.web.redis_store import RedisStore  # asyncio only

    return RedisStore(settings.redis_url, local)


def _cache_path() -> str:
    from platformdirs import user_cache_dir

    return str(Path(user_cache_dir("mailsettings", appauthor=False)) / "answers.sqlite")


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await app.state.service.aclose()


def _handle_problems(app: FastAPI, service: DetectionService) -> None:
    """Answer everything that goes wrong with a problem; none repeats what the request said."""

    def answered(problem: Problem) -> JSONResponse:
        service.metrics.refused.labels(problem.name).inc()
        return problem.response()

    @app.exception_handler(Problem)
    async def on_problem(_request: Request, problem: Problem) -> JSONResponse:
        return answered(problem)

    @app.exception_handler(RequestValidationError)
    async def on_bad_request(_request: Request, error: RequestValidationError) -> JSONResponse:
        places = dict.fromkeys(f"{_field_path(item['loc'])}: {item['type']}" for item in error.errors())
        return answered(Problem(422, "bad-request", "; ".join(places)))

    @app.exception_handler(HTTPException)
    async def on_status(_request: Request, error: HTTPException) -> JSONResponse:
        return answered(of_status(error.status_code))

    @app.exception_handler(Exception)
    async def on_mistake(_request: Request, _error: Exception) -> JSONResponse:
        return answered(of_status(500))


def _field_path(parts: tuple[Any, ...]) -> str:
    """Return where in the request a fault is; names that a stranger made up are left out."""
    known = {"body", "path", "address", "options", "protocol", "password", "token", "username", "confirmed", "id"}
    known |= {"incoming", "outgoing", "host", "port", "security"}
    return ".".join(str(part) for part in parts if part in known or isinstance(part, int))


def _openapi(app: FastAPI) -> dict[str, Any]:
    if not app.openapi_schema:
        described = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        app.openapi_schema = openapi.complete(described)
    return app.openapi_schema
