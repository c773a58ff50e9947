"""A run on this machine: input as a stream, records into the journal, a line of progress on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

import anyio
import anyio.to_thread

from mailsettings.bulk.input import Entry, Form, count_lines, entries, form_of
from mailsettings.bulk.journal import Journal
from mailsettings.bulk.limits import Pace
from mailsettings.bulk.output import record_of, writing_of
from mailsettings.bulk.progress import Progress
from mailsettings.cli.backend import Engine

if TYPE_CHECKING:
    from mailsettings.cli.options import BulkWishes

AT_ONCE = 256  # entries of a file that are read by one call into a thread
REFRESH = 0.2  # seconds between two states of the progress line


def streamed(wishes: BulkWishes, engine: Engine) -> bool:
    """Answer every address of the input that the output has no record of; say that all have one.

    Raises what Journal raises about the output, and DocumentError about the input.
    """
    form = Form(wishes.form) if wishes.form else form_of(wishes.file.name)
    with Journal(wishes.output, writing_of(wishes.output.name), resume=wishes.resume) as journal:
        progress = Progress(count_lines(wishes.file, form), before=len(journal.done))
        missing = journal.missing(entries(wishes.file, form, wishes.column))
        try:
            anyio.run(_run, wishes, engine, missing, journal, progress)
        except ExceptionGroup as group:
            raise _alone(group) from group
    return True


def _alone(error: Exception) -> Exception:
    """Return the one error that tasks within tasks have handed out as groups of groups."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


async def _run(
    wishes: BulkWishes, engine: Engine, missing: Iterator[Entry], journal: Journal, progress: Progress
) -> None:
    policy = wishes.policy()
    pace = Pace.of(wishes.concurrency, redis=wishes.redis)
    _allow_files(pace.files(policy))
    shown = _Shown(progress)
    async with engine.many(_ahead(missing, wishes.file), policy=policy, pace=pace) as stream:
        async for answered in stream:
            record = record_of(answered, full=wishes.full)
            journal.write(record)
            progress.count(record)
            shown.update()
    shown.end()


async def _ahead(missing: Iterator[Entry], file: BinaryIO) -> AsyncIterator[Entry]:
    """Yield what a thread reads: a pipe that nobody writes to must not stop the event loop."""
    # What a pipe has brought must not wait for what it may bring.
    at_once = AT_ONCE if file.seekable() else 1
    while chunk := await anyio.to_thread.run_sync(lambda: tuple(islice(missing, at_once)), abandon_on_cancel=True):
        for entry in chunk:
            yield entry


def _allow_files(wanted: int) -> None:
    """Raise this process's limit of open files to *wanted*, as far as the system lets it."""
    try:
        import resource  # not on Windows
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


class _Shown:
    """The progress as it is shown: a line that is written over on a terminal, the summary in the end everywhere."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._started = self._last = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def update(self) -> None:
        now = time.monotonic()
        if self._terminal and now - self._last >= REFRESH:
            self._last = now
            self._write(f"\r\x1b[K{self._progress.line(now - self._started)}")

    def end(self) -> None:
        start = "\r\x1b[K" if self._terminal else ""
        self._write(f"{start}mailsettings: {self._progress.summary(time.monotonic() - self._started)}\n")

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
