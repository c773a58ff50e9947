"""The layout of the page: head, stages, progress. Pure."""

from __future__ import annotations

from fastapi import Response

from mailsettings.web.middleware import PAGE_POLICY
from mailsettings.web.page.markup import Html, tag

_PROMISE = "No password yet. We look up the mail servers of your provider and check that they are safe."
STAGES = ("Address", "Sign in", "Ready")


def page_response(form: Html, content: Html | None, status: int = 200, *, stage: int = 0) -> Response:
    """Return the whole page with *form* and *content*; *stage* is the index of the current one in STAGES."""
    main = tag(
        "main",
        tag("header", tag("img", src="./static/icon.svg", alt="", width="44", height="44"),
            tag("h1", "Set up your mail"), class_="brand"),
        _stages(stage),
        tag("div", form, tag("p", _PROMISE, class_="small promise", id="promise", hidden=content is not None),
            class_="box"),
        _progress(),
        tag("div", content, id="answer"),
    )  # fmt: skip
    document = Html("<!doctype html>\n") + tag("html", _head(), tag("body", main), lang="en")
    headers = {"Content-Security-Policy": PAGE_POLICY}
    return Response(document, status, headers, media_type="text/html; charset=utf-8")


def _head() -> Html:
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", "Mail settings"),
        tag("link", rel="icon", href="./static/icon.svg", type="image/svg+xml"),
        tag("link", rel="stylesheet", href="./static/page.css"),
        tag("script", src="./static/page.js", defer=True),
    )


def _stages(stage: int) -> Html:
    items = (
        tag("li", name, aria_current="step" if number == stage else None, class_="past" if number < stage else None)
        for number, name in enumerate(STAGES)
    )
    return tag("ol", *items, id="stages", aria_label="Steps")


def _progress() -> Html:
    """Return the progress box, hidden until the script shows it during a search."""
    return tag(
        "section",
        tag("p", class_="now", role="status", id="now"),
        tag("div", class_="bar", aria_hidden="true"),
        tag("ol", id="steps", aria_hidden="true"),
        tag("button", "Stop", type="button", id="stop", class_="quiet"),
        id="progress",
        class_="box",
        hidden=True,
    )
