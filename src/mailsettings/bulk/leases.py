"""Leases: connections that many processes count together. One task per process exchanges them, several at a time.

limiter ──acquire──▶ wanted ───┐                               ┌─▶ granted, or when to ask again
        ──release──▶ returned ─┴─ LeaseClient ── one exchange ─┘
                                  └─ now and then: renew those still open

A lease that is not renewed in time expires: a process that was killed does not block the others for long. While the
register does not respond, every connection is allowed, within the limits of this process, and that is logged once.
"""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from itertools import count
from random import uniform
from typing import Protocol as Interface

import anyio

from mailsettings.net.limiter import Slot
from mailsettings.policy import IPAddress

RETRY_INTERVAL = 5.0  # seconds before a register that did not respond is asked again
# Seconds until an unanswered connection no longer counts, the time of the first SYN: a filtered port must not block
# the others any longer.
UNANSWERED_TIMEOUT = 1.0
RELEASE_TIMEOUT = 1.0  # seconds to return all leases at the end
_log = logging.getLogger("mailsettings.bulk")


@dataclass(slots=True, eq=False)
class Lease:
    """One connection in the register. *wait*: seconds until it is worth asking again; 0: it is granted."""

    ip: IPAddress
    name: str
    slot: Slot
    granted_at: float = math.inf
    wait: float = 0.0
    registered: bool = False
    replied: anyio.Event = field(default_factory=anyio.Event)

    def is_active(self, now: float) -> bool:
        """Say whether it counts against the limit."""
        return self.granted_at < math.inf and (self.slot.answered or now < self.granted_at + UNANSWERED_TIMEOUT)


class RegisterUnavailableError(Exception):
    """The register does not respond; the message says what was seen."""


class LeaseRegister(Interface):
    """Where the leases of all processes are stored."""

    async def exchange(
        self, returned: Sequence[Lease], held: Sequence[Lease], wanted: Sequence[Lease]
    ) -> Sequence[float]:
        """Return, renew and request leases in one round trip; return the *wait* of those *wanted*.

        RegisterUnavailableError if the register does not respond.
        """
        ...

    async def aclose(self) -> None:
        """Close the connection to it."""
        ...


class LeaseClient:
    """The leases of one process. Implements net.limiter.SharedLimiter."""

    def __init__(self, register: LeaseRegister, lease_seconds: float, retry_interval: float = RETRY_INTERVAL) -> None:
        """*lease_seconds*: after which a lease that is not renewed expires."""
        self._register = register
        self._retry_interval = retry_interval
        self._renew_interval = lease_seconds / 3
        self._names = (f"{secrets.token_hex(8)}-{number}" for number in count())
        self._wanted: list[Lease] = []
        self._returned: list[Lease] = []
        self._held: dict[Slot, Lease] = {}
        self._renew_at = 0.0
        self._unavailable_until = 0.0
        self._logged = False
        self._wakeup = anyio.Event()

    async def acquire(self, ip: IPAddress, slot: Slot) -> None:
        """Wait until a lease for *slot* at *ip* is granted."""
        lease = Lease(ip, next(self._names), slot)
        self._held[slot] = lease
        try:
            await self._request(lease)
            while lease.wait:
                await anyio.sleep(uniform(0.75, 1.25) * lease.wait)  # noqa: S311 - so that not all ask at once
                await self._request(lease)
        except BaseException:  # cancelled, perhaps while the exchange was under way
            self.release(slot)
            raise

    async def _request(self, lease: Lease) -> None:
        lease.replied = anyio.Event()
        self._wanted.append(lease)
        self._wakeup.set()
        await lease.replied.wait()

    def release(self, slot: Slot) -> None:
        """Return the lease of *slot*."""
        if (lease := self._held.pop(slot, None)) is None:
            return  # `run` has returned all of them at its end
        if lease in self._wanted:
            self._wanted.remove(lease)
        self._returned.append(lease)
        self._wakeup.set()

    async def run(self) -> None:
        """Exchange leases until cancelled, then return all of them."""
        self._renew_at = anyio.current_time() + self._renew_interval
        try:
            while True:
                with anyio.move_on_at(self._next_deadline()):
                    await self._wakeup.wait()
                self._wakeup = anyio.Event()
                await self._exchange_all()
        finally:
            with anyio.move_on_after(RELEASE_TIMEOUT, shield=True):
                async with aclosing(self._register):
                    self._returned += self._held.values()
                    self._held = {}  # or some of them would be renewed
                    await self._exchange_all()

    def _next_deadline(self) -> float:
        """Return when to exchange without being woken: leases are due for renewal, or a server has not answered."""
        unanswered = (each for each in self._held.values() if each.registered and not each.slot.answered)
        return min([self._renew_at, *(each.granted_at + UNANSWERED_TIMEOUT for each in unanswered)])

    async def _exchange_all(self) -> None:
        """Exchange everything that is due; grant all that is *wanted* if the register is unavailable."""
        wanted, self._wanted = self._wanted, []
        waits = await self._exchange(wanted)
        now = anyio.current_time()
        for lease, wait in zip(wanted, waits, strict=True):
            lease.wait, lease.granted_at = wait, math.inf if wait else now
            lease.replied.set()

    async def _exchange(self, wanted: Sequence[Lease]) -> Sequence[float]:
        now = anyio.current_time()
        if now < self._unavailable_until:
            return [0.0] * len(wanted)
        renewing = now >= self._renew_at
        unanswered = [each for each in self._held.values() if each.registered and not each.is_active(now)]
        renewed = [each for each in self._held.values() if each.is_active(now) and (renewing or not each.registered)]
        returned, self._returned = [*self._returned, *unanswered], []
        try:
            waits = await self._register.exchange(returned, renewed, wanted)
        except RegisterUnavailableError as error:
            self._back_off(error)
            return [0.0] * len(wanted)
        except BaseException:  # cancelled: return them at the end
            self._returned += returned
            raise
        for lease in (*unanswered, *renewed, *wanted):
            lease.registered = lease not in unanswered
        if renewing:
            self._renew_at = now + self._renew_interval
        return waits

    def _back_off(self, error: RegisterUnavailableError) -> None:
        """Continue without the register for a while; the next exchange then registers all that are open."""
        self._unavailable_until = self._renew_at = anyio.current_time() + self._retry_interval
        for lease in self._held.values():
            lease.registered = False
        if not self._logged:
            self._logged = True
            _log.warning("mailsettings: %s; connections are limited by each process alone while it is away", error)
