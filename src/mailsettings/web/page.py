"""The page at /: a form, and what was found. Whole without JavaScript; with it, the steps are shown as they happen."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from mailsettings.address import shown_host
from mailsettings.events import Asked, Contacting, Event, Failed, Learned, Probed
from mailsettings.login.judged import Result
from mailsettings.login.verify import Verification
from mailsettings.model import Endpoint
from mailsettings.web.api import visitor_of
from mailsettings.web.bodies import Login, Wanted
from mailsettings.web.bounds import PAGE_POLICY
from mailsettings.web.cards import answer, findings
from mailsettings.web.forms import address_form
from mailsettings.web.logins import log_in, only_safely, safe
from mailsettings.web.markup import Html, join, tag
from mailsettings.web.problems import Problem
from mailsettings.web.service import Service
from mailsettings.web.stream import MEDIA_TYPE, EventStream

_STATIC = Path(__file__).parent / "static"
_FILES = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
_FRAGMENT = "text/x-fragment"  # what our script accepts: the piece, not the whole page
_PROMISE = "No password yet. We look up the servers, contact them and check that they are safe."


def routes(service: Service) -> APIRouter:
    """Return the routes of the page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def blank() -> Response:
        return _page(address_form(), None)

    @router.post("/")
    async def search(request: Request) -> Response:
        form = await _form(request)
        address = _first(form, "address")
        if MEDIA_TYPE in request.headers.get("accept", ""):
            return _stream(service, request, address)
        try:
            detection = await service.detect(_wanted(address).query(), visitor_of(request, service))
        except Problem as problem:
            return _page(address_form(address, _words(problem)), None, problem.status)
        return _page(address_form(address), answer(detection, password=safe(request, service)))

    @router.post("/check")
    async def check(request: Request) -> Response:
        form = await _form(request)
        try:
            only_safely(request, service)
            done = await log_in(service, _login(form), visitor_of(request, service))
            piece, status = _checked(done), 200
        except Problem as problem:
            piece, status = tag("p", _words(problem), class_="error", role="alert"), problem.status
        if _FRAGMENT in request.headers.get("accept", ""):
            return Response(piece, status, media_type="text/html; charset=utf-8")
        return _page(address_form(_first(form, "address")), tag("section", piece, class_="box"), status)

    @router.get("/static/{name}")
    async def static(name: str) -> Response:
        if name not in _FILES:
            raise Problem(404, "not-found", "there is no such file")
        headers = {"Cache-Control": "max-age=3600"}
        return Response((_STATIC / name).read_bytes(), headers=headers, media_type=_FILES[name])

    return router


def _stream(service: Service, request: Request, address: str) -> Response:
    """Return the steps as they happen, then the piece of the page."""
    visitor, password = visitor_of(request, service), safe(request, service)

    async def work(tell):  # type: ignore[no-untyped-def]  # Callable[[Told], None], see stream.py
        try:
            query = _wanted(address).query()
            detection = await service.detect(query, visitor, lambda event: _tell_step(tell, event))
            tell(("answer", answer(detection, password=password)))
        except Problem as problem:
            tell(("trouble", _words(problem)))

    return EventStream(work)


def _tell_step(tell: Any, event: Event) -> None:
    if step := _step(event):
        tell(("step", step))


def _step(event: Event) -> str:
    """Return *event* in words that need no explanation; nothing where it would only make noise."""
    match event:
        case Asked(what=what):
            return f"Asking {what.split()[0]}"
        case Learned(claim=claim):
            return f"Heard of {shown_host(claim.endpoint.host)}"
        case Contacting(endpoint=endpoint, step="connect"):
            return f"Contacting {_place(endpoint)}"
        case Probed(probe=probe) if probe.verified:
            return f"{_place(probe.endpoint)} answers, encrypted"
        case Probed() | Failed() | Contacting():
            return ""
    return ""


def _place(endpoint: Endpoint) -> str:
    return f"{shown_host(endpoint.host)} ({endpoint.protocol.upper()})"


def _checked(done: Verification) -> Html:
    """Return what came of the login."""
    if done.verified:
        return tag("p", "It works: you can read and send mail with these settings.", class_="lock good")
    tried = ((name, result) for name, result in (("Incoming", done.incoming), ("Outgoing", done.outgoing)) if result)
    words = (tag("p", f"{name}: {_state(result)[0]}", class_=_state(result)[1]) for name, result in tried)
    return join(*words, findings(done.findings))


def _state(result: Result) -> tuple[str, str]:
    """Return what came of one direction, in words and as a class."""
    if not result.tried:
        return "was not tried", "lock warn"
    return ("works", "lock good") if result.verified else ("does not work", "lock bad")


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
    from mailsettings.suffix import registrable  # noqa: PLC0415 - only for who types servers

    return [registrable(server["host"].lower()) for server in typed.values()]


def _words(problem: Problem) -> str:
    """Return *problem* for people."""
    match problem.name:
        case "too-many":
            return "That were many requests. Please wait a moment, then try again."
        case "overloaded":
            return "Many people are asking right now. Please try again in a few seconds."
    detail = problem.detail
    return f"{detail[:1].upper()}{detail[1:]}."


def _page(form: Html, piece: Html | None, status: int = 200) -> Response:
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", "Mail settings"),
        tag("link", rel="icon", href="./static/icon.svg", type="image/svg+xml"),
        tag("link", rel="stylesheet", href="./static/page.css"),
        tag("script", src="./static/page.js", defer=True),
    )
    main = tag(
        "main",
        tag("h1", "Set up your mail"),
        form,
        tag("p", _PROMISE, class_="promise", id="promise"),
        tag("div", tag("p", class_="now", role="status", id="now"), tag("ol", id="steps", aria_hidden="true"),
            tag("button", "Stop", type="button", id="stop"), id="progress", hidden=True),
        tag("div", piece, id="answer"),
    )  # fmt: skip
    page = Html("<!doctype html>\n") + tag("html", head, tag("body", main), lang="en")
    headers = {"Content-Security-Policy": PAGE_POLICY}
    return Response(page, status, headers, media_type="text/html; charset=utf-8")
