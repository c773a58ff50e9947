"""An internal address is indistinguishable, in content and in time, from one that does not respond.

Time is virtual and therefore exact: the same to the last digit, not only by a statistical test.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import pytest
from fastapi import FastAPI

from mailsettings.policy import Policy
from mailsettings.testing import FakeNetwork, run_virtual
from tests.support.web_service import Visitor, service, world

Asking = Callable[[FastAPI], Awaitable[Any]]
INTERNAL = ["10.0.0.7", "127.0.0.1", "169.254.169.254", "fd00::7", "64:ff9b::7f00:1"]
SERVER = {"protocol": "imap", "host": "imap.target.example", "port": 993, "security": "tls"}


def dead(like: str) -> str:
    """Return a public address of the same family that does not respond."""
    return "2a00:7::7" if ":" in like else "11.7.7.7"


def observed(
    ask: Asking, address: str, name: str = "imap.target.example", *, other: str = "", **limits: Any
) -> tuple[Any, float]:
    """Return what *ask* receives, and after how many seconds, in a world where *name* has *address*."""
    network: FakeNetwork = world()
    network.slow(0.02)
    for each in (name, other) if other else (name,):
        network.records(each, **{"AAAA" if ":" in address else "A": address})
    network.records("_imaps._tcp.by-srv.example", SRV="0 1 993 imap.target.example")
    network.records("by-mx.example", MX="10 imap.target.example")

    async def asked() -> Any:
        async with service(network, policy=Policy.personal(), **limits) as app:
            return await ask(app)

    return run_virtual(asked)


@pytest.mark.parametrize("address", INTERNAL)
@pytest.mark.parametrize(
    "name", ["imap.target.example", "smtp.target.example", "autoconfig.target.example", "target.example"]
)
def test_the_answer_and_its_time_are_the_same(address: str, name: str) -> None:
    """
    Whether a mail server, a document or the domain itself is inside.
    """

    async def ask(app: FastAPI) -> object:
        return (await Visitor(app).detect("ada@target.example")).json()

    assert observed(ask, address, name) == observed(ask, dead(address), name)


@pytest.mark.parametrize("domain", ["by-srv.example", "by-mx.example"])
def test_records_that_lead_inside_are_the_same(domain: str) -> None:
    """
    Names of SRV and MX records are checked as late, too.
    """

    async def ask(app: FastAPI) -> object:
        return (await Visitor(app).detect(f"ada@{domain}")).json()

    assert observed(ask, "10.0.0.7") == observed(ask, dead("10.0.0.7"))


@pytest.mark.parametrize("address", INTERNAL)
def test_the_events_and_their_times_are_the_same(address: str) -> None:
    """
    Each event comes at the same moment with the same words.
    """

    async def ask(app: FastAPI) -> list[str]:
        text = (await Visitor(app).post("/v1/detect/stream", {"address": "ada@target.example"})).text
        return sorted(text.split("\n\n"))  # of one moment, whose tasks have no order

    assert observed(ask, address) == observed(ask, dead(address))


@pytest.mark.parametrize("address", INTERNAL)
def test_a_login_is_the_same(address: str) -> None:
    """
    Typed servers are no way to look around, either.
    """

    async def ask(app: FastAPI) -> object:
        login = {"address": "ada@target.example", "password": "x", "incoming": SERVER}
        return (await Visitor(app).post("/v1/verify", login)).json()

    assert observed(ask, address) == observed(ask, dead(address))


@pytest.mark.parametrize("address", ["10.0.0.7", "fd00::7"])
def test_limits_on_an_address_do_not_tell(address: str) -> None:
    """
    An address that is contacted too often is given up sooner, and so is one that is denied.

    It was not: only addresses that were connected to were counted, and the seventh question was answered early for
    those alone.
    """

    async def ask(app: FastAPI) -> list[object]:
        seconds: list[object] = []
        for number in range(4):
            started = anyio.current_time()
            for domain in ("target.example", "second.example"):
                await Visitor(app).detect(f"ada@{domain}", protocol="imap" if number % 2 else None)
            seconds.append(anyio.current_time() - started)
        return seconds

    options: dict[str, Any] = {"other": "imap.second.example", "address_per_minute": 3}
    assert observed(ask, address, **options) == observed(ask, dead(address), **options)


def test_visitors_together_are_the_same() -> None:
    """
    Many at once meet the limit on connections to one address, inside as outside.
    """

    async def ask(app: FastAPI) -> list[float]:
        ends: list[float] = []

        async def one(number: int) -> None:
            await Visitor(app).post("/v1/verify", {"address": f"ada@n{number}.example", **login})
            ends.append(anyio.current_time())

        login = {"password": "x", "incoming": SERVER, "confirmed": [SERVER["host"]]}
        async with anyio.create_task_group() as group:
            for number in range(12):
                group.start_soon(one, number)
        return ends

    assert observed(ask, "10.0.0.7", address_at_once=2) == observed(ask, dead("10.0.0.7"), address_at_once=2)
