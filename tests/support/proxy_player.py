"""Play an exchange with a proxy: what it reads comes from a list of pieces, what it sends is collected."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.protocols.dialogue import CommandGenerator, ReadBytes, SendBytes

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Played(Generic[T]):
    """The result of an exchange."""

    result: T
    sent: tuple[bytes, ...]
    unread: bytes


def play(exchange: CommandGenerator[T], pieces: Iterable[bytes]) -> Played[T]:
    """Return the result of *exchange*; NetworkError(CLOSED) when it needs more than *pieces*."""
    waiting, sent = deque(piece for piece in pieces if piece), []
    try:
        command = next(exchange)
        while True:
            if isinstance(command, SendBytes):
                sent.append(command.data)
                command = next(exchange)
            elif not waiting:
                raise NetworkError(FailureKind.CLOSED, "end of the pieces")
            else:
                assert isinstance(command, ReadBytes)
                command = exchange.send(waiting.popleft())
    except StopIteration as end:
        return Played(end.value, tuple(sent), b"".join(waiting))


def kind(exchange: CommandGenerator[T], *pieces: bytes) -> FailureKind:
    """Return the kind of failure that *pieces* end in."""
    try:
        played = play(exchange, pieces)
    except NetworkError as error:
        return error.kind
    raise AssertionError(f"no error but {played}")


def bytewise(data: bytes) -> tuple[bytes, ...]:
    return tuple(data[i : i + 1] for i in range(len(data)))
