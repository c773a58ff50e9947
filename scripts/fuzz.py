"""Throw broken input at every parser for some minutes: python -m scripts.fuzz [minutes] [target …].

With atheris (`pip install --group fuzz`) inputs that reach new code are kept and injured further, and what was learned
is kept in artifacts/fuzz for the next time; without it the seeds alone are injured, at random.
An input that raises what its parser does not promise, or takes too long, is kept and printed as a test.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from mailsettings.errors import MailSettingsError
from scripts.fuzz_target import Target
from scripts.fuzz_targets import TARGETS

MAX_BYTES = 65536  # of one input, as Policy.max_body
FOUND = Path("artifacts/fuzz")
_EXECUTED = re.compile(r"stat::number_of_executed_units: ([0-9]+)")
_REACHED = re.compile(r"cov: ([0-9]+)")
_VALUES = re.compile(r"'[^']*'|[0-9]+")  # what differs from one report of a fault to the next
INTERESTING = (
    b"", b"\0", b"\r\n", b"\n", b"\r", b" ", b"\t", b".", b"..", b"-", b"*", b"+OK", b"250-", b"220 ", b"* OK [", b"]",
    b"{9}", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", "\u202e".encode(), "①".encode(), "ß".encode(),
    b"\x1b[2J", b"xn--", b"xn--a-", b"@", b"127.0.0.1", b"[::1]", b"%EMAILADDRESS%", b"%", b"&#13;", b"&x;",
    b"<![CDATA[", b"<!DOCTYPE x [",
    b"65536", b"-1", b"9" * 400, b"9" * 5000, b"1e999", b"NaN", b"[" * 100, b"<a>" * 30, b"\\ud800", b'"', b"'",
    b"\\", b"A" * 9000,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Find:
    """An input that did harm, and how."""

    target: str
    data: bytes
    why: str


def mutated(seeds: Sequence[bytes], chance: random.Random) -> bytes:
    """Return one of *seeds* with a few injuries."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        start, end = sorted(chance.choices(range(len(data) + 1), k=2))
        data = _injured(data, start, end, seeds, chance)
    return bytes(data[:MAX_BYTES])


def _injured(data: bytearray, start: int, end: int, seeds: Sequence[bytes], chance: random.Random) -> bytearray:
    """Return *data* with what lies between *start* and *end* changed, lost, repeated or replaced."""
    inside, other = data[start:end], chance.choice(seeds)
    instead = chance.choice(
        (
            b"",
            inside * chance.choice((2, 3, 50)),
            bytes(byte ^ 0x20 for byte in inside),
            bytes(byte ^ 1 << chance.randrange(8) for byte in inside[:1]) + inside[1:],
            bytes([chance.randrange(256)]) + inside[1:],
            other[chance.randrange(len(other) + 1) :],
            chance.choice(INTERESTING) + inside,
            chance.choice(INTERESTING),
        )
    )
    return data[:start] + instead + data[end:]


def harm(target: Target, data: bytes) -> str:
    """Say what harm *data* does to *target*; nothing if it is read or refused as promised."""
    # Once more, where it took long: the processor may have had other things in its caches.
    for _ in range(3):
        started = time.process_time()
        try:
            with suppress(MailSettingsError):
                target.run(data)
        except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
            return traceback.format_exc(limit=-3)
        if (seconds := time.process_time() - started) <= target.too_long:
            return ""
    return f"took {seconds:.2f} s"


def kind_of(why: str) -> str:
    """Return *why* without what differs from one report of a fault to the next."""
    return _VALUES.sub("", why)


@dataclass(frozen=True, slots=True)
class Run:
    """The result of one target: how many inputs it met, how much code they reached, and the first find of each kind."""

    inputs: int
    finds: list[Find]
    reached: int | None = None  # edges between lines of code; None: not measured


def at_random(target: Target, seconds: float, chance: random.Random) -> Run:
    """Injure the seeds of *target* for that long."""
    count, finds, ends = 0, dict[str, Find](), time.monotonic() + seconds
    while time.monotonic() < ends:
        data = mutated(target.seeds, chance)
        count += 1
        if why := harm(target, data):
            finds.setdefault(kind_of(why), Find(target.name, data, why))
    return Run(count, list(finds.values()))


def guided(target: Target, seconds: float) -> Run:
    """Let atheris injure the seeds of *target* for that long, and what it has learned from them."""
    place = FOUND / target.name
    command = [sys.executable, "-m", "scripts.fuzz_guided", target.name, str(max(1, round(seconds))), str(place)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)  # noqa: S603 - ours
    executed, reached = _EXECUTED.search(done.stderr), _REACHED.findall(done.stderr)
    if executed is None:
        sys.exit(f"{target.name}: atheris ended with {done.returncode}: {done.stderr[-2000:]}")
    finds = dict[str, Find]()
    for path in sorted((place / "found").iterdir()):
        data = path.read_bytes()
        # What was slow only because it was watched is none.
        if why := harm(target, data):
            finds.setdefault(kind_of(why), Find(target.name, data, why))
    return Run(int(executed[1]), list(finds.values()), int(reached[-1]) if reached else None)


def main(arguments: Sequence[str]) -> int:
    """Fuzz each target for its share of the time; return 1 if anything was found."""
    minutes = float(arguments[0]) if arguments else 1.0
    chosen = [target for target in TARGETS if not arguments[1:] or target.name in arguments[1:]]
    seed = random.randrange(2**32)  # noqa: S311 - printed, so that a run can be repeated
    chance, found, total = random.Random(seed), 0, 0  # noqa: S311 - see above
    watched = find_spec("atheris") is not None
    print("atheris, guided by the code that is reached" if watched else f"at random (no atheris here), seed {seed}")
    for target in chosen:
        seconds = 60 * minutes / len(chosen)
        run = guided(target, seconds) if watched else at_random(target, seconds, chance)
        reached = "" if run.reached is None else f"{run.reached:7} edges reached"
        print(f"{target.name:20}{run.inputs:9} inputs{reached}{len(run.finds):4} found", flush=True)
        total += run.inputs
        for find in run.finds:
            found += 1
            _keep(find, found)
    print(f"{len(chosen)} parsers, {total} inputs, {found} found")
    return int(found > 0)


def _keep(find: Find, number: int) -> None:
    """Save *find*, and print the line that makes it a test."""
    FOUND.mkdir(parents=True, exist_ok=True)
    (FOUND / f"{find.target}-{number}.bin").write_bytes(find.data)
    print(f"{find.why}\n    pytest.param({find.target!r}, {find.data!r}),  # tests/security/test_fuzz_findings.py")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
