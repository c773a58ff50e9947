"""The OpenAPI description of the responses: schemas, examples, problems."""

from __future__ import annotations

from typing import Any

from mailsettings.model import (
    Auth,
    Authority,
    Choice,
    Claim,
    Detection,
    Endpoint,
    Evidence,
    Hello,
    Probe,
    Protocol,
    Security,
    SettledBy,
    TLSFacts,
    Trust,
)
from mailsettings.schema import dumps, json_schema, plain, to_dict
from mailsettings.web.api.stream import MEDIA_TYPE as STREAM_TYPE
from mailsettings.web.problems import MEDIA_TYPE, TITLES, Problem

_ADDRESS = "ada@example.org"
_ENDPOINTS = (
    Endpoint(Protocol.IMAP, "imap.example.org", 993, Security.TLS),
    Endpoint(Protocol.SMTP, "smtp.example.org", 465, Security.TLS),
)


def example_detection() -> dict[str, Any]:
    """Return a detection with one server for each direction."""
    incoming, outgoing = map(_choice, _ENDPOINTS)
    detection = Detection(
        _ADDRESS,
        incoming=(incoming,),
        outgoing=(outgoing,),
        settled_by="nothing better can come",
        settled=SettledBy.VERIFIED,
        seconds=0.2,
    )
    return to_dict(detection)


def _choice(endpoint: Endpoint) -> Choice:
    url = "https://autoconfig.example.org/mail/config-v1.1.xml"
    evidence = Evidence(Authority.DOMAIN, "autoconfig", url, authentic=True, domain="example.org")
    hello = Hello("", mechanisms=("PLAIN",), auth=(Auth.PASSWORD,), tls=TLSFacts("TLSv1.3"))
    return Choice(
        endpoint,
        username=_ADDRESS,
        username_template="%EMAILADDRESS%",
        usernames=(_ADDRESS, "ada"),
        auth=(Auth.PASSWORD,),
        verified=True,
        trust=Trust.DOMAIN,
        reasons=(f"example.org itself names it ({url})",),
        claims=(Claim(endpoint, evidence),),
        probe=Probe(endpoint, hello=hello, tls=TLSFacts("TLSv1.3")),
    )


def example_event() -> dict[str, str]:
    """Return the last event of a stream."""
    return {"event": "settled", "data": dumps({"event": "settled", "at": 0.2, "detection": example_detection()})}


def example_verification() -> dict[str, Any]:
    """Return the result of two successful logins."""
    incoming, outgoing = map(_login_result, _ENDPOINTS)
    return {
        "schema": 1, "address": _ADDRESS, "verified": True, "incoming": incoming, "outgoing": outgoing, "findings": []
    }  # fmt: skip


def _login_result(endpoint: Endpoint) -> dict[str, Any]:
    server = {name: plain(getattr(endpoint, name)) for name in ("protocol", "host", "port", "security")}
    return {**server, "username": _ADDRESS, "mechanism": "PLAIN", "accepted": True, "verified": True, "tried": True}


Responses = dict[int | str, dict[str, Any]]
_REF = "#/components/schemas/"


def _response(schema: dict[str, Any], description: str, media_type: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": schema}}}


def _problems(*statuses: int) -> Responses:
    problem = _response({"$ref": f"{_REF}Problem"}, "A problem (RFC 9457)", MEDIA_TYPE)
    return dict.fromkeys(statuses, problem)


_REQUEST = _problems(400, 408, 413, 422, 429, 503)
DETECT: Responses = {
    200: _response({"$ref": f"{_REF}Detection"}, "The answer, also where nothing was found"),
    **_REQUEST,
}
STREAM: Responses = {
    200: _response({"$ref": f"{_REF}Told"}, "Server-sent events, each of which is like this", STREAM_TYPE),
    **_REQUEST,
}
VERIFY: Responses = {
    200: _response({"$ref": f"{_REF}Verification"}, "What came of it"),
    **_REQUEST,
    **_problems(403, 409),
}
PROVIDER: Responses = {200: _response({"type": "object"}, "A row of the table"), **_problems(404, 422)}
HEALTH: Responses = {200: _response({"type": "object", "required": ["status"]}, "Alive")}
READY: Responses = {
    200: _response({"type": "object", "required": ["status", "dns", "store"]}, "Ready, or degraded"),
    503: _response({"type": "object", "required": ["status", "dns", "store"]}, "Not ready"),
}
METRICS: Responses = {200: _response({"type": "string"}, "Figures", "text/plain")}

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "examples": [f"urn:mailsettings:problem:{next(iter(TITLES))}"]},
        "title": {"enum": list(TITLES.values())},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "hosts": {"type": "array", "items": {"type": "string"}},
        "confirmations": {"type": "array", "items": {"$ref": f"{_REF}Confirmation"}},
        "domains": {"type": "array", "items": {"type": "string"}},
    },
}
_VERIFICATION = {
    "type": "object",
    "required": ["schema", "address", "verified", "incoming", "outgoing", "findings"],
    "properties": {
        "schema": {"const": 1},
        "address": {"type": "string"},
        "verified": {"type": "boolean"},
        "incoming": {"type": ["object", "null"]},
        "outgoing": {"type": ["object", "null"]},
        "findings": {"type": "array", "items": {"$ref": f"{_REF}Finding"}},
    },
}
_STREAM_EVENT = {
    "type": "object",
    "required": ["event", "data"],
    "properties": {
        "event": {"enum": ["asked", "learned", "failed", "contacting", "probed", "settled", "problem"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
}


def schemas() -> dict[str, Any]:
    """Return the schemas that responses refer to, with references as OpenAPI expects them."""
    root = json_schema()
    detection = {name: part for name, part in root.items() if name not in ("$schema", "$defs")}
    # Here and not beside the response, because FastAPI removes every null from an example given there.
    detection["examples"] = [example_detection()]
    named = {
        "Detection": detection,
        **root["$defs"],
        "Problem": _PROBLEM | {"examples": [Problem(422, "bad-address", "'nobody' has no @").document()]},
        "Verification": _VERIFICATION | {"examples": [example_verification()]},
        "Told": _STREAM_EVENT | {"examples": [example_event()]},
    }
    return {name: _with_component_refs(schema) for name, schema in named.items()}


def _with_component_refs(value: Any) -> Any:
    """Return *value* with `#/$defs/X` turned into `#/components/schemas/X`."""
    if isinstance(value, dict):
        return {name: _with_component_refs(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_with_component_refs(part) for part in value]
    return value.replace("#/$defs/", _REF) if isinstance(value, str) else value


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI *document* with our schemas added and FastAPI's own for validation errors removed."""
    named = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        named.pop(name, None)
    named.update(schemas())
    return document
