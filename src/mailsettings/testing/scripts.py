"""Scripted servers: generators that send, receive, sleep, start TLS and close.

    def slow_server() -> Script:
        yield TLS()
        yield Say(b"* OK ready\r\n")
        line = yield HEAR
        yield Sleep(3)
        yield RESET

A script that returns closes the connection. One `Say` is one segment: a client receives each separately.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum

from mailsettings.testing.certificates import Certificate


@dataclass(frozen=True, slots=True)
class Say:
    """Send these bytes to the client, as they are."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait *seconds*; `math.inf` is for ever."""

    seconds: float


@dataclass(frozen=True, slots=True)
class TLS:
    """Wait for the client's handshake; the default *certificate* is the host's own."""

    certificate: Certificate | None = None


class Act(Enum):
    """The other commands of a script."""

    HEAR = "hear"  # receive one line; its value is the line without CR LF
    HEAR_SOME = "hear some"  # receive whatever has arrived; its value is at least one byte
    CLOSE = "close"
    RESET = "reset"


HEAR = Act.HEAR
HEAR_SOME = Act.HEAR_SOME
CLOSE = Act.CLOSE
RESET = Act.RESET

Script = Generator[Say | Sleep | TLS | Act, bytes, None]


@dataclass(frozen=True, slots=True)
class Server:
    """A server at a port: *script* makes a new script, from the host's name, for each connection."""

    port: int
    script: Callable[[str], Script]
    speaks_lines: bool = True  # False: what the client sends is not recorded line by line (HTTP)


def scripted(port: int, script: Callable[[], Script]) -> Server:
    """Return a server that runs *script*, a generator function without arguments, at *port*."""
    return Server(port, lambda _host: script())


def silent_script() -> Script:
    """Accept, and never respond."""
    yield Sleep(float("inf"))


def reset_script() -> Script:
    """Accept, and reset at once."""
    yield RESET
