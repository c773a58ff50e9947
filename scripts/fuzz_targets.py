"""The parsers that are fuzzed: what reads bytes or text of strangers, each with valid input to start from."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

import dns.flags
import dns.message
import dns.rrset

from mailsettings import protocols
from mailsettings.address import parse_address
from mailsettings.escape import excerpt
from mailsettings.hostnames import parse_host
from mailsettings.interfaces import Page
from mailsettings.model import Endpoint, Hello, Protocol, Question, Security
from mailsettings.net.certificates import dns_names
from mailsettings.net.dns.message import query_of
from mailsettings.net.dns.records import records_of
from mailsettings.net.dns.transports import response_to
from mailsettings.net.http import check_url, next_url
from mailsettings.net.network import open_network
from mailsettings.net.unverified_tls import read_certificate
from mailsettings.policy.ip_filter import objection_to
from mailsettings.protocols.line_buffer import LineBuffer
from mailsettings.testing import HEAR_SOME, TLS, FakeNetwork, Say, Script, run_virtual, scripted
from scripts.fuzz_documents import DOCUMENT_TARGETS
from scripts.fuzz_logins import LOGIN_TARGETS
from scripts.fuzz_target import POLICY, Target, run_dialogue, text

NAT64 = b"\0\x64\xff\x9b" + bytes(8) + b"\x7f\0\0\x01"
SIX_TO_FOUR = b"\x20\x02\x7f\0\0\x01" + bytes(10)


def converse(protocol: Protocol, security: Security) -> Callable[[bytes], object]:
    """Return a run in which *data* is all that a server sends, plaintext and inside TLS."""

    def run(data: bytes) -> Hello:
        endpoint = Endpoint(protocol, "mail.example.org", 993, security)
        return run_dialogue(protocols.dialogue_for(endpoint, policy=POLICY, tag="QWERTYUI"), data, POLICY)

    return run


def dns_answer(data: bytes) -> object:
    """Read *data* as the response to three questions, the first twelve bytes and the question made to fit."""
    answers = []
    for question in (
        Question("example.org", "MX"),
        Question("example.org", "A"),
        Question("_imaps._tcp.example.org", "SRV"),
    ):
        query = query_of(question)
        response = response_to(query, query.wire[:2] + data[2:])
        if response is not None:
            answers.append(records_of(question, response.records, POLICY))
    return answers


def _dns_seed(name: str, kind: str, *records: str) -> bytes:
    response = dns.message.make_response(dns.message.make_query(name, kind))
    response.answer.append(dns.rrset.from_text(name, 300, "IN", kind, *records))
    response.flags |= dns.flags.AD
    return response.to_wire()


def _dns_alias_seed() -> bytes:
    response = dns.message.make_response(dns.message.make_query("example.org.", "A"))
    response.answer.append(dns.rrset.from_text("example.org.", 300, "IN", "CNAME", "www.example.org."))
    response.answer.append(dns.rrset.from_text("www.example.org.", 300, "IN", "A", "11.0.0.1", "11.0.0.2"))
    return response.to_wire()


def addresses(data: bytes) -> object:
    """Read sixteen bytes as an address of each family; what is inside is decoded, too."""
    number = int.from_bytes(data[:16], "big")
    ips = (IPv6Address(number & (1 << 128) - 1), IPv4Address(number & 0xFFFF_FFFF))
    return [objection_to(ip, allow_private=private) for ip in ips for private in (True, False)]


def urls(data: bytes) -> object:
    """Read a URL, and follow it as a redirect."""
    written = data.decode("utf-8", "replace")
    next_url([check_url("https://example.org/a", POLICY)], written, POLICY)
    return check_url(written, POLICY)


def page(data: bytes) -> object:
    """Read *data* as all that a web server says behind its handshake."""

    def script() -> Script:
        yield TLS()
        yield HEAR_SOME
        yield Say(data)

    net = FakeNetwork()
    net.host("www.example.org").serve(scripted(443, script))
    return run_virtual(_fetched, net)


async def _fetched(net: FakeNetwork) -> Page:
    async with open_network(POLICY, transport=net.transport(POLICY)) as network:
        return await network.get("https://www.example.org/x")


def certificate(data: bytes) -> object:
    names = data.decode("utf-8", "surrogateescape").split("\n")
    found = dns_names({"subjectAltName": tuple(("DNS", name) for name in names)})
    assert all(name.isprintable() for name in found), found
    return found


# For imap.example.org, with names, purpose and the place of its issuer's certificate; its key was thrown away.
CERTIFICATE = base64.b64decode(
    "MIIBiTCCAS+gAwIBAgIBBzAKBggqhkjOPQQDAjANMQswCQYDVQQDDAJDQTAeFw0yNjAxMDEwMDAwMDBaFw0yNzAxMDEwMDAwMDBaMCgx"
    "GTAXBgNVBAMMEGltYXAuZXhhbXBsZS5vcmcxCzAJBgNVBAoMAkV4MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYLjSBkSufLxIfg+n"
    "r9WIBA+0vv7zRwQc/Pgju453vVRECQVV9VpdwPQ0zDqrqKJbqa+Jm8V9a0rOabjv3/QTY6NlMGMwGwYDVR0RBBQwEoIQaW1hcC5leGFt"
    "cGxlLm9yZzATBgNVHSUEDDAKBggrBgEFBQcDATAvBggrBgEFBQcBAQQjMCEwHwYIKwYBBQUHMAKGE2h0dHA6Ly9jYS5leGFtcGxlL3gw"
    "CgYIKoZIzj0EAwIDSAAwRQIgP0d3SumlSfx1xjZE94KTSmeR5aard4OhR5o9sqBxGioCIQCdfHHWVTR+HA2uH3uXmu8iPGfPg0/JUj4v"
    "ks8c8s9SFQ=="
)


def chain(data: bytes) -> object:
    found = read_certificate(data)
    assert found is None or f"{found.subject}{found.issuer}{found.issuer_url}{found.weak}".isprintable(), found
    return found


def printable(data: bytes) -> str:
    line = excerpt(data)
    assert line.isprintable(), line
    assert len(line) <= 200, len(line)
    return line


def lines(data: bytes) -> object:
    """Cut *data* into lines, fed in pieces."""
    reader, chance = LineBuffer(POLICY), random.Random(data)  # noqa: S311 - the same pieces for the same data
    found = []
    while data:
        piece = chance.randint(1, len(data))
        reader.feed(data[:piece])
        data = data[piece:]
        while (line := reader.take()) is not None:
            found.append(line)
    return found


# What a good server says to who begins with TLS, and to who asks for it.
CONVERSATIONS = {
    Protocol.IMAP: (
        b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nQWERTYUI1 OK done\r\n",
        b"* OK [CAPABILITY STARTTLS] hi\r\nQWERTYUI1 OK go\r\n* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\nQWERTYUI2 OK\r\n",
    ),
    Protocol.POP3: (
        b"+OK ready <1896.697170952@mail.example.org>\r\n+OK\r\nUIDL\r\nUSER\r\nSASL PLAIN LOGIN\r\n.\r\n",
        b"+OK\r\n+OK\r\nSTLS\r\n.\r\n+OK\r\n+OK\r\nUSER\r\n.\r\n",
    ),
    Protocol.SMTP: (
        b"220 mail.example.org ESMTP\r\n250-mail.example.org\r\n250-SIZE 1\r\n250 AUTH PLAIN LOGIN\r\n",
        b"220-a\r\n220 b\r\n250-x\r\n250 STARTTLS\r\n220 go\r\n250-x\r\n250 AUTH PLAIN\r\n",
    ),
}
PAGES = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: 3\r\n\r\n<a>",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nServer: x\r\n\r\n3\r\n<a>\r\n0\r\n\r\n",
    b"HTTP/1.1 302 Found\r\nLocation: https://www.example.org/y\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 404 Not Found\r\nContent-Encoding: gzip\r\nSet-Cookie: a=b\r\n\r\n",
)
# The first seed of each is read to its end.
TARGETS = (
    *DOCUMENT_TARGETS,
    *LOGIN_TARGETS,
    *(
        Target(f"{protocol}-{security}", converse(protocol, security), (said[place], said[1 - place]))
        for protocol, said in CONVERSATIONS.items()
        for place, security in enumerate((Security.TLS, Security.STARTTLS))
    ),
    Target("lines", lines, (b"a\r\nb\nc\r\n", b"x" * 9000)),
    Target("printable", printable, (b"* OK ready", "Verf\u00fcgung \u202e".encode())),
    Target("address", text(parse_address), (b"ada@example.org", "ädå@bücher.org".encode(), b"a+b@xn--bcher-kva.org")),
    Target("host", text(parse_host), (b"imap.example.org", "bücher.example".encode(), b"xn--bcher-kva.example")),
    Target("ip", addresses, (bytes(16), NAT64, SIX_TO_FOUR)),
    Target("url", urls, (b"https://example.org/x?y=z", b"http://example.org:80/", b"//example.org", b"../a")),
    Target("http", page, PAGES),
    Target("certificate", certificate, (b"imap.example.org\n*.example.org",)),
    Target("certificate-der", chain, (CERTIFICATE,)),
    Target(
        "dns",
        dns_answer,
        (
            _dns_seed("example.org.", "MX", "10 mx.example.org.", "0 ."),
            _dns_seed("example.org.", "A", "11.0.0.1"),
            _dns_alias_seed(),
            _dns_seed("_imaps._tcp.example.org.", "SRV", "0 1 993 imap.example.org."),
        ),
    ),
)  # fmt: skip
