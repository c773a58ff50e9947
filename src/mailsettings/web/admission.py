"""How much one visitor may ask for, and how much all of them at once; who a visitor is."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import anyio

from mailsettings.policy import IPNetwork
from mailsettings.web.problems import Problem
from mailsettings.web.settings import Settings
from mailsettings.web.store import Store

UNKNOWN = "unknown"  # over a Unix socket there is no address: all share one allowance
_PREFIX_BITS = 64  # bits; what one household or server is given, so that changing the rest is no way around a limit


def visitor_key(peer: str, forwarded: Iterable[str], trusted: Iterable[IPNetwork]) -> str:
    """Return who asks: *peer*, or whom *peer* asks for where it is one of our own proxies.

    *forwarded* are the values of the proxy header, left to right. Everybody can write what they like into it, so it is
    read from the right, and only as far as *trusted* proxies have written it.
    """
    networks = tuple(trusted)
    hops = [hop.strip() for value in forwarded for hop in value.split(",") if hop.strip()]
    seen = peer
    while hops and _trusted(seen, networks):
        seen = hops.pop()
    return _network_key(seen)


def _trusted(text: str, networks: Iterable[IPNetwork]) -> bool:
    ip = _parsed(text)
    return ip is not None and any(ip in network for network in networks if network.version == ip.version)


def _network_key(text: str) -> str:
    ip = _parsed(text)
    if isinstance(ip, IPv6Address):
        return str(IPv6Network((ip, _PREFIX_BITS), strict=False))
    return str(ip) if ip else UNKNOWN


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Read `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        ip = ip_address(text)
    except ValueError:
        return None
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip


MINUTE, TEN_MINUTES, HOUR = 60, 600, 3600
_LEASE = 40  # seconds; longer than any request may take, for the places of workers that died
_RETRY_AFTER = 2  # seconds after which a busy service is worth another try
_RELEASE_TIMEOUT = 1.0  # seconds to give a place back, also when the visitor is gone


class RateLimits:
    """The limits on visitors and targets, counted in *store*."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    @asynccontextmanager
    async def request(self, visitor: str) -> AsyncIterator[None]:
        """Let *visitor* make a request. Problem(429) if that is one too many."""
        key, who = f"visit:{visitor}", secrets.token_hex(8)
        if not await self._store.acquire(key, who, self._settings.visitor_at_once, _LEASE):
            raise _too_many(f"{self._settings.visitor_at_once} requests of yours are already under way", _RETRY_AFTER)
        try:
            await self._count(f"minute:{visitor}", MINUTE, self._settings.visitor_per_minute)
            await self._count(f"hour:{visitor}", HOUR, self._settings.visitor_per_hour)
            yield
        finally:
            with anyio.move_on_after(_RELEASE_TIMEOUT, shield=True):
                await self._store.release(key, who)

    async def search(self, domain: str) -> None:
        """Count a fresh detection of *domain*, a registrable one. Problem(429) if that is one too many."""
        await self._count(f"domain:{domain}", MINUTE, self._settings.domain_per_minute)

    async def log_in(self, mailbox: str) -> None:
        """Count a login to *mailbox*, a digest. Problem(429) if that is one too many."""
        await self._count(f"login:{mailbox}", TEN_MINUTES, self._settings.logins_per_mailbox)

    async def _count(self, key: str, seconds: int, most: int) -> None:
        if await self._store.count(key, seconds) > most:
            raise _too_many(f"more than {most} in {seconds} seconds", seconds - int(time.time()) % seconds)


def _too_many(detail: str, seconds: int) -> Problem:
    return Problem(429, "too-many", detail, retry_after=seconds)


class Capacity:
    """Room for so many who work and so many who wait; whoever comes then is sent away at once."""

    def __init__(self, running: int, waiting: int) -> None:
        self._max_running = running
        self._max_admitted = running + waiting
        self.admitted = 0
        self.running = 0
        self._slot_freed = anyio.Event()

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Take a place, to wait or to work. Problem(503) if there is none."""
        if self.admitted >= self._max_admitted:
            raise Problem(503, "overloaded", "more visitors than can be served", retry_after=_RETRY_AFTER)
        self.admitted += 1
        try:
            yield
        finally:
            self.admitted -= 1

    @asynccontextmanager
    async def work_slot(self) -> AsyncIterator[None]:
        """Wait for a turn to work."""
        while self.running >= self._max_running:
            await self._slot_freed.wait()
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._slot_freed.set()
            self._slot_freed = anyio.Event()
