"""Destinations: where a domain's mail goes, and a semaphore that bounds the searches for each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio

from mailsettings.errors import NetworkError
from mailsettings.hostnames import registrable
from mailsettings.interfaces import MX, Net
from mailsettings.model import Question
from mailsettings.provider_table import table
from mailsettings.provider_table.rows import Row

# Kinds of providers that relay the mail: where the mailboxes are has to be found out.
_RELAY_KINDS = frozenset({"filter", "forwarder"})


@dataclass(frozen=True, slots=True)
class Destination:
    """What domains that use the same servers have in common: a provider's id, an IP address, or their own name."""

    key: str
    in_table: bool = False  # the table has servers for it, so that guessing names is not needed
    dead: bool = False  # the domain does not exist or receives no mail: nothing else is worth asking


async def find_destination(net: Net, domain: str) -> Destination:
    """Return where the mail of *domain* goes: its provider, else the address of its first mail exchanger, else itself.

    The detection asks the same questions again, and is answered from the cache of *net*.
    """
    if (row := table.find_domain(domain)) is not None:
        return _of_row(row)
    try:
        answer = await net.ask(Question(domain, "MX"))
        host = _first_exchanger(answer.records)
        if not host:
            return Destination(domain, dead=not answer.exists or bool(answer.records))
        found = table.find_mx(host, domain=domain)
        return _of_row(found.row) if found is not None else Destination(min(await net.resolve(host)))
    except NetworkError:
        return Destination(domain)


def likely_destination(domain: str) -> Destination:
    """Return where the mail of *domain* goes without asking: the provider in the table, else the registrable domain."""
    row = table.find_domain(domain)
    return _of_row(row) if row is not None else Destination(registrable(domain))


def _of_row(row: Row) -> Destination:
    relays = row.provider.kind in _RELAY_KINDS
    return Destination(row.provider.id, in_table=bool(row.incoming and row.outgoing) and not relays)


def _first_exchanger(records: tuple[object, ...]) -> str:
    exchangers = sorted((each.preference, each.host) for each in records if isinstance(each, MX) and each.host)
    return exchangers[0][1] if exchangers else ""


@dataclass(slots=True)
class _CountedSemaphore:
    semaphore: anyio.Semaphore
    users: int = 0  # tasks that hold a slot or wait for one


class KeyedSemaphore:
    """A semaphore of *slots* for each key; one that no task holds or waits for is discarded."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._semaphores: dict[Hashable, _CountedSemaphore] = {}

    def __len__(self) -> int:
        return len(self._semaphores)

    @asynccontextmanager
    async def acquire(self, key: Hashable) -> AsyncIterator[None]:
        """Wait for a slot of *key*, and hold it until the block is left."""
        counted = self._semaphores.setdefault(key, _CountedSemaphore(anyio.Semaphore(self._slots)))
        counted.users += 1
        try:
            async with counted.semaphore:
                yield
        finally:
            counted.users -= 1
            if not counted.users:
                del self._semaphores[key]
