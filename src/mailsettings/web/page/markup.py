"""HTML that is safe by construction: every string not made by *tag* is text, and is escaped.

tag("p", "Server: ", tag("code", host), class_="server")
"""

from __future__ import annotations

from html import escape
from urllib.parse import urlsplit

from mailsettings.escape import printable

_EMPTY = frozenset({"input", "link", "meta", "br", "img"})  # elements without an end tag


class Html(str):
    """A string that is already HTML."""

    __slots__ = ()


Part = Html | str | None


def tag(name: str, /, *parts: Part, **attributes: str | bool | None) -> Html:
    """Return the element *name* with *parts* as its content.

    `class_` becomes class, `data_copy` data-copy; attributes that are None or False are left out.
    """
    written = "".join(_attribute(key, value) for key, value in attributes.items() if value not in (None, False))
    if name in _EMPTY:
        return Html(f"<{name}{written}>")
    return Html(f"<{name}{written}>{join(*parts)}</{name}>")


def join(*parts: Part) -> Html:
    """Return *parts* concatenated; None is left out."""
    return Html("".join(part if isinstance(part, Html) else text(part) for part in parts if part is not None))


def text(value: str) -> Html:
    """Return *value* escaped for HTML, invisible characters written out."""
    return Html(escape(printable(value)))


def breakable(value: str) -> Html:
    """Return *value*, a host or an address, as text that may wrap after a dot or an @."""
    return Html(text(value).replace(".", ".<wbr>").replace("@", "@<wbr>"))


def link(url: str, label: str) -> Html:
    """Return a link without referrer that opens in another tab; plain text unless *url* is http or https."""
    if urlsplit(url).scheme not in ("http", "https"):
        return text(label)
    return tag("a", label, href=url, rel="noreferrer noopener external nofollow", target="_blank")


def _attribute(key: str, value: str | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{text(str(value))}"'
