"""Text in pages is never markup."""

from __future__ import annotations

import pytest

from mailsettings.web.page.markup import breakable, join, link, tag, text

NASTY = "<img src=x onerror=alert(1)>\"'&\x1b[2J\u202e"


@pytest.mark.parametrize("html", [text(NASTY), tag("p", NASTY), tag("p", title=NASTY), join(NASTY), breakable(NASTY)])
def test_text_is_never_markup(html: str) -> None:
    """
    In an element, an attribute or beside: escaped, and what cannot be seen is written out.
    """
    assert not set(html.replace("<p", "").replace("</p>", "").replace("<wbr>", "")) & set("<\x1b\u202e'")
    assert "&lt;img" in html


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", " javascript:x", "JaVaScRiPt:x", "//evil.example", ""]
)
def test_only_web_addresses_become_links(url: str) -> None:
    """
    Anything else is its label.
    """
    assert link(url, "label") == "label"
