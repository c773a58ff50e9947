"""A store for many workers and machines, in Redis or Valkey; while that is down, each worker uses its own.

Asyncio only, like uvicorn.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from mailsettings.web.store import Clock, Store

Value = TypeVar("Value")
PREFIX = "mailsettings:1:"  # the number is increased when the format of what is stored changes
# Seconds for one command. Far more than Redis takes: under load, our own event loop may be late to read the reply.
_TIMEOUT = 2.0
_CONNECTIONS = 16
_POOL_TIMEOUT = 3.0  # seconds to wait for one of them
_RETRY_INTERVAL = 1.0  # seconds until a Redis that failed is tried again, so that not every request waits for it

# Redis runs a script atomically. The leases on a key are a sorted set, scored by the time at which they expire.
_ACQUIRE = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[2])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[2] + ARGV[4], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[4] + 1)
return 1
"""
_COUNT = """
local number = redis.call('INCR', KEYS[1])
if number == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return number
"""


class RedisStore:
    """Uses Redis, and *local* while Redis does not respond."""

    def __init__(self, url: str, local: Store, *, clock: Clock = time.time) -> None:
        self._local = local
        self._clock = clock
        # Under load, requests wait for one of a few connections; with one each, all of them would time out.
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=_POOL_TIMEOUT,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
        )
        self._redis: Any = Redis(connection_pool=pool)
        self._down_until = 0.0  # monotonic seconds

    async def get(self, key: str) -> bytes | None:
        return await self._redis_or_local(lambda: self._redis.get(PREFIX + key), lambda: self._local.get(key))

    async def put(self, key: str, value: bytes, seconds: float) -> None:
        if seconds > 0:
            await self._redis_or_local(
                lambda: self._redis.set(PREFIX + key, value, px=int(seconds * 1000)),
                lambda: self._local.put(key, value, seconds),
            )

    async def count(self, key: str, seconds: int) -> int:
        name = f"{PREFIX}{key}:{int(self._clock() // seconds)}"
        return await self._redis_or_local(
            lambda: self._redis.eval(_COUNT, 1, name, seconds), lambda: self._local.count(key, seconds)
        )

    async def acquire(self, key: str, holder: str, limit: int, seconds: int) -> bool:
        acquired = await self._redis_or_local(
            lambda: self._redis.eval(_ACQUIRE, 1, PREFIX + key, holder, self._clock(), limit, seconds),
            lambda: self._local.acquire(key, holder, limit, seconds),
        )
        return bool(acquired)

    async def release(self, key: str, holder: str) -> None:
        # The lease may have been acquired while Redis was down: release it in both.
        await self._local.release(key, holder)
        await self._redis_or_local(
            lambda: self._redis.zrem(PREFIX + key, holder), lambda: self._local.release(key, holder)
        )

    async def state(self) -> str:
        try:
            await self._redis.ping()
        except (RedisError, OSError):
            return "redis-away"
        return await self._local.state()

    async def aclose(self) -> None:
        await self._redis.aclose(close_connection_pool=True)
        await self._local.aclose()

    async def _redis_or_local(
        self, redis: Callable[[], Awaitable[Value]], local: Callable[[], Awaitable[Value]]
    ) -> Value:
        if time.monotonic() >= self._down_until:
            try:
                return await redis()
            except (RedisError, OSError):
                self._down_until = time.monotonic() + _RETRY_INTERVAL
        return await local()
