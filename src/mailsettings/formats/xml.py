"""Untrusted XML as a small immutable tree: no DOCTYPE, no entities, bounded. And text escaped for writing.

    <a x="1">text<b/></a>  ->  Element("a", (("x", "1"),), "text", (Element("b"),))

Names are lower-cased and lose their namespace: documents in the wild agree on neither.

Documents are decoded before they are parsed: expat has four encodings, and calls back for others.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from mailsettings.errors import DocumentError, FailureKind
from mailsettings.escape import has_invisible
from mailsettings.formats.text import quoted

MAX_BYTES = 262144  # the most a policy may read; the largest document of the ISPDB has 8,712
MAX_DEPTH = 20  # autoconfig and Autodiscover need 6
MAX_ELEMENTS = 2000  # the longest list of domains in the ISPDB has 191
MAX_ATTRIBUTES = 64  # of one element; no known format has more than 3
# Not a reference that XML has without a DOCTYPE: a bare "&", a common mistake, and "&nbsp;" from HTML.
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")


@dataclass(frozen=True, slots=True)
class Element:
    """An element: lower-case local name, attributes, its own text stripped, its children in document order."""

    tag: str
    attributes: tuple[tuple[str, str], ...] = ()
    text: str = ""
    children: tuple[Element, ...] = ()

    def all(self, *tags: str) -> Iterator[Element]:
        """Yield the children called one of *tags*, in document order."""
        return (child for child in self.children if child.tag in tags)

    def first(self, tag: str) -> Element:
        """Return the first child called *tag*, or an empty element if there is none."""
        return next(self.all(tag), Element(tag))

    def texts(self, tag: str) -> tuple[str, ...]:
        """Return the texts of the children called *tag*, in document order."""
        return tuple(child.text for child in self.all(tag))

    def get(self, name: str) -> str:
        """Return an attribute, stripped; empty if there is none."""
        return next((value.strip() for key, value in self.attributes if key == name), "")


def read(data: bytes, root: str) -> Element:
    """Read *data* as an XML document whose root element is called *root* (lower case).

    Raises DocumentError: NO_DOCUMENT for anything that does not begin as such a document (a web page, JSON, nothing at
    all), INVALID_DOCUMENT for one that does and is broken or out of bounds.
    """
    if len(data) > MAX_BYTES:
        raise DocumentError(f"document has {len(data)} bytes, more than {MAX_BYTES}")
    text = decode(data)
    if not text.startswith("<"):
        raise DocumentError(f"document begins with {text[:20]!r}, not with '<'", FailureKind.NO_DOCUMENT)
    # gmx.net's entry in the ISPDB once said "&amP;" (seen 2026-11): text, and no reason to lose its servers.
    return _Reader(root).read(_BARE_AMPERSAND.sub("&amp;", text))


@dataclass(slots=True)
class _Open:
    """An element whose end tag has not been read."""

    tag: str
    attributes: tuple[tuple[str, str], ...]
    text: list[str] = field(default_factory=list)
    children: list[Element] = field(default_factory=list)

    def close(self) -> Element:
        return Element(self.tag, self.attributes, "".join(self.text).strip(), tuple(self.children))


class _Reader:
    """One pass of expat. Each limit aborts it from within a handler, before anything grows."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.open = [_Open("", ())]
        self.elements = 0

    def read(self, text: str) -> Element:
        """Return the root of *text*. DocumentError if it is malformed, or larger than a document may be."""
        parser = expat.ParserCreate("utf-8")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.buffer_text = True
        try:
            parser.Parse(text.encode(), True)
        except expat.ExpatError as error:
            # There was no root element: whatever this is, it is not the expected document.
            kind = FailureKind.INVALID_DOCUMENT if self.elements else FailureKind.NO_DOCUMENT
            raise DocumentError(f"document is not well-formed: {error}", kind) from error
        return self.open[0].children[0]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = _local(name)
        if not self.elements and tag != self.root:
            raise DocumentError(f"root element is {name[:40]!r}, not {self.root!r}", FailureKind.NO_DOCUMENT)
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise DocumentError(f"document has more than {MAX_ELEMENTS} elements")
        if len(self.open) > MAX_DEPTH:
            raise DocumentError(f"document is more than {MAX_DEPTH} elements deep")
        if len(attributes) > MAX_ATTRIBUTES:
            raise DocumentError(f"element {name[:40]!r} has more than {MAX_ATTRIBUTES} attributes")
        self.open.append(_Open(tag, tuple((_local(key), value) for key, value in attributes.items())))

    def _end(self, _name: str) -> None:
        element = self.open.pop().close()
        self.open[-1].children.append(element)

    def _text(self, text: str) -> None:
        self.open[-1].text.append(text)

    def _doctype(self, name: str, *_ids: object) -> NoReturn:
        # No settings document needs one, and every entity attack starts with one.
        if name.lower() == "html":
            raise DocumentError("document is a web page", FailureKind.NO_DOCUMENT)
        raise DocumentError(f"document has a DOCTYPE ({name[:40]!r})")


def _local(name: str) -> str:
    return name.rpartition(":")[2].lower()


_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# How "<?" looks without a byte order mark (XML 1.0, appendix F).
_BARE_UTF16 = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_DECLARATION = re.compile(r"\A<\?xml\s[^>]{0,300}\?>")
# Character sets only: Python's codecs also hold transformations (punycode, unicode_escape, zip) that are no encodings.
# No UTF-16: a document that declares it in ASCII bytes was transcoded without updating the declaration.
_CHARSETS = re.compile(
    r"utf-?8|(us-)?ascii|iso-?8859-?\d{1,2}|latin-?\d{1,2}|(windows-|cp)\d{3,4}|koi8-[rut]|tis-?620"
    r"|gb(k|2312|18030)|big5(-?hkscs)?|euc-?(jp|kr)|shift[_-]?jis|iso-?2022-?(jp|kr)|mac(intosh|-?roman)",
    re.IGNORECASE,
)


def decode(data: bytes) -> str:
    """Return *data* as text that begins with its first visible character, without an XML declaration.

    A wrong declaration is common and harmless: what cannot be read as declared is read as UTF-8, and failing that as
    Latin-1, which has a character for every byte.
    """
    for charset in _charsets(data):
        try:
            text = data.decode(charset)
        except (ValueError, LookupError):
            continue
        return _DECLARATION.sub("", text.lstrip("\ufeff\t\r\n \0"), count=1).lstrip()
    raise AssertionError("Latin-1 reads everything")  # pragma: no cover


def _charsets(data: bytes) -> Iterator[str]:
    yield from (charset for mark, charset in _BYTE_ORDER_MARKS if data.startswith(mark))
    start = data[:512].lstrip()
    yield from (charset for pattern, charset in _BARE_UTF16 if start.startswith(pattern))
    if (declared := _DECLARED.search(start)) is not None:
        name = declared[1].decode("ascii")
        if _CHARSETS.fullmatch(name):
            yield name
    yield from ("utf-8", "latin-1")


def quote_attribute(text: str) -> str:
    """Return *text* as an attribute value in its quotes."""
    return f'"{escape_text(text)}"'


def escape_text(text: str) -> str:
    """Return *text* escaped for XML. Raises DocumentError for what XML cannot hold or a reader would drop."""
    if text != " ".join(text.split()) or has_invisible(text):
        raise DocumentError(f"{quoted(text)} is not one printable line")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
