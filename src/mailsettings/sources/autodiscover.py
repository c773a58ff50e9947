"""Autodiscover of the domain, without any login (MS-OXDISCO §3.1.5): it may list IMAP, POP3 and SMTP servers.

    POST https://autodiscover.example.org/autodiscover/autodiscover.xml
    POST https://example.org/autodiscover/autodiscover.xml
    GET  http://autodiscover.example.org/autodiscover/autodiscover.xml, only for a redirect to https
    _autodiscover._tcp.example.org SRV

The question carries the address. It goes to https hosts of the address's own domain and nowhere else, never to a parent
domain (autodiscover.<suffix> has collected 96,671 passwords), and a 401 is no reason to send one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from mailsettings.address import EmailAddress, parse_address
from mailsettings.errors import AddressError, DocumentError, Kind, NetworkError
from mailsettings.formats import autodiscover as autodiscover_format
from mailsettings.formats.autodiscover import RedirectAddress, RedirectURL, Settings
from mailsettings.formats.clientconfig import ClientConfig
from mailsettings.formats.servers import Server
from mailsettings.formats.text import host_of, port_in
from mailsettings.leads import Lead, Net, Note
from mailsettings.model import Authority, Service
from mailsettings.records import SRV, Page, Question
from mailsettings.sources.documents import Word, inside, leads_of
from mailsettings.template import ADDRESS, LOCAL_PART

PATH = "/autodiscover/autodiscover.xml"
MAX_REDIRECTS = 3  # inside the answers; those of HTTP are counted by the policy
_ORDER = 200  # behind autoconfig and PACC
_UNAUTHORIZED = 401
_ANY_STATUS = frozenset(range(300, 600))
_HEADERS = (("Content-Type", autodiscover_format.CONTENT_TYPE),)
_MICROSOFT = ("office365.com", "outlook.com", "office.com", "microsoft.com")


def autodiscover(address: EmailAddress) -> Iterator[Lead]:
    """Yield the two fixed places, the redirect in clear, and the SRV record."""
    places = tuple(Question_(f"https://{host}{PATH}", address) for host in _hosts(address.domain))
    yield from places
    yield ClearRedirect(address, places)
    yield AutodiscoverRecords(address)


def _hosts(domain: str) -> tuple[str, str]:
    return f"autodiscover.{domain}", domain
