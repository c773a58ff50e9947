"""`mailsettings ADDRESS`: search, or look in the provider table alone, and print the answer."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from mailsettings.cli.backend import Backend
from mailsettings.cli.card import card
from mailsettings.cli.exit_codes import ExitCode, exit_code
from mailsettings.cli.options import DetectOptions
from mailsettings.cli.progress import Listener, ProgressLine, json_lines, timeline
from mailsettings.cli.terminal import pen, unicode_and_ascii, wants_colours
from mailsettings.events import Settled
from mailsettings.model import Detection
from mailsettings.schema import dumps, to_dict

if TYPE_CHECKING:
    from mailsettings.address import EmailAddress


def print_detection(address: EmailAddress, options: DetectOptions, backend: Backend) -> ExitCode:
    """Find the settings of *address* with *options*, print them, and return the exit code."""
    if options.offline:
        detection = options.answer(backend.offline(address))
        if options.as_jsonl:
            json_lines(sys.stdout)(Settled(0.0, detection))
    else:
        detection = _search(address, options, backend)
    document = to_dict(detection)
    if options.autoconfig:
        return _print_autoconfig(detection)
    if options.as_json:
        print(dumps(document, indent=2))
    elif not options.as_jsonl:
        sys.stdout.write(card(document, pen(colours=wants_colours(sys.stdout)), everything=options.everything))
    return exit_code(document)


def _print_autoconfig(detection: Detection) -> ExitCode:
    """Print the servers that can be vouched for as an autoconfig document; all others are never published."""
    from mailsettings.formats import clientconfig_writer

    config = clientconfig_writer.config_of(detection)
    missing = [name for name in ("incoming", "outgoing") if not getattr(config, name)]
    if detection.confirm:
        hosts = ", ".join(map(unicode_and_ascii, detection.confirm))
        print(f"mailsettings: not published, since nothing safe from forgery vouches for it: {hosts}", file=sys.stderr)
    if len(missing) == 2:
        if not detection.confirm:
            print("mailsettings: nothing was verified, so there is nothing to publish", file=sys.stderr)
        return ExitCode.NOTHING
    sys.stdout.write(clientconfig_writer.write(config))
    if missing and not detection.confirm:
        print(f"mailsettings: no {missing[0]} server was verified: the document is incomplete", file=sys.stderr)
    return ExitCode.UNVERIFIED if missing else ExitCode.VERIFIED


def _search(address: EmailAddress, options: DetectOptions, backend: Backend) -> Detection:
    """Run the search with the listeners that *options* and the terminal ask for."""
    import anyio

    listeners: list[Listener] = []
    if options.as_jsonl:
        listeners.append(json_lines(sys.stdout))
    if options.verbose:
        listeners.append(timeline(sys.stderr))
    if listeners or not sys.stderr.isatty():
        return anyio.run(_detect_with_listeners, address, options, backend, listeners)
    progress = ProgressLine(sys.stderr)
    try:
        return anyio.run(_detect_with_listeners, address, options, backend, [progress])
    finally:
        progress.clear()


async def _detect_with_listeners(
    address: EmailAddress, options: DetectOptions, backend: Backend, listeners: Sequence[Listener]
) -> Detection:
    """Pass each event to *listeners*, and return the answer that the last one has."""
    closed: BrokenPipeError | None = None
    sources = options.selected_sources(backend)
    async with backend.detect_stream(address, sources=sources, policy=options.policy()) as events:
        async for each in events:
            event = replace(each, detection=options.answer(each.detection)) if isinstance(each, Settled) else each
            try:
                for listen in listeners:
                    listen(event)
            except BrokenPipeError as error:
                # Raised in here it would leave the engine's task group as a group of errors.
                closed = error
                break
            if isinstance(event, Settled):
                return event.detection
    raise closed or AssertionError("the stream of events ended without Settled")
