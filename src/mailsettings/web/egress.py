"""What stands between the service and the network: the address rules, and how often one address may be visited.

An address that is refused behaves exactly like one where nobody answers: a visitor who names our own network learns
neither what is there nor that we would not look.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import lru_cache
from ipaddress import ip_network

import anyio

from mailsettings.errors import FailureKind, NetworkError
from mailsettings.interfaces import Answer
from mailsettings.model import Question
from mailsettings.net.streams import ReleasingStream, Stream, Transport
from mailsettings.policy import MAIL_PORTS, IPAddress, Policy

_EVERYWHERE = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_MINUTE = 60  # seconds


def service_policy(policy: Policy | None = None, searches: int = 1) -> Policy:
    """Return *policy* with the service's rules, whatever it allowed: strangers say where to connect to.

    There are sockets for the questions of as many *searches* at once, so that none waits for those of another.
    """
    base = policy or Policy.service()
    ports = base.mail_ports & MAIL_PORTS
    sockets = max(base.limits.dns_sockets, searches * base.limits.max_parallel_dns)
    return base.replace(
        allow_private=False, mail_ports=ports, send_address=False, exhaustive=False, dns_sockets=sockets
    )


@lru_cache(maxsize=16)
def policy_above(policy: Policy) -> Policy:
    """Return the policy for what lies above a Guarded transport, which alone then judges addresses.

    A refusal above it would come at once, where a silent address takes its time; ports are judged in both places.
    """
    return policy.replace(allow_networks=_EVERYWHERE)


class Guarded:
    """A transport that connects to nothing *policy* objects to, and to one address only so often."""

    def __init__(
        self,
        transport: Transport,
        policy: Policy,
        *,
        at_once: int,
        per_minute: int,
        count: Callable[[str, int], Awaitable[int]],
    ) -> None:
        """*count* is Store.count: the visits of all workers are added up where they share a store."""
        self._transport = transport
        self._policy = policy
        self._max_parallel = at_once
        self._per_minute = per_minute
        self._count = count
        self._open: Counter[IPAddress] = Counter()
        self._released = anyio.Event()

    async def ask(self, question: Question) -> Answer:
        """Ask the resolver."""
        return await self._transport.ask(question)

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        """Connect where that is allowed; elsewhere keep silent until whoever asked has waited long enough.

        Both are counted and both take a place: a limit that one of them does not meet would tell them apart.
        """
        if await self._count(f"to:{ip}", _MINUTE) > self._per_minute:
            raise NetworkError(FailureKind.BUDGET, "this address was visited often enough in this minute")
        while self._open[ip] >= self._max_parallel:
            await self._released.wait()
        self._open[ip] += 1
        with ExitStack() as undo:
            undo.callback(self._release, ip)
            if self._policy.objection(ip, port) is not None:
                await anyio.sleep_forever()
            stream = await self._transport.connect(ip, port)
            undo.pop_all()
        return ReleasingStream(stream, lambda: self._release(ip))

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()

    def _release(self, ip: IPAddress) -> None:
        self._open[ip] -= 1
        if not self._open[ip]:
            del self._open[ip]
        self._released.set()
        self._released = anyio.Event()


class QuestionLimiter:
    """The transport of one search, which has only so many questions under way: names that keep silent are its own."""

    def __init__(self, transport: Transport, questions: int) -> None:
        self._transport = transport
        self._semaphore = anyio.Semaphore(questions)

    async def ask(self, question: Question) -> Answer:
        """Ask the resolver when it is this question's turn."""
        async with self._semaphore:
            return await self._transport.ask(question)

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        """Connect as the transport below does."""
        return await self._transport.connect(ip, port)

    async def aclose(self) -> None:
        """Do nothing: the transport below is that of all searches."""
