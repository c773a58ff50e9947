"""Limits that processes share in a real Redis."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from ipaddress import ip_address
from pathlib import Path

import anyio
import pytest
from anyio.abc import SocketStream

from mailsettings.bulk import BulkLimits, detect_batch
from mailsettings.bulk.leases import Lease, LeaseClient
from mailsettings.bulk.redis import RedisRegister
from mailsettings.net.limiter import Slot
from tests.support.dask_batches import transport
from tests.support.processes import free_port, redis
from tests.support.shared_limits_program import LEASE, MACHINE, MOST, limits_for

pytestmark = [
    pytest.mark.redis,
    pytest.mark.slow,
    pytest.mark.anyio,
    pytest.mark.skipif(not shutil.which("redis-server"), reason="no redis-server; tests/web/install installs it"),
]
IP = ip_address(MACHINE)
ROOT = Path(__file__).parent.parent.parent
PATIENCE = 60  # seconds; for a loaded machine, nothing is measured here


@pytest.fixture
def anyio_backend() -> str:
    """The client belongs to asyncio."""
    return "asyncio"


@pytest.fixture
def port() -> Iterator[int]:
    port = free_port()
    with redis(port):
        yield port


def url(port: int) -> str:
    return f"redis://127.0.0.1:{port}/0"


def lease(name: str) -> Lease:
    return Lease(IP, name, Slot(0.0))


async def waits(register: RedisRegister, *names: str) -> list[float]:
    """Ask for leases of these *names*; return how long each has to wait."""
    return list(await register.exchange((), (), [lease(name) for name in names]))


class Counter:
    """A server that notes how many connections there are at once."""

    def __init__(self) -> None:
        self.now = self.most = self.total = 0

    async def handle(self, stream: SocketStream) -> None:
        self.now += 1
        self.total += 1
        self.most = max(self.most, self.now)
        try:
            async with stream:
                while True:
                    await stream.receive()
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            self.now -= 1


def neighbour(*arguments: object) -> "subprocess.Popen[str]":
    command = (sys.executable, "-m", "tests.support.shared_limits_program", *map(str, arguments))
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def cli(port: int, *words: str) -> str:
    """Return what Redis itself says."""
    command = ("redis-cli", "-p", str(port), "--raw", *words)
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


async def test_so_many_are_let_in_and_not_one_more(port: int) -> None:
    """
    Who gives a place back lets another one in.
    """
    register = RedisRegister(limits_for(url(port)))
    first = await waits(register, "a", "b", "c", "d")
    await register.exchange([lease("b")], (), ())
    second = await waits(register, "d", "e")
    await register.aclose()

    assert [wait > 0 for wait in first] == [False, False, False, True]
    assert [wait > 0 for wait in second] == [False, True]


async def test_so_many_begin_in_a_second(port: int) -> None:
    """
    Later ones are given the time to ask again: within a second.
    """
    register = RedisRegister(replace(limits_for(url(port)), per_address=100, per_second=5))
    found = await waits(register, *map(str, range(20)))
    await register.aclose()

    assert [wait > 0 for wait in found] == [False] * 5 + [True] * 15
    assert max(found) <= 1.001


async def test_addresses_have_nothing_to_do_with_each_other(port: int) -> None:
    """
    One that is full does not block another one.
    """
    register = RedisRegister(limits_for(url(port)))
    await waits(register, "a", "b", "c")
    found = await register.exchange((), (), [Lease(ip_address("11.9.9.10"), "d", Slot(0.0)), lease("e")])
    await register.aclose()

    assert [wait > 0 for wait in found] == [False, True]


async def test_nothing_is_left_in_redis(port: int) -> None:
    """
    Every key has an end, so that a hundred million addresses leave nothing behind.
    """
    register = RedisRegister(limits_for(url(port)))
    await waits(register, "a", "b")
    await register.exchange((), [lease("a")], ())
    names = cli(port, "keys", "*").split()
    ends = [int(cli(port, "pttl", name)) for name in names]
    await register.aclose()

    assert sorted(names) == ["mailsettings:1:{11.9.9.9}:begun", "mailsettings:1:{11.9.9.9}:open"]
    assert all(0 < end <= 1000 * LEASE + 2000 for end in ends)


async def test_two_processes_open_no_more_than_one_may(port: int) -> None:
    """
    Counted where the connections arrive; and every domain is found.
    """
    counter = Counter()
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, counter.handle)
        place = listener.extra(anyio.abc.SocketAttribute.local_port)
        processes = [neighbour(url(port), place, first, first + 20) for first in (0, 20)]
        said = [await anyio.to_thread.run_sync(process.communicate, None, PATIENCE) for process in processes]
        group.cancel_scope.cancel()

    assert [(out.split(), err) for out, err in said] == [(["verified"] * 20, "")] * 2
    assert counter.most == MOST
    assert counter.total >= 2 * 40


async def test_what_a_killed_process_had_lapses(port: int) -> None:
    """
    Its connections count until their leases are over, then others are let in.
    """
    counter, arrived = Counter(), anyio.Event()

    async def handle(stream: SocketStream) -> None:
        arrived.set()
        await counter.handle(stream)

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, handle)
        place = listener.extra(anyio.abc.SocketAttribute.local_port)
        with neighbour(url(port), place, 0, 2000) as process:
            with anyio.fail_after(PATIENCE):
                await arrived.wait()
            process.send_signal(signal.SIGKILL)
        group.cancel_scope.cancel()
    register = RedisRegister(limits_for(url(port)))
    before = [wait > 0 for wait in await waits(register, "a", "b", "c")]
    leases = LeaseClient(register, LEASE)
    async with anyio.create_task_group() as group:
        group.start_soon(leases.run)
        with anyio.fail_after(PATIENCE):
            for _ in range(MOST - before.count(False)):
                await leases.acquire(IP, Slot(0.0, answered=True))
        group.cancel_scope.cancel()

    assert any(before), "it was killed too late to hold anything"


async def test_a_batch_shares_its_limits(port: int) -> None:
    """
    What a worker of Dask, Ray or Spark runs asks Redis for each connection.
    """
    search = partial(detect_batch, ["d1.example", "d2.example"], redis=url(port), transport=transport)
    found = await anyio.to_thread.run_sync(search)
    said = cli(port, "info", "commandstats")

    assert [record["verdict"] for record in found] == ["verified"] * 2
    assert "cmdstat_eval:calls=" in said


async def test_redis_may_go_and_come_back(caplog: pytest.LogCaptureFixture) -> None:
    """
    Killed: connections are made as before. Back, and empty: what is open is written down, and keeps others out again.
    """
    port = free_port()
    leases = LeaseClient(RedisRegister(limits_for(url(port))), LEASE, retry_interval=0.1)
    async with anyio.create_task_group() as group:
        with redis(port):
            group.start_soon(leases.run)
            await leases.acquire(IP, Slot(0.0, answered=True))
        for _ in range(MOST - 1):
            await leases.acquire(IP, Slot(0.0, answered=True))
        with redis(port), anyio.fail_after(PATIENCE):
            other = RedisRegister(limits_for(url(port)))
            while not (await waits(other, "other"))[0]:
                await other.exchange([lease("other")], (), ())
                await anyio.sleep(0.05)
            await other.aclose()
            group.cancel_scope.cancel()

    [said] = [record.message for record in caplog.records if record.name == "mailsettings.bulk"]
    assert said.startswith("mailsettings: Redis does not answer (ConnectionError)")


def test_a_password_is_shown_nowhere() -> None:
    """
    Not by the limits that carry it.
    """
    assert "secret" not in repr(BulkLimits(redis="redis://:secret@10.0.0.1/0"))
