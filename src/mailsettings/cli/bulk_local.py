"""A run on this machine: input as a stream, records into the journal, a line of progress on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO

import anyio
import anyio.to_thread

from mailsettings.bulk.input import Entry, count_lines, entries
from mailsettings.bulk.journal import Journal
from mailsettings.bulk.output import record_format, record_of
from mailsettings.bulk.progress import RunProgress
from mailsettings.cli.backend import Backend

if TYPE_CHECKING:
    from mailsettings.cli.options import BulkOptions

READ_BATCH = 256  # entries of a file that one call into a thread reads
REFRESH_INTERVAL = 0.2  # seconds between two updates of the progress line


def run_locally(options: BulkOptions, backend: Backend) -> bool:
    """Answer every address of the input that the output has no record of; return True, as all have one then.

    Raises what Journal raises about the output, and DocumentError about the input.
    """
    form = options.input_format()
    with Journal(options.output, record_format(options.output.name), resume=options.resume) as journal:
        progress = RunProgress(count_lines(options.file, form), before=len(journal.answered))
        missing = journal.missing(entries(options.file, form, options.column))
        try:
            anyio.run(_run, options, backend, missing, journal, progress)
        except ExceptionGroup as group:
            raise _single_error(group) from group
    return True


def _single_error(error: Exception) -> Exception:
    """Return the one error that nested task groups have wrapped in groups."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


async def _run(
    options: BulkOptions, backend: Backend, missing: Iterator[Entry], journal: Journal, progress: RunProgress
) -> None:
    policy, limits = options.policy(), options.limits()
    _raise_file_limit(limits.max_files(policy))
    display = _ProgressDisplay(progress)
    async with backend.detect_many(_read_in_thread(missing, options.file), policy=policy, limits=limits) as stream:
        async for answered in stream:
            record = record_of(answered, full=options.full)
            journal.write(record)
            progress.count(record)
            display.update()
    display.end()


async def _read_in_thread(missing: Iterator[Entry], file: BinaryIO) -> AsyncIterator[Entry]:
    """Yield what a thread reads: an idle pipe must not block the event loop."""
    # An address from a pipe must not wait until more arrive.
    size = READ_BATCH if file.seekable() else 1
    while chunk := await anyio.to_thread.run_sync(lambda: tuple(islice(missing, size)), abandon_on_cancel=True):
        for entry in chunk:
            yield entry


def _raise_file_limit(wanted: int) -> None:
    """Raise this process's limit on open files to *wanted*, as far as the system allows."""
    try:
        import resource  # not on Windows
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        allowed = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, allowed), hard))


class _ProgressDisplay:
    """The progress on stderr: on a terminal a line that is overwritten, in any case a summary at the end."""

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
