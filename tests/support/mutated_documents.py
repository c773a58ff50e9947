"""Documents gone wrong: each a valid one with a few random injuries, the same ones on every run."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from mailsettings.formats import autodiscover, clientconfig, jmap, oauth_metadata, pacc, protected_resource
from mailsettings.sources.mailconf import mailconf_urls
from tests.support import documents

# What parsers trip over: markup, references, limits, other charsets, values on the edge of their type.
HOSTILE = (
    b"<",
    b"<!DOCTYPE a [<!ENTITY x 'y'>]>",
    b"<![CDATA[",
    b"&x;",
    b"&#13;&#10;",
    b"&#x202e;",
    b"<a>" * 25,
    b"<b/>" * 300,
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\0",
    b"\xc3",
    b"\xed\xa0\x80",
    b'<?xml version="1.0" encoding="shift_jis"?>',
    b"%EMAILADDRESS%",
    b"%EMAILDOMAIN",
    b"%" * 50,
    b"65536",
    b"-1",
    b"127.0.0.1",
    b"xn--",
    b"\xc3\xbc." * 90,
    "例え。テスト".encode(),
    b"[" * 30,
    b'"\\ud800"',
    b"1e999",
    b"9" * 400,
    b"https://[::1",
    b"https://a:b@c/",
    b"x" * 3000,
)
PACC = (
    b'{"protocols": {"imap": {"host": "imap.example.org"}, "jmap": {"url": "https://jmap.example.org/"}, '
    b'"managesieve": {"host": "sieve.example.org"}}, "authentication": {"oauth-public": '
    b'{"issuer": "https://login.example.org"}, "password": true}, "info": {"provider": {"name": "Example"}, '
    b'"help": {"documentation": "https://example.org/help"}}}'
)
AUTOCONFIG = documents.autoconfig(
    "<displayName>Example</displayName>" + documents.INCOMING + documents.OUTGOING,
    '<calendar type="caldav"><url>https://dav.example.org/</url></calendar>'
    '<setupServer type="managesieve"><hostname>sieve.example.org</hostname><port>4190</port></setupServer>'
    '<enable visiturl="https://example.org/on"><instruction lang="en">Switch it on</instruction></enable>'
    "<oAuth2><issuer>login.example.org</issuer><clientID>a</clientID></oAuth2>",
)
ISSUER = (
    b'{"issuer": "https://login.example.org", "authorization_endpoint": "https://login.example.org/auth", '
    b'"token_endpoint": "https://login.example.org/token"}'
)
RESOURCE = b'{"resource": "https://jmap.example.org", "authorization_servers": ["https://login.example.org"]}'
# Each format by name: a valid document, and the reader with everything behind it.
READERS: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "issuer": (ISSUER, lambda data: oauth_metadata.read(data, "https://login.example.org")),
    "resource": (RESOURCE, lambda data: protected_resource.read(data, "https://jmap.example.org")),
    "autoconfig": (AUTOCONFIG, lambda data: clientconfig.read(data, "example.org")),
    "autodiscover": (documents.autodiscover(), autodiscover.read),
    "autodiscover-json": (b'{"Protocol": "ActiveSync", "Url": "https://a.example.org/x"}', autodiscover.read_v2),
    "pacc": (PACC, lambda data: pacc.read(data, (pacc.digest_of(data),))),
    "pacc-txt": (b"v=UAAC1; a=sha256; d=" + b"A" * 43 + b"=", lambda data: pacc.digests((data.decode("latin-1"),))),
    "mailconf": (b"mailconf=https://a.example.org/x.xml", lambda data: mailconf_urls((data.decode("latin-1"),))),
    "jmap": (b'{"capabilities": {"urn:ietf:params:jmap:core": {}}}', jmap.offers_mail),
}


def mutants(seed: bytes, count: int) -> Iterator[bytes]:
    """Yield *count* variants of *seed*."""
    chance = random.Random(seed)
    for _ in range(count):
        data = seed
        for _ in range(chance.randint(1, 4)):
            data = _injure(data, chance)
        yield data


def _injure(data: bytes, chance: random.Random) -> bytes:
    start, end = sorted((chance.randint(0, len(data)), chance.randint(0, len(data))))
    match chance.randrange(6):
        case 0:
            return data[:start] + bytes([chance.randrange(256)]) + data[start + 1 :]
        case 1:
            return data[:start] + data[end:]
        case 2:
            return data[:end] + data[start:]
        case 3:
            return data[:start]
        case 4:
            return data.decode("latin-1").encode(chance.choice(["utf-16", "utf-16-be", "utf-8", "cp037"]), "replace")
        case _:
            return data[:start] + chance.choice(HOSTILE) + data[start:]
