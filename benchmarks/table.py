"""What the provider table costs: a look-up (limit 0.5 ms), its memory (3 MB), a whole offline process (60 ms median).

    python -m benchmarks.table [COUNT]

Look-ups by CPU time of this process; the process by the clock, beside a bare Python of the same machine.
"""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable
from statistics import median

from mailsettings.provider_table import table

LOOK_UP = 0.0005  # seconds
MEMORY = 3_000_000  # bytes
PROCESS = 0.060  # seconds, where bare Python takes 0.014
BARE = 0.014
OFFLINE = ["-m", "mailsettings", "--offline", "ada@gmail.com"]


def main(count: int) -> int:
    """Print each figure beside its limit; the exit code is 1 if one is over."""
    domains = [domain for row in table.all_providers() for domain in row.domains]
    patterns = [pattern for row in table.all_providers() for pattern in row.mx]
    hosts = [pattern.replace("**", "mx1.pub").replace("*", "1") for pattern in patterns]
    strangers = [f"mx{number}.customer-{number}.example" for number in range(200)]
    fine = [
        _line("look-up by domain", _each(table.bundled().find_domain, domains, count), LOOK_UP),
        _line("look-up by MX", _each(table.find_mx, hosts, count), LOOK_UP),
        _line("look-up of a stranger's MX", _each(table.find_mx, strangers, count), LOOK_UP),
        _memory(),
        _process(),
    ]
    return 0 if all(fine) else 1


def _each(look_up: Callable[[str], object], names: Iterable[str], count: int) -> float:
    """Return the seconds that the slowest of *names* takes, each the best of *count* tries."""
    return max(min(_timed(look_up, name) for _ in range(count)) for name in names)


def _timed(look_up: Callable[[str], object], name: str) -> float:
    start = time.process_time()
    look_up(name)
    return time.process_time() - start


def _line(what: str, seconds: float, limit: float) -> bool:
    print(f"{what:32} {seconds * 1000:8.3f} ms, limit {limit * 1000:g} ms: {seconds / limit:.2f}")
    return seconds <= limit


def _memory() -> bool:
    """Measure what one process keeps of the table after a look-up."""
    table.bundled.cache_clear()
    tracemalloc.start()
    table.find_domain("gmail.com")
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{'memory':32} {used / 1e6:8.3f} MB, limit {MEMORY / 1e6:.0f} MB: {used / MEMORY:.2f}")
    return used <= MEMORY


def _process(runs: int = 15) -> bool:
    """Compare a whole `mailsettings --offline` with a bare Python; slower machines may take longer by as much."""
    offline = median(_run(OFFLINE) for _ in range(runs))
    bare = median(_run(["-c", "pass"]) for _ in range(runs))
    limit = PROCESS * max(1.0, bare / BARE)
    print(f"{'bare python':32} {bare * 1000:8.1f} ms")
    return _line("mailsettings --offline", offline, limit)


def _run(arguments: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
