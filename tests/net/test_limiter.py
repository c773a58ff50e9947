"""The limiter of connections per address."""

from __future__ import annotations

from ipaddress import ip_address

from mailsettings.net.limiter import FEW, AddressLimiters
from mailsettings.testing import run_virtual


def test_gates_that_nobody_uses_are_forgotten() -> None:
    """
    A million addresses contacted one after the other take no more memory than a thousand.
    """
    limiters = AddressLimiters(2, 0.3)
    first = int(ip_address("11.0.0.0"))

    async def visit_many() -> bool:
        held = await limiters.at(ip_address("11.255.0.1")).acquire()
        for number in range(5 * FEW):
            limiter = limiters.at(ip_address(first + number))
            limiter.release(await limiter.acquire())
        await limiters.at(ip_address("11.255.0.1")).acquire()
        full = limiters.is_full(ip_address("11.255.0.1"))
        limiters.at(ip_address("11.255.0.1")).release(held)
        return full

    full, _ = run_virtual(visit_many)
    assert (full, len(limiters) <= FEW) == (True, True)
