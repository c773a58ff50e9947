"""A name server on loopback that responds as a test says, over UDP and TCP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import anyio
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
from anyio.abc import ByteStream, SocketAttribute

from mailsettings.net.dns.nameservers import Nameserver, Scheme
from mailsettings.net.dns.resolver import Resolver
from mailsettings.net.dns.transports import Do53
from mailsettings.policy import Policy, Timeouts

Message = dns.message.Message
Reply = Callable[[Message], list[bytes]]
QUICK = Policy(timeouts=Timeouts(dns_timeout=0.2, dns_lifetime=0.5))


@dataclass
class Zone:
    """Answers by name and type: lines of a zone file; what is missing is NODATA, or NXDOMAIN without any name."""

    text: str = ""
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    authentic: bool = False
    asked: list[str] = field(default_factory=list)

    def response(self, query: Message) -> Message:
        question = query.question[0]
        self.asked.append(question.to_text())
        response = dns.message.make_response(query)
        response.set_rcode(self.rcode)
        if self.authentic and query.flags & dns.flags.AD:
            response.flags |= dns.flags.AD
        response.answer = [
            rrset
            for rrset in self._rrsets()
            if rrset.rdtype == question.rdtype or rrset.rdtype == 5  # CNAME
        ]
        return response

    def _rrsets(self) -> list[dns.rrset.RRset]:
        rrsets: dict[tuple[str, str], list[str]] = {}
        for line in self.text.strip().splitlines():
            name, rdtype, data = line.split(maxsplit=2)
            rrsets.setdefault((name, rdtype), []).append(data)
        return [dns.rrset.from_text(name, 60, "IN", rdtype, *data) for (name, rdtype), data in rrsets.items()]


@asynccontextmanager
async def answering(reply: Reply, *, tcp: Callable[[Message], bytes] | None = None) -> AsyncIterator[int]:
    """Send what *reply* makes of each query, datagram by datagram; over TCP what *tcp* makes of it."""
    async with AsyncExitStack() as stack:
        port = 0
        if tcp is not None:
            # First: a port that is free for UDP is often taken for TCP, the other way round hardly ever.
            listener = await stack.enter_async_context(await anyio.create_tcp_listener(local_host="127.0.0.1"))
            port = listener.extra(SocketAttribute.local_port)
        udp = await stack.enter_async_context(await anyio.create_udp_socket(local_host="127.0.0.1", local_port=port))
        group = await stack.enter_async_context(anyio.create_task_group())
        port = udp.extra(SocketAttribute.local_port)

        async def datagrams() -> None:
            async for wire, peer in udp:
                for answer in reply(dns.message.from_wire(wire)):
                    await udp.sendto(answer, *peer)

        group.start_soon(datagrams)
        if tcp is not None:
            group.start_soon(listener.serve, lambda stream: converse(stream, tcp))
            await anyio.wait_all_tasks_blocked()
        yield port
        group.cancel_scope.cancel()


async def converse(stream: ByteStream, reply: Callable[[Message], bytes], *, once: bool = False) -> None:
    """Answer the queries that come over *stream*, each after its length; with *once* close after the first."""
    async with stream:
        for _ in range(1 if once else 1000):
            try:
                length = int.from_bytes(await stream.receive(2), "big")
                query = dns.message.from_wire(await stream.receive(length))
            except anyio.EndOfStream:
                return
            wire = reply(query)
            await stream.send(len(wire).to_bytes(2, "big") + wire)


def resolver(*ports: int, policy: Policy = QUICK, trusted: bool = True) -> Resolver:
    """Return a resolver that asks the servers at *ports* of this machine."""
    transports = tuple(Do53(Nameserver(Scheme.UDP, "127.0.0.1", port)) for port in ports)
    return Resolver(transports, policy, trusted=trusted)
