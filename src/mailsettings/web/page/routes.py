"""The routes of the page: search, login check, static files. With JavaScript, progress is streamed and shown."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from mailsettings.events import Event
from mailsettings.web.api.bodies import Login, Wanted
from mailsettings.web.api.routes import visitor_of
from mailsettings.web.api.stream import MEDIA_TYPE, Emit, EventStream, cancel_on_disconnect
from mailsettings.web.api.verify import is_secure_transport, log_in, require_secure_transport
from mailsettings.web.page.answer import answer_html
from mailsettings.web.page.forms import address_form, can_sign_in
from mailsettings.web.page.layout import page_response
from mailsettings.web.page.markup import Html, join, tag
from mailsettings.web.page.progress import progress_text
from mailsettings.web.page.result import result_html
from mailsettings.web.problems import BadAddress, Problem
from mailsettings.web.service import DetectionRequest, DetectionService
from mailsettings.web.single_flight import EventSink

_STATIC = Path(__file__).parent / "static"
_FILES = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
_FRAGMENT = "text/x-fragment"  # the Accept header of our script, which wants the result only, not the whole page


def page_routes(service: DetectionService) -> APIRouter:
    """Return the routes of the page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def home() -> Response:
        return page_response(address_form(), None)

    @router.post("/")
    async def search(request: Request) -> Response:
        address = _first(await _form(request), "address")
        if MEDIA_TYPE in request.headers.get("accept", ""):
            return _stream(service, request, address)
        return await _search_page(service, request, address)

    @router.post("/check")
    async def check(request: Request) -> Response:
        form = await _form(request)
        try:
            require_secure_transport(request, service)
            verification = await log_in(service, _login(form), visitor_of(request, service))
            result, status = result_html(verification, _first(form, "name")), 200
            stage = 1 + verification.verified
        except Problem as problem:
            result, status = tag("p", _problem_text(problem), class_="error", role="alert"), problem.status
            stage = 1
        if _FRAGMENT in request.headers.get("accept", ""):
            return Response(result, status, media_type="text/html; charset=utf-8")
        content = join(tag("section", result, class_="box"), await _previous_answer(service, request, form))
        return page_response(address_form(_first(form, "address")), content, status, stage=stage)

    @router.get("/static/{name}")
    async def static(name: str) -> Response:
        if name not in _FILES:
            raise Problem(404, "not-found", "there is no such file")
        headers = {"Cache-Control": "max-age=3600"}
        return Response((_STATIC / name).read_bytes(), headers=headers, media_type=_FILES[name])

    return router


async def _search_page(service: DetectionService, request: Request, address: str) -> Response:
    """Return the whole page with the answer."""
    try:
        detection_request, visitor = _detection_request(address), visitor_of(request, service)
        detection = await cancel_on_disconnect(request.receive, lambda: service.detect(detection_request, visitor))
    except Problem as problem:
        return page_response(address_form(address, _problem_text(problem)), None, problem.status)
    if detection is None:
        return Response()  # the client has disconnected
    content = answer_html(detection, password=is_secure_transport(request, service))
    return page_response(address_form(address), content, stage=int(can_sign_in(detection)))


def _stream(service: DetectionService, request: Request, address: str) -> Response:
    """Return the progress as it happens, then the answer, as server-sent events."""
    visitor, password = visitor_of(request, service), is_secure_transport(request, service)

    async def work(emit: Emit) -> None:
        try:
            detection_request = _detection_request(address)
            on_event = _progress_sink(emit, detection_request.address.domain)
            detection = await service.detect(detection_request, visitor, on_event)
            emit(("answer", answer_html(detection, password=password)))
        except Problem as problem:
            emit(("trouble", _problem_text(problem)))

    return EventStream(work)


def _progress_sink(emit: Emit, domain: str) -> EventSink:
    """Return a callback that emits each line of progress once: many DNS queries read the same here."""
    emitted: set[str] = set()

    def on_event(event: Event) -> None:
        kind, line = progress_text(event, domain)
        if line and line not in emitted:
            emitted.add(line)
            emit((kind, line))

    return on_event


async def _previous_answer(service: DetectionService, request: Request, form: dict[str, list[str]]) -> Html | None:
    """Return the answer of the page that was posted, mostly from the cache, for the whole page that replaces it."""
    try:
        detection = await service.detect(_detection_request(_first(form, "address")), visitor_of(request, service))
    except Problem:
        return None
    return answer_html(detection, password=is_secure_transport(request, service))


async def _form(request: Request) -> dict[str, list[str]]:
    """Parse a posted form, whose size the middleware limits; a body that is not UTF-8 is an empty form."""
    try:
        return parse_qs((await request.body()).decode(), max_num_fields=40, keep_blank_values=False)
    except ValueError:
        return {}


def _first(form: dict[str, list[str]], name: str) -> str:
    return form.get(name, [""])[0]


def _detection_request(address: str) -> DetectionRequest:
    """Return the request for *address*, checked as the API's are. Problem(422)."""
    try:
        return Wanted(address=address).detection_request()
    except ValidationError as error:
        raise Problem(422, "bad-address", "the address is too long") from error


def _login(form: dict[str, list[str]]) -> Login:
    """Return the form as a body of the API. Problem(422)."""
    typed = {name: _server(form, name) for name in ("incoming", "outgoing") if _first(form, f"{name}-host")}
    # A checkbox has the hosts of one question, separated by spaces.
    confirmed = " ".join(form.get("confirmed", [])).split()
    if typed and _first(form, "typed"):
        confirmed = [*confirmed, *(server["host"] for server in typed.values())]
    fields = {name: _first(form, name) for name in ("address", "password", "username")}
    try:
        return Login.model_validate({**fields, **typed, "confirmed": confirmed})
    except ValidationError as error:
        invalid = ", ".join(dict.fromkeys(str(item["loc"][0]) for item in error.errors()))
        raise Problem(422, "bad-request", f"please check: {invalid}") from error


def _server(form: dict[str, list[str]], name: str) -> dict[str, str]:
    return {part: _first(form, f"{name}-{part}").strip() for part in ("protocol", "host", "port", "security")}


def _problem_text(problem: Problem) -> str:
    """Return *problem* for people."""
    match problem.name:
        case "too-many":
            return "That were many requests. Please wait a moment, then try again."
        case "overloaded":
            return "Many people are asking right now. Please try again in a few seconds."
        case "confirmation-required":
            return "Please say first whether your password may go to the servers that the page asks about."
    detail = problem.detail
    sentence = f"{detail[:1].upper()}{detail[1:]}."
    return (
        f"{sentence} Did you mean {problem.meant}?" if isinstance(problem, BadAddress) and problem.meant else sentence
    )
