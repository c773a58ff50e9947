"""Many detections at once, half of them of domains whose servers never respond.

python -m benchmarks.crowd [200]     virtual time first, then real sockets and real TLS on loopback
"""

from __future__ import annotations

import ssl
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_network
from pathlib import Path

import anyio
import trustme
from anyio.abc import ByteStream, SocketAttribute, SocketStream
from anyio.from_thread import start_blocking_portal
from anyio.streams.stapled import MultiListener
from anyio.streams.tls import TLSStream

from mailsettings import Detection, Policy, detect
from mailsettings.interfaces import SRV, Answer, Record
from mailsettings.model import Question
from mailsettings.net.internet import Internet
from mailsettings.net.network import open_network
from mailsettings.net.streams import Stream, Transport
from mailsettings.policy import IPAddress
from mailsettings.testing import FakeNetwork, imap, run_virtual, smtp

MANY = 200
PORTS = (25, 80, 110, 143, 443, 465, 587, 993, 995)
HOST = "mail.crowd.example"
REPLIES = {  # of the smallest servers there are; %s is the tag
    "imap": (b"* OK hi\r\n", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n%s OK\r\n"),
    "smtp": (b"220 x\r\n", b"250-x\r\n250 AUTH PLAIN\r\n"),
}


@dataclass(frozen=True, slots=True)
class Search:
    """One search of the crowd."""

    healthy: bool  # False: of a tarpit
    seconds: float
    verified: int  # servers


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the crowd took. *memory* is the most this process ever had, in bytes; *left* counts descriptors."""

    searches: tuple[Search, ...]
    memory: int
    left: int

    @property
    def p95(self) -> float:
        """The seconds within which 95 % of the healthy ones had their answer."""
        return statistics.quantiles([search.seconds for search in self.searches if search.healthy], n=20)[-1]

    @property
    def wrong(self) -> int:
        """How many healthy domains were not found in both directions, or tarpits were."""
        return sum(search.verified != 2 * search.healthy for search in self.searches)


def domain(number: int) -> str:
    """Name the domain of one search: every other one is a tarpit."""
    return f"{'tarpit' if number % 2 else 'healthy'}{number}.example"


async def search(number: int, transport: Transport, policy: Policy, searches: list[Search]) -> None:
    """Run one detection, as a service would for one of its clients."""
    started = anyio.current_time()
    async with open_network(policy, transport) as network:
        detection = await detect(f"ada@{domain(number)}", policy=policy, net=network)
    searches.append(Search(not number % 2, anyio.current_time() - started, _verified(detection)))


def _verified(detection: Detection) -> int:
    return sum(bool(choices) and choices[0].verified for choices in (detection.incoming, detection.outgoing))


async def gather(count: int, transport: Transport, policy: Policy) -> tuple[Search, ...]:
    """Run *count* detections at once."""
    searches: list[Search] = []
    async with anyio.create_task_group() as group:
        for number in range(count):
            group.start_soon(search, number, transport, policy, searches)
    return tuple(searches)


def virtual(count: int = MANY) -> Outcome:
    """Let the crowd loose in a world in memory, on a clock that jumps; round trips of 50 ms."""
    net = FakeNetwork(rtt=0.05)
    for number in range(count):
        if number % 2:
            net.zone(f"*.{domain(number)} A 12.0.{number // 250}.{number % 250}")
            net.host(domain(number), f"12.0.{number // 250}.{number % 250}").hold(*PORTS)
        else:
            net.host(f"imap.{domain(number)}").serve(imap())
            net.host(f"smtp.{domain(number)}").serve(smtp())
    policy = Policy()
    searches, _ = run_virtual(gather, count, net.transport(policy), policy)
    return Outcome(searches, memory(), len(net.open_streams))


def memory() -> int:
    """Return the most memory this process has had, in bytes."""
    # Not getrusage: its maximum is handed down from the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) * 1024


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


class OneMachine:
    """A Transport: SRV records of all domains lead to this machine; those of tarpits to one that never responds."""

    def __init__(self, policy: Policy, ports: dict[str, int]) -> None:
        self._internet = Internet(policy)
        self._ports = ports

    async def ask(self, question: Question) -> Answer:
        return Answer(question, self._records(question))

    def _records(self, question: Question) -> tuple[Record, ...]:
        if question == Question(HOST, "A"):
            return ("127.0.0.1",)
        protocol = {"_imaps": "imap", "_submissions": "smtp"}.get(question.name.partition(".")[0])
        if question.type != "SRV" or protocol is None:
            return ()
        return (SRV(0, 1, self._ports["tarpit" if "tarpit" in question.name else protocol], HOST),)

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        return await self._internet.connect(ip, port)

    async def aclose(self) -> None:
        await self._internet.aclose()


async def _serve(stream: ByteStream, replies: tuple[bytes, bytes] | None, context: ssl.SSLContext) -> None:
    """Greet and answer one command inside TLS; without *replies* accept and never respond."""
    try:
        async with stream:
            if replies is None:
                return await anyio.sleep_forever()
            inside = await TLSStream.wrap(stream, server_side=True, ssl_context=context, standard_compatible=False)
            await inside.send(replies[0])
            tag = (await inside.receive()).split()[0]
            await inside.send(replies[1].replace(b"%s", tag))
            await inside.receive()  # LOGOUT or QUIT
    except (ssl.SSLError, anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError):
        pass  # the client has closed the connection


@asynccontextmanager
async def _servers(context: ssl.SSLContext) -> AsyncIterator[dict[str, int]]:
    """Run the three servers; yield their ports by name."""
    names = ("imap", "smtp", "tarpit")
    async with AsyncExitStack() as stack:
        listeners = {name: await stack.enter_async_context(await _listener()) for name in names}
        # Entered last, so that it ends first: the listeners are cancelled before their sockets are closed.
        group = await stack.enter_async_context(anyio.create_task_group())
        for name, listener in listeners.items():
            group.start_soon(listener.serve, partial(_serve, replies=REPLIES.get(name), context=context))
        yield {name: listener.extra(SocketAttribute.local_port) for name, listener in listeners.items()}
        group.cancel_scope.cancel()


async def _listener() -> MultiListener[SocketStream]:
    return await anyio.create_tcp_listener(local_host="127.0.0.1", backlog=1024)


def loopback(count: int = MANY) -> Outcome:
    """Let the crowd loose on this machine: real sockets, real TLS, and no response on every other domain's port."""
    before = descriptors()
    with tempfile.TemporaryDirectory() as place, start_blocking_portal("asyncio") as portal:
        ca = trustme.CA()
        ca.cert_pem.write_to_path(f"{place}/ca.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert(HOST).configure_cert(context)
        with portal.wrap_async_context_manager(_servers(context)) as ports:
            searches = anyio.run(_from_here, count, f"{place}/ca.pem", ports)
    return Outcome(searches, memory(), descriptors() - before)


async def _from_here(count: int, ca_file: str, ports: dict[str, int]) -> tuple[Search, ...]:
    opened = (ip_network("127.0.0.0/8"),)
    policy = Policy(ca_file=ca_file, allow_networks=opened, mail_ports=frozenset(ports.values()), guess=False)
    transport = OneMachine(policy, ports)
    try:
        return await gather(count, transport, policy)
    finally:
        await transport.aclose()


def main(arguments: Sequence[str]) -> None:
    """Print one line for each crowd."""
    count = int(arguments[0]) if arguments else MANY
    for name, outcome in (("virtual", virtual(count)), ("loopback", loopback(count))):
        print(f"{name}: {count} at once, healthy p95 {outcome.p95:.2f} s, wrong {outcome.wrong}", end="")
        print(f", memory {outcome.memory / 1e6:.0f} MB, left open {outcome.left}")


if __name__ == "__main__":
    main(sys.argv[1:])
