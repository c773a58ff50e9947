"""The register of connections in Redis or Valkey, for all processes that name the same one.

mailsettings:1:{192.0.2.1}:open      who is connected to the address, by the time until which that is good
mailsettings:1:{192.0.2.1}:begun     who began in the last second, by when

Times are those of Redis: the clocks of the processes need not agree. The client belongs to asyncio.
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

PREFIX = "mailsettings:1:"  # goes up when what is stored changes its form
_TIMEOUT = 2.0  # seconds for one round; far more than Redis takes, as our own loop may be late

# Redis runs a script as one step. Each returns milliseconds to wait; 0 is yes.
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
# Also what Redis has forgotten: the connection is open all the same.
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
    """Implements leases.Register."""

    def __init__(self, pace: BulkLimits) -> None:
        """Raises ValueError if the URL of *pace* cannot be understood. Nothing is contacted yet."""
        self._pace = pace
        self._redis: Any = Redis.from_url(
            pace.redis,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )

    async def exchange(
        self, returned: Sequence[Lease], held: Sequence[Lease], wanted: Sequence[Lease]
    ) -> Sequence[float]:
        """Do all of it in one round trip."""
        pace = self._pace
        round_trip = self._redis.pipeline(transaction=False)
        for lease in returned:
            round_trip.zrem(_open_key(lease), lease.name)
        for lease in held:
            round_trip.eval(_RENEW_SCRIPT, 1, _open_key(lease), lease.name, pace.lease_seconds)
        for lease in wanted:
            limits = (pace.per_address, pace.per_second, pace.lease_seconds)
            round_trip.eval(_ACQUIRE_SCRIPT, 2, _open_key(lease), _begun_key(lease), lease.name, *limits)
        try:
            replies = await round_trip.execute()
        except (RedisError, OSError) as error:
            # Its own message may have the whole URL in it, and that a password.
            raise RegisterUnavailableError(f"Redis does not answer ({type(error).__name__})") from error
        return [reply / 1000 for reply in replies[len(returned) + len(held) :]]

    async def aclose(self) -> None:
        """Close the connection."""
        await self._redis.aclose(close_connection_pool=True)


def _open_key(lease: Lease) -> str:
    return f"{PREFIX}{{{lease.ip}}}:open"


def _begun_key(lease: Lease) -> str:
    return f"{PREFIX}{{{lease.ip}}}:begun"
