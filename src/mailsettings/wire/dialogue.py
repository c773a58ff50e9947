"""The contract between a dialogue (a generator) and the carrier that owns the stream.

    carrier                     dialogue
       |  <------ READ ----------  |      give me one line
       |  --- b"* OK ready" ---->  |      without its line end
       |  <-- Send(b"a CAPA…") --  |      the carrier adds CR LF
       |  -------- None -------->  |
       |  <----- START_TLS ------  |      the carrier makes sure that nothing was read ahead, then shakes hands
       |  ------ TLSFacts ------>  |
       |       return Hello        |

A dialogue raises NetworkError with the Kind that names what is wrong. It sends nothing before a valid greeting. The end
of the stream is thrown into it as NetworkError(CLOSED), because it may have heard enough. With implicit TLS its first
wish is START_TLS.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from enum import Enum

from mailsettings.model import Hello, Step, TLSFacts


class Wish(Enum):
    """What a dialogue may want besides sending."""

    READ = "read"  # one line, answered with bytes
    START_TLS = "start TLS"  # answered with TLSFacts


READ = Wish.READ
START_TLS = Wish.START_TLS


@dataclass(frozen=True, slots=True)
class Send:
    """One command line, without CR LF."""

    line: bytes


@dataclass(frozen=True, slots=True)
class Stage:
    """Names the step that begins. For timings and time-outs."""

    name: Step


Dialogue = Generator[Send | Wish | Stage, bytes | TLSFacts | None, Hello]
