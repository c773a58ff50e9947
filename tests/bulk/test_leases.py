"""Connections that processes count together: what a client exchanges, in virtual time, with a register in memory."""

from collections.abc import Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address

import anyio
import pytest

from mailsettings.bulk import Answered, BulkLimits
from mailsettings.bulk.leases import RETRY_INTERVAL, UNANSWERED_TIMEOUT, Lease, LeaseClient, RegisterUnavailableError
from mailsettings.errors import MailSettingsError
from mailsettings.net.limiter import AddressLimiters, Slot
from mailsettings.policy import IPAddress
from mailsettings.testing import run_virtual
from tests.support.bulk_worlds import collected, world

IP = ip_address("11.0.0.1")
MOST = 3
LEASE = 30.0


class FakeRegister:
    """A register in memory; an exchange takes a tenth of a second."""

    def __init__(self) -> None:
        self.open: dict[str, float] = {}  # until when
        self.away = False
        self.rounds = 0

    async def exchange(
        self, returned: Sequence[Lease], held: Sequence[Lease], wanted: Sequence[Lease]
    ) -> Sequence[float]:
        self.rounds += 1
        await anyio.sleep(0.1)
        if self.away:
            raise RegisterUnavailableError("the register is lost")
        now = anyio.current_time()
        for lease in returned:
            self.open.pop(lease.name, None)
        for lease in held:
            self.open[lease.name] = now + LEASE
        return [self._enter(lease, now) for lease in wanted]

    def _enter(self, lease: Lease, now: float) -> float:
        self.open = {name: until for name, until in self.open.items() if until > now}
        if len(self.open) >= MOST:
            return 0.05
        self.open[lease.name] = now + LEASE
        return 0.0

    async def aclose(self) -> None:
        """Nothing is kept."""


class Server:
    """Counts connections to one address, whichever process they come from."""

    def __init__(self) -> None:
        self.now = self.most = self.total = 0

    @asynccontextmanager
    async def connection(self, limiters: AddressLimiters, ip: IPAddress):  # type: ignore[no-untyped-def]  # of a context manager
        limiter = limiters.at(ip)
        slot = await limiter.acquire()
        self.now += 1
        self.total += 1
        self.most = max(self.most, self.now)
        slot.answered = True
        try:
            yield
        finally:
            self.now -= 1
            limiter.release(slot)


def test_processes_together_open_no_more_than_one_may() -> None:
    """
    Four of them, each with twenty connections to make; all are made, three at a time.
    """
    register, server = FakeRegister(), Server()

    async def connect(limiters: AddressLimiters) -> None:
        async with server.connection(limiters, IP):
            await anyio.sleep(1)

    async def process(leases: LeaseClient) -> None:
        async with anyio.create_task_group() as background:
            background.start_soon(leases.run)
            limiters = AddressLimiters(MOST, 0.3, leases)
            async with anyio.create_task_group() as group:
                for _ in range(20):
                    group.start_soon(connect, limiters)
            background.cancel_scope.cancel()

    async def all_of_them() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(4):
                group.start_soon(process, LeaseClient(register, LEASE))

    run_virtual(all_of_them)
    assert (server.most, server.total, register.open) == (MOST, 80, {})


@asynccontextmanager
async def running(leases: LeaseClient):  # type: ignore[no-untyped-def]  # of a context manager
    async with anyio.create_task_group() as background:
        background.start_soon(leases.run)
        yield
        background.cancel_scope.cancel()


def test_one_round_grants_many() -> None:
    """
    What is wanted at one moment is asked for at once, and everything is given back in the end.
    """
    register = FakeRegister()

    async def three() -> tuple[int, int]:
        async with running(leases := LeaseClient(register, LEASE)):
            async with anyio.create_task_group() as group:
                for _ in range(MOST):
                    group.start_soon(leases.acquire, IP, Slot(0.0))
            return register.rounds, len(register.open)

    (rounds, inside), _ = run_virtual(three)
    assert (rounds <= 2, inside, register.open) == (True, MOST, {})


def test_a_filtered_port_does_not_block_others_for_long() -> None:
    """
    A connection that is not answered for a second no longer counts; one that is answered at last counts again.
    """
    register = FakeRegister()

    async def four() -> tuple[float, int]:
        async with running(leases := LeaseClient(register, LEASE)):
            slots = [Slot(0.0) for _ in range(MOST)]
            for slot in slots:
                await leases.acquire(IP, slot)
            await leases.acquire(IP, Slot(0.0))
            granted = anyio.current_time()
            for slot in slots:
                slot.answered = True
            await anyio.sleep(LEASE)
            return granted, len(register.open)

    (granted, inside), _ = run_virtual(four)
    assert UNANSWERED_TIMEOUT <= granted <= UNANSWERED_TIMEOUT + 1
    assert inside == MOST


def test_what_is_open_is_kept() -> None:
    """
    A connection that outlives its lease keeps others out as long as it is open.
    """
    register = FakeRegister()

    async def long() -> int:
        async with running(leases := LeaseClient(register, LEASE)):
            for _ in range(MOST):
                slot = Slot(0.0, answered=True)
                await leases.acquire(IP, slot)
            await anyio.sleep(10 * LEASE)
            return sum(until > anyio.current_time() for until in register.open.values())

    inside, _ = run_virtual(long)
    assert inside == MOST


def test_a_run_that_ends_keeps_nothing() -> None:
    """
    Also at the moment at which everything was to be renewed, and with connections that are still being closed.
    """
    register = FakeRegister()

    async def ending() -> None:
        async with running(leases := LeaseClient(register, LEASE)):
            slots = [Slot(0.0, answered=True) for _ in range(MOST)]
            for slot in slots:
                await leases.acquire(IP, slot)
            await anyio.sleep_until(LEASE / 3)
        for slot in slots:
            leases.release(slot)

    run_virtual(ending)
    assert register.open == {}


def test_one_who_is_cancelled_leaves_nothing_behind() -> None:
    """
    Whether the question was not yet asked, on its way, or answered with no.
    """
    register = FakeRegister()

    async def impatient() -> int:
        async with running(leases := LeaseClient(register, LEASE)):
            for number in range(30):
                with anyio.move_on_after(0.01 * number):
                    await leases.acquire(IP, slot := Slot(0.0, answered=True))
                    leases.release(slot)
            await anyio.sleep(1)
            return len(register.open)

    inside, _ = run_virtual(impatient)
    assert inside == 0


def test_without_the_register_it_goes_on_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    """
    Everybody is let in while it is away; when it is back, what is still open is written down first.
    """
    register = FakeRegister()

    async def outage() -> tuple[float, list[str], int]:
        async with running(leases := LeaseClient(register, LEASE)):
            register.away = True
            began = anyio.current_time()
            for _ in range(MOST):
                await leases.acquire(IP, Slot(0.0, answered=True))
            took = anyio.current_time() - began
            await anyio.sleep(4 * RETRY_INTERVAL)
            register.away = False
            await anyio.sleep(RETRY_INTERVAL + 1)
            with anyio.move_on_after(5):
                await leases.acquire(IP, Slot(0.0))
            return took, [record.message for record in caplog.records], len(register.open)

    (took, said, inside), _ = run_virtual(outage)
    assert (took <= 0.2, inside) == (True, MOST)
    assert said == [
        "mailsettings: the register is lost; connections are limited by each process alone while it is away",
    ]


def test_trio_is_told_at_once() -> None:
    """
    The Redis client needs asyncio; the error comes before anything is contacted.
    """
    net = world(own=1)

    async def search() -> list[Answered]:
        return await collected(["o0.example"], net.transport(), limits=BulkLimits(redis="redis://127.0.0.1/0"))

    with pytest.raises(MailSettingsError, match="need asyncio"):
        run_virtual(search)
    assert net.questions == ()
