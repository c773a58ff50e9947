"""Servers that speak SCRAM in all three protocols, and prove what they know rightly, wrongly or not at all."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Generator

from mailsettings.model import Protocol
from mailsettings.testing import HEAR, TLS, Say, Script, Server, scripted
from mailsettings.testing.scripts import Act

PORTS = {Protocol.IMAP: 993, Protocol.POP3: 995, Protocol.SMTP: 465}
SALT, ROUNDS = b"some salt", 4096
Steps = Generator[Say | Act, bytes, bytes]


def signing(protocol: Protocol, how: str, *, password: str = "secret", algorithm: str = "sha256") -> Server:
    """Return a server with SCRAM alone. *how* says where its signature comes, and whether it is right.

    challenge, line, wrong challenge, wrong line, none, none at all, refusal (then yes), refusal (then no)
    """
    name = {"sha256": "SCRAM-SHA-256", "sha1": "SCRAM-SHA-1"}[algorithm]

    def script() -> Script:
        yield TLS()
        yield Say({Protocol.IMAP: b"* OK hi\r\n", Protocol.POP3: b"+OK hi\r\n"}.get(protocol, b"220 hi\r\n"))
        while True:
            line = yield HEAR
            words = line.split()
            if b"AUTH" in words or b"AUTHENTICATE" in words:
                text = yield from _scram(protocol, how, words, password, algorithm)
                yield Say(_verdict(protocol, words[0], text, good=not how.endswith("no")))
            else:
                yield Say(_usual(protocol, words, name.encode()))

    return scripted(PORTS[protocol], script)


def _scram(protocol: Protocol, how: str, words: list[bytes], password: str, algorithm: str) -> Steps:
    """Play the server's part; return what stands in the line of success."""
    tail = words[3:] if protocol is Protocol.IMAP else words[2:]
    first = base64.b64decode(tail[0]) if tail else (yield from _ask(protocol, b""))
    if how == "none at all":
        return b""
    bare = first.removeprefix(b"n,,")
    server_first = b"r=%bserver,s=%b,i=%d" % (bare.partition(b"r=")[2], base64.b64encode(SALT), ROUNDS)
    final = yield from _ask(protocol, server_first)
    signed = b",".join((bare, server_first, final.rpartition(b",p=")[0]))
    salted = hashlib.pbkdf2_hmac(algorithm, password.encode(), SALT, ROUNDS)
    signature = hmac.digest(hmac.digest(salted, b"Server Key", algorithm), signed, algorithm)
    if "wrong" in how:
        signature = bytes(reversed(signature))
    last = b"e=invalid-proof" if "refusal" in how else b"v=" + base64.b64encode(signature)
    if how.endswith("challenge") or "refusal" in how:
        yield from _ask(protocol, last)
    return base64.b64encode(last) if how.endswith("line") else b""


def _ask(protocol: Protocol, challenge: bytes) -> Steps:
    yield Say((b"334 " if protocol is Protocol.SMTP else b"+ ") + base64.b64encode(challenge) + b"\r\n")
    return base64.b64decode((yield HEAR))


def _verdict(protocol: Protocol, tag: bytes, text: bytes, *, good: bool) -> bytes:
    words = {Protocol.IMAP: (tag + b" OK", tag + b" NO"), Protocol.POP3: (b"+OK", b"-ERR [AUTH]")}
    yes, no = words.get(protocol, (b"235", b"535 5.7.8"))
    # "Done" is base64, too.
    return (yes if good else no) + b" Done " + text + b"\r\n"


def _usual(protocol: Protocol, words: list[bytes], name: bytes) -> bytes:
    """Answer what has nothing to do with the login."""
    if protocol is Protocol.SMTP:
        return b"250-hi\r\n250 AUTH %b\r\n" % name if words[0] == b"EHLO" else b"250 ok\r\n"
    if protocol is Protocol.POP3:
        answers = {
            b"CAPA": b"+OK\r\nUIDL\r\nSASL %b\r\n.\r\n" % name,
            b"STAT": b"+OK 0 0\r\n",
            b"UIDL": b"+OK\r\n.\r\n",
        }
        return answers.get(words[0], b"+OK\r\n")
    listed = b"* CAPABILITY IMAP4rev1 SASL-IR AUTH=%b\r\n" % name if words[1] == b"CAPABILITY" else b""
    return listed + words[0] + b" OK done\r\n"
