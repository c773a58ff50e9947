"""Batches, shards, and a Dask cluster whose workers die."""

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mailsettings.bulk import Entry, detect_batch
from mailsettings.bulk.shards import Batch, Shards, batches
from mailsettings.cli.app import cli
from mailsettings.cli.exit_codes import ExitCode
from mailsettings.errors import DocumentError
from tests.support.dask_batches import broken, killed_once, searched, transport
from tests.support.processes import free_port

ENTRIES = tuple(Entry(place, f"ada@d{place}.example") for place in range(1, 41))
SIZE = 4


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Start a cluster of two processes on the loopback interface."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def places(directory: Path) -> list[int]:
    """Return the places in all shards, in the order of the shards."""
    shards = sorted(directory.glob("part-*.jsonl"))
    return [json.loads(line)["place"] for shard in shards for line in shard.read_text().splitlines()]


def test_a_batch_is_done_in_one_call_and_in_order() -> None:
    """
    What Ray and Spark would call, too: addresses in, records out.
    """
    records = detect_batch(["ada@d2.example", "foo", "d1.example"], transport=transport)

    assert [(each["place"], each["verdict"]) for each in records] == [
        (1, "verified"),
        (2, "bad-address"),
        (3, "verified"),
    ]


def test_batches_have_all_entries_once() -> None:
    """
    In order, the last one shorter.
    """
    found = list(batches(ENTRIES, 16))

    assert [(each.number, len(each.entries)) for each in found] == [(0, 16), (1, 16), (2, 8)]
    assert tuple(entry for each in found for entry in each.entries) == ENTRIES


def test_shards_that_exist_are_not_done_again(tmp_path: Path) -> None:
    """
    Also those that were written out of order.
    """
    shards = Shards(tmp_path, SIZE, resume=False)
    for batch in list(batches(ENTRIES, SIZE))[3:5]:
        shards.write(batch, searched(batch.entries))
    again = Shards(tmp_path, SIZE, resume=True)

    assert [batch.number for batch in again.missing(batches(ENTRIES, SIZE))] == [0, 1, 2, 5, 6, 7, 8, 9]


def test_a_shard_is_there_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    """
    What breaks off while it is written leaves no shard.
    """
    shards = Shards(tmp_path, SIZE, resume=False)

    def endangered() -> Iterator[dict[str, Any]]:
        yield {"place": 1, "input": "ada@d1.example"}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shards.write(Batch(0, ENTRIES[:SIZE]), endangered())
    assert places(tmp_path) == []


def test_a_directory_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    """
    Unless the run is to be resumed.
    """
    (tmp_path / "diary").touch()

    with pytest.raises(FileExistsError):
        Shards(tmp_path, SIZE, resume=False)


def test_going_on_with_another_size_or_input_is_refused(tmp_path: Path) -> None:
    """
    The numbers of the shards would mean other addresses.
    """
    shards = Shards(tmp_path, SIZE, resume=False)
    shards.write(Batch(0, ENTRIES[:SIZE]), searched(ENTRIES[:SIZE]))

    with pytest.raises(DocumentError, match=r'wanted is \{"batch": 8'):
        Shards(tmp_path, 8, resume=True)
    with pytest.raises(DocumentError, match="another input"):
        list(shards.missing(batches(ENTRIES[1:], SIZE)))


def test_a_cluster_answers_every_address(client: Any, tmp_path: Path) -> None:
    """
    Each batch once, on two workers.
    """
    from mailsettings.bulk.dask import run_batches  # with the extra only

    shards = Shards(tmp_path, SIZE, resume=False)
    for done in run_batches(client, searched, shards.missing(batches(ENTRIES, SIZE))):
        shards.write(done.batch, done.results)

    assert places(tmp_path) == [entry.place for entry in ENTRIES]


def test_a_killed_worker_loses_nothing(client: Any, tmp_path: Path) -> None:
    """
    kill -9 of a worker process in the middle of a batch: another one does the batch again, and no record is double.
    """
    from mailsettings.bulk.dask import run_batches  # with the extra only

    mark = tmp_path / "killed"
    work = partial(killed_once, size=SIZE, mark=str(mark))
    shards = Shards(tmp_path / "out", SIZE, resume=False)
    for done in run_batches(client, work, shards.missing(batches(ENTRIES, SIZE))):
        assert done.error == ""
        shards.write(done.batch, done.results)

    assert (mark.exists(), places(tmp_path / "out")) == (True, [entry.place for entry in ENTRIES])


def test_a_batch_that_fails_is_reported_and_the_others_go_on(client: Any) -> None:
    """
    Its error in words; its addresses are missing, and the next run tries them again.
    """
    from mailsettings.bulk.dask import run_batches  # with the extra only

    found = {
        done.batch.number: (len(done.results), done.error) for done in run_batches(client, broken, batches(ENTRIES, 20))
    }

    assert found == {0: (20, ""), 1: (0, "ValueError: a mistake")}


def test_no_more_batches_are_taken_than_there_is_room_for(client: Any) -> None:
    """
    A long input stays where it is until workers ask for more.
    """
    from mailsettings.bulk.dask import BATCHES_PER_THREAD, run_batches  # with the extra only

    taken = []

    def watched() -> Iterator[Batch]:
        for batch in batches(ENTRIES, 1):
            taken.append(batch.number)
            yield batch

    first = next(run_batches(client, searched, watched()))

    assert (len(first.results), len(taken)) == (1, BATCHES_PER_THREAD * 2)


def test_the_command_writes_shards(client: Any, tmp_path: Path) -> None:
    """
    `bulk --dask URL`: a directory of shards; with --resume again, and nothing is done twice.
    """
    addresses = tmp_path / "in.txt"
    addresses.write_text("".join(f"nobody{number}\n" for number in range(10)))
    command = ["bulk", str(addresses), "-o", str(tmp_path / "out"), "--batch", "4", "--dask", client.scheduler.address]
    first = CliRunner().invoke(cli, command)
    again = CliRunner().invoke(cli, [*command, "--resume"])

    assert (first.exit_code, again.exit_code, places(tmp_path / "out")) == (0, 0, list(range(1, 11)))
    assert "10 of 10  100 %" in first.stderr
    assert "10 answered" in first.stderr
    assert "0 answered" in again.stderr
    assert "10 were there before" in again.stderr


def test_an_interrupted_command_goes_on_where_it_was(client: Any, tmp_path: Path) -> None:
    """
    Ctrl-C and kill -9 in the middle of `bulk --dask`: shards that exist are whole, the next run does the others.
    """
    addresses, output = tmp_path / "in.txt", tmp_path / "out"
    addresses.write_text("".join(f"ada@d{number}.example\n" for number in range(1, 201)))
    nowhere = f"127.0.0.1:{free_port()}"
    command = ["bulk", str(addresses), "-o", str(output), "--batch", "5", "--resolver", nowhere]
    command += ["--dask", client.scheduler.address, "--resume"]
    ends = [interrupted(command, output, *when) for when in ((3, signal.SIGINT), (10, signal.SIGKILL))]
    between = len(places(output))
    last = CliRunner().invoke(cli, command)

    assert ends == [ExitCode.INTERRUPTED, -signal.SIGKILL]
    assert between < 200, "the last one came too late to mean anything"
    assert (last.exit_code, sorted(places(output))) == (0, list(range(1, 201)))


def interrupted(command: list[str], output: Path, shards: int, how: signal.Signals) -> int:
    """Run *command* until there are so many *shards*, then send it the signal *how*; return its exit code."""
    with subprocess.Popen([sys.executable, "-m", "mailsettings", *command], stderr=subprocess.DEVNULL) as process:
        while len(list(output.glob("part-*"))) < shards and process.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
        process.send_signal(how)
        return process.wait(60)
