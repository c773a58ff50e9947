"""Speed in virtual time: exact, the same every time, no clock read. The worlds are those of benchmarks/latency.py."""

import statistics

import pytest

from benchmarks.latency import Measured, measure
from benchmarks.worlds import WORLDS, World

# At 200 ms a round trip is close to what policy waits for on purpose; 10 ms shows every superfluous one.
MEASURED = [measure(world, rtt) for world in WORLDS for rtt in (0.01, 0.05, 0.2)]
IDS = [f"{each.world.name} at {each.rtt * 1000:g} ms".replace(" ", "-") for each in MEASURED]


@pytest.mark.parametrize("measured", MEASURED, ids=IDS)
def test_the_right_servers_are_found(measured: Measured) -> None:
    """Whatever the round trip takes."""
    assert (measured.world.incoming, measured.world.outgoing) == (measured.incoming, measured.outgoing)


@pytest.mark.parametrize("measured", MEASURED, ids=IDS)
def test_no_world_takes_twice_its_bound(measured: Measured) -> None:
    """The bound is the longest chain of round trips that nothing can shorten, and what policy waits on purpose."""
    assert measured.ratio <= 2


def test_most_worlds_take_just_their_bound() -> None:
    """The median of all worlds and round trips."""
    assert statistics.median(measured.ratio for measured in MEASURED) <= 1.2


@pytest.mark.parametrize("rtt", [0.01, 0.05, 0.2])
@pytest.mark.parametrize(
    ("name", "round_trips", "seconds"),
    [
        pytest.param("table", 6, 0, id="table-hit"),
        pytest.param("guess imap and smtp", 9, 0, id="nothing-published"),
        pytest.param("silent web host", 7, 0.8, id="web-host-accepts-and-keeps-silent"),
        pytest.param("everything filtered", 0, 5, id="everything-filtered"),
        pytest.param("everything a tarpit", 0, 5, id="everything-a-tarpit"),
    ],
)
def test_what_users_are_promised(name: str, round_trips: float, seconds: float, rtt: float) -> None:
    """The figures of docs/performance.md."""
    assert measure(world(name), rtt).seconds <= round_trips * rtt + seconds + 1e-9


def test_connections_are_few() -> None:
    """A table hit costs two, a guessed domain at most twelve in the median."""
    guessed = [each.connections for each in MEASURED if each.world.name.startswith("guess")]

    assert measure(world("table"), 0.05).connections == 2
    assert statistics.median(guessed) <= 12


def world(name: str) -> World:
    return next(each for each in WORLDS if each.name == name)
