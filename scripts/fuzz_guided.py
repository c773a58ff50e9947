"""One target under atheris, which keeps the inputs that reach new code: the other half of scripts.fuzz.

python -m scripts.fuzz_guided TARGET SECONDS PLACE

What does harm is left in PLACE/found; PLACE/corpus grows from run to run. A process of its own, for libFuzzer ends it.
"""

from __future__ import annotations

import hashlib
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import atheris

_ESCAPED = "".join  # libFuzzer reads a dictionary of hexadecimal escapes


def dictionary(words: tuple[bytes, ...]) -> str:
    """Return *words* as libFuzzer reads them, one a line."""
    return "\n".join(f'"{_ESCAPED(f"{chr(92)}x{byte:02x}" for byte in word)}"' for word in words if word)


def prepared(place: Path, target: Any, words: tuple[bytes, ...]) -> None:
    """Write seeds and dictionary below *place*."""
    for name in ("corpus", "found"):
        (place / name).mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (place / "corpus" / f"seed-{number}").write_bytes(seed)
    (place / "words").write_text(dictionary(words), encoding="ascii")


def main(name: str, seconds: str, place: Path) -> None:
    """Fuzz the target *name* for so many *seconds*; does not return."""
    with atheris.instrument_imports(include=["mailsettings"]):
        fuzz = import_module("scripts.fuzz")
        target = next(each for each in fuzz.TARGETS if each.name == name)
        # What is imported on demand is watched, too.
        for seed in target.seeds:
            fuzz.harm(target, seed)
    prepared(place, target, fuzz.INTERESTING)
    seen: set[str] = set()

    def one(data: bytes) -> None:
        if (why := fuzz.harm(target, data)) and (kind := fuzz.kind_of(why)) not in seen:
            seen.add(kind)
            (place / "found" / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)

    options = {
        "max_total_time": seconds, "max_len": fuzz.MAX_BYTES, "timeout": 60, "rss_limit_mb": 1024,
        "dict": place / "words", "artifact_prefix": f"{place / 'found'}/", "print_final_stats": 1,
    }  # fmt: skip
    atheris.Setup(["fuzz", *(f"-{key}={value}" for key, value in options.items()), str(place / "corpus")], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
