"""How many connections to one address may be open at once, first come, first served.

A connection that has not been answered for a while no longer counts: a filtered port must not keep the others waiting.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol as Interface

import anyio

from mailsettings.policy import IPAddress

FEW = 1024  # gates that are kept without looking which of them are still in use


@dataclass(slots=True, eq=False)
class Place:
    """One connection's place inside. *since* is the time it was taken; *answered*: the other side has accepted."""

    since: float
    answered: bool = False


class Elsewhere(Interface):
    """What other processes have to say about connections to an address."""

    async def enter(self, ip: IPAddress, place: Place) -> None:
        """Wait until they let one more in."""
        ...

    def leave(self, place: Place) -> None:
        """Give it back."""
        ...


class Gate:
    """Lets *most* connections in at once; one that is unanswered for *patience* seconds makes room for another."""

    def __init__(self, ip: IPAddress, most: int, patience: float, elsewhere: Elsewhere | None = None) -> None:
        self._ip = ip
        self._most = most
        self._patience = patience
        self._elsewhere = elsewhere
        self._inside: list[Place] = []
        self._queue: deque[object] = deque()
        self._changed = anyio.Event()

    async def enter(self) -> Place:
        """Wait for a turn, then take a place."""
        turn, place = object(), Place(0.0)
        self._queue.append(turn)
        try:
            while self._queue[0] is not turn or self._full():
                with anyio.move_on_after(self._seconds_until_room()):
                    await self._changed.wait()
            if self._elsewhere is not None:
                await self._elsewhere.enter(self._ip, place)  # still first in the queue: only one of us waits there
        finally:
            self._queue.remove(turn)
            self._notify()
        place.since = anyio.current_time()
        self._inside.append(place)
        return place

    def leave(self, place: Place) -> None:
        """Give *place* back."""
        self._inside.remove(place)
        self._notify()
        if self._elsewhere is not None:
            self._elsewhere.leave(place)

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    @property
    def crowded(self) -> bool:
        """True if whoever comes now has to wait."""
        return bool(self._queue) or self._full()

    @property
    def idle(self) -> bool:
        """True if nobody is inside and nobody waits."""
        return not self._inside and not self._queue

    def _full(self) -> bool:
        return sum(self._counts(place) for place in self._inside) >= self._most

    def _counts(self, place: Place) -> bool:
        return place.answered or anyio.current_time() < place.since + self._patience

    def _seconds_until_room(self) -> float:
        """Return when the next unanswered place stops to count, at the latest."""
        waiting = [place.since for place in self._inside if not place.answered and self._counts(place)]
        return min(waiting) + self._patience - anyio.current_time() if waiting else float("inf")


class Gates:
    """The gates of all addresses, for one detection or for several that are to be polite together.

    Those in use are kept, and a few more: the memory does not grow with the number of addresses ever contacted.
    """

    def __init__(self, most: int, patience: float, elsewhere: Elsewhere | None = None) -> None:
        """*most* connections to one address; *patience* in seconds, see Gate. *elsewhere* has to agree to each."""
        self._most = most
        self._patience = patience
        self._elsewhere = elsewhere
        self._gates: dict[IPAddress, Gate] = {}
        self._enough = FEW

    def __len__(self) -> int:
        return len(self._gates)

    def at(self, ip: IPAddress) -> Gate:
        """Return the gate of *ip*, to be entered at once: an unused one may be forgotten later."""
        if ip not in self._gates and len(self._gates) >= self._enough:
            self._gates = {ip: gate for ip, gate in self._gates.items() if not gate.idle}
            self._enough = max(FEW, 2 * len(self._gates))
        return self._gates.setdefault(ip, Gate(ip, self._most, self._patience, self._elsewhere))

    def crowded(self, ip: IPAddress) -> bool:
        """True if whoever wants to connect to *ip* now has to wait; elsewhere it may always be full."""
        return self._elsewhere is not None or (ip in self._gates and self._gates[ip].crowded)
