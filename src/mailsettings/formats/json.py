"""Untrusted JSON as one object: bounded in bytes and depth, no NaN, no endless numbers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from mailsettings.errors import DocumentError, FailureKind

MAX_BYTES = 262144  # as for XML
MAX_DEPTH = 20
# An unterminated string matches up to the end: a match that cannot fail never starts over at every quote.
_STRING = re.compile(r'"(?:[^"\\]|\\.|\\\Z)*+(?:"|\Z)', re.DOTALL)


def read(data: bytes) -> Mapping[str, object]:
    """Return the object that *data* holds.

    Raises DocumentError: NO_DOCUMENT for anything that does not begin as one, INVALID_DOCUMENT for a broken one.
    """
    if len(data) > MAX_BYTES:
        raise DocumentError(f"document has {len(data)} bytes, more than {MAX_BYTES}")
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith(b"{"):
        raise DocumentError(f"document begins with {start[:20]!r}, not with '{{'", FailureKind.NO_DOCUMENT)
    try:
        text = start.decode()  # RFC 8259 §8.1: UTF-8 and nothing else
        _check_depth(text)
        value = json.loads(text, parse_constant=_refuse)
    except DocumentError:
        raise
    except ValueError as error:
        raise DocumentError(f"document is not JSON: {error}") from error
    assert isinstance(value, dict)
    return value


def _check_depth(text: str) -> None:
    depth = 0
    for bracket in re.findall(r"[][{}]", _STRING.sub("", text)):
        depth += 1 if bracket in "{[" else -1
        if depth > MAX_DEPTH:
            raise DocumentError(f"document is more than {MAX_DEPTH} levels deep")


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is no number")


def member(value: object, *names: str) -> object:
    """Return the member of *value* at the path *names*, or None if any step is missing."""
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def string(value: object, *names: str) -> str:
    """Return the string at the path *names*, stripped; empty if there is none."""
    found = member(value, *names)
    return found.strip() if isinstance(found, str) else ""


def strings(value: object, *names: str) -> tuple[str, ...]:
    """Return the strings of the list at the path *names*, or the one string in its place."""
    found = member(value, *names)
    if isinstance(found, str):
        return (found,)
    return tuple(one for one in found if isinstance(one, str)) if isinstance(found, Sequence) else ()
