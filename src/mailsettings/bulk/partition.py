"""Addresses of one destination put into one batch: where processes share no limits, each destination is one's business.

A first pass asks where the mail of each domain goes: one or two of some twenty questions. The batches are made for some
thousand addresses at a time, so that a long input needs no more memory than a short one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import aclosing

import anyio

from mailsettings.bulk.common import Common, SharedNet, SharedTransport
from mailsettings.bulk.destination import Destination, destination, likely_destination
from mailsettings.bulk.entries import Entry, parse_entry
from mailsettings.bulk.pace import Pace
from mailsettings.bulk.shards import Batch, Place
from mailsettings.errors import AddressError
from mailsettings.net.network import open_network
from mailsettings.net.streams import Transport
from mailsettings.policy import Policy


def partitioned(entries: Sequence[Entry], places: Sequence[Place], size: int, *, first: int) -> list[Batch]:
    """Cut *entries* into batches of *size*, numbered from *first*, so that those of one of *places* are neighbours."""
    order = sorted(range(len(entries)), key=lambda index: (places[index], entries[index].place))
    cuts = [order[at : at + size] for at in range(0, len(order), size)]
    return [_batch(first + number, cut, entries, places) for number, cut in enumerate(cuts)]


def _batch(number: int, cut: Iterable[int], entries: Sequence[Entry], places: Sequence[Place]) -> Batch:
    indices = sorted(cut, key=lambda index: entries[index].place)
    # What has the same servers is contacted once in each batch; it is the others that have to take turns.
    busy = frozenset(places[index][0] for index in indices if places[index][0] and not places[index][1])
    return Batch(number, tuple(entries[index] for index in indices), busy)


def place_batch(
    entries: Iterable[str | Entry],
    *,
    concurrency: int = 64,
    policy: Policy | None = None,
    transport: Callable[[], Transport] | None = None,
) -> list[Place]:
    """Return where the mail of each of *entries* goes; blocks until all is known. What is no address goes nowhere."""
    texts = [each.text if isinstance(each, Entry) else each for each in entries]
    domains = [_domain(text) for text in texts]
    found = anyio.run(_places, {domain for domain in domains if domain}, Pace.of(concurrency), policy, transport)
    return [found.get(domain, ("", False)) for domain in domains]


def likely_place(entry: Entry) -> Place:
    """Return where the mail of *entry* goes as far as that is known without asking."""
    domain = _domain(entry.text)
    place = likely_destination(domain) if domain else Destination("")
    return place.key, place.known


def _domain(text: str) -> str:
    try:
        return parse_entry(text).domain
    except AddressError:
        return ""


async def _places(
    domains: Iterable[str], pace: Pace, policy: Policy | None, transport: Callable[[], Transport] | None
) -> dict[str, Place]:
    from mailsettings.net.internet import Internet

    rules, found = pace.rules(policy), dict[str, Place]()
    room, common = anyio.Semaphore(pace.concurrency), Common(pace, rules, lambda: True)
    async with aclosing(transport() if transport else Internet(rules)) as below:

        async def look(domain: str) -> None:
            async with open_network(rules, SharedTransport(below, common, domain)) as network:
                place = await destination(SharedNet(network, common, domain), domain)
            found[domain] = place.key, place.known
            room.release()

        async with anyio.create_task_group() as group:
            for domain in domains:
                await room.acquire()
                group.start_soon(look, domain)
    return found
