"""Answer as an autoconfig server for whatever can be found, so that mail programs that know no more profit.

GET /mail/config-v1.1.xml?emailaddress=ada@example.org
GET https://autoconfig.example.org/mail/config-v1.1.xml
"""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from mailsettings.formats.publish import of_detection, write
from mailsettings.web.api import visitor_of
from mailsettings.web.bodies import parsed
from mailsettings.web.problems import Problem
from mailsettings.web.service import Query, Service
from mailsettings.web.shown import NOBODY, anybody

PATHS = ("/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml")


def routes(service: Service) -> APIRouter:
    """Return the routes."""
    router = APIRouter(include_in_schema=False)

    async def config(request: Request, emailaddress: str = "") -> Response:
        address = anybody(parsed(emailaddress or f"{NOBODY}@{_domain(request)}"))
        detection = await service.detect(Query(address), visitor_of(request, service))
        document = of_detection(detection)
        # A server that a user would have to agree to is left out: a document cannot ask.
        if detection.confirm or not (document.incoming and document.outgoing):
            raise Problem(404, "not-found", "no settings that can be vouched for")
        return Response(write(document), media_type="text/xml")

    for path in PATHS:
        router.add_api_route(path, config, response_class=Response)
    return router


def _domain(request: Request) -> str:
    """Return whose settings are asked for by the name the request came to."""
    return (request.url.hostname or "").removeprefix("autoconfig.")
