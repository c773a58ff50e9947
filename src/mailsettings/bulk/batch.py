"""One batch of a long list, start to end in one call: what a process of Dask, Ray or Spark does.

detect_batch(("ada@example.org", "gmail.com"))  ->  two records (see report.py), in the order of the input
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import anyio

from mailsettings.bulk.entries import Entry
from mailsettings.bulk.many import detect_many
from mailsettings.bulk.pace import Pace
from mailsettings.bulk.report import record_of
from mailsettings.net.streams import Transport
from mailsettings.policy import Policy
from mailsettings.schema import Object


def detect_batch(
    entries: Iterable[str | Entry],
    *,
    concurrency: int = 64,
    redis: str = "",
    pace: Pace | None = None,
    policy: Policy | None = None,
    full: bool = False,
    transport: Callable[[], Transport] | None = None,
) -> list[Object]:
    """Return a record for each of *entries*, in their order; blocks until all of them are answered.

    Shares nothing with other batches, so that what has one provider is best put into one batch, but the limits on
    connections with those that name the same *redis*, a URL; *pace* says both and more. *full* adds the whole
    detection to each record. *transport* makes a stand-in for the Internet, for tests.
    """
    search = partial(
        _records, pace=pace or Pace.of(concurrency, redis=redis), policy=policy, full=full, transport=transport
    )
    return sorted(anyio.run(search, list(entries)), key=lambda record: int(record["place"]))


async def _records(
    entries: list[str | Entry],
    *,
    pace: Pace,
    policy: Policy | None,
    full: bool,
    transport: Callable[[], Transport] | None,
) -> list[Object]:
    below = transport() if transport else None
    async with detect_many(entries, pace=pace, policy=policy, transport=below) as stream:
        return [record_of(each, full=full) async for each in stream]
