"""What workers of a Dask cluster import: batches in a fake network, and one batch that takes its worker with it."""

import os
import signal
from pathlib import Path

from mailsettings.bulk import Entry, detect_batch
from mailsettings.net.streams import Transport
from mailsettings.schema import Object
from tests.support.bulk_program import slow_network

DEADLY = 3  # the number of the batch whose first worker is killed


def transport() -> Transport:
    return slow_network().transport()


def searched(entries: tuple[Entry, ...]) -> list[Object]:
    """Do one batch in the slow network."""
    return detect_batch(entries, transport=transport)


def killed_once(entries: tuple[Entry, ...], *, size: int, mark: str) -> list[Object]:
    """Do one batch; in the middle of the deadly one the worker is killed, the first time it is tried."""
    if (entries[0].place - 1) // size == DEADLY and not Path(mark).exists():
        searched(entries[:1])
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return searched(entries)


def broken(entries: tuple[Entry, ...]) -> list[Object]:
    """Have a mistake in it for every batch but the first."""
    if entries[0].place > 1:
        raise ValueError("a mistake")
    return searched(entries)


def alone(entries: tuple[Entry, ...], *, directory: str) -> list[Object]:
    """Do one batch whose texts are names of destinations; a mistake if another one is at one of them meanwhile."""
    marks = [Path(directory, name) for name in {entry.text for entry in entries}]
    for mark in marks:
        mark.touch(exist_ok=False)
    found = searched(entries[:1])
    for mark in marks:
        mark.unlink()
    return found
