"""Servers as scripts: generators that say, hear, sleep, start TLS and close.

    def odd_server() -> Script:
        yield TLS()
        yield Say(b"* OK ready\r\n")
        line = yield HEAR
        yield Sleep(3)
        yield RESET

A script that returns closes the connection. One `Say` is one segment: a client receives each by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import Enum

from mailsettings.testing.certificates import Certificate


@dataclass(frozen=True, slots=True)
class Say:
    """Bytes for the client, as they are."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Sleep:
    """Do nothing for *seconds*; `math.inf` is for ever."""

    seconds: float


@dataclass(frozen=True, slots=True)
class TLS:
    """Wait for the client's handshake; without a *certificate* the host's own is shown."""

    certificate: Certificate | None = None


class Act(Enum):
    """What a script may do besides."""

    HEAR = "hear"  # one line, answered with it, without CR LF
    HEAR_SOME = "hear some"  # whatever has come, answered with at least one byte
    CLOSE = "close"
    RESET = "reset"


HEAR = Act.HEAR
HEAR_SOME = Act.HEAR_SOME
CLOSE = Act.CLOSE
RESET = Act.RESET

Script = Generator[Say | Sleep | TLS | Act, bytes, None]


@dataclass(frozen=True, slots=True)
class Server:
    """What listens at a port: for each connection a new script, told the host's name."""

    port: int
    script: Callable[[str], Script]
    speaks_lines: bool = True  # False: what it hears is not written down line by line (HTTP)


def scripted(port: int, script: Callable[[], Script]) -> Server:
    """Return a server that plays *script*, a generator function without arguments, at *port*."""
    return Server(port, lambda _host: script())


def silent_script() -> Script:
    """Accept, and never say a word."""
    yield Sleep(float("inf"))


def reset_script() -> Script:
    """Accept, and reset at once."""
    yield RESET
