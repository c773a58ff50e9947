"""Addresses of one destination in one batch, and no two batches for one destination at a time."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mailsettings.bulk import Entry
from mailsettings.bulk.dask import MAX_DEFERRED, BatchQueue, likely_destination_of, locate_batch, partition, run_batches
from mailsettings.bulk.shards import Batch, Shards, batches
from mailsettings.errors import DocumentError
from mailsettings.net.streams import Transport
from tests.bulk.test_dask import client
from tests.support.bulk_worlds import GOOGLE, world
from tests.support.dask_batches import alone

__all__ = ["client"]  # a fixture

ENTRIES = tuple(Entry(place, f"ada@{place}.example") for place in range(1, 13))
DESTINATIONS = [(f"11.0.0.{place % 3}", False) for place in range(12)]


def there() -> Transport:
    """Build a network with a provider, a machine for two domains, and a domain that does not exist."""
    net = world()
    net.records("h.example", MX=GOOGLE)
    net.host("mx.example", "11.7.0.1")
    net.records("one.example", MX="10 mx.example")
    net.records("other.example", MX="10 mx.example")
    return net.transport()


def test_neighbours_have_one_destination() -> None:
    """
    Every address is in one batch, in the order of the input, and destinations are not spread over batches.
    """
    found = partition(ENTRIES, DESTINATIONS, 4, first=100)

    assert [batch.number for batch in found] == [100, 101, 102]
    assert [[entry.place for entry in batch.entries] for batch in found] == [
        [1, 4, 7, 10],
        [2, 5, 8, 11],
        [3, 6, 9, 12],
    ]
    assert [batch.destinations for batch in found] == [{"11.0.0.0"}, {"11.0.0.1"}, {"11.0.0.2"}]


def test_a_provider_of_the_table_may_be_in_many_batches() -> None:
    """
    Each contacts its servers once, however many of its domains are in it.
    """
    [batch] = partition(ENTRIES[:2], [("google-workspace", True), ("11.0.0.1", False)], 4, first=0)

    assert batch.destinations == {"11.0.0.1"}


def test_where_mail_goes_is_asked_first() -> None:
    """
    The provider of the MX, the machine of the MX, the domain itself, or nowhere.
    """
    found = locate_batch(["h.example", "ada@one.example", "other.example", "gone.example", "@"], transport=there)

    assert found == [
        ("google-workspace", True),
        ("11.7.0.1", False),
        ("11.7.0.1", False),
        ("gone.example", False),
        ("", False),
    ]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("ada@gmail.com", ("gmail", True)),
        ("ada@mail.corp.example", ("corp.example", False)),
        ("@", ("", False)),
    ],
)
def test_without_asking_the_table_and_the_owner_are_known(text: str, place: tuple[str, bool]) -> None:
    """
    For what could not be asked.
    """
    found = likely_destination_of(Entry(1, text))

    assert found == place


def test_a_busy_destination_does_not_hold_up_the_others() -> None:
    """
    Its next batch waits, those behind it do not; of a list with nothing else, few are read.
    """
    one, other = frozenset({"one"}), frozenset({"other"})
    queue = BatchQueue(iter([Batch(0, ENTRIES, one), Batch(1, ENTRIES, one), Batch(2, ENTRIES, other)]))
    first = queue.next_batch([])
    assert first is not None
    second = queue.next_batch([first])
    third = queue.next_batch([first])
    fourth = queue.next_batch([])

    assert [batch and batch.number for batch in (first, second, third, fourth)] == [0, 2, None, 1]


def test_few_batches_wait() -> None:
    """
    However many there are for a destination that is busy.
    """
    source = iter([Batch(number, ENTRIES, frozenset({"one"})) for number in range(10 * MAX_DEFERRED)])
    queue = BatchQueue(source)
    first = queue.next_batch([])
    assert first is not None
    assert queue.next_batch([first]) is None
    rest = next(source)

    assert rest.number == MAX_DEFERRED + 1


def test_no_two_workers_are_at_one_destination(client: Any, tmp_path: Path) -> None:
    """
    Thirty batches for three destinations on two workers: two for one destination at once would be errors.
    """
    entries = [Entry(place, f"d{place % 3}.example") for place in range(1, 61)]
    destinations = [(entry.text, False) for entry in entries]
    work = partial(alone, directory=str(tmp_path))
    found = list(run_batches(client, work, iter(partition(entries, destinations, 2, first=0))))

    assert [done.error for done in found] == [""] * 30


def test_a_later_run_makes_the_same_batches(tmp_path: Path) -> None:
    """
    Whatever DNS says by then: shards that exist would otherwise be of other addresses.
    """
    [window] = batches(ENTRIES, 100)
    Shards(tmp_path, 4, resume=False).cached_plan(window, lambda: DESTINATIONS)
    again = Shards(tmp_path, 4, resume=True).cached_plan(window, lambda: [("elsewhere", False)] * 12)

    assert again == DESTINATIONS


def test_an_input_that_has_grown_is_refused(tmp_path: Path) -> None:
    """
    Its new addresses would be missing from shards that exist.
    """
    shards = Shards(tmp_path, 10, resume=False)
    [short] = batches(ENTRIES[:9], 10)
    shards.cached_plan(short, lambda: DESTINATIONS[:9])
    shards.write(short, [{"place": entry.place, "input": entry.text, "verdict": "nothing"} for entry in short.entries])

    with pytest.raises(DocumentError, match="another input"):
        list(shards.missing(batches(ENTRIES, 10)))
    with pytest.raises(DocumentError, match="another input"):
        shards.cached_plan(Batch(0, ENTRIES), lambda: DESTINATIONS)
