"""Limit parallel connections per address, first come, first served, and count what one detection may spend.

A connection that stays unanswered for a while no longer counts: a filtered port must not block the others.
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

MAX_IDLE = 1024  # limiters kept before idle ones are dropped


@dataclass(slots=True, eq=False)
class Slot:
    """One counted connection. *since* is when the slot was acquired; *answered*: the server accepted the connection."""

    since: float
    answered: bool = False


class SharedLimiter(Interface):
    """A limit on connections to an address that several processes share."""

    async def acquire(self, ip: IPAddress, slot: Slot) -> None:
        """Wait until one more connection is allowed across all processes."""
        ...

    def release(self, slot: Slot) -> None:
        """Release *slot*."""
        ...


class AddressLimiter:
    """Allows *max_parallel* connections to *ip*; one unanswered for *patience* seconds no longer counts."""

    def __init__(self, ip: IPAddress, max_parallel: int, patience: float, shared: SharedLimiter | None = None) -> None:
        self._ip = ip
        self._max_parallel = max_parallel
        self._patience = patience
        self._shared = shared
        self._held: list[Slot] = []
        self._queue: deque[object] = deque()
        self._changed = anyio.Event()

    async def acquire(self) -> Slot:
        """Queue for a slot and take it."""
        ticket, slot = object(), Slot(0.0)
        self._queue.append(ticket)
        try:
            while self._queue[0] is not ticket or self._full():
                with anyio.move_on_after(self._seconds_until_free()):
                    await self._changed.wait()
            if self._shared is not None:
                # Still first in the queue: one task of this process waits there at a time.
                await self._shared.acquire(self._ip, slot)
        finally:
            self._queue.remove(ticket)
            self._notify()
        slot.since = anyio.current_time()
        self._held.append(slot)
        return slot

    def release(self, slot: Slot) -> None:
        """Release *slot*."""
        self._held.remove(slot)
        self._notify()
        if self._shared is not None:
            self._shared.release(slot)

    def _notify(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    @property
    def is_full(self) -> bool:
        """True if the next connection has to wait."""
        return bool(self._queue) or self._full()

    @property
    def idle(self) -> bool:
        """True if no slot is held or waited for."""
        return not self._held and not self._queue

    def _full(self) -> bool:
        return sum(self._counts(slot) for slot in self._held) >= self._max_parallel

    def _counts(self, slot: Slot) -> bool:
        return slot.answered or anyio.current_time() < slot.since + self._patience

    def _seconds_until_free(self) -> float:
        """Return the seconds until the oldest unanswered slot no longer counts; infinity if there is none."""
        pending = [slot.since for slot in self._held if not slot.answered and self._counts(slot)]
        return min(pending) + self._patience - anyio.current_time() if pending else float("inf")


class AddressLimiters:
    """The limiters of all addresses, for one detection or for several that share them.

    Idle limiters are dropped: memory does not grow with the number of addresses ever contacted.
    """

    def __init__(self, max_parallel: int, patience: float, shared: SharedLimiter | None = None) -> None:
        """*max_parallel* connections per address; *patience* in seconds, see AddressLimiter; *shared*: see there."""
        self._max_parallel = max_parallel
        self._patience = patience
        self._shared = shared
        self._limiters: dict[IPAddress, AddressLimiter] = {}
        self._max_kept = MAX_IDLE

    def __len__(self) -> int:
        return len(self._limiters)

    def at(self, ip: IPAddress) -> AddressLimiter:
        """Return the limiter of *ip*. Acquire a slot at once: an idle limiter may be dropped later."""
        if ip not in self._limiters and len(self._limiters) >= self._max_kept:
            self._limiters = {ip: limiter for ip, limiter in self._limiters.items() if not limiter.idle}
            self._max_kept = max(MAX_IDLE, 2 * len(self._limiters))
        return self._limiters.setdefault(ip, AddressLimiter(ip, self._max_parallel, self._patience, self._shared))

    def is_full(self, ip: IPAddress) -> bool:
        """True if the next connection to *ip* may have to wait: always with a limit that other processes share."""
        return self._shared is not None or (ip in self._limiters and self._limiters[ip].is_full)


class Resource(StrEnum):
    """What is counted; the value is its name in messages."""

    DNS = "DNS questions"
    TCP = "connections"
    HTTP = "documents"


class Budget:
    """The budget of one detection: DNS questions, connections, documents, hosts. For one event loop."""

    def __init__(self, policy: Policy, limiters: AddressLimiters | None = None) -> None:
        """*limiters* are shared with other detections; by default the budget has its own."""
        self._policy = policy
        self._limits = {
            Resource.DNS: policy.limits.max_dns,
            Resource.TCP: policy.limits.max_tcp,
            Resource.HTTP: policy.limits.max_http,
        }
        self._spent: Counter[Resource] = Counter()
        self._hosts: set[str] = set()
        self._connections: Counter[IPAddress] = Counter()
        own = AddressLimiters(policy.limits.max_parallel_per_address, policy.timeouts.next_server_delay)
        self._limiters = limiters if limiters is not None else own
        self._parallel = anyio.Semaphore(policy.limits.max_parallel)

    def spend(self, resource: Resource) -> None:
        """Count one use of *resource*. NetworkError(BUDGET) if there is none left."""
        if self._spent[resource] >= self._limits[resource]:
            raise NetworkError(
                FailureKind.BUDGET, f"all {self._limits[resource]} {resource} of this detection are used up"
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
        """True if a connection to *ip* may have to wait for a slot."""
        return self._limiters.is_full(ip)

    async def acquire(self, ip: IPAddress) -> HeldSlot:
        """Wait for a slot for a connection to *ip*. NetworkError(BUDGET) if there have been too many connections."""
        if self._connections[ip] >= self._policy.limits.max_per_address:
            raise NetworkError(
                FailureKind.BUDGET, f"all {self._policy.limits.max_per_address} connections to {ip} are used up"
            )
        self.spend(Resource.TCP)
        self._connections[ip] += 1
        limiter = self._limiters.at(ip)
        slot = await limiter.acquire()
        try:
            await self._parallel.acquire()
        except BaseException:  # cancelled while waiting
            limiter.release(slot)
            raise
        return HeldSlot(limiter, slot, self._parallel)


class HeldSlot:
    """A slot that one connection holds until it is released."""

    def __init__(self, limiter: AddressLimiter, slot: Slot, parallel: anyio.Semaphore) -> None:
        self._limiter = limiter
        self._slot = slot
        self._undo = ExitStack()  # runs its callbacks once, however often it is closed
        self._undo.callback(limiter.release, slot)
        self._undo.callback(parallel.release)

    def mark_answered(self) -> None:
        """Record that the server has accepted the connection."""
        self._slot.answered = True

    def release(self) -> None:
        """Release the slot; a second call does nothing."""
        self._undo.close()
