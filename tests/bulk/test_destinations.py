"""Concurrency per destination."""

from __future__ import annotations

import anyio
import pytest

from mailsettings.bulk.destinations import Destination, KeyedSemaphore, find_destination
from mailsettings.net.network import open_network
from mailsettings.policy import Policy
from mailsettings.testing import FakeNetwork, run_virtual


def test_slots_are_counted_for_each_key() -> None:
    """
    Two at a time for one destination, others at once; unused semaphores are discarded.
    """
    semaphore, held, most = KeyedSemaphore(2), {"a": 0, "b": 0}, {"a": 0, "b": 0}

    async def hold(key: str) -> None:
        async with semaphore.acquire(key):
            held[key] += 1
            most[key] = max(most[key], held[key])
            await anyio.sleep(1)
            held[key] -= 1

    async def all_of_them() -> None:
        async with anyio.create_task_group() as group:
            for key in "aaaaab":
                group.start_soon(hold, key)

    _, seconds = run_virtual(all_of_them)
    assert (most, seconds, len(semaphore)) == ({"a": 2, "b": 1}, 3.0, 0)


@pytest.mark.parametrize(
    ("exchanger", "expected"),
    [
        ("mx1.free.fr", Destination("free-fr", in_table=True)),
        ("mail.customer.free.fr", None),
        ("customer.hd.free.fr", None),
        ("mx.example.net", None),
    ],
    ids=["exchanger", "shared name", "rented", "unknown"],
)
def test_a_provider_is_a_destination_only_by_a_name_that_is_surely_its_own(
    exchanger: str, expected: Destination | None
) -> None:
    """
    Otherwise the address of the exchanger is, and guesses at the domain's own servers are not left out.
    """
    net = FakeNetwork()
    net.records("customer.example", MX=f"10 {exchanger}")
    net.host(exchanger)

    async def find() -> tuple[Destination, str]:
        policy = Policy()
        async with open_network(policy, net.transport(policy)) as network:
            return await find_destination(network, "customer.example"), min(await network.resolve(exchanger))

    (found, address), _ = run_virtual(find)
    assert found == (expected or Destination(address))
