"""The TXT record that says where the domain's autoconfig document lies.

example.org TXT "mailconf=https://hoster.example.net/autoconfig/mail/config-v1.1.xml"
"""

from __future__ import annotations

from mailsettings.errors import DocumentError
from mailsettings.formats import text

_PREFIX = "mailconf="


def urls(records: tuple[str, ...]) -> tuple[str, ...]:
    """Return the web addresses that TXT *records* of this kind name, without repetition; others are skipped."""
    named = (record.strip() for record in records)
    given = (record[len(_PREFIX) :].strip() for record in named if record.lower().startswith(_PREFIX))
    return tuple(dict.fromkeys(url for url in given if _usable(url)))


def _usable(url: str) -> bool:
    try:
        return text.port_in(text.web_url(url)) in (443, 80)
    except DocumentError:
        return False
