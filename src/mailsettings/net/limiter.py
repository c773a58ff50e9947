"""How many connections to one address may be open at once, first come, first served.

A connection that has not been answered for a while no longer counts: a filtered port must not keep the others waiting.
"""

from __future__ import annotations

from collections import Counter, deque
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol as Interface

import anyio

from mailsettings.errors import Kind, NetworkError
from mailsettings.policy import IPAddress, Policy

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


class Resource(StrEnum):
    """What is counted, in the words of the message."""

    DNS = "DNS questions"
    TCP = "connections"
    HTTP = "documents"


class Budget:
    """Counts for one detection, in one event loop."""

    def __init__(self, policy: Policy, gates: Gates | None = None) -> None:
        """*gates* are shared by detections that are to be polite together; without any, this one has its own."""
        self._policy = policy
        self._most = {Resource.DNS: policy.max_dns, Resource.TCP: policy.max_tcp, Resource.HTTP: policy.max_http}
        self._spent: Counter[Resource] = Counter()
        self._hosts: set[str] = set()
        self._uses: Counter[IPAddress] = Counter()
        self._gates = gates if gates is not None else Gates(policy.max_parallel_per_address, policy.stagger)
        self._parallel = anyio.Semaphore(policy.max_parallel)

    def spend(self, resource: Resource) -> None:
        """Count one use of *resource*. NetworkError(BUDGET) if there is none left."""
        if self._spent[resource] >= self._most[resource]:
            raise NetworkError(Kind.BUDGET, f"all {self._most[resource]} {resource} of this detection are used up")
        self._spent[resource] += 1

    def visit(self, host: str) -> None:
        """Count *host* as contacted. NetworkError(BUDGET) if it is one host too many."""
        if host not in self._hosts and len(self._hosts) >= self._policy.max_hosts:
            raise NetworkError(Kind.BUDGET, f"all {self._policy.max_hosts} hosts of this detection are used up")
        self._hosts.add(host)

    def crowded(self, ip: IPAddress) -> bool:
        """True if a connection to *ip* would have to wait for its turn."""
        return self._gates.crowded(ip)

    async def lease(self, ip: IPAddress) -> Lease:
        """Wait until one more connection to *ip* may be open. NetworkError(BUDGET) if there have been too many."""
        if self._uses[ip] >= self._policy.max_per_address:
            raise NetworkError(Kind.BUDGET, f"all {self._policy.max_per_address} connections to {ip} are used up")
        self.spend(Resource.TCP)
        self._uses[ip] += 1
        gate = self._gates.at(ip)
        place = await gate.enter()
        try:
            await self._parallel.acquire()
        except BaseException:  # cancelled while waiting
            gate.leave(place)
            raise
        return Lease(gate, place, self._parallel)


class Lease:
    """The right to one connection."""

    def __init__(self, gate: Gate, place: Place, parallel: anyio.Semaphore) -> None:
        self._gate = gate
        self._place = place
        self._undo = ExitStack()  # runs its callbacks once, however often it is closed
        self._undo.callback(gate.leave, place)
        self._undo.callback(parallel.release)

    def answered(self) -> None:
        """Note that the other side has accepted the connection."""
        self._place.answered = True

    def release(self) -> None:
        """Give the right back; again does nothing."""
        self._undo.close()
