"""A run on this machine: input as a stream, records into the journal, a line of progress on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

import anyio
import anyio.to_thread

from mailsettings.bulk.input import Entry, InputFormat, count_lines, entries, input_format
from mailsettings.bulk.journal import Journal
from mailsettings.bulk.limits import BulkLimits
from mailsettings.bulk.output import record_format, record_of
from mailsettings.bulk.progress import RunProgress
from mailsettings.cli.backend import Backend

if TYPE_CHECKING:
    from mailsettings.cli.options import BulkOptions

READ_BATCH = 256  # entries of a file that are read by one call into a thread
REFRESH_INTERVAL = 0.2  # seconds between two states of the progress line


def run_locally(wishes: BulkOptions, engine: Backend) -> bool:
    """Answer every address of the input that the output has no record of; say that all have one.

    Raises what Journal raises about the output, and DocumentError about the input.
    """
    form = InputFormat(wishes.form) if wishes.form else input_format(wishes.file.name)
    with Journal(wishes.output, record_format(wishes.output.name), resume=wishes.resume) as journal:
        progress = RunProgress(count_lines(wishes.file, form), before=len(journal.answered))
        missing = journal.missing(entries(wishes.file, form, wishes.column))
        try:
            anyio.run(_run, wishes, engine, missing, journal, progress)
        except ExceptionGroup as group:
            raise _single_error(group) from group
    return True


def _single_error(error: Exception) -> Exception:
    """Return the one error that tasks within tasks have handed out as groups of groups."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


async def _run(
    wishes: BulkOptions, engine: Backend, missing: Iterator[Entry], journal: Journal, progress: RunProgress
) -> None:
    policy = wishes.policy()
    limits = BulkLimits.for_concurrency(wishes.concurrency, redis=wishes.redis)
    _raise_file_limit(limits.max_files(policy))
    shown = _ProgressDisplay(progress)
    async with engine.detect_many(_read_in_thread(missing, wishes.file), policy=policy, limits=limits) as stream:
        async for answered in stream:
            record = record_of(answered, full=wishes.full)
            journal.write(record)
            progress.count(record)
            shown.update()
    shown.end()


async def _read_in_thread(missing: Iterator[Entry], file: BinaryIO) -> AsyncIterator[Entry]:
    """Yield what a thread reads: a pipe that nobody writes to must not stop the event loop."""
    # What a pipe has brought must not wait for what it may bring.
    at_once = READ_BATCH if file.seekable() else 1
    while chunk := await anyio.to_thread.run_sync(lambda: tuple(islice(missing, at_once)), abandon_on_cancel=True):
        for entry in chunk:
            yield entry


def _raise_file_limit(wanted: int) -> None:
    """Raise this process's limit of open files to *wanted*, as far as the system lets it."""
    try:
        import resource  # not on Windows
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


class _ProgressDisplay:
    """The progress as it is shown: a line that is written over on a terminal, the summary in the end everywhere."""

    def __init__(self, progress: RunProgress) -> None:
        self._progress = progress
        self._started = self._last = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def update(self) -> None:
        now = time.monotonic()
        if self._terminal and now - self._last >= REFRESH_INTERVAL:
            self._last = now
            self._write(f"\r\x1b[K{self._progress.line(now - self._started)}")

    def end(self) -> None:
        start = "\r\x1b[K" if self._terminal else ""
        self._write(f"{start}mailsettings: {self._progress.summary(time.monotonic() - self._started)}\n")

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
