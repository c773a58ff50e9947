"""The page at /: a form, and what was found. Whole without JavaScript; with it, the steps are shown as they happen."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from mailsettings.events import Event
from mailsettings.hostnames import registrable
from mailsettings.web.api.bodies import Login, Wanted
from mailsettings.web.api.routes import visitor_of
from mailsettings.web.api.stream import MEDIA_TYPE, EventStream, cancel_on_disconnect
from mailsettings.web.api.verify import is_secure_transport, log_in, require_secure_transport
from mailsettings.web.page.answer import answer_html
from mailsettings.web.page.forms import address_form, can_sign_in
from mailsettings.web.page.layout import page
from mailsettings.web.page.markup import Html, join, tag
from mailsettings.web.page.progress import progress_text
from mailsettings.web.page.result import result_html
from mailsettings.web.problems import Problem
from mailsettings.web.service import DetectionService
from mailsettings.web.single_flight import EventSink

_STATIC = Path(__file__).parent / "static"
_FILES = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
_FRAGMENT = "text/x-fragment"  # what our script accepts: the piece, not the whole page


def page_routes(service: DetectionService) -> APIRouter:
    """Return the routes of the page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def blank() -> Response:
        return page(address_form(), None)

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
            done = await log_in(service, _login(form), visitor_of(request, service))
            piece, status, stage = result_html(done, _first(form, "name")), 200, 1 + done.verified
        except Problem as problem:
            piece, status, stage = tag("p", _problem_text(problem), class_="error", role="alert"), problem.status, 1
        if _FRAGMENT in request.headers.get("accept", ""):
            return Response(piece, status, media_type="text/html; charset=utf-8")
        piece = join(tag("section", piece, class_="box"), await _previous_answer(service, request, form))
        return page(address_form(_first(form, "address")), piece, status, stage=stage)

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
        query, who = _wanted(address).detection_request(), visitor_of(request, service)
        detection = await cancel_on_disconnect(request.receive, lambda: service.detect(query, who))
    except Problem as problem:
        return page(address_form(address, _problem_text(problem)), None, problem.status)
    if detection is None:
        return Response()  # nobody reads it
    piece = answer_html(detection, password=is_secure_transport(request, service))
    return page(address_form(address), piece, stage=int(can_sign_in(detection)))


def _stream(service: DetectionService, request: Request, address: str) -> Response:
    """Return the steps as they happen, then the piece of the page."""
    visitor, password = visitor_of(request, service), is_secure_transport(request, service)

    async def work(tell):  # type: ignore[no-untyped-def]  # Callable[[Told], None], see stream.py
        try:
            query = _wanted(address).detection_request()
            detection = await service.detect(query, visitor, _progress_sink(tell, query.address.domain))
            tell(("answer", answer_html(detection, password=password)))
        except Problem as problem:
            tell(("trouble", _problem_text(problem)))

    return EventStream(work)


def _progress_sink(tell: Any, domain: str) -> EventSink:
    """Return what tells each step once: many questions are the same to whoever does not know what DNS is."""
    told: set[str] = set()

    def tell_step(event: Event) -> None:
        kind, words = progress_text(event, domain)
        if words and words not in told:
            told.add(words)
            tell((kind, words))

    return tell_step


async def _previous_answer(service: DetectionService, request: Request, form: dict[str, list[str]]) -> Html | None:
    """Return what was found before, for a whole page in the place of the one that was posted; as a rule it is kept."""
    try:
        detection = await service.detect(
            _wanted(_first(form, "address")).detection_request(), visitor_of(request, service)
        )
    except Problem:
        return None
    return answer_html(detection, password=is_secure_transport(request, service))


async def _form(request: Request) -> dict[str, list[str]]:
    """Read a posted form. Its size is bounded already; what is not text is no form of ours."""
    try:
        return parse_qs((await request.body()).decode(), max_num_fields=40, keep_blank_values=False)
    except ValueError:
        return {}


def _first(form: dict[str, list[str]], name: str) -> str:
    return form.get(name, [""])[0]


def _wanted(address: str) -> Wanted:
    try:
        return Wanted(address=address)
    except ValidationError as error:
        raise Problem(422, "bad-address", "the address is too long") from error


def _login(form: dict[str, list[str]]) -> Login:
    """Return the form as the API's body. Problem(422)."""
    typed = {name: _server(form, name) for name in ("incoming", "outgoing") if _first(form, f"{name}-host")}
    confirmed = form.get("confirmed", [])
    if typed and _first(form, "typed"):
        confirmed = [*confirmed, *_domains(typed)]
    known = {name: _first(form, name) for name in ("address", "password", "username")}
    try:
        return Login.model_validate({**known, **typed, "confirmed": confirmed})
    except ValidationError as error:
        places = ", ".join(dict.fromkeys(str(item["loc"][0]) for item in error.errors()))
        raise Problem(422, "bad-request", f"please check: {places}") from error


def _server(form: dict[str, list[str]], name: str) -> dict[str, str]:
    return {part: _first(form, f"{name}-{part}").strip() for part in ("protocol", "host", "port", "security")}


def _domains(typed: dict[str, dict[str, str]]) -> list[str]:
    return [registrable(server["host"].lower()) for server in typed.values()]


def _problem_text(problem: Problem) -> str:
    """Return *problem* for people."""
    match problem.name:
        case "too-many":
            return "That were many requests. Please wait a moment, then try again."
        case "overloaded":
            return "Many people are asking right now. Please try again in a few seconds."
    detail = problem.detail
    return f"{detail[:1].upper()}{detail[1:]}."
