"""What a DNS question costs: our resolver on dnspython beside aiodns (c-ares), the same questions to the same server.

    python -m benchmarks.resolvers [QUESTIONS]         6,000 unless a number is given

The server is a process of its own on the loopback interface and answers from memory: MX, SRV, TXT, A and AAAA in turns;
three questions of four are for names that do not exist, as in a detection. aiodns is no dependency: without `pip
install aiodns` only ours is measured.
docs/decisions/0014-aiodns.md has the figures and what came of them.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import anyio
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from mailsettings.model import Question
from mailsettings.net.internet import Internet
from mailsettings.policy import Policy

RECORDS = {
    "MX": ("10 aspmx.l.google.com.", "20 alt1.aspmx.l.google.com.", "30 alt2.aspmx.l.google.com."),
    "SRV": ("0 1 993 imap.example.org.",),
    "TXT": ('"v=spf1 include:_spf.example.org ~all"', '"mailconf=https://example.org/"'),
    "A": ("192.0.2.1", "192.0.2.2"),
    "AAAA": ("2001:db8::1",),
}
GONE = "gone"  # what names begin with that do not exist
SOA = "ns1.example. root.example. 1 7200 3600 1209600 3600"
NAMES = 600  # different ones
AT_ONCE = (1, 20, 64)
Ask = Callable[[str, str], Awaitable[object]]


def questions(count: int) -> Iterator[tuple[str, str]]:
    """Yield names and types: each type in turn, with three names that do not exist between them."""
    types = tuple(RECORDS)
    for number in range(count):
        wanted = types[number // 4 % len(types)] if number % 4 == 0 else GONE
        name = GONE if wanted == GONE else "there"
        yield f"{name}{number % NAMES}.example", "A" if wanted == GONE else wanted


def serve(port: int) -> None:
    """Answer for ever; each message is made once."""
    known: dict[bytes, bytes] = {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", port))
        print("ready", flush=True)
        while True:
            query, sender = udp.recvfrom(4096)
            if query[2:] not in known:
                known[query[2:]] = answer(query)[2:]
            udp.sendto(query[:2] + known[query[2:]], sender)


def answer(query: bytes) -> bytes:
    """Return the answer to *query*."""
    message = dns.message.from_wire(query)
    response = dns.message.make_response(message, recursion_available=True)
    name, kind = message.question[0].name, dns.rdatatype.to_text(message.question[0].rdtype)
    if name.to_text().startswith(GONE):
        response.set_rcode(dns.rcode.NXDOMAIN)
        response.authority.append(dns.rrset.from_text("example.", 300, "IN", "SOA", SOA))
    else:
        response.answer.append(dns.rrset.from_text(name, 300, "IN", kind, *RECORDS[kind]))
    return response.to_wire()


@contextmanager
def server() -> Iterator[int]:
    """Run the server; its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = (sys.executable, "-m", "benchmarks.resolvers", "--serve", str(port))
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield port
        process.terminate()


async def measured(ask: Ask, count: int, at_once: int) -> float:
    """Return microseconds of CPU for each of *count* questions."""
    left = questions(count)

    async def work() -> None:
        for name, kind in left:
            await ask(name, kind)

    for name, kind in questions(len(RECORDS) + 1):
        await ask(name, kind)
    before = time.process_time()
    async with anyio.create_task_group() as group:
        for _ in range(at_once):
            group.start_soon(work)
    return (time.process_time() - before) / count * 1e6


def ours(port: int) -> Ask:
    """Return what asks as every detection does."""
    internet = Internet(Policy(resolver=f"127.0.0.1:{port}"))
    return lambda name, kind: internet.ask(Question(name, kind))


def theirs(port: int) -> Ask | None:
    """Return what asks through c-ares, if it is there; nothing of what comes is made into values of ours."""
    try:
        aiodns: Any = import_module("aiodns")
    except ImportError:
        return None
    resolver: Any = aiodns.DNSResolver(nameservers=["127.0.0.1"], udp_port=port, tcp_port=port, timeout=1, tries=3)

    async def ask(name: str, kind: str) -> object:
        try:
            return await resolver.query_dns(name, kind)
        except aiodns.error.DNSError as error:
            return error

    return ask


async def compare(port: int, count: int) -> None:
    """Print a line for each number of questions at once."""
    print("at once   dnspython      aiodns   CPU per question")
    for at_once in AT_ONCE:
        mine = await measured(ours(port), count, at_once)
        other = theirs(port)
        told = f"{await measured(other, count, at_once):8.0f} us" if other else "not there"
        print(f"{at_once:7} {mine:8.0f} us {told:>11}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(int(sys.argv[2]))
    with server() as port:
        anyio.run(compare, port, int(sys.argv[1]) if len(sys.argv) > 1 else 6000)
