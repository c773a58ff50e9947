"""Throw broken input at every parser for some minutes: python -m scripts.fuzz [minutes] [target …].

An input that raises what its parser does not promise, or takes too long, is kept and printed as a test.
"""

from __future__ import annotations

import random
import re
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mailsettings.errors import MailSettingsError
from scripts.fuzz_targets import TARGETS, Target

TOO_LONG = 1.0  # seconds of processor time for one input
MAX_BYTES = 65536  # of one input, as Policy.max_body
FOUND = Path("artifacts/fuzz")
_VALUES = re.compile(r"'[^']*'|[0-9]+")  # what differs from one report of a fault to the next
INTERESTING = (
    b"", b"\0", b"\r\n", b"\n", b"\r", b" ", b"\t", b".", b"..", b"-", b"*", b"+OK", b"250-", b"220 ", b"* OK [", b"]",
    b"{9}", b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", "\u202e".encode(), "①".encode(), "ß".encode(),
    b"\x1b[2J", b"xn--", b"xn--a-", b"@", b"127.0.0.1", b"[::1]", b"%EMAILADDRESS%", b"%", b"&#13;", b"&x;",
    b"<![CDATA[", b"<!DOCTYPE x [",
    b"65536", b"-1", b"9" * 400, b"1e999", b"NaN", b"[" * 100, b"<a>" * 30, b"\\ud800", b'"', b"'",
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


def harm(run: Callable[[bytes], object], data: bytes) -> str:
    """Say what harm *data* does to *run*; nothing if it is read or refused as promised."""
    started = time.process_time()
    try:
        with suppress(MailSettingsError):
            run(data)
    except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
        return traceback.format_exc(limit=-3)
    seconds = time.process_time() - started
    return f"took {seconds:.2f} s" if seconds > TOO_LONG else ""


def fuzz(target: Target, seconds: float, chance: random.Random) -> tuple[int, list[Find]]:
    """Run *target* for that long; return how many inputs it met, and the first find of each kind."""
    count, finds, ends = 0, dict[str, Find](), time.monotonic() + seconds
    while time.monotonic() < ends:
        data = mutated(target.seeds, chance)
        count += 1
        if why := harm(target.run, data):
            finds.setdefault(_VALUES.sub("", why), Find(target.name, data, why))
    return count, list(finds.values())


def main(arguments: Sequence[str]) -> int:
    """Fuzz each target for its share of the time; return 1 if anything was found."""
    minutes = float(arguments[0]) if arguments else 1.0
    chosen = [target for target in TARGETS if not arguments[1:] or target.name in arguments[1:]]
    seed = random.randrange(2**32)  # noqa: S311 - printed, so that a run can be repeated
    print(f"seed {seed}")
    chance, found = random.Random(seed), 0  # noqa: S311 - see above
    for target in chosen:
        count, finds = fuzz(target, 60 * minutes / len(chosen), chance)
        print(f"{target.name:20}{count:9} inputs{len(finds):4} found", flush=True)
        for find in finds:
            found += 1
            _keep(find, found)
    return int(found > 0)


def _keep(find: Find, number: int) -> None:
    """Save *find*, and print the line that makes it a test."""
    FOUND.mkdir(parents=True, exist_ok=True)
    (FOUND / f"{find.target}-{number}.bin").write_bytes(find.data)
    print(f"{find.why}\n    pytest.param({find.target!r}, {find.data!r}),  # tests/hostile/test_found.py")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
