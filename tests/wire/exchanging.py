"""Play an exchange with a proxy: what it hears comes from a list of pieces, what it tells is collected."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from mailsettings.errors import Kind, NetworkError
from mailsettings.wire.exchange import Exchange, Tell

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Played(Generic[T]):
    """What came of an exchange."""

    result: T
    told: tuple[bytes, ...]
    unheard: bytes


def play(exchange: Exchange[T], pieces: Iterable[bytes]) -> Played[T]:
    """Return what *exchange* comes to; NetworkError(CLOSED) when it wants more than *pieces*."""
    waiting, told = deque(piece for piece in pieces if piece), []
    try:
        wish = next(exchange)
        while True:
            if isinstance(wish, Tell):
                told.append(wish.data)
                wish = next(exchange)
            elif not waiting:
                raise NetworkError(Kind.CLOSED, "end of the pieces")
            else:
                wish = exchange.send(waiting.popleft())
    except StopIteration as end:
        return Played(end.value, tuple(told), b"".join(waiting))


def kind(exchange: Exchange[T], *pieces: bytes) -> Kind:
    """Return the kind of failure that *pieces* end in."""
    try:
        played = play(exchange, pieces)
    except NetworkError as error:
        return error.kind
    raise AssertionError(f"no error but {played}")


def bytewise(data: bytes) -> tuple[bytes, ...]:
    return tuple(data[i : i + 1] for i in range(len(data)))
