"""Listeners to the events of a detection: a progress line, a timeline, lines of JSON."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TextIO

from mailsettings.escape import printable
from mailsettings.events import Asked, Contacting, Event, Failed, Learned, Probed, Settled
from mailsettings.schema import dumps, event_to_dict

Listener = Callable[[Event], None]


def timeline(out: TextIO) -> Listener:
    """Return a listener that writes each event as a line: seconds since the start, what happened, to what."""

    def listen(event: Event) -> None:
        out.write(f"{event.at:8.3f}  {event_text(event)}\n")
        out.flush()

    return listen


def json_lines(out: TextIO) -> Listener:
    """Return a listener that writes each event as a line with one JSON object."""

    def listen(event: Event) -> None:
        out.write(dumps(event_to_dict(event)) + "\n")
        out.flush()

    return listen


class ProgressLine:
    """A listener that overwrites one line of a terminal with each event, until `clear()` erases it."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, event: Event) -> None:
        # One column stays free: a terminal may move on to the next line when the last column is filled.
        text = f"{event.at:.1f} s  {event_text(event)}"[: shutil.get_terminal_size().columns - 1]
        self._write(text)

    def clear(self) -> None:
        self._write("")

    def _write(self, text: str) -> None:
        self._out.write(f"\r\x1b[K{text}")
        self._out.flush()


def event_text(event: Event) -> str:
    """Return what happened as one line of text, without control characters."""
    match event:
        case Asked(_, what):
            text = f"asking      {what}"
        case Learned(_, claim):
            text = f"learned     {claim.endpoint} from {claim.evidence.source}: {claim.evidence.locator}"
        case Failed(_, failure):
            text = f"failed      {failure.place}: {failure.kind}{f' ({failure.seen})' if failure.seen else ''}"
        case Contacting(_, endpoint, step):
            text = f"contacting  {endpoint}: {step}"
        case Probed(_, probe) if probe.failure is not None:
            text = f"failed      {probe.endpoint}: {probe.failure.kind} ({probe.failure.seen})"
        case Probed(_, probe):
            text = f"verified    {probe.endpoint}" if probe.verified else f"seen        {probe.endpoint}"
        case Settled(_, detection):
            text = f"settled     {detection.settled_by}"
    return printable(text)
