"""How many round trips a detection takes, beside the fewest it could. Virtual time: exact, and the same every time.

python -m benchmarks.latency            a table of every world at 10, 50 and 200 ms
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from benchmarks.worlds import WORLDS, World
from mailsettings import Choice, Detection, Policy, detect
from mailsettings.net.network import open_network
from mailsettings.testing import FakeNetwork, run_virtual

ROUND_TRIPS = (0.01, 0.05, 0.2)  # seconds


@dataclass(frozen=True, slots=True)
class Measured:
    """One detection in one world. Times in seconds."""

    world: World
    rtt: float
    seconds: float
    incoming: str
    outgoing: str
    connections: int
    questions: int

    @property
    def bound(self) -> float:
        return self.world.bound * self.rtt + self.world.waits

    @property
    def ratio(self) -> float:
        return self.seconds / self.bound

    @property
    def right(self) -> bool:
        return (self.incoming, self.outgoing) == (self.world.incoming, self.world.outgoing)


def measure(world: World, rtt: float) -> Measured:
    """Return what a detection in *world* finds and how long it takes."""
    net = FakeNetwork(rtt=rtt)
    world.build(net)
    detection, seconds = run_virtual(search, net, world.address)
    found = (name(detection.incoming), name(detection.outgoing))
    return Measured(world, rtt, seconds, *found, len(net.connections), len(net.questions))


async def search(net: FakeNetwork, address: str, policy: Policy | None = None) -> Detection:
    """Run a detection in the world *net*."""
    rules = policy or Policy()
    async with open_network(rules, transport=net.transport(rules)) as network:
        return await detect(address, policy=rules, net=network)


def name(choices: tuple[Choice, ...]) -> str:
    """Return the first verified choice as host:port."""
    best = choices[0] if choices and choices[0].verified else None
    return f"{best.endpoint.host}:{best.endpoint.port}" if best else ""


def main() -> None:
    """Print a line for each world and the summary."""
    ratios = []
    print(f"{'world':45} {'bound':>6} {'waits':>6}   ratio at 10, 50, 200 ms    taken at 50 ms  conn  dns")
    for world in WORLDS:
        row = [measure(world, rtt) for rtt in ROUND_TRIPS]
        ratios += [each.ratio for each in row]
        wrong = "" if all(each.right for each in row) else f"  WRONG: {row[1].incoming or '-'} {row[1].outgoing or '-'}"
        shown = "  ".join(f"{each.ratio:5.2f}" for each in row)
        middle = row[1]
        print(
            f"{world.name:45} {world.bound:4g} r {world.waits:4g} s   {shown}   {middle.seconds:10.3f} s"
            f" {middle.connections:6} {middle.questions:4}{wrong}"
        )
    print(f"{len(WORLDS)} worlds: median ratio {statistics.median(ratios):.2f}, worst {max(ratios):.2f}")


if __name__ == "__main__":
    main()
