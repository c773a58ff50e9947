"""The documents: how one is made from a world, written, read, and compared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mailsettings import Detection, Policy, detect, diagnose
from mailsettings.net.network import open_network
from mailsettings.net.streams import Transport
from mailsettings.policy.proxy import parse_proxy
from mailsettings.schema import to_dict
from mailsettings.testing import FakeNetwork, run_virtual
from tests.golden.worlds import Golden
from tests.support.diagnosis_runs import TODAY, meant

FILE = Path(__file__).with_name("documents.jsonl")
RTT = 0.05
_RANDOM = re.compile(r"\bx[0-9a-f]{12}\b")  # the label that sources.guess makes up to find wildcards


def document(world: Golden) -> Any:
    """Return what a search in *world* finds, as JSON values, without what was timed or made up."""
    detection, _ = run_virtual(_found, world)
    return json.loads(_RANDOM.sub("(random)", json.dumps(_untimed(to_dict(detection)))))


async def _found(world: Golden) -> Detection:
    net, policy = FakeNetwork(rtt=RTT), Policy(proxy=parse_proxy(world.proxy) if world.proxy else None)
    world.build(net)
    transport: Transport = net.transport(policy)
    transport = world.wrap(transport) if world.wrap else transport
    async with open_network(policy, transport, clock=lambda: TODAY) as door:
        if "://" in world.what:
            return (await diagnose(meant(world.what), policy=policy, net=door)).detection
        return await detect(world.what, policy=policy, net=door, today=TODAY.date())


def _untimed(value: Any) -> Any:
    if isinstance(value, list):
        return [_untimed(item) for item in value]
    if isinstance(value, dict):
        return {name: _untimed(item) for name, item in value.items() if name != "seconds"}
    return value


def line(world: Golden) -> str:
    """Return the line of documents.jsonl for *world*."""
    return json.dumps([world.name, document(world)], sort_keys=True, separators=(",", ":")) + "\n"


def stored() -> dict[str, Any]:
    """Return the documents that were written down, by the names of their worlds."""
    return dict(json.loads(text) for text in FILE.read_text(encoding="ascii").splitlines())


def differences(old: Any, new: Any, at: str = "") -> Iterator[str]:
    """Yield where *new* is not *old*. A field that *old* does not have is none: schema 1 may gain fields."""
    if isinstance(old, dict) and isinstance(new, dict):
        for name, value in old.items():
            yield from differences(value, new.get(name, "missing"), f"{at}.{name}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from differences(one, other, f"{at}[{number}]")
    elif old != new or type(old) is not type(new):
        yield f"{at}: {old!r} -> {new!r}"
