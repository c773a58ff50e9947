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

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.policy import IPAddress, Policy

FEW = 1024  # limiters that are kept without looking which of them are still in use


@dataclass(slots=True, eq=False)
class Slot:
    """One connection that is counted. *since* is the time it was taken; *answered*: the other side has accepted."""

    since: float
    answered: bool = False


class SharedLimiter(Interface):
    """What other processes have to say about connections to an address."""

    async def acquire(self, ip: IPAddress, slot: Slot) -> None:
        """Wait until they let one more in."""
        ...

    def release(self, slot: Slot) -> None:
        """Give it back."""
        ...


class AddressLimiter:
    """Lets *most* connections in at once; one that is unanswered for *patience* seconds makes room for another."""

    def __init__(self, ip: IPAddress, most: int, patience: float, shared: SharedLimiter | None = None) -> None:
        self._ip = ip
        self._most = most
        self._patience = patience
        self._shared = shared
        self._inside: list[Slot] = []
        self._queue: deque[object] = deque()
        self._changed = anyio.Event()

    async def acquire(self) -> Slot:
        """Wait for a turn, then take a slot."""
        turn, slot = object(), Slot(0.0)
        self._queue.append(turn)
        try:
            while self._queue[0] is not turn or self._full():
                with anyio.move_on_after(self._seconds_until_room()):
                    await self._changed.wait()
            if self._shared is not None:
                await self._shared.acquire(self._ip, slot)  # still first in the queue: only one of us waits there
        finally:
            self._queue.remove(turn)
            self._notify()
        slot.since = anyio.current_time()
        self._inside.append(slot)
        return slot

    def release(self, slot: Slot) -> None:
        """Give *slot* back."""
        self._inside.remove(slot)
        self._notify()
        if self._shared is not None:
            self._shared.release(slot)

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    @property
    def is_full(self) -> bool:
        """True if the next one has to wait."""
        return bool(self._queue) or self._full()

    @property
    def idle(self) -> bool:
        """True if no slot is taken or waited for."""
        return not self._inside and not self._queue

    def _full(self) -> bool:
        return sum(self._counts(slot) for slot in self._inside) >= self._most

    def _counts(self, slot: Slot) -> bool:
        return slot.answered or anyio.current_time() < slot.since + self._patience

    def _seconds_until_room(self) -> float:
        """Return when the next unanswered slot stops to count, at the latest."""
        waiting = [slot.since for slot in self._inside if not slot.answered and self._counts(slot)]
        return min(waiting) + self._patience - anyio.current_time() if waiting else float("inf")


class AddressLimiters:
    """The limiters of all addresses, for one detection or for several that are to be polite together.

    Those in use are kept, and a few more: the memory does not grow with the number of addresses ever contacted.
    """

    def __init__(self, most: int, patience: float, shared: SharedLimiter | None = None) -> None:
        """*most* connections to one address; *patience* in seconds, see AddressLimiter; *shared* agrees to each."""
        self._most = most
        self._patience = patience
        self._shared = shared
        self._limiters: dict[IPAddress, AddressLimiter] = {}
        self._enough = FEW

    def __len__(self) -> int:
        return len(self._limiters)

    def at(self, ip: IPAddress) -> AddressLimiter:
        """Return the limiter of *ip*, to be acquired at once: an unused one may be forgotten later."""
        if ip not in self._limiters and len(self._limiters) >= self._enough:
            self._limiters = {ip: limiter for ip, limiter in self._limiters.items() if not limiter.idle}
            self._enough = max(FEW, 2 * len(self._limiters))
        return self._limiters.setdefault(ip, AddressLimiter(ip, self._most, self._patience, self._shared))

    def is_full(self, ip: IPAddress) -> bool:
        """True if the next connection to *ip* has to wait; other processes may always have filled it."""
        return self._shared is not None or (ip in self._limiters and self._limiters[ip].is_full)


class Resource(StrEnum):
    """What is counted, in the words of the message."""

    DNS = "DNS questions"
    TCP = "connections"
    HTTP = "documents"


class Budget:
    """Counts for one detection, in one event loop."""

    def __init__(self, policy: Policy, limiters: AddressLimiters | None = None) -> None:
        """*limiters* are shared by detections that are to be polite together; without any, this one has its own."""
        self._policy = policy
        self._most = {
            Resource.DNS: policy.limits.max_dns,
            Resource.TCP: policy.limits.max_tcp,
            Resource.HTTP: policy.limits.max_http,
        }
        self._spent: Counter[Resource] = Counter()
        self._hosts: set[str] = set()
        self._uses: Counter[IPAddress] = Counter()
        own = AddressLimiters(policy.limits.max_parallel_per_address, policy.timeouts.next_server_delay)
        self._limiters = limiters if limiters is not None else own
        self._parallel = anyio.Semaphore(policy.limits.max_parallel)

    def spend(self, resource: Resource) -> None:
        """Count one use of *resource*. NetworkError(BUDGET) if there is none left."""
        if self._spent[resource] >= self._most[resource]:
            raise NetworkError(
                FailureKind.BUDGET, f"all {self._most[resource]} {resource} of this detection are used up"
            )
        self._spent[resource] += 1

    def count_host(self, host: str) -> None:
        """Count *host* as contacted. NetworkError(BUDGET) if it is one host too many."""
        if host not in self._hosts and len(self._hosts) >= self._policy.limits.max_hosts:
            raise NetworkError(
                FailureKind.BUDGET, f"all {self._policy.limits.max_hosts} hosts of this detection are used up"
            )
        self._hosts.add(host)

    def is_full(self, ip: IPAddress) -> bool:
        """True if a connection to *ip* would have to wait for its turn."""
        return self._limiters.is_full(ip)

    async def permit(self, ip: IPAddress) -> Permit:
        """Wait until one more connection to *ip* may be open. NetworkError(BUDGET) if there have been too many."""
        if self._uses[ip] >= self._policy.limits.max_per_address:
            raise NetworkError(
                FailureKind.BUDGET, f"all {self._policy.limits.max_per_address} connections to {ip} are used up"
            )
        self.spend(Resource.TCP)
        self._uses[ip] += 1
        limiter = self._limiters.at(ip)
        slot = await limiter.acquire()
        try:
            await self._parallel.acquire()
        except BaseException:  # cancelled while waiting
            limiter.release(slot)
            raise
        return Permit(limiter, slot, self._parallel)


class Permit:
    """The right to one connection."""

    def __init__(self, limiter: AddressLimiter, slot: Slot, parallel: anyio.Semaphore) -> None:
        self._limiter = limiter
        self._slot = slot
        self._undo = ExitStack()  # runs its callbacks once, however often it is closed
        self._undo.callback(limiter.release, slot)
        self._undo.callback(parallel.release)

    def answered(self) -> None:
        """Note that the other side has accepted the connection."""
        self._slot.answered = True

    def release(self) -> None:
        """Give the right back; again does nothing."""
        self._undo.close()
