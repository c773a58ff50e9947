"""The parsers of documents and lists, whether they come from a stranger's web server, DNS zone or file."""

from __future__ import annotations

import io

from mailsettings.bulk.input import InputFormat, entries, parse_entry
from mailsettings.errors import AddressError
from mailsettings.formats import autodiscover, clientconfig, clientconfig_writer, jmap, pacc
from mailsettings.net.dns.nameservers import parse_resolv_conf, parse_resolver
from mailsettings.provider_table.document import read_own
from mailsettings.provider_table.table import Table
from mailsettings.schema import from_json
from mailsettings.sources.mailconf import mailconf_urls
from scripts.fuzz_target import Target, text

SERVER = b"<type>imap</type><hostname>imap.example.org</hostname><port>993</port><socketType>SSL</socketType>"
AUTOCONFIG = (
    b'<?xml version="1.0" encoding="UTF-8"?><clientConfig version="1.1"><emailProvider id="example.org"><domain>'
    b'example.org</domain><displayName>Example</displayName><incomingServer type="imap">'
    + SERVER
    + b"<username>%EMAILADDRESS%"
    b'</username><authentication>password-cleartext</authentication></incomingServer><outgoingServer type="smtp">'
    b"<hostname>smtp.example.org</hostname><port>465</port><socketType>SSL</socketType></outgoingServer>"
    b'<documentation url="https://example.org/"><descr lang="en">Help</descr></documentation><enable visiturl="https://'
    b'example.org/on"><instruction>On</instruction></enable></emailProvider><oAuth2><issuer>a.example</issuer></oAuth2>'
    b'<webMail><loginPage url="https://example.org/mail"/></webMail></clientConfig>'
)
AUTODISCOVER = (
    b'<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006"><Response'
    b' xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"><Account><AccountType>email'
    b"</AccountType><Action>settings</Action><Protocol><Type>IMAP</Type><Server>imap.example.org</Server><Port>993</Port>"
    b"<SSL>on</SSL><Encryption>SSL</Encryption><LoginName>ada</LoginName></Protocol></Account></Response></Autodiscover>"
)
REDIRECT = AUTODISCOVER.replace(
    b"settings</Action>", b"redirectAddr</Action><RedirectAddr>ada@example.net</RedirectAddr>"
)
JSON = b'{"Protocol": "ActiveSync", "Url": "https://a.example.org/x"}'
PACC = (
    b'{"protocols": {"imap": {"host": "imap.example.org"}, "jmap": {"url": "https://jmap.example.org/"}}, '
    b'"authentication": {"oauth-public": {"issuer": "https://login.example.org"}, "password": true}, '
    b'"info": {"provider": {"name": "Example"}}}'
)
TABLE = (
    b"providers:\n  example:\n    name: Example Mail\n    domains:\n      - example.org\n    incoming:\n"
    b"      - {protocol: imap, host: imap.example.org, port: 993, security: tls}\n    outgoing:\n"
    b"      - {protocol: smtp, host: smtp.example.org, port: 465, security: tls}\n"
)
DETECTION = b'{"schema": 1, "address": "ada@example.org", "incoming": [], "outgoing": [], "seconds": 0.1}'


def published(data: bytes) -> object:
    """Read an autoconfig document, and write what was read: it is the same when it is read again."""
    config = clientconfig.read(data, "example.org")
    again = clientconfig.read(clientconfig_writer.write(config).encode(), "example.org")
    assert (again.incoming, again.outgoing) == (config.incoming, config.outgoing), (config, again)
    return config


def listed(form: InputFormat) -> Target:
    """Return the input of a run over many addresses, each of which is read as one, too."""

    def run(data: bytes) -> list[str]:
        return [_kind_of(entry.text) for entry in entries(io.BytesIO(data), form)]

    return Target(f"bulk-{form}", run, LISTS[form])


def _own_table(data: bytes) -> Table:
    """Read *data* as a table of the user's own, and compile it."""
    return Table.compiled(read_own(data.decode("utf-8", "replace"), "fuzz")[0], "fuzz")


def _kind_of(written: str) -> str:
    try:
        return parse_entry(written).domain
    except AddressError:
        return ""


LISTS = {
    InputFormat.LINES: (b"ada@example.org\nexample.com\r\n\n b\xc3\xbccher.example \n", b"\xef\xbb\xbfada@example.org"),
    InputFormat.CSV: (b'name,email\nAda,ada@example.org\n"Eve, E.",eve@example.com\n', b"domain\r\nexample.org\r\n"),
    InputFormat.JSONL: (
        b'{"email": "ada@example.org", "name": "Ada"}\n"eve@example.com"\n',
        b'{"domain": "example.org"}',
    ),
}
DOCUMENT_TARGETS = (
    Target("autoconfig", published, (AUTOCONFIG,)),
    Target("autodiscover", autodiscover.read, (AUTODISCOVER, REDIRECT)),
    Target("autodiscover-json", autodiscover.read_v2, (JSON,)),
    Target("pacc", lambda data: pacc.read(data, (pacc.digest_of(data),)), (PACC,)),
    Target("pacc-txt", text(lambda record: pacc.digests((record,))), (b"v=UAAC1; a=sha256; d=" + b"A" * 43 + b"=",)),
    Target("mailconf", text(lambda record: mailconf_urls((record,))), (b"mailconf=https://a.example.org/x.xml",)),
    Target("jmap", jmap.offers_mail, (b'{"capabilities": {"urn:ietf:params:jmap:core": {}}}',)),
    Target("table", _own_table, (TABLE,)),
    *map(listed, InputFormat),
    Target("detection", from_json, (DETECTION,)),
    Target("resolver", text(parse_resolver), (b"192.0.2.1:53", b"tls://dns.example", b"https://dns.example/dns-query")),
    Target("resolv.conf", text(parse_resolv_conf), (b"nameserver 192.0.2.1\nsearch a.example\nnameserver ::1\n",)),
)  # fmt: skip
