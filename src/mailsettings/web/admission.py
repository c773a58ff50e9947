"""Admission: who a visitor is, rate limits per visitor and target, and the capacity for all requests together."""

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

UNKNOWN = "unknown"  # a Unix socket has no peer address: all its visitors share one limit
_PREFIX_BITS = 64  # of an IPv6 address; one household or server has a whole /64, and could change the rest at will


def visitor_key(peer: str, forwarded: Iterable[str], trusted: Iterable[IPNetwork]) -> str:
    """Return the key that limits count a visitor by: the network of *peer*, or of the client behind our proxies.

    *forwarded* are the values of the proxy header, left to right. Clients can put anything into it, so it is read from
    the right, and only as far as *trusted* proxies have written it.
    """
    networks = tuple(trusted)
    hops = [hop.strip() for value in forwarded for hop in value.split(",") if hop.strip()]
    client = peer
    while hops and _trusted(client, networks):
        client = hops.pop()
    return _network_key(client)


def _trusted(text: str, networks: Iterable[IPNetwork]) -> bool:
    ip = _parse_ip(text)
    return ip is not None and any(ip in network for network in networks if network.version == ip.version)


def _network_key(text: str) -> str:
    ip = _parse_ip(text)
    if isinstance(ip, IPv6Address):
        return str(IPv6Network((ip, _PREFIX_BITS), strict=False))
    return str(ip) if ip else UNKNOWN


def _parse_ip(text: str) -> IPv4Address | IPv6Address | None:
    """Parse `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1` or `[2001:db8::1]:4711`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        ip = ip_address(text)
    except ValueError:
        return None
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip


MINUTE, TEN_MINUTES, HOUR = 60, 600, 3600  # seconds
_LEASE = 40  # seconds; longer than any request may take; frees the slots of workers that died
_RETRY_AFTER = 2  # seconds; sent with a 503, and with a 429 for requests under way
_RELEASE_TIMEOUT = 1.0  # seconds for releasing a slot, also after the visitor has disconnected


class RateLimits:
    """Rate limits per visitor and per target, counted in *store*."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store

    @asynccontextmanager
    async def request(self, visitor: str) -> AsyncIterator[None]:
        """Count a request of *visitor*, also as one under way. Problem(429) over the limits."""
        key, holder = f"visit:{visitor}", secrets.token_hex(8)
        if not await self._store.acquire(key, holder, self._settings.visitor_at_once, _LEASE):
            raise _too_many(f"{self._settings.visitor_at_once} requests of yours are already under way", _RETRY_AFTER)
        try:
            await self._count(f"minute:{visitor}", MINUTE, self._settings.visitor_per_minute)
            await self._count(f"hour:{visitor}", HOUR, self._settings.visitor_per_hour)
            yield
        finally:
            with anyio.move_on_after(_RELEASE_TIMEOUT, shield=True):
                await self._store.release(key, holder)

    async def search(self, domain: str) -> None:
        """Count an uncached detection for *domain*, a registrable one. Problem(429) over the limit."""
        await self._count(f"domain:{domain}", MINUTE, self._settings.domain_per_minute)

    async def log_in(self, mailbox: str) -> None:
        """Count a login to *mailbox*, a digest of the address. Problem(429) over the limit."""
        await self._count(f"login:{mailbox}", TEN_MINUTES, self._settings.logins_per_mailbox)

    async def _count(self, key: str, seconds: int, limit: int) -> None:
        if await self._store.count(key, seconds) > limit:
            raise _too_many(f"more than {limit} in {seconds} seconds", seconds - int(time.time()) % seconds)


def _too_many(detail: str, retry_after: int) -> Problem:
    return Problem(429, "too-many", detail, retry_after=retry_after)


class Capacity:
    """Lets *running* requests work and *waiting* more wait; any further request is refused at once."""

    def __init__(self, running: int, waiting: int) -> None:
        self._max_running = running
        self._max_admitted = running + waiting
        self.admitted = 0
        self.running = 0
        self._slot_freed = anyio.Event()

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Admit a request, to work or to wait. Problem(503) if the service is full."""
        if self.admitted >= self._max_admitted:
            raise Problem(503, "overloaded", "more visitors than can be served", retry_after=_RETRY_AFTER)
        self.admitted += 1
        try:
            yield
        finally:
            self.admitted -= 1

    @asynccontextmanager
    async def work_slot(self) -> AsyncIterator[None]:
        """Wait for a slot to work in, and hold it."""
        while self.running >= self._max_running:
            await self._slot_freed.wait()
        self.running += 1
        try:
            yield
        finally:
            self.running -= 1
            self._slot_freed.set()
            self._slot_freed = anyio.Event()
