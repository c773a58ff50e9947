"""A program with an event loop: look for the settings, show what is being done, stop when the answer is there.

python examples/progress.py ada@example.org
"""

import sys

import anyio

from mailsettings import detecting
from mailsettings.events import Contacting, Probed, Settled


async def main(address: str) -> None:
    async with detecting(address) as events:
        async for event in events:
            match event:
                case Contacting(endpoint=endpoint, step="connect"):
                    print(f"\r\x1b[Kcontacting {endpoint.host} …", end="", file=sys.stderr, flush=True)
                case Probed(probe=probe) if probe.verified:
                    print(f"\r\x1b[K✓ {probe.endpoint}", file=sys.stderr)
                case Settled(detection=detection):
                    print("\r\x1b[K", end="", file=sys.stderr)
                    for choice in (*detection.incoming[:1], *detection.outgoing[:1]):
                        print(choice.endpoint, choice.username, "verified" if choice.verified else "not verified")
                    for domain in detection.confirm:
                        print(f"confirm first: {domain}")


if __name__ == "__main__":
    anyio.run(main, sys.argv[1])
