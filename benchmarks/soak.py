"""The service for a long time under a modest load: does it grow?

python -m benchmarks.soak [30 [5]]     minutes, and fresh detections a second; as many answers come from the cache

Each minute: memory, descriptors and tasks of the service. What can be told from it is the slope of the last two
thirds: before, caches fill up to their bounds. A client's domains are new each time, one in twenty times out.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio

from benchmarks.serve import in_a_namespace, memory, processes
from benchmarks.service_clients import PORT, Responses, ask, mixed, steady

CACHE_SIZE = 500  # answers: full within two minutes
BAR = 10.0  # MB an hour
_HOUR = 60  # minutes


@dataclass(frozen=True, slots=True)
class Sample:
    """The service at one moment."""

    minute: float
    memory: float  # MB
    descriptors: int
    tasks: int


def sample(process: int, started: float) -> Sample:
    """Look at *process*."""
    with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/metrics", timeout=300) as answer:
        text = answer.read().decode()
    tasks = re.search(r"^mailsettings_tasks (\S+)", text, re.MULTILINE)
    assert tasks is not None
    descriptors = sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())
    return Sample((time.monotonic() - started) / 60, memory(process), descriptors, int(float(tasks[1])))


def slope(samples: Sequence[Sample]) -> float:
    """Return by how many MB an hour the memory of *samples* grows."""
    return statistics.linear_regression([each.minute for each in samples], [each.memory for each in samples])[0] * _HOUR


async def soak(process: int, minutes: float, rate: float) -> tuple[list[Sample], Responses]:
    """Load the service for *minutes*; return a sample for each, and what came back."""
    samples: list[Sample] = []
    responses = Responses()
    started = time.monotonic()

    async def look() -> None:
        while True:
            await anyio.sleep(60)
            samples.append(await anyio.to_thread.run_sync(sample, process, started))
            now = samples[-1]
            print(f"{now.minute:6.1f} min {now.memory:7.1f} MB {now.descriptors:5} fd {now.tasks:4} tasks", flush=True)

    async def again() -> None:
        while True:
            await ask("t0.example")
            await anyio.sleep(1 / rate)

    async with anyio.create_task_group() as group:
        group.start_soon(look)
        group.start_soon(again)
        await steady(minutes * 60 + 1, rate, responses, lambda n: mixed(n) if n % 20 else f"pit{n}.example")
        group.cancel_scope.cancel()
    return samples, responses


def main(arguments: Sequence[str]) -> int:
    """Print a line for each minute and the slope; 1 if it is over the bar."""
    minutes, rate = float(arguments[0]) if arguments else 30.0, float(arguments[1]) if arguments[1:] else 5.0
    with processes(CACHE_SIZE=str(CACHE_SIZE)) as running:
        samples, responses = anyio.run(soak, running.service, minutes, rate)
    late = samples[len(samples) // 3 :]
    grows = slope(late)
    spread = {name: sorted({getattr(each, name) for each in late}) for name in ("descriptors", "tasks")}
    print(f"{responses}; after warm-up {grows:+.1f} MB an hour (bar {BAR:g}), {spread}")
    return int(grows > BAR or set(responses.statuses) != {200})


if __name__ == "__main__":
    code = in_a_namespace("benchmarks.soak", sys.argv[1:])
    sys.exit(main(sys.argv[1:]) if code is None else code)
