"""The lease register in Redis or Valkey: connections of all processes that name the same one.

mailsettings:1:{192.0.2.1}:open      sorted set of leases on the address; the score is when they expire
mailsettings:1:{192.0.2.1}:begun     sorted set of leases granted in the last second; the score is when

Times are those of Redis: the clocks of the processes need not agree. The client needs asyncio.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from mailsettings.bulk.leases import Lease, RegisterUnavailableError
from mailsettings.bulk.limits import BulkLimits

PREFIX = "mailsettings:1:"  # the number is incremented when the stored format changes
_TIMEOUT = 2.0  # seconds for one round trip; far more than Redis takes, because our own event loop may be late

# Redis runs a script atomically. Each returns the milliseconds to wait; 0: granted.
_NOW_FUNCTION = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local function at(seconds) return string.format('%.6f', seconds) end
"""
_ACQUIRE_SCRIPT = (
    _NOW_FUNCTION
    + """
local name, most, per_second, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', at(now))
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', at(now - 1))
if redis.call('ZCARD', KEYS[1]) >= most then return 50 end
if redis.call('ZCARD', KEYS[2]) >= per_second then
  local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
  return math.max(1, math.ceil((first[2] + 1 - now) * 1000))
end
redis.call('ZADD', KEYS[1], at(now + lease), name)
redis.call('ZADD', KEYS[2], at(now), name)
redis.call('PEXPIRE', KEYS[1], math.ceil(lease * 1000) + 1000)
redis.call('PEXPIRE', KEYS[2], 2000)
return 0
"""
)
# Adds the lease again if Redis has lost it: the connection is still open.
_RENEW_SCRIPT = (
    _NOW_FUNCTION
    + """
local lease = tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], at(now + lease), ARGV[1])
redis.call('PEXPIRE', KEYS[1], math.ceil(lease * 1000) + 1000)
return 0
"""
)


class RedisRegister:
    """Implements leases.LeaseRegister."""

    def __init__(self, limits: BulkLimits) -> None:
        """Raises ValueError if the URL in *limits* is invalid. Does not connect yet."""
        self._limits = limits
        self._redis: Any = Redis.from_url(
            limits.redis,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )

    async def exchange(
        self, returned: Sequence[Lease], held: Sequence[Lease], wanted: Sequence[Lease]
    ) -> Sequence[float]:
        """Return, renew and request leases in one round trip."""
        limits = self._limits
        pipeline = self._redis.pipeline(transaction=False)
        for lease in returned:
            pipeline.zrem(_open_key(lease), lease.name)
        for lease in held:
            pipeline.eval(_RENEW_SCRIPT, 1, _open_key(lease), lease.name, limits.lease_seconds)
        for lease in wanted:
            arguments = (lease.name, limits.per_address, limits.per_second, limits.lease_seconds)
            pipeline.eval(_ACQUIRE_SCRIPT, 2, _open_key(lease), _begun_key(lease), *arguments)
        try:
            replies = await pipeline.execute()
        except (RedisError, OSError) as error:
            # The error's own message may contain the URL, and so its password.
            raise RegisterUnavailableError(f"Redis does not answer ({type(error).__name__})") from error
        return [reply / 1000 for reply in replies[len(returned) + len(held) :]]

    async def aclose(self) -> None:
        """Close the connection."""
        await self._redis.aclose(close_connection_pool=True)


def _open_key(lease: Lease) -> str:
    return f"{PREFIX}{{{lease.ip}}}:open"


def _begun_key(lease: Lease) -> str:
    return f"{PREFIX}{{{lease.ip}}}:begun"
