"""Ctrl-C ends the command at once, wherever it is: there is nothing to save, and the kernel closes what is open.

Through the event loop it takes 30 to 300 ms, for it waits for a long import, the tasks and the interpreter. It may even
wait for ever: CPython runs a handler between two steps of the main thread, and a signal that comes just before the loop
begins to wait for the network is seen when the loop wakes up. So a thread listens as well.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock, Thread

from mailsettings.cli.exit_codes import ExitCode


class _ExitHandler:
    """A handler that ends the process with *words* on stderr, whichever thread is first."""

    def __init__(self, words: bytes) -> None:
        self._message = words
        # The other thread waits here for its end; an impatient user's second Ctrl-C does not.
        self._once = RLock()

    def __call__(self, _number: int, _frame: object) -> None:
        with self._once:
            # The progress line and the terminal's ^C are wiped.
            if said := b"\r\x1b[K" * sys.stderr.isatty() + self._message:
                os.write(sys.stderr.fileno(), said)
            os._exit(ExitCode.INTERRUPTED)


@contextmanager
def interruptible(words: bytes = b"") -> Iterator[None]:
    """Let Ctrl-C end the process with exit code 130 and *words* on stderr. For the main thread."""
    before = signal.signal(signal.SIGINT, _ExitHandler(words))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def signals_from_thread() -> Iterator[None]:
    """Let a thread carry out what `interruptible` wants, while the main thread waits or computes."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    Thread(target=_read_signals, args=(reading,), daemon=True).start()
    before = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.close(writing)


def _read_signals(reading: int) -> None:
    """Read the numbers of signals until the other end is closed."""
    while numbers := os.read(reading, 64):
        handler = signal.getsignal(signal.SIGINT)
        # The service has a handler of its own: it lets running requests end.
        if signal.SIGINT in numbers and isinstance(handler, _ExitHandler):
            handler(signal.SIGINT, None)
    os.close(reading)
