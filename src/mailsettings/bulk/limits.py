"""Limits of a run over many addresses: concurrency, connections, cache sizes and lifetimes. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailsettings.policy import Policy

_SCHEMES = ("redis://", "rediss://", "unix://")


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkLimits:
    """The limits of a whole run; those of a single detection are in its Policy. Times are in seconds."""

    concurrency: int = 64  # domains searched at once
    per_destination: int = 4  # of these, domains whose mail goes to the same provider or the same machine
    per_address: int = 8  # connections open at once to one IP address, over all searches
    redis: str = field(default="", repr=False)  # URL, may have a password; all that name it share per_address
    per_second: int = 16  # connections begun to one IP address, by all processes that share a Redis
    lease_seconds: float = 30.0  # after which the connections of a process that was killed no longer count in Redis
    read_ahead: int = 1024  # addresses read from the input whose results have not been yielded yet
    max_loop_lag: float = 0.1  # no new search starts while the event loop is later than this, see loop_lag.py
    # caches
    ttl: float = 600.0  # of answers: DNS has TTLs of this size
    failure_ttl: float = 60.0  # of a refusal, a bad certificate …: it may be repaired
    timeout_ttl: float = 5.0  # of a timeout: the server, the network or this process may have been busy for a moment
    max_detections: int = 1000  # domains that come again later in the input
    max_answers: int = 20_000  # DNS answers about names outside the domain that is searched
    max_pages: int = 500  # documents of other domains, 64 KiB at most each, mostly a failure of some bytes
    max_probes: int = 5000  # servers contacted

    def __post_init__(self) -> None:
        if min(self.concurrency, self.per_destination, self.per_address, self.per_second) < 1:
            raise ValueError("concurrency, per_destination, per_address and per_second start at 1")
        if self.redis and not self.redis.startswith(_SCHEMES):
            raise ValueError(f"the URL of Redis begins with one of {', '.join(_SCHEMES)}")
        if self.read_ahead < self.concurrency:
            raise ValueError(f"ahead is {self.read_ahead}, not at least the concurrency of {self.concurrency}")

    @classmethod
    def for_concurrency(cls, concurrency: int, *, redis: str = "") -> BulkLimits:
        """Return the limits for *concurrency* domains at once: the input is read sixteen times as far ahead."""
        # Adjacent addresses of a list often have one provider, of which only *per_destination* are searched at once.
        return cls(concurrency=concurrency, read_ahead=max(16 * concurrency, 256), redis=redis)

    def policy_for(self, policy: Policy | None) -> Policy:
        """Return the policy of each detection: *policy*, or that of a service if it is None."""
        return policy if policy is not None else Policy.service()

    def max_files(self, policy: Policy) -> int:
        """Return how many file descriptors a run may need at worst."""
        # 100 DNS sockets (net.dns.resolver), and as many for the process itself.
        return self.concurrency * policy.limits.max_parallel + 200
