"""The contract between an exchange with a proxy (a generator) and the carrier that owns the stream.

    carrier                     exchange
       |  <-- Tell(05 01 00) --  |      send these bytes
       |  -------- None ------>  |
       |  <------- HEAR -------  |      give me what comes next, however little
       |  ----- b"\\x05\\x00" --->  |
       |         return          |      what came behind the proxy's answer is the server's

An exchange raises NetworkError: PROXY where the proxy itself is to blame, otherwise what it says of the server. The
carrier sets the time-outs, and raises CLOSED at the end of the stream.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

T = TypeVar("T")


class Wish(Enum):
    """What an exchange may want besides sending."""

    HEAR = "hear"


HEAR = Wish.HEAR


@dataclass(frozen=True, slots=True)
class Tell:
    """Bytes for the proxy; they may hold a password and are not printed."""

    data: bytes = field(repr=False)


Exchange = Generator[Tell | Wish, bytes, T]
