"""The egress filter between the service and the network: which addresses it connects to, and how often.

A denied address behaves exactly like one that does not respond: a visitor who names hosts of our own network learns
neither what is there nor that the connection was denied.
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
    """Return *policy* restricted to what a service may do: its visitors, who are strangers, say where to connect.

    It has DNS sockets for as many parallel *searches*, so that no search waits for the queries of another.
    """
    policy = policy or Policy.service()
    ports = policy.mail_ports & MAIL_PORTS
    sockets = max(policy.limits.dns_sockets, searches * policy.limits.max_parallel_dns)
    return policy.replace(
        allow_private=False,
        other_mail_ports=False,
        mail_ports=ports,
        send_address=False,
        exhaustive=False,
        dns_sockets=sockets,
    )


@lru_cache(maxsize=16)
def policy_above(policy: Policy) -> Policy:
    """Return the policy for the layers above a Guarded transport, which alone then checks addresses.

    A check above it would fail at once, while an address that does not respond times out. Both layers check ports.
    """
    return policy.replace(allow_networks=_EVERYWHERE)


class Guarded:
    """The egress filter: a transport that enforces *policy* and limits the connections to each address."""

    def __init__(
        self,
        transport: Transport,
        policy: Policy,
        *,
        at_once: int,
        per_minute: int,
        count: Callable[[str, int], Awaitable[int]],
    ) -> None:
        """*at_once* and *per_minute* limit connections to one address; *count* is Store.count, of all workers."""
        self._transport = transport
        self._policy = policy
        self._max_parallel = at_once
        self._per_minute = per_minute
        self._count = count
        self._open: Counter[IPAddress] = Counter()
        self._released = anyio.Event()

    async def ask(self, question: Question) -> Answer:
        """Ask the transport's resolver."""
        return await self._transport.ask(question)

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        """Connect to *ip* if the policy allows it, otherwise block until the caller's timeout.

        Denied connections count towards both limits as well: otherwise the limits would tell the two apart.
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
    """The transport of one search with at most *questions* in parallel: names that time out delay no other search."""

    def __init__(self, transport: Transport, questions: int) -> None:
        self._transport = transport
        self._semaphore = anyio.Semaphore(questions)

    async def ask(self, question: Question) -> Answer:
        """Ask the resolver once fewer questions are under way."""
        async with self._semaphore:
            return await self._transport.ask(question)

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        """Connect by the underlying transport."""
        return await self._transport.connect(ip, port)

    async def aclose(self) -> None:
        """Do nothing: all searches share the underlying transport."""
