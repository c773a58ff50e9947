"""Connections that many processes count together: one clerk per process asks for all of them, several at a time.

limiter ──acquire──▶ wanted ───┐                       ┌─▶ granted, or when to ask again
        ──release──▶ returned ─┴─ clerk ── one round ──┘
                                  └─ now and then: those still open

What is not asked for again in time lapses: a process that was killed keeps nobody out for long. While the register does
not answer, everybody is let in, within the limits of this process, and that is said once.
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

RETRY_INTERVAL = 5.0  # seconds before a register that did not answer is asked again
EXCHANGE_TIMEOUT = 1.0  # seconds, the time of the first SYN: a filtered port must not keep everybody waiting any longer
RELEASE_TIMEOUT = 1.0  # seconds to give everything back at the end
_log = logging.getLogger("mailsettings.bulk")


@dataclass(slots=True, eq=False)
class Lease:
    """One connection in the register. *wait*: seconds until it is worth asking again; 0: it is granted."""

    ip: IPAddress
    name: str
    slot: Slot
    granted: float = math.inf  # when
    wait: float = 0.0
    registered: bool = False
    replied: anyio.Event = field(default_factory=anyio.Event)

    def is_active(self, now: float) -> bool:
        """Say whether it is to keep others out."""
        return self.granted < math.inf and (self.slot.answered or now < self.granted + EXCHANGE_TIMEOUT)


class RegisterUnavailableError(Exception):
    """The register does not answer; the message says what was seen."""


class LeaseRegister(Interface):
    """Where connections are written down for all processes."""

    async def exchange(
        self, returned: Sequence[Lease], held: Sequence[Lease], wanted: Sequence[Lease]
    ) -> Sequence[float]:
        """Give back, keep and ask for leases in one round; return the *wait* of those *wanted*. AwayError."""
        ...

    async def aclose(self) -> None:
        """Let go of it."""
        ...


class LeaseClient:
    """The leases of one process. Implements net.limiter.SharedLimiter."""

    def __init__(self, register: LeaseRegister, seconds: float, pause: float = RETRY_INTERVAL) -> None:
        """*seconds* after which a lease lapses that is not asked for again; *pause*: see PAUSE."""
        self._register = register
        self._pause = pause
        self._renew = seconds / 3
        self._names = (f"{secrets.token_hex(8)}-{number}" for number in count())
        self._wanted: list[Lease] = []
        self._returned: list[Lease] = []
        self._held: dict[Slot, Lease] = {}
        self._renew_at = 0.0
        self._unavailable_until = 0.0
        self._logged = False
        self._wakeup = anyio.Event()

    async def acquire(self, ip: IPAddress, slot: Slot) -> None:
        """Wait until *slot* at *ip* may be taken."""
        lease = Lease(ip, next(self._names), slot)
        self._held[slot] = lease
        try:
            await self._ask(lease)
            while lease.wait:
                await anyio.sleep(uniform(0.75, 1.25) * lease.wait)  # noqa: S311 - so that not all ask at once
                await self._ask(lease)
        except BaseException:  # cancelled, perhaps while the question was on its way
            self.release(slot)
            raise

    async def _ask(self, lease: Lease) -> None:
        lease.replied = anyio.Event()
        self._wanted.append(lease)
        self._wakeup.set()
        await lease.replied.wait()

    def release(self, slot: Slot) -> None:
        """Give *slot* back."""
        if (lease := self._held.pop(slot, None)) is None:
            return  # given back at the end of all
        if lease in self._wanted:
            self._wanted.remove(lease)
        self._returned.append(lease)
        self._wakeup.set()

    async def run(self) -> None:
        """Ask for ever; the caller cancels it."""
        self._renew_at = anyio.current_time() + self._renew
        try:
            while True:
                with anyio.move_on_at(self._wake()):
                    await self._wakeup.wait()
                self._wakeup = anyio.Event()
                await self._round()
        finally:
            with anyio.move_on_after(RELEASE_TIMEOUT, shield=True):
                async with aclosing(self._register):
                    self._returned += self._held.values()
                    self._held = {}  # or some of it would be renewed
                    await self._round()

    def _wake(self) -> float:
        """Return when there is something to do without news: time to renew, or a server is silent for too long."""
        open_now = self._held.values()
        silent = (each.granted + EXCHANGE_TIMEOUT for each in open_now if each.registered and not each.slot.answered)
        return min(self._renew_at, *silent, self._renew_at)

    async def _round(self) -> None:
        """Say and ask everything there is; let everybody in if nobody answers."""
        wanted, self._wanted = self._wanted, []
        waits = await self._exchange(wanted)
        now = anyio.current_time()
        for lease, wait in zip(wanted, waits, strict=True):
            lease.wait, lease.granted = wait, math.inf if wait else now
            lease.replied.set()

    async def _exchange(self, wanted: Sequence[Lease]) -> Sequence[float]:
        now = anyio.current_time()
        if now < self._unavailable_until:
            return [0.0] * len(wanted)
        renewing = now >= self._renew_at
        silent = [each for each in self._held.values() if each.registered and not each.is_active(now)]
        kept = [each for each in self._held.values() if each.is_active(now) and (renewing or not each.registered)]
        returned, self._returned = [*self._returned, *silent], []
        try:
            waits = await self._register.exchange(returned, kept, wanted)
        except RegisterUnavailableError as error:
            self._miss(error)
            return [0.0] * len(wanted)
        except BaseException:  # cancelled: what was not said is said at the end
            self._returned += returned
            raise
        for lease in (*silent, *kept, *wanted):
            lease.registered = lease not in silent
        if renewing:
            self._renew_at = now + self._renew
        return waits

    def _miss(self, error: RegisterUnavailableError) -> None:
        """Go on without for a while; the first thing to say then is what is open."""
        self._unavailable_until = self._renew_at = anyio.current_time() + self._pause
        for lease in self._held.values():
            lease.registered = False
        if not self._logged:
            self._logged = True
            _log.warning("mailsettings: %s; connections are limited by each process alone while it is away", error)
