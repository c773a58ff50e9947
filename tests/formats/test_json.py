"""JSON of strangers: bounds, and what is no document."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailsettings.errors import DocumentError, FailureKind
from mailsettings.formats import json


@pytest.mark.parametrize("data", [b"", b"[1]", b"1", b"<html>", b'"text"', b"\xff\xfe{\0}\0"])
def test_no_document(data: bytes) -> None:
    """
    Settings in JSON are one object in UTF-8; everything else is no document.
    """
    with pytest.raises(DocumentError) as caught:
        json.read(data)

    assert caught.value.kind is FailureKind.NO_DOCUMENT


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"{", id="cut off"),
        pytest.param(b'{"a": "' + b'\\"' * 100000, id="a string without end"),
        pytest.param(b'{"a":' * 100000, id="too deep"),
        pytest.param(b'{"a":' + b"[" * 20 + b"]" * 20 + b"}", id="one too deep"),
        pytest.param(b'{"a": NaN}', id="not a number"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", id="endless number"),
        pytest.param(b'{"a": "\xff"}', id="not UTF-8"),
        pytest.param(b'{"\0":1}', id="NUL"),
        pytest.param(b"{" + b" " * json.MAX_BYTES, id="too long"),
    ],
)
def test_invalid_document(data: bytes) -> None:
    """
    What begins as an object and is broken or out of bounds is refused.
    """
    with pytest.raises(DocumentError) as caught:
        json.read(data)

    assert caught.value.kind is FailureKind.INVALID_DOCUMENT


def test_brackets_in_strings_are_no_depth() -> None:
    """
    Depth is counted outside strings.
    """
    assert json.read(b'\xef\xbb\xbf {"a": "' + b"[{" * 40 + b'\\""}') == {"a": "[{" * 40 + '"'}


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(st.binary(max_size=200).map(b"{".__add__))
def test_only_document_errors(data: bytes) -> None:
    """
    Whatever the bytes are: an object or a DocumentError.
    """
    try:
        found = json.read(data)
    except DocumentError:
        found = {}

    assert isinstance(found, dict)
