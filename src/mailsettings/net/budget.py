"""What one detection may still use: a stranger's zone must not make us knock at a victim's door seventy times."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from enum import StrEnum

import anyio

from mailsettings.errors import Kind, NetworkError
from mailsettings.net.limiter import Gate, Gates, Place
from mailsettings.policy import IPAddress, Policy


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
