"""Detections and events as JSON (schema 1), and the JSON Schema of it. ASCII only.

    {"schema": 1, "address": "ada@example.org", "provider": null,
     "incoming": [{"protocol": "imap", "host": "imap.example.org", "port": 993, "security": "tls", "username": …}],
     "outgoing": […], "confirm": [], …}

The shape is that of the model with four changes for other programs: an endpoint's fields are part of the object that
has it, a choice's claims are its `evidence`, an authority is a name, and `notes` are lines of text; the rest of each
note is in `note_details`, in the same order. The provider and each hint, link and service have an `evidence` of their
own. Writing needs the standard library only; reading and the JSON Schema load pydantic.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

from mailsettings.errors import AddressError, DocumentError
from mailsettings.model import (
    URL,
    Audience,
    Authority,
    Choice,
    Claim,
    Detection,
    Endpoint,
    Failure,
    Hello,
    HostName,
    Note,
    Probe,
    Protocol,
    ProxyAddress,
    Question,
    Security,
    Task,
    Where,
)

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from mailsettings.events import Event

SCHEMA = 1  # goes up when a field changes its meaning or goes away; new fields may come at any time
_ENDPOINT = ("protocol", "host", "port", "security")
_FACTS = ("hints", "documentation", "other_services")  # arrays of values with one evidence each
_CLAIM = ("usernames", "auth", "order", "eager")  # fields of an evidence object besides those of Evidence
# How places of failures are written: an endpoint, a proxy (no path), a URL; then the ends of DNS questions.
_ENDPOINT_TEXT = re.compile(r"(imap|pop3|smtp|jmap)://([a-z0-9.-]{1,253}):([0-9]{1,5}) \((tls|starttls|plain)\)")
_PROXY_TEXT = re.compile(r"(socks5|https?)://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})")
_URL_TEXT = re.compile(r"(https?://.*?)(?: \(([A-Z]+)\))?", re.DOTALL)
_TYPES = frozenset({"A", "AAAA", "CNAME", "MX", "NS", "PTR", "SRV", "TXT"})

Object = dict[str, Any]  # a JSON object; the JSON Schema has its fields


def to_json(detection: Detection, *, indent: int | None = None) -> str:
    """Return *detection* as a JSON document, on one line unless *indent* is a number of spaces."""
    return dumps(to_dict(detection), indent=indent)


def dumps(value: Object | list[Object], *, indent: int | None = None) -> str:
    """Return *value* as JSON in printable ASCII."""
    # json leaves DEL as it is, the only ASCII character above the space that a terminal interprets.
    return json.dumps(value, indent=indent).replace("\x7f", "\\u007f")


def to_dict(detection: Detection) -> Object:
    """Return *detection* as JSON values."""
    return {"schema": SCHEMA, **_fields(detection)}


def event_to_dict(event: Event) -> Object:
    """Return *event* as JSON values: `{"event": "asked", "at": 0.01, "what": "example.org MX"}`."""
    found = {"event": type(event).__name__.lower(), **_fields(event, but=("where", "claim", "probe", "detection"))}
    if (claim := getattr(event, "claim", None)) is not None:
        found |= {**_fields(claim.endpoint), "evidence": _evidence(claim)}
    if (probe := getattr(event, "probe", None)) is not None:
        found |= {**_fields(probe.endpoint), "verified": probe.verified, "probe": _probe(probe)}
    if (detection := getattr(event, "detection", None)) is not None:
        found["detection"] = to_dict(detection)
    return found


def plain(value: object) -> Any:
    """Return *value*, any value of the model or of the table, as JSON values."""
    match value:
        case Choice():
            evidence = [_evidence(claim) for claim in value.claims]
            return {**_fields(value, but=("claims", "probe")), "evidence": evidence, "probe": _probe(value.probe)}
        case Note():
            return str(value)
        case Failure():
            return {"kind": value.kind.value, "where": value.place, "seen": value.seen, "detail": plain(value.detail)}
        case Enum():
            return _authority_name(value) if isinstance(value, Authority) else value.value
        case tuple():
            return [plain(item) for item in value]
    return _fields(value) if is_dataclass(value) else value


def _fields(value: Any, *, but: tuple[str, ...] = ()) -> Object:
    """Return the fields of a dataclass; those of an endpoint in it are merged into them."""
    found: Object = {}
    for name in (field.name for field in fields(value) if field.name not in but):
        item = getattr(value, name)
        found |= _fields(item) if isinstance(item, Endpoint) else {name: plain(item)}
    if isinstance(value, Detection | Probe | Hello):
        found["note_details"] = [_note(note) for note in value.notes]
    return found


def _probe(probe: Probe | None) -> Object | None:
    return None if probe is None else _fields(probe, but=("endpoint",))


def _evidence(claim: Claim) -> Object:
    return {**_fields(claim.evidence), **_fields(claim, but=("endpoint", "evidence"))}


def _note(note: Note) -> Object:
    return {**_fields(note, but=("about",)), "about": None if note.about is None else _fields(note.about)}


def _authority_name(authority: Authority) -> str:
    return authority.name.lower().replace("_", "-")


def from_json(text: str | bytes) -> Detection:
    """Parse a detection that *to_json* wrote; fields of later versions are ignored.

    Raises DocumentError if *text* is not such a document.
    """
    from pydantic import ValidationError

    nested = json.dumps(_nested_detection(_parsed(text)))
    try:
        return _adapter().validate_json(nested, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DocumentError(f"{where}: {first['msg']}") from error


@cache
def _adapter() -> TypeAdapter[Detection]:
    """Return pydantic's adapter of the model, built once: that takes longer than using it."""
    from pydantic import TypeAdapter

    return TypeAdapter(Detection)


def _parsed(text: str | bytes) -> Object:
    """Return *text* as a JSON object of this schema."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise DocumentError(f"not a detection of schema {SCHEMA}")
    return document


def _nested_detection(document: Object) -> Object:
    """Undo the changes of *to_dict*, as values that pydantic will check."""
    moved = {name: [_nested_choice(choice) for choice in _list(document, name)] for name in ("incoming", "outgoing")}
    return {
        **document,
        **moved,
        **_nested_facts(document),
        "provider": _nested_provider(document.get("provider")),
        "notes": _nested_notes(document),
        "failures": [_nested_failure(failure) for failure in _list(document, "failures")],
    }


def _nested_provider(flat: Any) -> Any:
    return {**_nested_fact(flat), **_nested_facts(flat)} if isinstance(flat, dict) else flat


def _nested_facts(flat: Object) -> Object:
    return {name: [_nested_fact(item) for item in _list(flat, name)] for name in _FACTS if name in flat}


def _nested_fact(flat: Any) -> Any:
    match flat:
        case {"evidence": {"authority": name, **rest}}:
            return {**flat, "evidence": {**rest, "authority": _authority(name)}}
    return flat


def _nested_failure(flat: Any) -> Object:
    if not isinstance(flat, dict):
        raise DocumentError(f"a failure is {flat!r:.40}, not an object")
    if not isinstance(written := flat.get("where"), str):
        raise DocumentError(f"where is {written!r:.40}, not text")
    where = read_where(written)
    return {**flat, "where": None if where is None else asdict(where)}


def read_where(text: str) -> Where | None:
    """Return the place that prints as *text*; anything else is the name of a task."""
    where = _read_where(text)
    if where is not None and str(where) == text:
        return where
    return Task(text) if text else None


def _read_where(text: str) -> Where | None:
    """Return the place that *text* may stand for; its own text may be another, in canonical form."""
    if (found := _ENDPOINT_TEXT.fullmatch(text)) and (endpoint := _endpoint(found)):
        return endpoint
    if found := _PROXY_TEXT.fullmatch(text):
        return ProxyAddress(found[1], found[2].strip("[]"), int(found[3]))
    if found := _URL_TEXT.fullmatch(text):
        return URL(found[1], found[2] or "GET")
    name, _, type_ = text.rpartition(" ")
    if type_ == "A/AAAA":
        return HostName(name)
    return Question(name, type_) if type_ in _TYPES else None


def _endpoint(found: re.Match[str]) -> Endpoint | None:
    try:
        return Endpoint(Protocol(found[1]), found[2], int(found[3]), Security(found[4]))
    except AddressError:
        return None


def _list(document: Object, name: str) -> list[Any]:
    value = document.get(name, [])
    if not isinstance(value, list):
        raise DocumentError(f"{name} is {value!r:.40}, not an array")
    return value


def _nested_choice(flat: Any) -> Object:
    if not isinstance(flat, dict):
        raise DocumentError(f"a choice is {flat!r:.40}, not an object")
    endpoint = {name: flat.get(name) for name in _ENDPOINT}
    claims = [_nested_claim(item, endpoint) for item in _list(flat, "evidence")]
    return {**flat, "endpoint": endpoint, "claims": claims, "probe": _nested_probe(flat.get("probe"), endpoint)}


def _nested_probe(flat: Any, endpoint: Object) -> Any:
    if not isinstance(flat, dict):
        return flat
    hello = flat.get("hello")
    if isinstance(hello, dict):
        hello = {**hello, "notes": _nested_notes(hello)}
    failure = flat.get("failure")
    return {
        **flat,
        "endpoint": endpoint,
        "hello": hello,
        "failure": None if failure is None else _nested_failure(failure),
        "notes": _nested_notes(flat),
    }


def _nested_notes(flat: Object) -> list[Object]:
    """Return the notes of *flat* from lines and details; without an audience, a note is for the user only."""
    lines, details = _list(flat, "notes"), _list(flat, "note_details")
    if list(map(_line, details)) != lines:
        details = [{"text": line} for line in lines]
    return [{"audience": Audience.USER, **item} for item in details]


def _line(detail: Any) -> object:
    """Return the line that `notes` has for *detail*, None if *to_dict* does not write such a detail."""
    match detail:
        case {"text": str(text), "about": {"host": host, "port": port}}:
            return f"{host}:{port}: {text}"
        case {"text": str(text), "about": None}:
            return text
    return None


def _nested_claim(flat: Any, endpoint: Object) -> Object:
    if not isinstance(flat, dict):
        raise DocumentError(f"an evidence is {flat!r:.40}, not an object")
    own = {name: flat[name] for name in _CLAIM if name in flat}
    return {**own, "endpoint": endpoint, "evidence": {**flat, "authority": _authority(flat.get("authority"))}}


def _authority(name: object) -> int:
    for authority in Authority:
        if _authority_name(authority) == name:
            return authority.value
    raise DocumentError(f"authority is {name!r:.40}, which is none")


def json_schema() -> Object:
    """Return the JSON Schema (2020-12) of what *to_json* writes."""
    root = _adapter().json_schema()
    types = root["$defs"]
    types["Authority"] = {"title": "Authority", "type": "string", "enum": [_authority_name(item) for item in Authority]}
    types["FactEvidence"] = {**types["Evidence"], "title": "FactEvidence"}
    for fact in ("Provider", "Hint", "Link", "Service"):
        types[fact]["properties"]["evidence"]["anyOf"][0] = {"$ref": "#/$defs/FactEvidence"}
    claim = _without(types.pop("Claim"), "endpoint", "evidence")
    types["Evidence"] = {**types["Evidence"], "properties": types["Evidence"]["properties"] | claim}
    types["Failure"]["properties"] = _without(types["Failure"], "redacted") | {
        "where": {"title": "Where", "type": "string"}
    }
    for place in (Question, URL, HostName, ProxyAddress, Task):
        del types[place.__name__]
    types["Probe"]["properties"] = _without(types["Probe"], "endpoint")
    evidence = {"title": "Evidence", "type": "array", "items": {"$ref": "#/$defs/Evidence"}}
    endpoint = types["Endpoint"]["properties"]
    types["Choice"]["properties"] = endpoint | _without(types["Choice"], "endpoint", "claims") | {"evidence": evidence}
    for type_ in (root, types["Probe"], types["Hello"]):
        details = type_["properties"]["notes"]
        type_["properties"] |= {"notes": {**details, "items": {"type": "string"}}, "note_details": details}
    root["properties"] = {"schema": {"const": SCHEMA}} | root["properties"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_complete(root, types.values())}


def _without(type_: Object, *names: str) -> Object:
    return {name: value for name, value in type_["properties"].items() if name not in names}


def _complete(root: Object, types: Iterable[Object]) -> Object:
    """Return *root* with all fields of all objects required: the writer leaves none out."""
    for type_ in (root, *types):
        if "properties" in type_:
            type_["required"] = list(type_["properties"])
    return root
