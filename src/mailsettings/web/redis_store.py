"""A store for many workers and machines, in Redis or Valkey; while that is away, each goes on with its own.

The client belongs to asyncio, as uvicorn does.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from mailsettings.web.store import Clock, Store

Value = TypeVar("Value")
PREFIX = "mailsettings:1:"  # goes up when what is stored changes its form
# Seconds for one question. Far more than Redis takes: a crowd of visitors may keep our own loop from hearing the reply.
_TIMEOUT = 2.0
_CONNECTIONS = 16
_POOL_TIMEOUT = 3.0  # seconds to wait for one of them
_RETRY_INTERVAL = 1.0  # seconds before a Redis that failed is asked again: not every request has to wait for it

# Redis runs a script as one step. Places are kept as a sorted set, by the time until which they are good.
_ENTER = """
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
    """Asks Redis, and *local* when Redis does not answer."""

    def __init__(self, url: str, local: Store, *, clock: Clock = time.time) -> None:
        self._local = local
        self._clock = clock
        # A crowd of visitors waits for one of a few connections; each on its own would be late with all of them.
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=_POOL_TIMEOUT,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
        )
        self._redis: Any = Redis(connection_pool=pool)
        self._away_until = 0.0  # monotonic seconds

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

    async def acquire(self, key: str, who: str, most: int, seconds: int) -> bool:
        let = await self._redis_or_local(
            lambda: self._redis.eval(_ENTER, 1, PREFIX + key, who, self._clock(), most, seconds),
            lambda: self._local.acquire(key, who, most, seconds),
        )
        return bool(let)

    async def release(self, key: str, who: str) -> None:
        # It may have come in while Redis was away: leave both.
        await self._local.release(key, who)
        await self._redis_or_local(lambda: self._redis.zrem(PREFIX + key, who), lambda: self._local.release(key, who))

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
        if time.monotonic() >= self._away_until:
            try:
                return await redis()
            except (RedisError, OSError):
                self._away_until = time.monotonic() + _RETRY_INTERVAL
        return await local()
