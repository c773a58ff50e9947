"""The ASGI app: `create_app()` assembles the service, its routes and its middleware."""

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
from mailsettings.web.problems import Problem, problem_of_status
from mailsettings.web.service import DetectionService
from mailsettings.web.settings import Settings
from mailsettings.web.store import Local, Store

if TYPE_CHECKING:
    from fastapi.telemetry import TelemetryConfig


# FastAPI's own spans and logs contain query strings and the values of invalid requests: addresses, passwords. Ours
# (telemetry.py) do not. Versions of FastAPI without telemetry ignore this.
_NO_TELEMETRY: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}


def create_app(
    policy: Policy | None = None,
    cache: Store | None = None,
    *,
    settings: Settings | None = None,
    transport: Transport | None = None,
) -> FastAPI:
    """Return the service as an ASGI app, to be served by itself or mounted in another app.

    *policy* is narrowed to the service's rules: public addresses, mail ports, no request that contains the address.
    The default *cache* is Redis or SQLite, as *settings* say; the default *transport* is the Internet. The app closes
    what it opened at shutdown; an app that mounts it calls `await app.state.service.aclose()` instead.
    """
    settings = settings or Settings.read()
    policy = (policy or Policy.service()).replace(**_policy_options(settings))
    service = DetectionService(settings, cache if cache is not None else _store(settings), policy, transport)
    app = FastAPI(
        title="mailsettings",
        version=__version__,
        summary="Find and verify the mail servers of an email address.",
        docs_url=None,  # FastAPI's documentation pages load scripts from a CDN
        redoc_url=None,
        lifespan=_lifespan,
        telemetry=_NO_TELEMETRY,
    )
    app.state.service = service
    app.include_router(api_routes(service))
    app.include_router(health_routes(service))
    if settings.page:
        app.include_router(page_routes(service))
    if settings.autoconfig:
        app.include_router(autoconfig_routes(service))
    _handle_problems(app, service)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # as FastAPI's documentation says
    app.add_middleware(BodyLimitMiddleware, max_body=settings.max_body, timeout=settings.request_timeout)
    return app


def _policy_options(settings: Settings) -> dict[str, object]:
    """Return those of the policy's options that *settings* set."""
    names = ("resolver", "resolver_validates", "ca_file", "proxy", "dns_past_proxy", "allow_networks")
    return {name: value for name in names if (value := getattr(settings, name))}


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
    """Turn every error into a problem response that repeats nothing of the request."""

    def respond(problem: Problem) -> JSONResponse:
        service.metrics.refused.labels(problem.name).inc()
        return problem.response()

    @app.exception_handler(Problem)
    async def on_problem(_request: Request, problem: Problem) -> JSONResponse:
        return respond(problem)

    @app.exception_handler(RequestValidationError)
    async def on_bad_request(_request: Request, error: RequestValidationError) -> JSONResponse:
        details = dict.fromkeys(f"{_field_path(item['loc'])}: {item['type']}" for item in error.errors())
        return respond(Problem(422, "bad-request", "; ".join(details)))

    @app.exception_handler(HTTPException)
    async def on_status(_request: Request, error: HTTPException) -> JSONResponse:
        return respond(problem_of_status(error.status_code))

    @app.exception_handler(Exception)
    async def on_error(_request: Request, _error: Exception) -> JSONResponse:
        return respond(problem_of_status(500))


def _field_path(parts: tuple[Any, ...]) -> str:
    """Return which field of the request is invalid, without names that the client made up."""
    ours = {"body", "path", "address", "options", "protocol", "password", "token", "username", "confirmed", "id"}
    ours |= {"incoming", "outgoing", "host", "port", "security"}
    return ".".join(str(part) for part in parts if part in ours or isinstance(part, int))


def _openapi(app: FastAPI) -> dict[str, Any]:
    if not app.openapi_schema:
        document = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        app.openapi_schema = openapi.complete(document)
    return app.openapi_schema
