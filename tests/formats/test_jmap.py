"""The JMAP session resource."""

from __future__ import annotations

import pytest

from mailsettings.errors import DocumentError, FailureKind
from mailsettings.formats import jmap


@pytest.mark.parametrize(
    ("capabilities", "offered"),
    [
        ('"urn:ietf:params:jmap:core": {}, "urn:ietf:params:jmap:mail": {}', True),
        ('"urn:ietf:params:jmap:core": {}', False),
    ],
)
def test_a_session_says_whether_it_has_mail(capabilities: str, *, offered: bool) -> None:
    """
    JMAP also serves calendars and contacts alone.
    """
    assert jmap.offers_mail(f'{{"capabilities": {{{capabilities}}}}}'.encode()) is offered


@pytest.mark.parametrize("data", [b"{}", b'{"capabilities": []}', b'{"capabilities": {}}', b"<html>", b""])
def test_what_is_no_session(data: bytes) -> None:
    """
    Without the core capability there is no JMAP.
    """
    with pytest.raises(DocumentError) as caught:
        jmap.offers_mail(data)

    assert caught.value.kind is FailureKind.NO_DOCUMENT
