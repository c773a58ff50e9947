"""The real server under strange requests: generated ones, and many that never end."""

import shutil
import socket
import statistics
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import anyio
import dns.message
import dns.rcode
import dns.rdatatype
import httpx
import pytest
import schemathesis
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.support.processes import free_port, redis, running, service_in_memory

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The command itself, with a short timeout for requests; its name server has no records."""
    port = free_port()
    command = (sys.executable, "-m", "mailsettings", "serve", "--port", str(port))
    limits = dict.fromkeys(("VISITOR_PER_MINUTE", "VISITOR_PER_HOUR", "DOMAIN_PER_MINUTE"), "1000000")
    options = {"CACHE": ":memory:", "REQUEST_TIMEOUT": "2", **limits}
    with name_server(delay=0) as (_, dns):
        options["RESOLVER"] = f"127.0.0.1:{dns}"
        with running(*command, port=port, **{f"MAILSETTINGS_{name}": value for name, value in options.items()}):
            yield f"http://127.0.0.1:{port}"


def test_the_description_holds(url: str) -> None:
    """
    Whatever is sent, good or bad, each answer is one that the description names; none is a 5xx.
    """
    described = httpx.get(f"{url}/openapi.json").json()
    # 413: a value may be bad by being longer than any body is read.
    rejected = {"expected-statuses": [400, 404, 405, 413, 422]}
    config = schemathesis.Config.from_dict({"checks": {"negative_data_rejection": rejected}})
    schema = schemathesis.openapi.from_dict(described, config=config)
    schema.config.update(base_url=url)
    checked = 0
    for found in schema.get_all_operations():
        operation: Any = found
        check(operation.ok())
        checked += 1

    assert checked == len(described["paths"])


def check(operation: Any) -> None:
    """Send what the description of *operation* allows, and what it does not."""
    takes_something = operation.body or operation.path_parameters
    for mode in schemathesis.GenerationMode if takes_something else [schemathesis.GenerationMode.POSITIVE]:

        @given(case=operation.as_strategy(generation_mode=mode))
        @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def one(case: Any) -> None:
            # Not every text is an address: that the description cannot say.
            case.call_and_validate(excluded_checks=[positive_data_acceptance])

        one()


def test_unfinished_requests_delay_no_others(url: str) -> None:
    """
    Five hundred clients that never finish their request: others are served as before, and theirs are closed.
    """
    port = int(url.rpartition(":")[2])
    with ExitStack() as stack:
        slow = [stack.enter_context(closing(socket.create_connection(("127.0.0.1", port)))) for _ in range(500)]
        for each in slow:
            each.send(b"POST /v1/detect HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        times = []
        for _ in range(50):
            started = time.perf_counter()
            assert httpx.get(f"{url}/healthz").status_code == 200
            times.append(time.perf_counter() - started)
        for each in slow:
            each.settimeout(10)
        ends = {each.recv(100)[:12] for each in slow}

    assert statistics.quantiles(times, n=20)[-1] < 0.5
    assert ends <= {b"", b"HTTP/1.1 408"}


@pytest.mark.parametrize("announced", [True, False])
def test_a_megabyte_is_not_read(url: str, announced: bool) -> None:
    """
    Announced or in pieces: 413 and the connection is closed, whether or not the visitor has finished.
    """
    port = int(url.rpartition(":")[2])
    length = b"Content-Length: 1000000" if announced else b"Transfer-Encoding: chunked"
    head = b"POST /v1/detect HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + length + b"\r\n\r\n"
    with closing(socket.create_connection(("127.0.0.1", port))) as visitor:
        visitor.settimeout(10)
        visitor.sendall(head if announced else head + b"2000\r\n" + b" " * 0x2000 + b"\r\n")
        answer = b""
        while part := visitor.recv(4096):
            answer += part

    assert (answer[:12], b"connection: close" in answer.lower()) == (b"HTTP/1.1 413", True)


@pytest.mark.redis
@pytest.mark.skipif(not shutil.which("redis-server"), reason="no redis-server; tests/web/install installs it")
def test_two_workers_make_one_search_for_two_hundred_visitors() -> None:
    """
    The command itself with two processes and a real Redis; the name server is asked for the domain's mail once.
    """
    port, store = free_port(), free_port()
    command = (sys.executable, "-m", "mailsettings", "serve", "--port", str(port), "--workers", "2")
    limits = dict.fromkeys(("VISITOR_AT_ONCE", "VISITOR_PER_MINUTE", "VISITOR_PER_HOUR"), "1000")
    options = {"CACHE": ":memory:", "REDIS_URL": f"redis://127.0.0.1:{store}/0", **limits}
    with redis(store), name_server() as (asked, dns):
        options["RESOLVER"] = f"127.0.0.1:{dns}"
        with running(*command, port=port, **{f"MAILSETTINGS_{name}": value for name, value in options.items()}):
            _answered(f"http://127.0.0.1:{port}/healthz")
            answers = anyio.run(_crowd, f"http://127.0.0.1:{port}/v1/detect")

    assert answers == [(200, "crowd.example")] * 200
    assert asked.count("crowd.example") == 1


async def _crowd(url: str) -> list[tuple[int, str]]:
    """Ask for one domain two hundred times at once, each on a connection of its own."""
    answers: list[tuple[int, str]] = []

    async def one(number: int) -> None:
        answer = await client.post(url, json={"address": f"v{number}@crowd.example"})
        answers.append((answer.status_code, answer.json()["address"].partition("@")[2]))

    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(timeout=60, limits=limits) as client, anyio.create_task_group() as group:
        for number in range(200):
            group.start_soon(one, number)
    return answers


@contextmanager
def name_server(delay: float = 0.5) -> Iterator[tuple[list[str], int]]:
    """Run a name server that takes *delay* seconds to say that it knows no name; what it was asked for the mail of."""
    asked: list[str] = []

    async def serve(udp: socket.socket) -> None:
        async with anyio.create_task_group() as group:
            while True:
                await anyio.wait_readable(udp)
                query, place = udp.recvfrom(4096)
                group.start_soon(answer, udp, query, place)

    async def answer(udp: socket.socket, query: bytes, place: tuple[str, int]) -> None:
        message = dns.message.from_wire(query)
        if message.question[0].rdtype == dns.rdatatype.MX:
            asked.append(message.question[0].name.to_text(omit_final_dot=True))
        response = dns.message.make_response(message)
        response.set_rcode(dns.rcode.NXDOMAIN)
        await anyio.sleep(delay)
        udp.sendto(response.to_wire(), place)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, start_blocking_portal("asyncio") as portal:
        udp.bind(("127.0.0.1", 0))
        udp.setblocking(False)
        future = portal.start_task_soon(serve, udp)
        try:
            yield asked, udp.getsockname()[1]
        finally:
            future.cancel()


def test_closing_the_connection_cancels_the_work() -> None:
    """
    A stream whose reader closes the connection is no longer worked for.
    """
    with service_in_memory() as url:
        with httpx.stream("POST", f"{url}v1/detect/stream", json={"address": "ada@silent.example"}) as response:
            lines = response.iter_lines()  # kept: without it, the client would hang up here
            next(lines)
            before = running_at(url)
        deadline = time.monotonic() + 2
        while running_at(url) and time.monotonic() < deadline:
            time.sleep(0.05)

        assert (before, running_at(url)) == (1, 0)


@pytest.mark.parametrize("path", ["v1/detect", ""])
def test_not_waiting_for_the_answer_cancels_the_work(path: str) -> None:
    """
    Neither is a plain request: closing the connection releases the slot at once.
    """
    with service_in_memory() as url:
        body = b'{"address": "ada@silent.example"}' if path else b"address=ada%40silent.example"
        kind = b"json" if path else b"x-www-form-urlencoded"
        head = f"POST /{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n".encode()
        port = int(url.rstrip("/").rpartition(":")[2])
        with closing(socket.create_connection(("127.0.0.1", port))) as visitor:
            visitor.sendall(head + b"Content-Type: application/" + kind + b"\r\n\r\n" + body)
            before = _running_becomes(url, 1)

        assert (before, _running_becomes(url, 0)) == (1, 0)


def _running_becomes(url: str, wanted: int) -> int:
    """Return how many detections are under way when they are *wanted*, or after two seconds."""
    deadline = time.monotonic() + 2
    while (now := running_at(url)) != wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    return now


def running_at(url: str) -> int:
    """Return how many detections are under way."""
    text = httpx.get(f"{url}metrics").text
    return int(float(text.partition("\nmailsettings_running ")[2].split()[0]))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_ends_on_sigterm(workers: str) -> None:
    """
    SIGTERM: the port is free again within the time to drain, with one worker and with two.
    """
    port = free_port()
    command = (sys.executable, "-m", "mailsettings", "serve", "--port", str(port), "--workers", workers)
    with running(*command, port=port, MAILSETTINGS_CACHE=":memory:", MAILSETTINGS_DRAIN="1") as process:
        status = _answered(f"http://127.0.0.1:{port}/healthz")
        process.terminate()
        process.wait(10)

    with closing(socket.socket()) as probe:
        assert (status, probe.connect_ex(("127.0.0.1", port)) != 0) == (200, True)


def test_what_is_under_way_is_answered_before_the_end() -> None:
    """
    SIGTERM in the middle of a search: its visitor gets the answer, the next cannot connect, the process ends.
    """
    port = free_port()
    command = (sys.executable, "-m", "mailsettings", "serve", "--port", str(port))
    url = f"http://127.0.0.1:{port}"
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(httpx.post(f"{url}/v1/detect", json={"address": "ada@late.example"}, timeout=30).status_code)

    with name_server() as (asked, dns):
        options = {"MAILSETTINGS_CACHE": ":memory:", "MAILSETTINGS_RESOLVER": f"127.0.0.1:{dns}"}
        with running(*command, port=port, **options) as process, ThreadPoolExecutor() as pool:
            visitor = pool.submit(ask)
            while not asked:
                time.sleep(0.01)
            process.terminate()
            visitor.result(30)
            process.wait(10)

    assert (statuses, asked) == ([200], ["late.example"])


def _answered(url: str) -> int:
    """Return the status of *url*; with workers, the port is open before they are ready."""
    return httpx.get(url, timeout=30).status_code
