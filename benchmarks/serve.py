"""The service under load on this machine: answers from the cache, fresh detections over real TLS, and too many at once.

python -m benchmarks.serve [30]     seconds of steady load; as root, for the servers listen on 127.0.0.9:993 and :465

three processes: mail servers  <─ TLS ─  the service (uvicorn)  <─ HTTP ─  this one; on two cores they share two
"""

from __future__ import annotations

import json
import re
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import anyio
import trustme
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream
from anyio.streams.tls import TLSStream

from mailsettings.net.real import Internet
from mailsettings.net.transport import Stream
from mailsettings.policy import IPAddress, Policy
from mailsettings.records import SRV, Answer, Question, Record

HERE = "127.0.0.9"
HOST = "mail.load.example"
PORT = 8097
RATE = 20  # fresh detections a second
BAR = 1.5  # seconds, for 95 % of them
CROWD = 600  # at once: more than 64 + 256
REPLIES = {  # of the smallest servers there are; %s is the tag
    993: (b"* OK hi\r\n", b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n%s OK\r\n"),
    465: (b"220 x\r\n", b"250-x\r\n250 AUTH PLAIN\r\n"),
}


class OneMachine:
    """A transport on which every domain's SRV records lead to this machine; `slow` domains take a second to ask."""

    def __init__(self, policy: Policy) -> None:
        self._internet = Internet(policy)

    async def ask(self, question: Question) -> Answer:
        if ".slow" in question.name:
            await anyio.sleep(1)
        return Answer(question, self._records(question))

    def _records(self, question: Question) -> tuple[Record, ...]:
        if question == Question(HOST, "A"):
            return (HERE,)
        port = {"_imaps": 993, "_submissions": 465}.get(question.name.partition(".")[0])
        return (SRV(0, 1, port, HOST),) if question.type == "SRV" and port else ()

    async def connect(self, ip: IPAddress, port: int) -> Stream:
        return await self._internet.connect(ip, port)

    async def aclose(self) -> None:
        await self._internet.aclose()


# the processes


def service(ca_file: str) -> None:
    """Run the service, without the limits on visitors that one machine would meet at once."""
    import uvicorn  # noqa: PLC0415 - of this process only

    from mailsettings.web import Settings, create_app  # noqa: PLC0415

    many = 10**9
    limits: dict[str, Any] = {"visitor_at_once": many, "visitor_per_minute": many, "visitor_per_hour": many}
    limits |= {"domain_per_minute": many, "address_per_minute": many, "address_at_once": many}
    policy = Policy.service().with_(ca_file=ca_file, allow_networks=(ip_network("127.0.0.0/8"),))
    app = create_app(policy, settings=Settings(cache=":memory:", **limits), transport=OneMachine(policy))
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning", access_log=False)


async def servers(pem: str) -> None:
    """Run the mail servers until somebody ends the process."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    async with anyio.create_task_group() as group:
        for port, replies in REPLIES.items():
            listener = await anyio.create_tcp_listener(local_host=HERE, local_port=port, backlog=1024)
            group.start_soon(listener.serve, partial(_greet, replies=replies, context=context))


async def _greet(stream: ByteStream, *, replies: tuple[bytes, bytes], context: ssl.SSLContext) -> None:
    """Greet and answer one command inside TLS."""
    try:
        async with stream:
            inside = await TLSStream.wrap(stream, server_side=True, ssl_context=context, standard_compatible=False)
            await inside.send(replies[0])
            tag = (await inside.receive()).split()[0]
            await inside.send(replies[1].replace(b"%s", tag))
            await inside.receive()  # the farewell
    except (ssl.SSLError, anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError):
        pass  # the client had enough


@contextmanager
def processes() -> Iterator[int]:
    """Run servers and service; yield the service's process id."""
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        ca = trustme.CA()
        ca.cert_pem.write_to_path(f"{place}/ca.pem")
        ca.issue_cert(HOST).private_key_and_cert_chain_pem.write_to_path(f"{place}/server.pem")
        for part, path in (("servers", "server.pem"), ("service", "ca.pem")):
            process = stack.enter_context(
                subprocess.Popen([sys.executable, "-m", "benchmarks.serve", part, f"{place}/{path}"])
            )
            stack.callback(process.terminate)
        anyio.run(_until_ready)
        yield process.pid


async def _until_ready() -> None:
    with anyio.fail_after(30):
        while True:
            try:
                await ask("ada@ready.example")
            except OSError:
                await anyio.sleep(0.1)
            else:
                return


# the visitors


@dataclass(slots=True)
class Heard:
    """What came back."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    verified: int = 0

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.seconds, n=20)[-1]


async def ask(address: str, heard: Heard | None = None) -> None:
    """Ask for *address* on a connection of its own."""
    started = time.perf_counter()
    async with await anyio.connect_tcp("127.0.0.1", PORT) as stream:
        status, body = await _exchange(stream, BufferedByteReceiveStream(stream), address)
    if heard is not None:
        heard.statuses[status] += 1
        heard.seconds.append(time.perf_counter() - started)
        heard.verified += status == 200 and json.loads(body)["incoming"][:1] != []


async def _exchange(stream: ByteStream, reader: BufferedByteReceiveStream, address: str) -> tuple[int, bytes]:
    body = json.dumps({"address": address}).encode()
    head = (
        f"POST /v1/detect HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    await stream.send(head.encode() + body)
    answer = await reader.receive_until(b"\r\n\r\n", 65536)
    length = re.search(rb"content-length: (\d+)", answer)
    assert length is not None
    return int(answer.split()[1]), await reader.receive_exactly(int(length[1]))


async def cached(seconds: float, connections: int = 16) -> float:
    """Return how many answers from the cache come in a second."""
    count = 0
    end = time.perf_counter() + seconds

    async def loop() -> None:
        nonlocal count
        async with await anyio.connect_tcp("127.0.0.1", PORT) as stream:
            reader = BufferedByteReceiveStream(stream)
            while time.perf_counter() < end:
                await _exchange(stream, reader, "ada@ready.example")
                count += 1

    async with anyio.create_task_group() as group:
        for _ in range(connections):
            group.start_soon(loop)
    return count / seconds


async def fresh(seconds: float) -> Heard:
    """Ask for RATE new domains a second, whether or not the earlier ones are answered."""
    heard = Heard()
    async with anyio.create_task_group() as group:
        for number in range(int(seconds * RATE)):
            group.start_soon(ask, f"ada@n{number}.example", heard)
            await anyio.sleep(1 / RATE)
    return heard


async def overload() -> tuple[Heard, Heard]:
    """Ask for CROWD slow domains at once; then, when all are answered, for one that is not."""
    heard, after = Heard(), Heard()
    async with anyio.create_task_group() as group:
        for number in range(CROWD):
            group.start_soon(ask, f"ada@c{number}.slow.example", heard)
    await ask("ada@after.example", after)
    return heard, after


def memory(process: int) -> float:
    """Return what *process* has in memory, in MB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024


def main(arguments: Sequence[str]) -> int:
    """Print one line for each load; 1 if a bar was missed."""
    seconds = float(arguments[0]) if arguments else 30.0
    with processes() as process:
        print(f"cached: {anyio.run(cached, 5.0):.0f} answers/s")
        anyio.run(fresh, 5.0)  # what is loaded once is loaded now
        before = memory(process)
        steady = anyio.run(fresh, seconds)
        grown = memory(process) - before
        print(
            f"fresh: {RATE}/s for {seconds:g} s, p50 {statistics.median(steady.seconds):.2f} s, p95 {steady.p95:.2f} s "
            f"(bar {BAR:g}: ratio {steady.p95 / BAR:.2f}), {steady.verified} of {len(steady.seconds)} found, "
            f"memory {before:.0f} MB {grown:+.1f}"
        )
        crowd, after = anyio.run(overload)
        print(f"overload: {CROWD} at once, {dict(crowd.statuses)}; the next visitor after it {after.seconds[0]:.2f} s")
    good = steady.p95 < BAR and steady.verified == len(steady.seconds) and set(crowd.statuses) <= {200, 503}
    return int(not good)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["servers", pem]:
            anyio.run(servers, pem)
        case ["service", ca]:
            service(ca)
        case rest:
            sys.exit(main(rest))
