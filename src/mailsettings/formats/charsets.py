"""Bytes of a document as text: byte order mark, the encoding it declares, or a guess that never fails.

Everything is transcoded before a parser sees it: expat knows four encodings, and calls back for others.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# How "<?" looks without a byte order mark (XML 1.0, appendix F).
_BARE_UTF16 = ((b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_DECLARATION = re.compile(r"\A<\?xml\s[^>]{0,300}\?>")
# Character sets only: Python's codecs also hold transformations (punycode, unicode_escape, zip) that are no encodings.
# No UTF-16: who declares it in bytes that read as ASCII transcoded the document and forgot the declaration.
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
    yield from (charset for mark, charset in _MARKS if data.startswith(mark))
    start = data[:512].lstrip()
    yield from (charset for pattern, charset in _BARE_UTF16 if start.startswith(pattern))
    if (declared := _DECLARED.search(start)) is not None:
        name = declared[1].decode("ascii")
        if _CHARSETS.fullmatch(name):
            yield name
    yield from ("utf-8", "latin-1")
