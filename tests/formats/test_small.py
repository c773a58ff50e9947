"""The small formats: the TXT pointer and the JMAP session."""

from __future__ import annotations

import pytest

from mailsettings.errors import DocumentError, FailureKind
from mailsettings.formats import jmap, text


@pytest.mark.parametrize(
    ("records", "urls"),
    [
        pytest.param(("mailconf=https://a.example/x.xml",), ("https://a.example/x.xml",), id="one"),
        pytest.param((" MAILCONF= https://a.example/x.xml ",), ("https://a.example/x.xml",), id="case and blanks"),
        pytest.param(("mailconf=http://a.example/x",), ("http://a.example/x",), id="in clear"),
        pytest.param(("mailconf=https://a.example/",) * 2, ("https://a.example/",), id="twice"),
        pytest.param(("v=spf1 -all", "mailconf", "x mailconf=https://a.example/"), (), id="something else"),
        pytest.param(("mailconf=https://a.example:22/",), (), id="another port"),
        pytest.param(("mailconf=https://127.0.0.1/",), (), id="an address"),
        pytest.param(("mailconf=https://u:p@a.example/",), (), id="a user name"),
        pytest.param(("mailconf=ftp://a.example/",), (), id="another scheme"),
        pytest.param(("mailconf=",), (), id="nothing"),
    ],
)
def test_mailconf(records: tuple[str, ...], urls: tuple[str, ...]) -> None:
    """
    Only plain web addresses on the usual ports are followed.
    """
    assert text.mailconf_urls(records) == urls


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
