"""Mail servers that behave as Dovecot and Postfix do, except where an option says otherwise.

imap()                          implicit TLS on 993
smtp(587)                       STARTTLS on the ports that have it
pop3(995, greeting_delay=6)     any fault is an option
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypedDict, Unpack

from mailsettings.model import Security
from mailsettings.testing import accounts
from mailsettings.testing.accounts import Account
from mailsettings.testing.dialects import IMAP, POP3, SMTP, Dialect, DialectReply, ServerOffer
from mailsettings.testing.scripts import HEAR, TLS, Say, Script, Server, Sleep, silent_script

TLS_PORTS = frozenset({465, 993, 995})


class Options(TypedDict, total=False):
    """How a server differs from a good one. Texts are as sent, line ends are added where they are missing."""

    security: Security  # by default that of the port
    greeting: str
    greeting_delay: float  # seconds after the connection, or the handshake of implicit TLS, is made
    drip: float  # seconds between the bytes of the greeting
    silent: bool  # accept and never respond, not even to a TLS handshake
    refusal: str  # greet with it and close: `* BYE too busy`, `554 no`, `-ERR no`
    capabilities: Sequence[str]  # besides login methods and STARTTLS
    mechanisms: Sequence[str]  # SASL names offered where a login is allowed
    clear_mechanisms: Sequence[str]  # those offered before STARTTLS
    starttls_offered: bool
    starttls_reply: str  # refuse STARTTLS with it; `{tag}` is the command's
    early: bytes  # plaintext in the same segment as the reply to STARTTLS: injected by an attacker
    accounts: Mapping[str, Account]  # by user name; without any, every login is refused


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerBehaviour:
    """Options with every default filled in."""

    security: Security
    capabilities: Sequence[str]
    greeting: str = ""  # empty: the dialect's own
    greeting_delay: float = 0.0
    drip: float = 0.0
    silent: bool = False
    refusal: str = ""
    mechanisms: Sequence[str] = ("PLAIN", "LOGIN")
    clear_mechanisms: Sequence[str] = ()
    starttls_offered: bool = True
    starttls_reply: str = ""
    early: bytes = b""
    accounts: Mapping[str, Account] = field(default_factory=dict)

    def offer(self, host: str, *, secure: bool) -> ServerOffer:
        """Return what the server *host* offers inside TLS (*secure*) or in plaintext."""
        wants_tls = not secure and self.security is not Security.PLAIN
        return ServerOffer(
            host=host,
            capabilities=tuple(self.capabilities),
            mechanisms=tuple(self.clear_mechanisms if wants_tls else self.mechanisms),
            starttls=wants_tls and self.starttls_offered,
            starttls_reply=self.starttls_reply,
        )


def imap(port: int = 993, **options: Unpack[Options]) -> Server:
    """Return an IMAP server (RFC 9051); its greeting lists the capabilities too."""
    return _server(port, IMAP, ("IMAP4rev1", "SASL-IR", "LITERAL+", "ID", "IDLE"), options)


def pop3(port: int = 995, **options: Unpack[Options]) -> Server:
    """Return a POP3 server (RFC 1939, RFC 2449)."""
    return _server(port, POP3, ("TOP", "UIDL", "RESP-CODES", "PIPELINING"), options)


def smtp(port: int = 465, **options: Unpack[Options]) -> Server:
    """Return a submission server (RFC 6409)."""
    return _server(port, SMTP, ("PIPELINING", "SIZE 10240000", "8BITMIME", "ENHANCEDSTATUSCODES"), options)


def _server(port: int, dialect: Dialect, capabilities: Sequence[str], options: Options) -> Server:
    security = Security.TLS if port in TLS_PORTS else Security.STARTTLS
    given: Options = {"security": security, "capabilities": capabilities, **options}
    return Server(port, partial(_serve, ServerBehaviour(**given), dialect))


def _serve(behaviour: ServerBehaviour, dialect: Dialect, host: str) -> Script:
    """Send the greeting, then answer line by line until the client closes."""
    if behaviour.silent:
        yield from silent_script()
    secure = behaviour.security is Security.TLS
    if secure:
        yield TLS()
    greeting = behaviour.greeting or dialect.greeting(behaviour.offer(host, secure=secure))
    yield from _greet(behaviour, behaviour.refusal or greeting)
    reply = DialectReply("", closes=bool(behaviour.refusal))
    account: Account | None = None
    commands: set[str] = set()
    while not reply.closes:
        line = (yield HEAR).decode("latin-1")
        if behaviour.accounts and secure and accounts.wants_login(dialect, line):
            account = yield from accounts.log_in(dialect, line, behaviour.accounts)
            continue
        reply = dialect.react(line, behaviour.offer(host, secure=secure))
        if account is not None:
            commands.update(line.upper().split()[:2])
            reply = accounts.mailbox_reply(dialect, line, account, introduced="ID" in commands) or reply
        yield Say(_wire(reply.text) + (behaviour.early if reply.starts_tls else b""))
        if reply.starts_tls:
            yield TLS()
            secure = True


def _greet(behaviour: ServerBehaviour, text: str) -> Iterator[Say | Sleep]:
    yield Sleep(behaviour.greeting_delay)
    data = _wire(text)
    for start in range(len(data)) if behaviour.drip else ():
        yield Say(data[start : start + 1])
        yield Sleep(behaviour.drip)
    if not behaviour.drip:
        yield Say(data)


def _wire(text: str) -> bytes:
    """Return *text* with CR LF at the ends of its lines."""
    return "".join(f"{line}\r\n" for line in text.splitlines()).encode("latin-1")
