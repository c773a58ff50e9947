"""The Transport of a FakeNetwork: DNS answers and connections as the world's builder said."""

from __future__ import annotations

import math
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio

from mailsettings.errors import Kind, NetworkError
from mailsettings.interfaces import Answer
from mailsettings.model import Question
from mailsettings.policy import IPAddress, Policy
from mailsettings.testing.asked import Connect, Resolve
from mailsettings.testing.hosts import Fate, Listener, spelled
from mailsettings.testing.peer import Peer
from mailsettings.testing.stream import FakeStream

if TYPE_CHECKING:
    from mailsettings.testing.network import FakeNetwork

SYSTEM_PATIENCE = 127.0  # seconds until Linux gives up a connect: 1 + 2 + 4 … + 64 (tcp_syn_retries = 6)
_KINDS = {Fate.REFUSED: Kind.REFUSED, Fate.UNREACHABLE: Kind.UNREACHABLE, Fate.DROPPED: Kind.CONNECT_TIMEOUT}


class FakeTransport:
    """The world behind net.streams.Transport. As with the real one, who connects or shakes hands sets a time-out."""

    def __init__(self, net: FakeNetwork, policy: Policy | None) -> None:
        self._net = net
        self._dns_lifetime = policy.dns_lifetime if policy else math.inf

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def ask(self, question: Question) -> Answer:
        """Answer *question* from the zones of the world. NetworkError(DNS_FAILED | DNS_TIMEOUT | NO_NETWORK)."""
        self._net.ledger.note(partial(Resolve, question))
        await self._net.ledger.step()
        self._need_network()
        outcome = self._net.zones.outcome(question)
        seconds = self._net.rtt + outcome.delay
        await anyio.sleep(min(seconds, self._dns_lifetime))
        if seconds > self._dns_lifetime:
            raise NetworkError(Kind.DNS_TIMEOUT, f"{question}: nothing within {self._dns_lifetime:g} s")
        if outcome.answer is None:
            raise NetworkError(Kind.DNS_FAILED, f"{question}: SERVFAIL")
        return outcome.answer

    async def connect(self, ip: IPAddress, port: int) -> FakeStream:
        """Connect to *ip*:*port*. NetworkError(REFUSED | UNREACHABLE | CONNECT_TIMEOUT | NO_NETWORK)."""
        address = spelled(ip, port)
        self._net.ledger.note(partial(Connect, address))
        await self._net.ledger.step()
        self._need_network()
        place = self._net.place(ip)
        fate = place.at(port)
        rtt = self._net.rtt if place.rtt is None else place.rtt
        if isinstance(fate, Fate):
            await anyio.sleep(SYSTEM_PATIENCE if fate is Fate.DROPPED else rtt)
            raise NetworkError(_KINDS[fate], address)
        await anyio.sleep(rtt)
        return self._stream(address, fate, rtt)

    async def aclose(self) -> None:
        """Do nothing: a world keeps its streams, so that a test sees those that were left open."""

    def _stream(self, address: str, listener: Listener, rtt: float) -> FakeStream:
        return FakeStream(
            address,
            Peer(listener.server.script(listener.host), anyio.current_time(), rtt),
            self._net.ledger,
            certificate_for=listener.certificate_for,
            segment=self._net.segment,
            speaks_lines=listener.server.speaks_lines,
        )

    def _need_network(self) -> None:
        if self._net.is_offline:
            raise NetworkError(Kind.NO_NETWORK, "the world has no network")
        if self._net.proxy_fault:
            raise NetworkError(Kind.PROXY, f"the proxy: {self._net.proxy_fault}")
