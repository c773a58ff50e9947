"""Inspect one server with nothing but sockets and OpenSSL, to check that the laboratory is what its worlds say.

It shares no code with the package, so that a mistake there cannot hide itself here.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mailsettings.model import Security
from tests.support.lab.world import Service, Speaks

PATIENCE = 15.0  # seconds for one reply, greet delays included

_ASK = {Speaks.IMAP: b"a CAPABILITY", Speaks.POP3: b"CAPA", Speaks.SMTP: b"EHLO lab.example"}
_UPGRADE = {Speaks.IMAP: b"b STARTTLS", Speaks.POP3: b"STLS", Speaks.SMTP: b"STARTTLS"}
_LOGIN = {Speaks.IMAP: b"AUTH=PLAIN", Speaks.POP3: b"SASL PLAIN", Speaks.SMTP: b"AUTH PLAIN"}


@dataclass(frozen=True, slots=True)
class ServerOffer:
    """What a server offers."""

    upgrade: bool  # STARTTLS, before TLS
    login: bool  # PLAIN, inside TLS wherever there is TLS


def greeting(ip: str, service: Service) -> bytes:
    """Return the first line of *service*, inside TLS if it starts with TLS; certificates are not verified."""
    with _opened(ip, service) as stream:
        return _line(stream)


def greets_late(ip: str, service: Service, seconds: float) -> bool:
    """True if *service* does not respond for so many *seconds*, and does in the end."""
    with _opened(ip, service) as stream:
        stream.settimeout(seconds)
        with suppress(TimeoutError):
            return not stream.recv(1)
        stream.settimeout(PATIENCE)
        return bool(_line(stream))


def inspect_server(ip: str, service: Service) -> ServerOffer:
    """Return what *service* offers: its capabilities, inside TLS where it has TLS."""
    speaks = service.speaks
    with _opened(ip, service) as stream:
        _line(stream)
        offered = _capabilities(stream, speaks)
        if service.security is Security.TLS or _upgrade_command(speaks) not in offered:
            return ServerOffer(upgrade=False, login=_LOGIN[speaks] in offered)
        stream.sendall(_UPGRADE[speaks] + b"\r\n")
        _line(stream)
        with _unverified().wrap_socket(stream) as secure:
            return ServerOffer(upgrade=True, login=_LOGIN[speaks] in _capabilities(secure, speaks))


def objection_to_certificate(ip: str, port: int, name: str, ca_file: Path) -> str:
    """Return what OpenSSL has against the certificate shown for *name*, in its words; empty if nothing."""
    context = ssl.create_default_context(cafile=str(ca_file))
    with _connected(ip, port) as plain:
        try:
            with context.wrap_socket(plain, server_hostname=name):
                return ""
        except ssl.SSLCertVerificationError as error:
            return error.verify_message


def silent(ip: str, port: int, seconds: float) -> bool:
    """True if a connection is accepted, and the server does not respond for so many *seconds*."""
    with _connected(ip, port) as stream:
        stream.settimeout(seconds)
        try:
            stream.recv(1)
        except TimeoutError:
            return True
        return False


def outcome_of_connecting(ip: str, port: int, seconds: float) -> str:
    """Say how connecting ends: "accepted", "refused", or "dropped" if there is no answer for so many *seconds*."""
    try:
        with socket.create_connection((ip, port), seconds):
            return "accepted"
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "dropped"


@contextmanager
def _opened(ip: str, service: Service) -> Iterator[socket.socket]:
    """Connect, with a TLS handshake where TLS comes first."""
    with _connected(ip, service.port) as plain:
        if service.security is Security.TLS:
            with _unverified().wrap_socket(plain) as stream:
                yield stream
        else:
            yield plain


@contextmanager
def _connected(ip: str, port: int) -> Iterator[socket.socket]:
    with socket.create_connection((ip, port), PATIENCE) as stream:
        yield stream


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _upgrade_command(speaks: Speaks) -> bytes:
    return b"STLS" if speaks is Speaks.POP3 else b"STARTTLS"


def _capabilities(stream: socket.socket, speaks: Speaks) -> bytes:
    stream.sendall(_ASK[speaks] + b"\r\n")
    text = b""
    while not _complete(text, speaks):
        text += _line(stream)
    return text


def _complete(text: bytes, speaks: Speaks) -> bool:
    """True when *text* ends with the last line of a reply (RFC 3501 §7, RFC 1939 §3, RFC 5321 §4.2.1)."""
    last = text.splitlines()[-1] if text else b""
    match speaks:
        case Speaks.IMAP:
            return last.startswith(b"a ")
        case Speaks.POP3:
            return last == b"."
        case _:
            return last[3:4] == b" "


def _line(stream: socket.socket) -> bytes:
    """Read byte by byte, so that nothing behind the line is taken from a handshake that follows."""
    text = b""
    while not text.endswith(b"\n"):
        byte = stream.recv(1)
        if not byte:
            raise ConnectionError(f"closed after {text!r}")
        text += byte
    return text
