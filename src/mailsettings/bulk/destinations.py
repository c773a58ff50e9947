"""Where a domain's mail goes, and how many searches may run at once for each destination."""

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

# Providers that pass the mail on: where the mailboxes are has to be found out.
_PASSING_ON = frozenset({"filter", "forwarder"})


@dataclass(frozen=True, slots=True)
class Destination:
    """What the domains that burden the same servers have in common: a provider's id, an IP address, or themselves."""

    key: str
    in_table: bool = False  # the table has servers for it, so that no name need be guessed
    dead: bool = False  # there is no such domain, or it receives no mail: nothing else is worth asking


async def find_destination(net: Net, domain: str) -> Destination:
    """Say where the mail of *domain* goes: its provider, else the address of its first mail exchanger, else itself.

    The detection asks the same questions, and is answered from its own memory.
    """
    if (row := table.find_domain(domain)) is not None:
        return _of_row(row)
    try:
        answer = await net.ask(Question(domain, "MX"))
        host = _first_exchanger(answer.records)
        if not host:
            return Destination(domain, dead=not answer.exists or bool(answer.records))
        row = table.find_mx(host, domain=domain)
        return _of_row(row) if row is not None else Destination(min(await net.resolve(host)))
    except NetworkError:
        return Destination(domain)


def likely_destination(domain: str) -> Destination:
    """Say where the mail of *domain* goes as far as that is known without asking: the table, else its own owner."""
    row = table.find_domain(domain)
    return _of_row(row) if row is not None else Destination(registrable(domain))


def _of_row(row: Row) -> Destination:
    passes_on = row.provider.kind in _PASSING_ON
    return Destination(row.provider.id, in_table=bool(row.incoming and row.outgoing) and not passes_on)


def _first_exchanger(records: tuple[object, ...]) -> str:
    exchangers = sorted((each.preference, each.host) for each in records if isinstance(each, MX) and each.host)
    return exchangers[0][1] if exchangers else ""


@dataclass(slots=True)
class _Queue:
    room: anyio.Semaphore
    users: int = 0  # inside or waiting


class KeyedSemaphore:
    """A semaphore for each key, kept for as long as somebody is inside or waits."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._queues: dict[Hashable, _Queue] = {}

    def __len__(self) -> int:
        return len(self._queues)

    @asynccontextmanager
    async def acquire(self, key: Hashable) -> AsyncIterator[None]:
        """Wait until fewer than *most* others are inside with the same *key*."""
        queue = self._queues.setdefault(key, _Queue(anyio.Semaphore(self._most)))
        queue.users += 1
        try:
            async with queue.room:
                yield
        finally:
            queue.users -= 1
            if not queue.users:
                del self._queues[key]
