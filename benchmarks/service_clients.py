"""Clients of the service for benchmarks.serve, each with an IP address of its own, as its rate limits expect."""

from __future__ import annotations

import json
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from itertools import count

import anyio
from anyio.abc import ByteStream
from anyio.streams.buffered import BufferedByteReceiveStream

PORT = 8097
_NUMBERS = count(1)
_CLIENT_NETWORK = IPv4Address("127.4.0.0")


@dataclass(slots=True)
class Responses:
    """The service's responses."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    verified: int = 0
    without_retry_after: int = 0  # 503 without Retry-After

    @property
    def p50(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.seconds, n=20)[-1]

    def __str__(self) -> str:
        return f"p50 {self.p50:.2f} s, p95 {self.p95:.2f} s, {self.verified} verified of {dict(self.statuses)}"


def client_address() -> str:
    """Return a client address that has not been used for a long time."""
    return str(_CLIENT_NETWORK + next(_NUMBERS) % 250_000 + 1)


def mixed(number: int) -> str:
    """Name a domain: every other one has TLS, the others STARTTLS."""
    return f"{'ts'[number % 2]}{number}.example"


async def ask(domain: str, responses: Responses | None = None, *, client: str = "") -> None:
    """Request a detection for *domain* on a new connection."""
    started = time.perf_counter()
    async with await anyio.connect_tcp("127.0.0.1", PORT, local_host=client or client_address()) as stream:
        status, head, body = await _exchange(stream, BufferedByteReceiveStream(stream), domain)
    if responses is not None:
        responses.statuses[status] += 1
        responses.seconds.append(time.perf_counter() - started)
        responses.verified += status == 200 and _verified(body)
        responses.without_retry_after += status == 503 and b"retry-after: " not in head.lower()


def _verified(body: bytes) -> bool:
    answer = json.loads(body)
    return all(answer[way] and answer[way][0]["verified"] for way in ("incoming", "outgoing"))


async def _exchange(stream: ByteStream, reader: BufferedByteReceiveStream, domain: str) -> tuple[int, bytes, bytes]:
    body = json.dumps({"address": f"ada@{domain}"}).encode()
    head = (
        f"POST /v1/detect HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    await stream.send(head.encode() + body)
    answer = await reader.receive_until(b"\r\n\r\n", 65536)
    length = re.search(rb"content-length: (\d+)", answer)
    assert length is not None
    return int(answer.split()[1]), answer, await reader.receive_exactly(int(length[1]))


async def cached(seconds: float, connections: int = 16) -> float:
    """Return how many cached answers the service gives per second."""
    answers = 0
    end = time.perf_counter() + seconds

    async def loop() -> None:
        nonlocal answers
        while time.perf_counter() < end:
            # Ten per client: an eleventh in one minute would be refused.
            async with await anyio.connect_tcp("127.0.0.1", PORT, local_host=client_address()) as stream:
                reader = BufferedByteReceiveStream(stream)
                for _ in range(10):
                    status, _, _ = await _exchange(stream, reader, "t0.example")
                    answers += status == 200

    await ask("t0.example")
    async with anyio.create_task_group() as group:
        for _ in range(connections):
            group.start_soon(loop)
    return answers / seconds


async def steady(seconds: float, rate: float, responses: Responses, name: Callable[[int], str] = mixed) -> None:
    """Ask for *rate* new domains a second, whether or not the earlier ones are answered."""
    started = anyio.current_time()
    async with anyio.create_task_group() as group:
        for number in range(int(seconds * rate)):
            group.start_soon(ask, name(next(_NUMBERS)), responses)
            await anyio.sleep_until(started + (number + 1) / rate)


async def crowd(size: int) -> Responses:
    """Ask for *size* slow domains at once."""
    responses = Responses()
    async with anyio.create_task_group() as group:
        for _ in range(size):
            group.start_soon(ask, f"x{next(_NUMBERS)}.example", responses)
    return responses


async def among_tarpits(seconds: float, rate: float, clients: int) -> Responses:
    """Ask as `steady` does while *clients* others keep asking for domains that time out, two at once each."""
    responses = Responses()

    async def nuisance(client: str) -> None:
        while True:
            await ask(f"pit{next(_NUMBERS)}.example", client=client)
            await anyio.sleep(0.1)  # also after a refusal

    async with anyio.create_task_group() as group:
        for _ in range(clients):
            client = client_address()
            group.start_soon(nuisance, client)
            group.start_soon(nuisance, client)
        await anyio.sleep(5)  # twenty searches that begin at the same moment are a crowd, and no tarpit
        await steady(seconds, rate, responses)
        group.cancel_scope.cancel()
    return responses
