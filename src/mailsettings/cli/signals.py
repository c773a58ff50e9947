"""Ctrl-C ends the command at once, in any state: there is nothing to save, and the kernel closes what is open.

Through the event loop it takes 30 to 300 ms: a long import, the tasks and the interpreter come first. It may even hang:
CPython runs a handler between two instructions of the main thread, so a signal that arrives just before the loop begins
to wait for the network is handled only when the loop wakes up. So a thread reads signals as well.
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
    """A handler that ends the process with *message* on stderr, whichever thread is first."""

    def __init__(self, message: bytes) -> None:
        self._message = message
        # The other thread waits here until the process ends; a second Ctrl-C in the same thread does not.
        self._once = RLock()

    def __call__(self, _number: int, _frame: object) -> None:
        with self._once:
            # Erase the progress line and the terminal's ^C.
            if text := b"\r\x1b[K" * sys.stderr.isatty() + self._message:
                os.write(sys.stderr.fileno(), text)
            os._exit(ExitCode.INTERRUPTED)


@contextmanager
def interruptible(message: bytes = b"") -> Iterator[None]:
    """Let Ctrl-C end the process with exit code 130 and *message* on stderr. Only in the main thread."""
    before = signal.signal(signal.SIGINT, _ExitHandler(message))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def signals_from_thread() -> Iterator[None]:
    """Let a thread handle SIGINT as `interruptible` does, while the main thread waits or computes."""
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
    """Handle the signals whose numbers are read, until the other end is closed."""
    while numbers := os.read(reading, 64):
        handler = signal.getsignal(signal.SIGINT)
        # The service has a handler of its own, which lets running requests finish.
        if signal.SIGINT in numbers and isinstance(handler, _ExitHandler):
            handler(signal.SIGINT, None)
    os.close(reading)
