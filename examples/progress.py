"""A program with an event loop and a progress bar: python examples/progress.py ada@example.org"""

import sys

import anyio

from mailsettings import detect_stream
from mailsettings.events import Contacting, Probed, Settled
from mailsettings.interfaces import Net


async def main(address: str, net: Net | None = None) -> None:
    found, doing = 0, "asking"
    async with detect_stream(address, net=net) as events:
        async for event in events:
            match event:
                case Contacting(endpoint=endpoint, step="connect"):
                    doing = f"contacting {endpoint.host}"
                case Probed(probe=probe):
                    found += probe.verified
                case Settled(detection=detection):
                    break
            done = 30 - round(30 * 0.5**event.at)  # an estimate: half of the rest each second
            print(f"\r\x1b[K[{'█' * done:30}] {found} found, {doing} …", end="", file=sys.stderr, flush=True)
    print("\r\x1b[K", end="", file=sys.stderr)
    for choice in (*detection.incoming[:1], *detection.outgoing[:1]):
        print(choice.endpoint, choice.username, "verified" if choice.verified else "not verified")


if __name__ == "__main__":
    anyio.run(main, sys.argv[1])
