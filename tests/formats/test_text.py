"""The TXT record that points to a configuration document."""

from __future__ import annotations

import pytest

from mailsettings.formats import text


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
