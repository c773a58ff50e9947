"""The ways from an address to what is printed: the table alone, a live search, the plan."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from mailsettings.cli.card import card
from mailsettings.cli.engine import Engine
from mailsettings.cli.options import Wishes
from mailsettings.cli.text import pen, printable, wants_colours
from mailsettings.cli.verdict import Exit, verdict
from mailsettings.cli.watch import Listener, Progress, json_lines, timeline
from mailsettings.events import Settled
from mailsettings.leads import Note
from mailsettings.model import Claim, Detection
from mailsettings.schema import Object, dumps, plain, to_dict

if TYPE_CHECKING:
    from mailsettings.address import EmailAddress
    from mailsettings.cli import flat


def answer(address: EmailAddress, wishes: Wishes, engine: Engine) -> Exit:
    """Find the settings of *address* as *wishes* say, print them, and return the exit code."""
    if wishes.offline:
        detection = engine.offline(address)
        if wishes.as_jsonl:
            json_lines(sys.stdout)(Settled(0.0, detection))
    else:
        detection = _search(address, wishes, engine)
    found = to_dict(detection)
    flat_ = cast("flat.Detection", found)
    if wishes.as_json:
        print(dumps(found, indent=2))
    elif not wishes.as_jsonl:
        sys.stdout.write(card(flat_, pen(colours=wants_colours(sys.stdout)), everything=wishes.everything))
    return verdict(flat_)


def _search(address: EmailAddress, wishes: Wishes, engine: Engine) -> Detection:
    """Run the detection with those who want to hear of it."""
    import anyio  # noqa: PLC0415 - what contacts nobody does without it

    listeners: list[Listener] = []
    if wishes.as_jsonl:
        listeners.append(json_lines(sys.stdout))
    if wishes.verbose:
        listeners.append(timeline(sys.stderr))
    if listeners or not sys.stderr.isatty():
        return anyio.run(_follow, address, wishes, engine, listeners)
    progress = Progress(sys.stderr)
    try:
        return anyio.run(_follow, address, wishes, engine, [progress])
    finally:
        progress.clear()


async def _follow(address: EmailAddress, wishes: Wishes, engine: Engine, listeners: Sequence[Listener]) -> Detection:
    """Pass each event on, and return the answer that the last one brings."""
    closed: BrokenPipeError | None = None
    async with engine.detecting(address, sources=wishes.chosen(engine), policy=wishes.policy()) as events:
        async for event in events:
            try:
                for listen in listeners:
                    listen(event)
            except BrokenPipeError as error:
                # Raised in here it would come out of the engine's task group as a group of errors.
                closed = error
                break
            if isinstance(event, Settled):
                return event.detection
    raise closed or AssertionError("the stream of events ended without Settled")


def plan(address: EmailAddress, wishes: Wishes, engine: Engine) -> Exit:
    """Print what would be asked first, and what is known without asking. Contacts nobody."""
    leads = engine.plan(address, sources=wishes.chosen(engine))
    wanted = wishes.policy().protocols
    claims = [lead for lead in leads if isinstance(lead, Claim) and lead.endpoint.protocol in wanted]
    lookups = [str(lead) for lead in leads if hasattr(lead, "run")]
    notes = [lead.text for lead in leads if isinstance(lead, Note)]
    if wishes.as_json:
        servers: list[Object] = [plain(claim) for claim in claims]
        print(dumps({"address": str(address), "lookups": lookups, "servers": servers, "notes": notes}, indent=2))
        return Exit.VERIFIED
    print(f"For {printable(str(address))} this would be asked first; what follows depends on the answers.\n")
    print("\n".join(f"  {printable(lookup)}" for lookup in lookups) or "  nothing")
    if claims:
        print("\nThese servers are known without asking, and would be contacted:\n")
        print("\n".join(f"  {claim.endpoint}, {printable(claim.evidence.locator)}" for claim in claims))
    for note in notes:
        print(f"\n{printable(note)}")
    return Exit.VERIFIED
